"""`trc demo`: a made-up guild from its first day to now, then everything a real one has."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import dagster as dg
import pandas as pd
from dotenv import dotenv_values

from trc_pipelines.betting.jobs import JOBS as BETTING_JOBS
from trc_pipelines.cli.installation import (
    Installation,
    make_home,
    open_installation,
    prepare_databases,
)
from trc_pipelines.cli.output import print_table, say, track
from trc_pipelines.cli.runs import materialize_days, run_checks, run_job
from trc_pipelines.cli.services import first_free_port
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo import app, betting_app, quiz_app
from trc_pipelines.demo.betting_app import BettingApp
from trc_pipelines.demo.play import plan_slots, play, stop_clock
from trc_pipelines.demo.quiz_app import QuizApp
from trc_pipelines.demo.redis_server import redis_url_of, serve_redis
from trc_pipelines.demo.seasons import App, keep_playing, plan_ticks, play_season
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Job, JobError
from trc_pipelines.names import clean_names
from trc_pipelines.quiz.jobs import JOBS as QUIZ_JOBS
from trc_pipelines.settings import Settings, SettingsError

SIMULATOR_PORT = 8766
QUARTER, LIVE_STEP = timedelta(minutes=15), timedelta(minutes=5)
# Readings left to Dagster, so that its plots have points. It reads only what is now, so their
# logical times are minutes ago, though the board they see moved a quarter of an hour each time.
LIVE_READINGS = 3
SHOWN = 10
DAILY = [
    dg.AssetKey(["community", name])
    for name in ("daily_points", "daily_streaks", "leaderboard_rankings")
]


@contextmanager
def open_demo(settings: Settings) -> Iterator[Installation]:
    """The demo's installation, its guild served and played up to now."""
    if settings.mee6_guild_id not in (None, app.GUILD_ID):
        raise SettingsError(
            f"MEE6_GUILD_ID: is {settings.mee6_guild_id}, a real guild; the demo makes one up. "
            "Unset it for the demo, or start: trc up"
        )
    home = make_home(settings)
    is_own = settings.redis_url in (None, redis_url_of(home))
    wanted = urlsplit(settings.mee6_base_url).port or SIMULATOR_PORT
    port = first_free_port(wanted)
    with (
        Simulator(app.invent_population(), guild_id=app.GUILD_ID, port=port) as simulator,
        serve_redis(home) if is_own else nullcontext(settings.redis_url) as redis_url,
    ):
        _write_settings(settings, simulator, redis_url)
        with open_installation() as installation:
            prepare_databases(installation)
            database = installation.database
            media = settings.trc_home / "media"
            with QuizApp(database) as quiz, BettingApp(database, media) as betting:
                now = datetime.now(UTC).replace(microsecond=0)
                _refuse_strangers(installation)
                _play(installation, simulator, quiz, betting, now)
                simulator.clock = lambda: datetime.now(UTC)
                _show_boards(installation)
                say(
                    f"The made-up guild is served on {simulator.base_url}; it moves every 15 minutes. "
                    "The made-up users of quiz and bets go on playing."
                )
                with keep_playing([quiz, betting], now):
                    yield installation


def _write_settings(settings: Settings, simulator: Simulator, redis_url: str | None) -> None:
    """Put what every process needs to know into TRC_HOME; a `trc run` elsewhere reads it too."""
    path = settings.trc_home / "settings.env"
    values = {
        "COMMUNITY_START_ON": str((datetime.now(UTC) - app.HISTORY).date()),
        **dotenv_values(path),
        "MEE6_GUILD_ID": str(app.GUILD_ID),
        "MEE6_BASE_URL": simulator.base_url,
        "MEE6_REQUEST_INTERVAL_SECONDS": "0",
    }
    own = redis_url_of(settings.trc_home)
    if values.get("REDIS_URL") == own:
        del values["REDIS_URL"]  # an earlier demo's
    if redis_url == own:
        values["REDIS_URL"] = own
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    # With a guild set, the default TRC_HOME is another one: so this one is named as well.
    home = {"TRC_HOME": str(settings.trc_home)}
    os.environ.update(home | {name: str(value) for name, value in values.items()})


def _refuse_strangers(installation: Installation) -> None:
    """Raise JobError where users live that the demo did not make."""
    with installation.database.transaction(commit=False) as transaction:
        strangers = transaction.read_value("demo/count_strange_users")
    if strangers:
        raise JobError(
            f"this database has {strangers} users the demo did not make; nothing was played. "
            "Unset DATABASE_URL to play in an embedded one, or name an empty database."
        )


