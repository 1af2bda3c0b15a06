"""What leaves the machine, to the last byte, and what happens when nobody takes it."""

import getpass
import gzip
import json
import logging
import re
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.monitoring.channels import (
    RELEASE,
    Channel,
    DeliveryError,
    QueuedAlert,
    open_channels,
    scrub,
    send_check_in,
)
from trc_pipelines.settings import Settings, SettingsError
from trc_pipelines_tests.monitoring.conftest import PATIENT, SOON, Configure
from trc_pipelines_tests.receivers import (
    DOWN,
    DRIPPING,
    ENVELOPES,
    HOOK,
    KEY,
    SILENT,
    Receiver,
)


@pytest.fixture(params=["sentry", "apprise"])
def open_channel(
    request: pytest.FixtureRequest, receiver: Receiver, configure: Configure
) -> Callable[[float], Channel]:
    """Each kind of channel, to the receiver, with a deadline."""
    named = {"sentry": {"sentry_dsn": receiver.dsn}, "apprise": {"alert_urls": receiver.hook}}

    def open_one(deadline_seconds: float) -> Channel:
        (opened,) = open_channels(
            configure(**named[request.param]), deadline_seconds=deadline_seconds
        )
        return opened

    return open_one


@pytest.fixture
def channel(open_channel: Callable[[float], Channel]) -> Channel:
    """Each kind of channel, to the receiver."""
    return open_channel(PATIENT)


def alert(**changes: Any) -> QueuedAlert:
    plain: dict[str, Any] = {
        "alert_id": 7,
        "severity": "error",
        "title": "mee6_sync has failed 3 times",
        "body": "Mee6Unavailable: no answer.\nLook at trc jobs.",
        "tags": {"job": "mee6_sync", "kind": "job_failed", "run_id": "5a0c"},
    }
    return QueuedAlert(**(plain | changes))


