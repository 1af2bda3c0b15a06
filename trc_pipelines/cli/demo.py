"""`trc demo`: a made-up guild from its first day to now, then everything a real one has."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import dagster as dg
import pandas as pd
from dotenv import dotenv_values

from trc_pipelines.cli.boards import show_boards
from trc_pipelines.cli.installation import (
    Installation,
    make_home,
    open_installation,
    prepare_databases,
)
from trc_pipelines.cli.output import say, tell, track
from trc_pipelines.cli.runs import materialize_days, run_checks, run_job
from trc_pipelines.cli.services import first_free_port
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo.betting_app import BettingApp
from trc_pipelines.demo.community_app import (
    HISTORY,
    LIVE_READINGS,
    QUARTER,
    CommunityApp,
    invent_population,
    stop_clock,
)
from trc_pipelines.demo.play import App, Past, keep_playing, play_pasts
from trc_pipelines.demo.quiz_app import QuizApp
from trc_pipelines.demo.redis_server import redis_url_of, serve_redis
from trc_pipelines.demo.simulator import Simulator, half_missing
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.asset_metadata import asset_key
from trc_pipelines.jobs.contract import Job, JobError
from trc_pipelines.settings import DEMO_GUILD_ID, Settings, SettingsError
from trc_pipelines.words import counted

SIMULATOR_PORT = 8766
LIVE_STEP = timedelta(minutes=5)


@contextmanager
def open_demo(settings: Settings) -> Iterator[tuple[Installation, Callable[[], None]]]:
    """Open the demo's installation, its guild served and played up to now.

    Yields:
        It, and what is left to do before the schedules run: showing Dagster what was played.
    """
    if settings.mee6_guild_id not in (None, DEMO_GUILD_ID):
        raise SettingsError(
            f"MEE6_GUILD_ID: is {settings.mee6_guild_id}, a real guild; the demo makes one up. "
            "Unset it for the demo, or start: trc up"
        )
    home = make_home(settings)
    is_own = settings.redis_url in (None, redis_url_of(home))
    wanted = urlsplit(settings.mee6_base_url).port or SIMULATOR_PORT
    port = first_free_port(wanted)
    with (
        Simulator(invent_population(), guild_id=DEMO_GUILD_ID, port=port) as simulator,
        serve_redis(home) if is_own else nullcontext(settings.redis_url) as redis_url,
    ):
        _write_settings(settings, simulator, redis_url)
        with open_installation(begins=True) as installation:
            prepare_databases(installation)
            with _open_apps(installation, simulator) as apps:
                now = datetime.now(UTC).replace(microsecond=0)
                has_run = _play(installation, apps, now)

                def finish() -> None:
                    if has_run:
                        _show_dagster(installation, simulator)
                    simulator.clock = lambda: datetime.now(UTC)
                    if "community" in settings.domains:
                        show_boards(installation)
                        say(f"The made-up guild is served on {simulator.base_url}.")

                # The guild moves by itself; the other users do what they do.
                with keep_playing([app for app in apps if not app.takes_turns], now):
                    yield installation, finish


def say_what_to_try(installation: Installation) -> None:
    """Say what waits for a decision, so that it can be practised."""
    if "community" not in installation.settings.domains:
        return
    with installation.database.transaction(commit=False) as transaction:
        waiting = transaction.read_row("community/select_waiting_sync")
    if waiting is None:
        return
    sync_id = waiting["sync_id"]
    say(
        "\nOne reading was quarantined on purpose: half the members were missing. trc status shows it.\n"
        f"Until the next reading it waits for you: trc snapshots show {sync_id}, and then\n"
        f'    trc snapshots discard {sync_id} --reason "practice"\n'
        "docs/operators.md, Quarantine, says what else there is to decide."
    )


def _write_settings(settings: Settings, simulator: Simulator, redis_url: str | None) -> None:
    """Put what every process needs to know into TRC_HOME, where a `trc run` elsewhere reads it too."""
    path = settings.trc_home / "settings.env"
    values = {
        "COMMUNITY_START_ON": str((datetime.now(UTC) - HISTORY).date()),
        **dotenv_values(path),
        "MEE6_GUILD_ID": str(DEMO_GUILD_ID),
        "MEE6_BASE_URL": simulator.base_url,
        "MEE6_REQUEST_INTERVAL_SECONDS": "0",
    }
    own = redis_url_of(settings.trc_home)
    if values.get("REDIS_URL") == own:
        del values["REDIS_URL"]  # of an earlier demo, whose server is gone
    if redis_url == own:
        values["REDIS_URL"] = own
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    # Now that a guild is set, the default TRC_HOME would be another one, so this one is set too.
    home = {"TRC_HOME": str(settings.trc_home)}
    os.environ.update(home | {name: str(value) for name, value in values.items()})


@contextmanager
def _open_apps(installation: Installation, simulator: Simulator) -> Iterator[list[App]]:
    """Open the made-up apps of the domains that are switched on."""
    database, settings = installation.database, installation.settings
    apps: list[App] = []
    with ExitStack() as stack:
        if "community" in settings.domains:
            ranking = read_catalogue(settings).board_jobs.recalculation
            first_day = settings.community_start_on
            apps.append(CommunityApp(database, simulator, first_day, ranking))
        if "quiz" in settings.domains:
            apps.append(stack.enter_context(QuizApp(database)))
        if "betting" in settings.domains:
            media = settings.trc_home / "media"
            apps.append(stack.enter_context(BettingApp(database, media)))
        yield apps


def _play(installation: Installation, apps: Sequence[App], now: datetime) -> bool:
    """Play what is missing, and say whether a job has run."""
    database, settings = installation.database, installation.settings
    pasts = [Past(app, app.create_users(now), now) for app in apps]
    missing = [past for past in pasts if past.ticks]
    days = [f"{counted((now - past.after).days, 'days')} of {past.app.what}" for past in missing]
    ticks = sum(len(past.ticks) for past in missing)
    for _tick in track(
        play_pasts(database, settings, missing), ticks, f"Playing {', '.join(days)}"
    ):
        pass
    return any(tick.runs for past in missing for tick in past.ticks)


def _show_dagster(installation: Installation, simulator: Simulator) -> None:
    """Run every job once more as Dagster does, fill its partitions, and check everything."""
    settings = installation.settings
    has_community = "community" in settings.domains
    # On a busy machine playing took ten minutes, and a reading must be younger than fifteen.
    now = datetime.now(UTC).replace(microsecond=0)
    newest = now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds())
    live = [(MEE6_SYNC, number) for number in range(LIVE_READINGS)[::-1]]
    runs = [*(live if has_community else []), *[(job, 0) for job in _latest_jobs(settings)]]
    for job, before in track(runs, len(runs), "Running the latest jobs in Dagster"):
        stop_clock(simulator, newest - before * QUARTER)
        outcome = run_job(installation, job, now - before * LIVE_STEP)
        if not outcome.success:
            raise JobError(f"{job.name}: {outcome.message}")
    daily = [asset_key(step) for step in read_catalogue(settings).steps if step.is_daily]
    if daily:
        with tell("Showing the days played in Dagster"):
            materialize_days(daily, *_missing_days(daily, settings.community_start_on, now.date()))
    with tell("Checking what must be true"):
        run_checks()
    if has_community:
        _quarantine_reading(installation, simulator)
    # Last, so that the page people open first says it all.
    with tell("Making the page of the day"):
        ended = datetime.now(UTC).replace(microsecond=0)
        run_job(installation, read_catalogue(settings).engagement, ended)


def _quarantine_reading(installation: Installation, simulator: Simulator) -> None:
    """Read half a leaderboard, so that there is a decision to practise. The next reading finds all of it."""
    simulator.add(half_missing())
    try:
        with tell("Reading half a leaderboard, for practice"):
            run_job(installation, MEE6_SYNC, datetime.now(UTC).replace(microsecond=0))
    finally:
        simulator.clear()


def _latest_jobs(settings: Settings) -> list[Job]:
    """List the jobs that show how things stand: past weeks and months close in a single run."""
    catalogue = read_catalogue(settings)
    boards = catalogue.board_jobs
    own = [job for domain in catalogue.domains if domain.name != "community" for job in domain.jobs]
    ranked = [boards.recalculation, boards.weekly_reset, boards.cache] if boards.jobs else []
    return [job for job in (*own, *ranked) if job.is_enabled(settings)]


def _missing_days(assets: Sequence[dg.AssetKey], first: date, last: date) -> tuple[date, date]:
    """Find the range that holds every day that one of the assets lacks in Dagster, and today."""
    with dg.DagsterInstance.get() as instance:
        done = [instance.get_materialized_partitions(key) for key in assets]
    days = pd.date_range(first, last)
    in_all = list(set.intersection(*map(set, done)))
    missing = days[~days.strftime("%Y-%m-%d").isin(in_all) | (days == days[-1])]
    return missing[0].date(), last
