"""The channels by which an alert leaves: Sentry takes everything, Apprise URLs what is for people.

Sentry gets events from the SDK's own client, made for this and nothing else: no integrations, no
hooks, no worker in the background, no local variables. A transport of ours says whether Sentry took
the event, and what may be in it is listed here and scrubbed last, in `before_send`.

A delivery that was given up may have arrived after all. Sentry then recognises the second one by its
event id. With other services people may read it twice.
"""

import concurrent.futures
import hashlib
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from trc_pipelines.monitoring.failures import is_own, name_cause
from trc_pipelines.settings import VERSION, Settings

DEADLINE_SECONDS = 10.0
MAX_TITLE_LENGTH = 200
MAX_TAG_LENGTH = 200
MAX_BODY_LENGTH = 2000
HEARTBEAT_SECONDS = 5.0
USER_AGENT = f"trc-pipelines/{VERSION}"
RELEASE = f"trc-pipelines@{VERSION}"
JOB_PLACEHOLDER = "{job}"

Signal = Literal["start", "success", "fail"]

# Each severity as Sentry names it, and as Apprise does.
LEVELS = {"info": "info", "warning": "warning", "error": "error", "critical": "fatal"}
NOTIFY_TYPES = {"info": "info", "warning": "warning", "error": "failure", "critical": "failure"}

_KEYWORD = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|credential|(?:api|access|private|sentry)[_-]?key"
)
_QUOTED_OR_WORD = r""""(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\S+"""
# At worst quadratic, over the few thousand characters that scrub() lets in.
_REPLACEMENTS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Secrets and addresses go. The greedy first one takes passwords with / and @ in them too.
        (r"://\S*@", "://"),
        (r"(?i)((?:authorization|cookie)[\"']?\s*[=:]\s*).*", r"\1…"),
        (r"(?i)\b(bearer|basic|bot)\s+\S{8,}", r"\1 …"),
        (rf"(?i)((?:{_KEYWORD})[\w-]{{0,20}}[\"']?\s*[=:]\s*)(?:{_QUOTED_OR_WORD})", r"\1…"),
        (r"([?&][^\s=&#]{1,100}=)[^\s&#]+", r"\1…"),  # values in a query string
        (r"(/webhooks/\d+/)\S+", r"\1…"),
        (r"(?<![\w-])[\w-]{20,}\.[\w-]{6,}\.[\w-]{20,}", "…"),  # Discord bots, JWT
        (r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{32,}", "…"),  # other tokens
        (r"(?<!\w)[0-9a-f]{32}(?!\w)", "…"),  # the key of a DSN
        (r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+", "(e-mail)"),
        # What is left is inert: no mention, code, tag, link behind other words, or formula.
        (r"@", "＠"),
        (r"`", "'"),
        (r"<", "‹"),
        (r">", "›"),
        (r"\]\(", "] ("),
        (r"(?m)^(?==)", "'"),
    )
]
_TERMINAL_CODE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class QueuedAlert:
    """An alert from the outbox.

    Attributes:
        severity: info, warning, error or critical.
        title: one line.
        body: plain text, a few lines.
        tags: job, run_id, partition, kind ...; ids only, never names.
        failures: the exceptions behind it, as `failures.find_failures` gives them.
        image: a PNG that goes with it.
    """

    alert_id: int
    severity: str
    title: str
    body: str
    tags: dict[str, str]
    failures: Sequence[Mapping[str, Any]] = ()
    image: bytes | None = None


class DeliveryError(Exception):
    """The other side has not accepted. The message names the channel by its key, never its URL."""


class Channel(Protocol):
    """One place alerts go to.

    Attributes:
        key: which one it is, the same after every start; holds no secret.
        is_for_everything: false when it only takes what is for people.
        is_for_community: true when it takes what is for the community, and nothing else.
    """

    key: str
    is_for_everything: bool
    is_for_community: bool

    def send(self, alert: QueuedAlert) -> None:
        """Send an alert, and return once the other side has accepted.

        Raises:
            DeliveryError: it has not.
        """