def texts(payload: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Title, body and whatever else came out of the alert, from either channel's payload."""
    if "message" in payload:
        return payload["title"], payload["message"], []
    title, _, body = payload["logentry"]["formatted"].partition("\n")
    return title, body, [*payload["tags"], *payload["tags"].values(), *payload["fingerprint"]]


# --- a quiet day


def test_what_sentry_gets_is_this_and_nothing_else(
    receiver: Receiver, configure: Configure
) -> None:
    settings = configure(sentry_dsn=receiver.dsn, environment="staging")
    (sentry,) = open_channels(settings)
    sentry.send(alert(severity="critical"))
    (sent,) = receiver.sent
    header, item, event = sent.parsed
    assert header.keys() == {"event_id", "sent_at"}
    assert header["event_id"] == event["event_id"]
    assert item["type"] == "event"
    assert re.fullmatch(r"[0-9a-f]{32}", event.pop("event_id"))
    assert event.pop("sdk")["name"] == "sentry.python"
    assert event.pop("timestamp").startswith("20")
    assert event == {
        "platform": "python",
        "release": RELEASE,
        "level": "fatal",
        "logger": "trc_pipelines",
        "environment": "staging",
        "logentry": {
            "formatted": "mee6_sync has failed 3 times\n\n"
            "Mee6Unavailable: no answer.\nLook at trc jobs."
        },
        "fingerprint": ["job_failed", "mee6_sync"],
        "tags": {"job": "mee6_sync", "kind": "job_failed", "run_id": "5a0c", "alert_id": "7"},
    }
    assert sentry.is_for_everything
    assert sentry.key == "sentry"


def test_what_apprise_gets(receiver: Receiver, configure: Configure) -> None:
    (hook,) = open_channels(configure(alert_urls=receiver.hook))
    hook.send(alert(severity="warning"))
    assert receiver.last == {
        "version": "1.0",
        "title": "WARNING: mee6_sync has failed 3 times",
        "message": "Mee6Unavailable: no answer.\nLook at trc jobs.\n"
        "job: mee6_sync\nkind: job_failed\nrun_id: 5a0c\nalert_id: 7",
        "attachments": [],
        "type": "warning",
    }
    assert not hook.is_for_everything
    assert re.fullmatch(r"alert-url-[0-9a-f]{12}", hook.key)


@pytest.mark.parametrize(
    ("severity", "level", "notify_type"),
    [
        ("info", "info", "info"),
        ("warning", "warning", "warning"),
        ("error", "error", "failure"),
        ("critical", "fatal", "failure"),
        ("unheard of", "error", "failure"),
    ],
)
def test_every_severity_has_its_word(
    severity: str, level: str, notify_type: str, channel: Channel, receiver: Receiver
) -> None:
    channel.send(alert(severity=severity))
    assert receiver.last.get("level", level) == level
    assert receiver.last.get("type", notify_type) == notify_type


def test_an_alert_sent_again_is_the_same_event(receiver: Receiver, configure: Configure) -> None:
    def sent_ids(**settings: str) -> list[str]:
        (sentry,) = open_channels(configure(**settings))
        for alert_id in (1, 1, 2):
            sentry.send(alert(alert_id=alert_id))
        return [sent.parsed[0]["event_id"] for sent in receiver.sent[-3:]]

    first, again, other = sent_ids(sentry_dsn=receiver.dsn)
    assert first == again != other
    assert first not in sent_ids(sentry_dsn=receiver.dsn, environment="staging")


def test_the_same_kind_of_the_same_job_is_one_group(
    receiver: Receiver, configure: Configure
) -> None:
    (sentry,) = open_channels(configure(sentry_dsn=receiver.dsn))

    def group(**changes: Any) -> list[str]:
        sentry.send(alert(**changes))
        fingerprint: list[str] = receiver.last["fingerprint"]
        return fingerprint

    assert group(alert_id=1) == group(alert_id=2, title="mee6_sync has failed 4 times")
    assert group() != group(tags={"job": "daily_streaks", "kind": "job_failed"})
    assert group() != group(tags={"job": "mee6_sync", "kind": "job_late"})
    assert group(tags={}, title="one") != group(tags={}, title="another")


@pytest.mark.parametrize(("succeeded", "status"), [(True, "ok"), (False, "error")])
def test_a_check_in_brings_its_monitor_along(
    succeeded: bool, status: str, receiver: Receiver, configure: Configure
) -> None:
    send_check_in(
        configure(sentry_dsn=receiver.dsn),
        "daily_streaks",
        "5 0 * * *",
        succeeded=succeeded,
        duration_seconds=12.5,
        max_runtime_minutes=30,
    )
    (sent,) = receiver.sent
    _, item, check_in = sent.parsed
    assert item["type"] == "check_in"
    assert re.fullmatch(r"[0-9a-f]{32}", check_in.pop("check_in_id"))
    for name in ("event_id", "sdk", "timestamp", "type", "platform"):
        check_in.pop(name)
    assert check_in == {
        "release": RELEASE,
        "monitor_slug": "daily_streaks",
        "status": status,
        "duration": 12.5,
        "environment": "production",
        "monitor_config": {
            "schedule": {"type": "crontab", "value": "5 0 * * *"},
            "timezone": "UTC",
            "checkin_margin": 10,
            "max_runtime": 30,
            "failure_issue_threshold": 1,
            "recovery_threshold": 1,
        },
    }


def check_in(settings: Settings, deadline_seconds: float = PATIENT) -> None:
    send_check_in(
        settings,
        "mee6_sync",
        "*/15 * * * *",
        succeeded=True,
        duration_seconds=1,
        max_runtime_minutes=14,
        deadline_seconds=deadline_seconds,
    )


def test_without_settings_nothing_is_sent(receiver: Receiver, configure: Configure) -> None:
    assert open_channels(configure()) == []
    check_in(configure(alert_urls=receiver.hook))
    assert receiver.sent == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"{}\n",
        b"[broken\n{}",
        b'{}\n{"type":"event","length":3}\n{}\n',
        b'{}\n{"type":"event","length":1}\n{}\n',
        b'{}\n{"type":"event"}\n{}\n',
        b'{"event_id":"1"}\n{"type":"event","length":16}\n{"event_id":"2"}\n',
        b'{}\n{"type":"picture","length":2}\n{}\n',
        b'{}\n{"type":"check_in","length":1}\n\xff\n',
    ],
)
def test_the_receiver_is_no_pushover(body: bytes, receiver: Receiver) -> None:
    good = b'{}\n{"type":"check_in","length":2}\n{}\n'
    url = f"http://{receiver.host}{ENVELOPES}"
    auth = {"X-Sentry-Auth": f"Sentry sentry_key={KEY}, sentry_version=7"}
    packed = auth | {"Content-Encoding": "gzip"}
    assert requests.post(url, data=body, headers=auth, timeout=PATIENT).status_code == 400
    assert requests.post(url, data=good, timeout=PATIENT).status_code == 400
    assert requests.post(url, data=good, headers=auth, timeout=PATIENT).status_code == 200
    packed_good = gzip.compress(good)
    assert requests.post(url, packed_good, headers=packed, timeout=PATIENT).status_code == 200


