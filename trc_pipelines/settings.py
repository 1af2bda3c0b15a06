"""Every setting: its name in the environment, type, default, and one line of why.

Nothing else reads the environment. A wrong value ends the program with one line that names it.
"""

import logging
import os
import re
from datetime import UTC, date, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = (_PACKAGE.parent / "sql").is_dir()
# Where sql/ and Dagster's files are: beside the package in a checkout, inside it in a wheel.
PROJECT_ROOT = _PACKAGE.parent if IS_CHECKOUT else _PACKAGE
# What stands behind dagster.yaml where a launcher executes runs.
LAUNCHERS = _PACKAGE / "launchers"
VERSION = version("trc_pipelines")

# Both log the URLs they are given, which hold tokens: Apprise in warnings, urllib3 when debugging.
logging.getLogger("apprise").setLevel(logging.CRITICAL)
logging.getLogger("urllib3").setLevel(logging.INFO)


class SettingsError(Exception):
    """A setting has a value that cannot be used. The message names it and what is accepted."""


# As SQLAlchemy reads a URL, which takes longer to load than `trc jobs` may take.
_DATABASE_URL = re.compile(
    r"(?P<driver>[\w+]+)://(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?]+\]|[^/:?]+)?(?P<port>:[^/?]*)?"
    r"(?:/(?P<database>[^?]*))?"
)


def _postgres_url(value: str) -> str:
    url = _DATABASE_URL.match(value)
    if (
        url is None
        or not url["driver"].startswith("postgres")
        or not url["database"]
        or not re.fullmatch(r"(:[0-9]+)?", url["port"] or "")
    ):
        # The value is not repeated: it may hold a password.
        raise ValueError("accepts postgresql://user:password@host:port/database")
    return value


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("accepts a URL that starts with http:// or https://")
    return value.rstrip("/")