def _play(
    installation: Installation,
    simulator: Simulator,
    quiz: QuizApp,
    betting: BettingApp,
    now: datetime,
) -> None:
    """Play what is missing, and let Dagster see it."""
    database, settings = installation.database, installation.settings
    with database.transaction() as transaction:
        app.found_community(transaction, app.invent_population())
        last_id = transaction.read_value("community/select_newest_accepted_sync")
    last = datetime.fromtimestamp(last_id, UTC) if last_id else None
    newest_board = now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds())
    end = newest_board - LIVE_READINGS * QUARTER
    slots = plan_slots(settings.community_start_on, last, end)
    if not slots:
        return
    played = play(database, settings, simulator, slots)
    for _slot in track(played, len(slots), f"Playing {(slots[-1] - slots[0]).days} days of XP"):
        pass
    _play_quiz(installation, quiz, QUIZ_JOBS, now)
    _play_betting(installation, betting, BETTING_JOBS, now)
    # On a busy machine playing took ten minutes, and a reading must be younger than fifteen.
    now = datetime.now(UTC).replace(microsecond=0)
    live = [(MEE6_SYNC, number) for number in range(LIVE_READINGS)[::-1]]
    # The weeks and months that lie behind close in one run, as after an outage.
    boards = read_catalogue(settings).board_jobs
    latest = [*QUIZ_JOBS, *BETTING_JOBS, boards.recalculation, boards.weekly_reset]
    if settings.redis_url:
        latest.append(boards.cache)
    runs = [*live, *[(job, 0) for job in latest]]
    for job, before in track(runs, len(runs), "Running the latest jobs in Dagster"):
        stop_clock(simulator, newest_board - before * QUARTER)
        outcome = run_job(installation, job, now - before * LIVE_STEP)
        if not outcome.success:
            raise JobError(f"{job.name}: {outcome.message}")
    materialize_days(DAILY, *_missing_days(settings.community_start_on, now.date()))
    run_checks()


def _play_quiz(
    installation: Installation, quiz: QuizApp, jobs: Sequence[Job], now: datetime
) -> None:
    after = _played_until(installation, "demo/select_quiz_played_until", now - quiz_app.HISTORY)
    quiz.join_players(after)
    _play_season(installation, quiz, jobs, after, now, "quizzes")


def _play_betting(
    installation: Installation, betting: BettingApp, jobs: Sequence[Job], now: datetime
) -> None:
    start = now - betting_app.HISTORY
    after = _played_until(installation, "demo/select_betting_played_until", start)
    betting.found(after)
    _play_season(installation, betting, jobs, after, now, "bets")


def _played_until(installation: Installation, statement: str, start: datetime) -> datetime:
    with installation.database.transaction(commit=False) as transaction:
        last = transaction.read_value(statement)
    # What is long gone is not worth waiting for.
    return max(last, start) if last else start


def _play_season(
    installation: Installation,
    app: App,
    jobs: Sequence[Job],
    after: datetime,
    now: datetime,
    what: str,
) -> None:
    ticks = plan_ticks(after, now)
    played = play_season(installation.database, installation.settings, app, jobs, after, ticks)
    for _tick in track(played, len(ticks), f"Playing {(now - after).days} days of {what}"):
        pass
    app.play(ticks[-1] if ticks else after, now)


def _missing_days(first: date, last: date) -> tuple[date, date]:
    """The range that holds every day without boards in Dagster's eyes, today's anew."""
    with dg.DagsterInstance.get() as instance:
        done = instance.get_materialized_partitions(
            dg.AssetKey(["community", "leaderboard_rankings"])
        )
    days = pd.date_range(first, last)
    missing = days[~days.strftime("%Y-%m-%d").isin(list(done)) | (days == days[-1])]
    return missing[0].date(), last


def _show_boards(installation: Installation) -> None:
    """The boards and the streaks, as members see them."""
    with installation.database.transaction(commit=False) as transaction:
        ranks = transaction.read("demo/select_top_ranks", most=SHOWN)
        streaks = transaction.read("demo/select_top_streaks", most=SHOWN)
    boards = pd.DataFrame({"rank": ranks["rank"].astype("str")})
    for board in ("global", "weekly", "monthly"):
        names = clean_names(ranks[f"{board}_name"])
        boards[board] = ranks[f"{board}_points"].astype("str") + " " + names
    print_table("Leaderboards", boards)
    streaks["name"] = clean_names(streaks["name"])
    streaks["last_active_on"] = streaks["last_active_on"].dt.strftime("%a %d %b")
    streaks.columns = streaks.columns.str.replace("_", " ")
    print_table("Streaks, in weekdays", streaks)