# --- nobody takes it


@pytest.mark.parametrize("answer", [400, 401, 403, 413, 429, 500, 503, SILENT, DRIPPING])
def test_what_was_not_accepted_is_said_in_time(
    answer: int | str, open_channel: Callable[[float], Channel], receiver: Receiver
) -> None:
    receiver.answer = answer
    channel = open_channel(SOON if answer in (SILENT, DRIPPING) else PATIENT)
    began = time.monotonic()
    with pytest.raises(DeliveryError, match=channel.key):
        channel.send(alert())
    assert time.monotonic() - began < PATIENT
    receiver.answer = 200
    channel.send(alert())


@pytest.mark.parametrize("answer", [301, 302, 307])
def test_a_redirect_is_not_taken_for_an_answer(
    answer: int, channel: Channel, receiver: Receiver
) -> None:
    receiver.answer = answer
    with pytest.raises(DeliveryError):
        channel.send(alert())


def test_a_server_that_is_down_is_said(channel: Channel, receiver: Receiver) -> None:
    receiver.close()
    with pytest.raises(DeliveryError, match=channel.key):
        channel.send(alert())


@pytest.mark.parametrize("answer", [429, 500, SILENT])
def test_a_check_in_that_was_not_accepted_is_said(
    answer: int | str, receiver: Receiver, configure: Configure
) -> None:
    receiver.answer = answer
    with pytest.raises(DeliveryError, match="sentry"):
        check_in(configure(sentry_dsn=receiver.dsn), SOON if answer == SILENT else PATIENT)


def test_one_broken_channel_does_not_stop_the_next(
    receiver: Receiver, configure: Configure
) -> None:
    nobody = "json://127.0.0.1:9/nobody"
    settings = configure(sentry_dsn=receiver.dsn, alert_urls=f"{nobody}, {receiver.hook}")
    sentry, broken, hook = open_channels(settings)
    with pytest.raises(DeliveryError):
        broken.send(alert())
    hook.send(alert())
    sentry.send(alert())
    assert len(receiver.sent) == 2
    assert len({sentry.key, broken.key, hook.key}) == 3