def _heartbeat_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?(\?[^\s#]*)?", value):
        # The value is not repeated: it holds a key.
        raise ValueError("accepts a URL like https://host/key/{job}; {job} becomes the job's name")
    return value


def _sentry_dsn(value: str) -> str:
    # Imported here, like those below, because `trc --help` must not wait for it.
    from sentry_sdk.utils import Dsn

    try:
        Dsn(value)
    except ValueError:
        value = ""
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("accepts a DSN as Sentry shows it: https://key@host/project")
    return value


def _alert_urls(value: object) -> object:
    if not isinstance(value, str):
        return value
    import apprise

    urls = [url for url in re.split(r"[\s,]+", value) if url]
    for number, url in enumerate(urls, 1):
        if apprise.Apprise.instantiate(url) is None:
            raise ValueError(f"number {number} of {len(urls)} is no URL that Apprise knows")
    return tuple(dict.fromkeys(urls))


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("accepts a time zone as America/New_York or UTC") from None
    return value


def _past_day(value: date) -> date:
    # Dagster has no partitions of the future, and says so only when a run is made.
    today = datetime.now(UTC).date()
    if value > today:
        raise ValueError(f"it is still to come; it accepts days up to today, {today}")
    return value


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise ValueError("accepts a time with a zone, as 2026-12-01T00:00:00Z")


def _redis_url(value: str) -> str:
    if not re.match(r"(rediss?|unix)://.", value):
        raise ValueError("accepts redis://user:password@host:port/0, or rediss:// for TLS")
    return value


IN_HOST = "in-host"
# Where runs are executed: beside the code server, or by one of Dagster's own launchers, whose library
# comes with an extra of that name.
LAUNCHER_LIBRARIES = {
    "celery": "dagster_celery",
    "docker": "dagster_docker",
    "kubernetes": "dagster_k8s",
}


def _run_launcher(value: str) -> str:
    if value != IN_HOST and value not in LAUNCHER_LIBRARIES:
        raise ValueError(f"accepts {', '.join((IN_HOST, *LAUNCHER_LIBRARIES))}")
    if value != IN_HOST and find_spec(LAUNCHER_LIBRARIES[value]) is None:
        raise ValueError(
            f"{LAUNCHER_LIBRARIES[value]} is not installed; pip install 'trc_pipelines[{value}]'"
        )
    return value


def _broker_url(value: str) -> str:
    if not re.match(r"[a-z+]+://.", value):
        # The value is not repeated: it may hold a password.
        raise ValueError("accepts the URL of a broker, as redis://:password@host:6379/0")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][\w.:/@-]*", value):
        raise ValueError("accepts an image, as registry.example/trc:0.1.0")
    return value


def _needed_by(*launchers: str) -> AfterValidator:
    """Make a setting one that these launchers cannot do without."""

    def check(value: str | None, info: ValidationInfo) -> str | None:
        # Not there when RUN_LAUNCHER itself was refused.
        launcher = info.data.get("run_launcher")
        if value is None and launcher in launchers:
            raise ValueError(f"is not set, and RUN_LAUNCHER={launcher} needs it")
        return value

    return AfterValidator(check)


# The made-up guild of the demo, which is no real one.
DEMO_GUILD_ID = 100000000000000001
# Packages that declare a domain. Each is a schema in the database, and schemas are made in this order.
KNOWN_DOMAINS = ("community", "quiz", "betting")
# PostgreSQL counts milliseconds, of which less than one is no limit at all.
DAY_SECONDS = 86_400
# A century: before it there is no day to count back to.
MOST_DAYS = 36_500
_WORD = r"^[A-Za-z0-9_.-]{1,64}$"
_HOST_AND_PORT = r"[A-Za-z0-9.-]+(:\d+)?"
# No part of a path is "", "." or "..".
_PATH = r"(?!\.{1,2}(/|$))[^/\s?#*@]+(/(?!\.{1,2}(/|$))[^/\s?#*@]+)*"


def _media_url(value: str) -> str:
    if value.startswith("file://"):
        value = unquote(value.removeprefix("file://"))
    value = value.rstrip("/")
    bucket = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
    if not value.startswith("/") and not re.fullmatch(rf"s3://{bucket}(/{_PATH})?", value):
        # The value is not repeated: it may hold a password.
        raise ValueError(
            "accepts an absolute folder, file:///folder or s3://bucket/prefix; "
            "keys of S3 go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return value


def _plain_http_url(value: str) -> str:
    if not re.fullmatch(rf"https?://{_HOST_AND_PORT}(/{_PATH})?/?", value):
        raise ValueError("accepts URLs like https://host/path, without user, password or query")
    return value.rstrip("/")


def _words(value: object) -> object:
    return tuple(re.findall(r"[^\s,]+", value)) if isinstance(value, str) else value


def _known_domains(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or set(value) - set(KNOWN_DOMAINS):
        raise ValueError(f"accepts one or more of {', '.join(KNOWN_DOMAINS)}")
    return value


def _switched_on(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    # Not there when DOMAINS itself was refused.
    domains = info.data.get("domains", KNOWN_DOMAINS)
    if set(value) - set(domains):
        raise ValueError(f"accepts domains that run here (DOMAINS): {', '.join(domains)}")
    return value


def _prefix(value: str) -> str:
    value = value.strip("/")
    if not re.fullmatch(_PATH, value):
        raise ValueError("accepts paths like posts or users/avatars")
    return value


Domains = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_known_domains)
]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
SentryDsn = Annotated[str, AfterValidator(_sentry_dsn)]
AlertUrls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_alert_urls)]
PlainHttpUrl = Annotated[str, AfterValidator(_plain_http_url)]
PlainHttpUrls = Annotated[tuple[PlainHttpUrl, ...], NoDecode, BeforeValidator(_words)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Prefixes = Annotated[tuple[Prefix, ...], Field(min_length=1), NoDecode, BeforeValidator(_words)]
RunLauncher = Annotated[str, AfterValidator(_run_launcher)]
BrokerUrl = Annotated[str, AfterValidator(_broker_url)]
Image = Annotated[str, AfterValidator(_image)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """The settings of one installation. Names in the environment are the field names, upper case."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    trc_home: Path = Field(description="where the embedded database and Dagster keep their files")
    domains: Domains = Field(
        KNOWN_DOMAINS, description="what runs here, by space or comma; the rest is not there"
    )
    database_url: PostgresUrl | None = Field(
        None,
        repr=False,
        description="a PostgreSQL >= 15 to use; without it one is embedded under TRC_HOME",
    )
    database_direct_url: PostgresUrl | None = Field(
        None,
        repr=False,
        description="DATABASE_URL past its pooler, for migrations and what outlives a transaction",
    )
    dagster_database_url: PostgresUrl | None = Field(
        None,
        repr=False,
        description="Dagster's own database; default: DATABASE_URL with _dagster added",
    )
    statement_timeout_seconds: float = Field(
        300, ge=0.001, le=DAY_SECONDS, description="longest time one SQL statement may take"
    )
    lock_timeout_seconds: float = Field(
        30, ge=0.001, le=DAY_SECONDS, description="longest wait for another run of the same job"
    )
    run_launcher: RunLauncher = Field(
        IN_HOST,
        description="who executes runs: in-host (this machine), celery, docker or kubernetes",
    )
    celery_broker_url: Annotated[BrokerUrl | None, _needed_by("celery")] = Field(
        None,
        repr=False,
        description="where RUN_LAUNCHER=celery queues runs, a Redis as a rule",
    )
    celery_result_url: BrokerUrl | None = Field(
        None, repr=False, description="where workers say how runs ended; default: CELERY_BROKER_URL"
    )
    celery_queue: str = Field(
        "trc",
        pattern=_WORD,
        description="the queue runs are put into, unless a run's tag dagster-celery/queue names another",
    )
    run_image: Annotated[Image | None, _needed_by("docker", "kubernetes")] = Field(
        None,
        description="the image RUN_LAUNCHER=docker and kubernetes execute runs in, as host/trc:0.1.0",
    )
    run_network: str = Field(
        "host",
        pattern=_WORD,
        description="the network of containers that RUN_LAUNCHER=docker starts",
    )
    run_namespace: str = Field(
        "default", pattern=_WORD, description="where RUN_LAUNCHER=kubernetes makes Jobs"
    )
    webserver_host: str = Field(
        "127.0.0.1",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="address the Dagster UI listens on; it has no login, so open it to no network",
    )
    webserver_port: int = Field(
        3000, ge=1, le=65535, description="port of the Dagster UI; a busy one is stepped over"
    )
    community_start_on: Annotated[date, AfterValidator(_past_day)] = Field(
        date(2026, 1, 1),
        description="first daily partition of every domain; nothing before it is computed",
    )
    backfill_days_per_run: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="days a run of a backfill takes, where there are workers for several; without it all",
    )
    community_cut_over_at: Moment | None = Field(
        None, description="when the app's own XP and streak jobs stop; without it there are none"
    )
    quiz_cut_over_at: Moment | None = Field(
        None, description="when the quiz app's own jobs stop; nothing is written there before it"
    )
    betting_cut_over_at: Moment | None = Field(
        None, description="when the betting app's own jobs stop; nothing is written there before it"
    )
    write_back: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_switched_on)
    ] = Field((), description="domains whose figures are written into what their apps show")
    mee6_sync_enabled: bool = Field(True, description="false: syncs say so and read nothing")
    mee6_guild_id: int | None = Field(
        None, ge=1, lt=2**63, description="the Discord server to read; without it the demo runs"
    )
    discord_guild_id: int | None = Field(
        None, ge=1, lt=2**63, description="the default of MEE6_GUILD_ID"
    )
    members_from_board: bool = Field(
        False,
        description="true: who is new on the MEE6 leaderboard becomes a member, with name and all",
    )
    members_min_level: int = Field(
        0,
        ge=0,
        le=10_000,
        description="least MEE6 level with which MEMBERS_FROM_BOARD takes somebody",
    )
    mee6_base_url: HttpUrl = Field(
        "https://mee6.xyz", repr=False, description="where the API lives"
    )
    mee6_user_agent: str = Field(
        f"trc-pipelines/{VERSION}",
        pattern=r"^[\x20-\x7e]{1,200}$",
        description="sent with every request; library defaults have been refused",
    )
    mee6_request_interval_seconds: float = Field(
        2,
        ge=0,
        le=840,
        description="least time between two requests; asking faster gets an address banned",
    )
    mee6_deadline_seconds: float = Field(
        600, gt=0, le=840, description="longest time one reading may take, retries included"
    )
    mee6_max_missing_share: Share = Field(
        0.2,
        description="quarantine when more of the members known are missing, or not linked any more",
    )
    mee6_max_dropped_share: Share = Field(
        0.2, description="quarantine when the XP of more of the members known has dropped"
    )
    mee6_max_total_drop_share: Share = Field(
        0.1, description="quarantine when their XP altogether dropped by more: a leaderboard reset"
    )
    mee6_max_implausible_share: Share = Field(
        0.2, description="quarantine when more of them gained more XP than chatting can give"
    )
    mee6_max_gain: int = Field(
        1_000_000, ge=1, lt=2**63, description="quarantine when one member gained more XP at once"
    )
    quiz_life_catch_up: bool = Field(
        False, description="true: after an outage every life that came due is given back at once"
    )
    live_bets: bool = Field(
        False, description="true: bets placed while their game is on count; false: they are void"
    )
    sunday_timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="whose Sunday counts for the badge of Sunday's games"
    )
    media_url: Annotated[str, AfterValidator(_media_url)] | None = Field(
        None,
        repr=False,
        description="store of the betting app's media; default: the folder media in TRC_HOME",
    )
    media_endpoint_url: PlainHttpUrl | None = Field(
        None, repr=False, description="an S3-compatible server that is not Amazon's"
    )
    media_base_urls: PlainHttpUrls = Field(
        (),
        repr=False,
        description="where apps read media, by space or comma; other hosts are not ours",
    )
    media_prefixes: Prefixes = Field(
        ("posts", "stories", "messages", "avatars", "chats"),
        description="only objects below these are ever looked at or deleted",
    )
    media_max_orphan_share: Share = Field(
        0.25, description="when more of the objects have no reference, none is deleted"
    )
    redis_url: Annotated[str, AfterValidator(_redis_url)] | None = Field(
        None, repr=False, description="where boards are published for apps; without it they are not"
    )
    sentry_dsn: SentryDsn | None = Field(
        None, repr=False, description="the Sentry project that gets every alert and check-in"
    )
    alert_urls: AlertUrls = Field(
        (), repr=False, description="Apprise URLs, by space or comma: alerts that are for people"
    )
    announce_urls: AlertUrls = Field(
        (),
        repr=False,
        description="Apprise URLs, by space or comma: where the community reads its weekly post",
    )
    heartbeat_url: Annotated[str, AfterValidator(_heartbeat_url)] | None = Field(
        None,
        repr=False,
        description="notified when a job begins, succeeds or fails: a dead-man's switch",
    )
    environment: str = Field(
        "production",
        pattern=_WORD,
        description="what Sentry calls this installation; each needs a name of its own",
    )
    snapshot_retention_days: int = Field(
        14, ge=2, le=MOST_DAYS, description="whole days of raw readings that are kept"
    )
    ranking_retention_days: int = Field(
        35,
        ge=2,
        le=MOST_DAYS,
        description="days of which boards are kept whole; then each week's last, and tops",
    )
    # At least 3: alerts are tried for three days, and runs that died are looked for in the last day.
    history_retention_days: int = Field(
        30, ge=3, le=MOST_DAYS, description="days for which runs, their events and alerts are kept"
    )

    def cut_over_at(self, domain: str) -> datetime | None:
        """When the old jobs of a domain's app stop; None where there are none."""
        moment: datetime | None = getattr(self, f"{domain}_cut_over_at", None)
        return moment


def default_home(world: str) -> Path:
    """Where the demo, or what is live, keeps its files unless TRC_HOME says so."""
    return (PROJECT_ROOT / ".trc" if IS_CHECKOUT else user_data_path("trc")) / world


def load_settings(**overrides: object) -> Settings:
    """Load settings from the environment, then from `settings.env` in TRC_HOME, then the defaults.

    TRC_HOME itself defaults to `.trc/live` in the checkout (in the user's data folder where a wheel
    is installed) when MEE6_GUILD_ID or DISCORD_GUILD_ID is set, and to `.trc/demo` when neither is,
    so that made-up data never meets real data.

    Raises:
        SettingsError: a value is not accepted; the message has one line per setting.
    """
    is_live = os.environ.get("MEE6_GUILD_ID") or os.environ.get("DISCORD_GUILD_ID")
    world = "live" if is_live else "demo"
    home = Path(os.environ.get("TRC_HOME") or default_home(world)).absolute()
    try:
        settings = Settings(
            _env_file=home / "settings.env",
            **{"trc_home": home, **overrides},  # type: ignore[arg-type]
        )
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            name = str(problem["loc"][0]).upper()
            field = Settings.model_fields.get(name.lower())
            about = f" ({field.description})" if field else ""
            # A URL may hold a password.
            value = (
                f"is {str(problem['input'])[:80]!r}; "
                if field and field.repr and problem["input"] is not None
                else ""
            )
            wrong = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {value}{wrong[0].lower()}{wrong[1:]}{about}")
        raise SettingsError("\n".join(lines)) from None
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            f"TRC_HOME: settings.env there cannot be read ({why}); accepts a folder that can "
            f"({Settings.model_fields['trc_home'].description})"
        ) from None
    guild = settings.mee6_guild_id or settings.discord_guild_id
    return settings.model_copy(update={"mee6_guild_id": guild})