def open_channels(
    settings: Settings, *, deadline_seconds: float = DEADLINE_SECONDS
) -> list[Channel]:
    """Open the channels the settings name, Sentry first. Nothing is sent yet.

    Args:
        deadline_seconds: bounds each send from start to end.
    """
    channels: list[Channel] = []
    if settings.sentry_dsn:
        channels.append(SentryChannel(settings.sentry_dsn, settings.environment, deadline_seconds))
    channels += [AppriseChannel(url, deadline_seconds) for url in settings.alert_urls]
    channels += [CommunityChannel(url, deadline_seconds) for url in settings.announce_urls]
    return channels


def send_check_in(
    settings: Settings,
    job_name: str,
    cron: str,
    *,
    succeeded: bool,
    duration_seconds: float,
    max_runtime_minutes: int,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> None:
    """Check in with Sentry: a job has run, and this is when to expect it.

    Without SENTRY_DSN nothing is sent. The monitor is made with the first check-in and follows a
    changed schedule by itself.

    Raises:
        DeliveryError: Sentry has not accepted.
    """
    if not settings.sentry_dsn:
        return
    from sentry_sdk import new_scope
    from sentry_sdk.crons import capture_checkin

    sentry = SentryChannel(settings.sentry_dsn, settings.environment, deadline_seconds)
    with new_scope() as scope:
        scope.set_client(sentry.client)
        capture_checkin(
            monitor_slug=job_name,
            status="ok" if succeeded else "error",
            duration=duration_seconds,
            monitor_config={
                "schedule": {"type": "crontab", "value": cron},
                "timezone": "UTC",
                "checkin_margin": 10,
                "max_runtime": max_runtime_minutes,
                "failure_issue_threshold": 1,
                "recovery_threshold": 1,
            },
        )


class SentryChannel:
    """A Sentry project. The same alert sent again is the same event there."""

    key = "sentry"
    is_for_everything = True
    is_for_community = False

    def __init__(self, dsn: str, environment: str, deadline_seconds: float) -> None:
        import sentry_sdk

        # Two installations may share a project, and both count their alerts from 1.
        self._identity = f"{dsn.rpartition('@')[2]}#{environment}"
        self.client = sentry_sdk.Client(
            dsn=dsn,
            environment=environment,
            release=RELEASE,
            transport=_make_transport(dsn, deadline_seconds),
            before_send=_only_what_is_listed,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            enable_backpressure_handling=False,
            send_client_reports=False,
            auto_session_tracking=False,
            spotlight=False,
            debug=False,
        )

    def send(self, alert: QueuedAlert) -> None:
        """See Channel."""
        alert = scrubbed(alert)
        cause = name_cause(alert.failures)
        subject = alert.tags.get("job") or alert.tags.get("subject", "")
        event: dict[str, Any] = {
            "event_id": uuid.uuid5(uuid.NAMESPACE_URL, f"{self._identity}/{alert.alert_id}").hex,
            "level": LEVELS[alert.severity],
            "logger": "trc_pipelines",
            "logentry": {"formatted": f"{alert.title}\n\n{alert.body}".strip()},
            "fingerprint": [alert.tags.get("kind", alert.title), subject, *cause],
            "tags": alert.tags,
        }
        if alert.failures:
            # Sentry shows the last one first: the failure that the others are the causes of.
            values = [_sentry_exception(failure) for failure in reversed(alert.failures)]
            event["exception"] = {"values": values}
        if self.client.capture_event(event) is None:  # type: ignore[arg-type]  # plain JSON
            raise DeliveryError(f"{self.key} was sent nothing: the SDK dropped the event")


def _sentry_exception(failure: Mapping[str, Any]) -> dict[str, Any]:
    module, _, name = failure["type"].rpartition(".")
    return {
        "type": name,
        "module": module,
        "value": scrub(failure["text"]),
        "stacktrace": {
            "frames": [
                {
                    "filename": frame["file"],
                    "function": frame["function"],
                    "lineno": frame["line"],
                    "in_app": is_own(frame),
                }
                for frame in failure["frames"]
            ]
        },
    }


# Everything that may be in an event or a check-in. The SDK adds more, about this machine.
_LISTED = {
    "event_id", "timestamp", "platform", "level", "logger", "logentry", "fingerprint", "tags",
    "exception", "release", "environment", "sdk", "type", "check_in_id", "monitor_slug", "status",
    "duration", "monitor_config",
}  # fmt: skip
_LISTED_OF_FRAME = {"filename", "function", "lineno", "in_app"}


def _only_what_is_listed(event: Any, _hint: Any) -> Any:
    """Remove from the event what nobody listed: host, modules, variables, lines of code."""
    kept = {name: value for name, value in event.items() if name in _LISTED}
    for exception in kept.get("exception", {}).get("values", []):
        for frame in exception["stacktrace"]["frames"]:
            for name in frame.keys() - _LISTED_OF_FRAME:
                del frame[name]
    return kept


def _make_transport(dsn: str, deadline_seconds: float) -> Any:
    """Make a transport of the SDK that sends at once and raises DeliveryError unless Sentry took it."""
    # Imported here, because `trc --help` must not wait for the SDK.
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.transport import Transport
    from sentry_sdk.utils import Dsn

    auth = Dsn(dsn).to_auth(USER_AGENT)
    headers = {
        "Content-Type": "application/x-sentry-envelope",
        "User-Agent": USER_AGENT,
        "X-Sentry-Auth": auth.to_header(),
    }

    class SynchronousTransport(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            body = envelope.serialize()
            request = requests.Request("POST", auth.get_api_url(), headers=headers, data=body)
            _exchange(SentryChannel.key, deadline_seconds, request)

    return SynchronousTransport()


def send_heartbeat(
    settings: Settings,
    job_name: str,
    signal: Signal,
    run_id: str = "",
    deadline_seconds: float = HEARTBEAT_SECONDS,
) -> None:
    """Report to HEARTBEAT_URL that a job has begun, succeeded or failed.

    Without the setting nothing is sent. `{job}` in the URL becomes the job's name, which is otherwise
    added to the path. A start adds /start, a failure /fail, and the run's id goes along, as
    healthchecks.io wants it.

    Raises:
        DeliveryError: the other side has not accepted.
    """
    if settings.heartbeat_url is None:
        return
    url = urlsplit(settings.heartbeat_url)
    path = url.path if JOB_PLACEHOLDER in url.path else f"{url.path.rstrip('/')}/{JOB_PLACEHOLDER}"
    path = path.replace(JOB_PLACEHOLDER, job_name)
    if signal != "success":
        path = f"{path}/{signal}"
    query = "&".join(part for part in (url.query, run_id and f"rid={run_id}") if part)
    target = urlunsplit((url.scheme, url.netloc, path, query, ""))
    headers = {"User-Agent": USER_AGENT}
    _exchange("heartbeat", deadline_seconds, requests.Request("GET", target, headers=headers))


class AppriseChannel:
    """One Apprise URL."""

    is_for_everything = False
    is_for_community = False
    kind = "alert-url"

    def __init__(self, url: str, deadline_seconds: float) -> None:
        import apprise

        self.key = f"{self.kind}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        self._deadline_seconds = deadline_seconds
        # A redirected POST becomes a GET, which succeeds and delivers nothing. No images: readers
        # would load them from somewhere else.
        asset = apprise.AppriseAsset(
            app_id="trc_pipelines", http_redirects=False, image_url_mask="", image_url_logo=""
        )
        # The service itself, not Apprise().notify(): that waits in threads a process cannot leave.
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise ValueError(f"{self.key} is no URL that Apprise knows")
        if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
            # A message too long for a service would be refused again at every try.
            service.overflow_mode = apprise.OverflowMode.TRUNCATE
        self._service = service

    def send(self, alert: QueuedAlert) -> None:
        """See Channel."""
        alert = scrubbed(alert)
        lines = [alert.body, *(f"{name}: {value}" for name, value in alert.tags.items())]

        def exchange() -> str | None:
            is_accepted = self._service.notify(
                title=f"{alert.severity.upper()}: {alert.title}",
                body="\n".join(lines).strip(),
                notify_type=NOTIFY_TYPES[alert.severity],
                body_format="text",
            )
            return None if is_accepted else "was refused or not reached"

        _deliver(self.key, self._deadline_seconds, exchange)


class CommunityChannel(AppriseChannel):
    """One Apprise URL where the community itself reads: no severity, no tags, and a picture."""

    is_for_community = True
    kind = "announce-url"

    def send(self, alert: QueuedAlert) -> None:
        """See Channel."""
        from apprise import AppriseAttachment
        from apprise.attachment.memory import AttachMemory

        pictures = AppriseAttachment()
        if alert.image is not None:
            pictures.add(
                AttachMemory(alert.image, name="week.png", mimetype="image/png")  # type: ignore[no-untyped-call]
            )

        def exchange() -> str | None:
            is_accepted = self._service.notify(
                title=_one_line(alert.title, MAX_TITLE_LENGTH),
                body=scrub(alert.body),
                notify_type="info",
                body_format="text",
                attach=pictures or None,
            )
            return None if is_accepted else "was refused or not reached"

        _deliver(self.key, self._deadline_seconds, exchange)


def scrubbed(alert: QueuedAlert) -> QueuedAlert:
    """Make the alert fit to leave: every text in it scrubbed, its id among the tags."""
    return replace(
        alert,
        severity=alert.severity if alert.severity in LEVELS else "error",
        title=_one_line(alert.title, MAX_TITLE_LENGTH) or "(no title)",
        body=scrub(alert.body),
        tags={
            re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:32]: _one_line(value, MAX_TAG_LENGTH)
            for name, value in (alert.tags | {"alert_id": str(alert.alert_id)}).items()
        },
    )


def scrub(text: str, max_length: int = MAX_BODY_LENGTH) -> str:
    """Make text printable and inert, without secrets or addresses, of at most `max_length` characters.

    Inert: no chat service, mail program or spreadsheet sees more in it than text.
    """
    kept = text[: 4 * max_length]
    if len(kept) < len(text):
        # The last word may be half a secret, which no pattern knows.
        kept = kept[: max(kept.rfind(" "), kept.rfind("\n"), 0)] + "…"
    kept = _TERMINAL_CODE.sub("", kept)
    # Before the patterns: an invisible character in a secret would hide it from them.
    kept = "".join(c if c == "\n" or c.isprintable() else " " if c.isspace() else "" for c in kept)
    kept = kept.strip()
    for pattern, replacement in _REPLACEMENTS:
        kept = pattern.sub(replacement, kept)
    return kept if len(kept) <= max_length else kept[: max_length - 1] + "…"


def _one_line(text: str, max_length: int) -> str:
    return scrub(" ".join(text.split()), max_length)


def _exchange(key: str, deadline_seconds: float, request: requests.Request) -> None:
    """Make one request.

    Raises:
        DeliveryError: the answer is no success, or does not come in time.
    """

    def exchange() -> str | None:
        # An adapter, not a session: no redirects, no proxy or .netrc from the surroundings.
        with (
            closing(HTTPAdapter()) as adapter,
            adapter.send(request.prepare(), stream=True, timeout=deadline_seconds) as response,
        ):
            status = response.status_code
            return None if 200 <= status < 300 else f"answered {status}"

    _deliver(key, deadline_seconds, exchange)


def _deliver(key: str, seconds: float, exchange: Callable[[], str | None]) -> None:
    """Call `exchange` with a deadline.

    A daemon thread, because the timeouts of requests and of Apprise bound one socket operation and
    not all of them together.

    Args:
        exchange: returns None, or why the other side has not accepted.

    Raises:
        DeliveryError: the other side has not accepted, or not within `seconds`.
    """
    outcome: concurrent.futures.Future[str | None] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="alert-delivery", daemon=True).start()
    try:
        refusal = outcome.result(timeout=seconds)
    except Exception as error:
        refusal = f"gave no answer within {seconds:g} s ({type(error).__name__})"
    # Not raised from the error: its text holds the URL.
    if refusal is not None:
        raise DeliveryError(f"{key} {refusal}")