@pytest.mark.parametrize("answer", [200, 500, SILENT, DOWN])
def test_no_log_and_no_error_shows_a_url(
    answer: int | str,
    receiver: Receiver,
    configure: Configure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answer = answer
    if answer == DOWN:
        receiver.close()
    urls = receiver.hook.replace("//", "//somebody:canary-password@")
    settings = configure(sentry_dsn=receiver.dsn, alert_urls=urls)
    told = [repr(settings)]
    for channel in open_channels(settings, deadline_seconds=SOON):
        told += [repr(channel), channel.key]
        try:
            channel.send(alert())
        except DeliveryError as error:
            told += [*traceback.format_exception(error), str(error.__context__)]
    told.append(caplog.text)
    for secret in ("canary", KEY, receiver.host, "/api/42"):
        assert secret not in "\n".join(told)


# --- what must not leave

DATABASE = "postgresql://somebody:canary-p@ss/word@db.example:5432/trc"
DSN = "https://c0ffeec0ffeec0ffeec0ffeec0ffee00@o1.ingest.example/42"
# Made up, in the shape of the real ones.
BOT_TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw" + ".GcAnAr." + "cAnArY0123456789cAnArY0123456789abcdef"
HOOK_TOKEN = "cAnArY0123456789_cAnArY-0123456789cAnArY0123456789"
EMAIL = "canary.person@mail.example"


def test_nothing_around_the_alert_is_sent(
    receiver: Receiver, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, user = socket.gethostname(), getpass.getuser()
    monkeypatch.setattr(socket, "gethostname", lambda: "canary-host")
    monkeypatch.setattr(socket, "getfqdn", lambda *_: "canary-host.example")
    monkeypatch.setattr(sys, "argv", ["trc", "run", "canary-argument"])
    for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL"):
        monkeypatch.setenv(name, DATABASE)
    for name in ("LOGNAME", "USER", "SENTRY_RELEASE", "SENTRY_ENVIRONMENT", "CANARY_TOKEN"):
        monkeypatch.setenv(name, f"canary-{name}")
    settings = configure(sentry_dsn=receiver.dsn, alert_urls=receiver.hook)
    leaking = alert(
        title=f"could not connect to {DATABASE}",
        body=f"{DATABASE}\nSENTRY_DSN={DSN}\nDISCORD={BOT_TOKEN}\nask {EMAIL}",
        tags={"job": "mee6_sync", "partition": DATABASE, "kind": DSN, "run_id": BOT_TOKEN},
    )

    def deep(member: str) -> None:
        assert member
        for channel in open_channels(settings):
            try:
                int(member)
            except ValueError:
                channel.send(leaking)

    deep("Canary Person")
    check_in(settings)
    assert len(receiver.sent) == 3
    for sent in receiver.sent:
        # The path of the hook is the receiver's own address.
        raw = sent.raw.replace(HOOK.encode(), b"").lower()
        for secret in ("canary", "ss/word", "c0ffee", BOT_TOKEN[:10], EMAIL, __file__):
            assert secret.lower().encode() not in raw
        for own in (host, user):
            assert not re.search(rb"\b%s\b" % re.escape(own.lower().encode()), raw)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (DATABASE, "postgresql://db.example:5432/trc"),
        (f"({DATABASE})", "(postgresql://db.example:5432/trc)"),
        (DSN, "https://o1.ingest.example/42"),
        ("key c0ffeec0ffeec0ffeec0ffeec0ffee00.", "key …."),
        ("postgresql://somebody:can\u200bary\x00@host/db", "postgresql://host/db"),
        (f"hook https://chat.example/api/webhooks/123/{HOOK_TOKEN}", None),
        (
            "hook https://chat.example/api/webhooks/123/canary",
            "hook https://chat.example/api/webhooks/123/…",
        ),
        (f"bot {BOT_TOKEN}", None),
        (f"{BOT_TOKEN}", "…"),
        (f"{HOOK_TOKEN}", "…"),
        ("host=h password=canary user=u", "host=h password=… user=u"),
        ("host=h password='canary canary\\' canary' user=u", "host=h password=… user=u"),
        ('{"db_password": "canary, canary", "job": "j"}', '{"db_password": …, "job": "j"}'),
        ("PGPASSWORD=canary MY_SECRET_TOKEN: canary", "PGPASSWORD=… MY_SECRET_TOKEN: …"),
        ("pass\x1b[31mword=canary", "password=…"),
        ("Authorization: Digest canary, x=canary\nnext", "Authorization: …\nnext"),
        ("sent Bearer canary-canary to", "sent Bearer … to"),
        ("GET /x?page=2&sig=canary HTTP", "GET /x?page=…&sig=… HTTP"),
        (f"from {EMAIL}, at noon", "from (e-mail), at noon"),
        ("cànary.person@mail.example", "(e-mail)"),
    ],
)
def test_secrets_go_and_the_rest_stays(text: str, left: str | None) -> None:
    assert "anary" not in scrub(text).lower()
    if left is not None:
        assert scrub(text) == left


def test_half_a_secret_is_a_secret() -> None:
    secret = "see postgresql://somebody:canary"
    text = "\u200b" * (8000 - len(secret)) + f"{secret}@host/db"
    assert scrub(text) == "see…"
    assert len(scrub(text[1:])) > 3


@pytest.mark.parametrize(
    "text",
    [
        "mee6_sync: 3 of 100 members missing (2.5 %), quarantined; partition 2026-03-02",
        "run 123e4567-e89b-42d3-a456-426614174000, /home/somebody/.trc/live",
        "trc_pipelines.mee6.models.Mee6Unavailable: no answer in time",
        "http://127.0.0.1:3000/runs/123e4567-e89b-42d3-a456-426614174000",
        "Ärger, 顔 🙂\n- one\n- two",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert scrub(text) == text


# --- hostile text

HOSTILE = {
    "nul": "a\x00b",
    "lone surrogate": "a\ud800b",
    "right to left": "a\u202eb\u2066c",
    "terminal": "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "fake log line": "quiet\r\n2026-03-02 12:00:00 ERROR all is lost\u2028and more",
    "formula": ' \n=HYPERLINK("http://host","x")',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "link": "[x](javascript:1) [y](http://host)",
    "everyone": "@everyone @here <@123> <@&456> <!channel>",
    "code": "```\n`x`",
    "long": "word " * 2_000_000,
    "one long word": "x" * 10_000_000,
    "zero width": "\u200b\u200d\ufeff",
    "nothing": "",
    "sql": "'; DROP TABLE members; --",
    "template": "{{7*7}} ${x} %(x)s {title}",
}


def assert_inert(text: str, max_length: int, *, is_line: bool) -> None:
    assert len(text) <= max_length
    text.encode()
    assert all(c.isprintable() or (c == "\n" and not is_line) for c in text)
    assert not re.search(r"[@`<>]|\]\(|^=", text, re.MULTILINE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_arrives_and_is_inert(name: str, channel: Channel, receiver: Receiver) -> None:
    text = HOSTILE[name]
    channel.send(alert(title=text, body=text, tags={"job": text, "kind": text, text[:50]: "x"}))
    (sent,) = receiver.sent
    title, body, others = texts(receiver.last)
    assert_inert(title, 230, is_line=True)
    assert_inert(body, 3000, is_line=False)
    assert title.strip()
    for other in others:
        assert_inert(other, 200, is_line=True)
    assert len(sent.raw) < 30_000


def test_lengths_are_limited(receiver: Receiver, configure: Configure) -> None:
    (sentry,) = open_channels(configure(sentry_dsn=receiver.dsn))
    sentry.send(alert(title="word " * 1000, body="word " * 1000, tags={"k" * 99: "word " * 99}))
    title, body, _ = texts(receiver.last)
    assert (len(title), len(body.lstrip())) == (200, 2000)
    assert title.endswith("…")
    assert body.endswith("…")
    assert len(receiver.last["tags"]["k" * 32]) == 200


def test_what_discord_gets_fits_and_points_nowhere(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    def take(session: object, method: str, url: str, **request: Any) -> requests.Response:
        sent.append(json.loads(request["data"]))
        response = requests.Response()
        response.status_code, response._content = 200, b"{}"
        return response

    monkeypatch.setattr(requests.Session, "request", take)
    (discord,) = open_channels(configure(alert_urls=f"discord://123456789012345678/{HOOK_TOKEN}"))
    discord.send(alert(title="word " * 1000, body="word " * 1000))
    (payload,) = sent
    assert 1900 < len(payload["content"]) <= 2000
    assert "http" not in json.dumps(payload)


@given(st.text(st.characters(), max_size=300) | st.text("[]()@`<>=:/?&\n\x1b .aA1-", max_size=300))
def test_whatever_is_scrubbed_is_inert(text: str) -> None:
    assert_inert(scrub(text, 100), 100, is_line=False)


@pytest.mark.parametrize(
    "part", ["a", "a-", "://", "@", "password", "a.", "x=", "?a=", "\x1b[", " "]
)
def test_no_text_keeps_the_scrubber_busy(part: str) -> None:
    began = time.process_time()
    scrub(part * (10_000_000 // len(part)))
    assert time.process_time() - began < 60  # what looks back at every letter takes days


# --- settings


def test_alert_urls_are_a_list(receiver: Receiver, configure: Configure) -> None:
    other = "json://127.0.0.1:9/other"
    settings = configure(alert_urls=f" {receiver.hook},{other}\n{receiver.hook} ,")
    assert settings.alert_urls == (receiver.hook, other)
    assert [c.key for c in open_channels(settings)] == [c.key for c in open_channels(settings)]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"alert_urls": "json://host,\ndiscord://canary json://x"}, "ALERT_URLS: number 2 of 3 "),
        ({"alert_urls": "canary"}, "ALERT_URLS: number 1 of 1 "),
        ({"alert_urls": "canary://canary:canary@host"}, "ALERT_URLS: number 1 of 1 "),
        ({"sentry_dsn": "canary"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://canary@host/project"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://canary@host:port/1"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://canary@[host/1"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://host/1"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://canary\n@host/1"}, "SENTRY_DSN: accepts "),
        ({"sentry_dsn": "https://canàry@host/1"}, "SENTRY_DSN: accepts "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_repeated(
    settings: dict[str, str],
    told: str,
    configure: Configure,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SettingsError) as refused:
        configure(**settings)
    assert str(refused.value).startswith(told)
    assert "nary" not in str(refused.value) + caplog.text + "".join(capfd.readouterr())


def test_settings_come_from_the_environment(
    receiver: Receiver, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URLS", f"{receiver.hook} json://host")
    monkeypatch.setenv("SENTRY_DSN", receiver.dsn)
    settings = configure()
    assert settings.alert_urls == (receiver.hook, "json://host")
    assert settings.sentry_dsn == receiver.dsn
    assert len(open_channels(settings)) == 3


def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    code = (
        "import sys, trc_pipelines.monitoring.channels, trc_pipelines.settings as s\n"
        "s.load_settings(alert_urls=(), sentry_dsn=None)\n"
        "print({'apprise', 'sentry_sdk'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
