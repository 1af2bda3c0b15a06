"""Faults planted on purpose, one at a time: does the simulation find them, how soon, by which seed?

`make planted` (or `python -m trc_pipelines_tests.simulation.planted NAME …`). Each is a change of a line
of the product, in memory or in the database of the house alone.
"""

import argparse
import importlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType
from unittest import mock

import psycopg2

from trc_pipelines.cli.output import say
from trc_pipelines.database import statements
from trc_pipelines.jobs.contract import Step
from trc_pipelines_tests.edits import ROOT, Edit
from trc_pipelines_tests.simulation import house as house_module
from trc_pipelines_tests.simulation.house import House
from trc_pipelines_tests.simulation.lives import list_processors, live, serve, stay_on

MOST_SEEDS = 30


@dataclass(frozen=True)
class Fault:
    """A line that is wrong.

    Attributes:
        file: of the product; `old` in it becomes `new`. Without one `new` is a statement that changes the database.
        domain: where it matters, so that no other is played.
        days: of each seed.
    """

    name: str
    domain: str
    file: str
    old: str
    new: str
    days: int = 6


FAULTS = [
    Fault("monday: what settled after midnight goes down with the week that ended", "betting",
          "trc_pipelines/betting/rules/bankrolls.py",
          'is_since = movements["effective_at"] >= boundary',
          'is_since = movements["effective_at"] > boundary + WEEK'),
    Fault("monday: balances move without the ledger's lock", "betting",
          "trc_pipelines/betting/settlement.py",
          'work.transaction.execute("jobs/lock_step", table=LEDGER)', "pass"),
    Fault("a score that changes while bets are graded is not looked at again", "betting",
          "sql/ports/betting.sql",
          "AND (g.status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time, g.completed_at)",
          "AND (s.game_status, g.home_team, g.away_team, s.home_score, s.away_score, g.commence_time, s.completed_at)"),
    Fault("a stake that is raised while bets are graded is not looked at again", "betting",
          "sql/ports/betting.sql",
          "b.user_id, b.game_id, b.bet_type, b.bet_details, b.stake,",
          "b.user_id, b.game_id, b.bet_type, b.bet_details, s.stake,"),
    Fault("a loss that the balance cannot bear is written off one cent short", "betting",
          "sql/betting/post_results.sql", "w.missing::bigint", "(w.missing - 1)::bigint"),
    Fault("a correction counts now, though its week is open", "betting",
          "sql/betting/select_settled_bets.sql", "THEN e.effective_at",
          "THEN greatest(:as_of, k.weekly_reset_at)"),
    Fault("an event of a change at the same tick is dropped", "betting",
          "trc_pipelines/betting/publishing.py", "keys.mask(told > 0, again)", "keys", 12),
    Fault("a push ends a run of wins", "betting", "trc_pipelines/betting/rules/badges.py",
          'decided = week.settled[week.settled["status"].isin(["won", "lost"])]',
          'decided = week.settled'),
    Fault("a pick expires by its own deadline", "betting", "sql/betting/expire_content.sql",
          "WHEN p.post_type = 'pick' AND g.id IS NOT NULL", "WHEN FALSE"),
    Fault("who follows their own pick counts among the others", "betting",
          "sql/betting/select_others_bets_to_summarise.sql", "AND b.user_id <> s.user_id", ""),
    Fault("a life that is spent while lives are given back is given back too", "quiz",
          "sql/ports/quiz.sql", "AND l.current_lives = g.current_lives", ""),
    Fault("a full player keeps a deadline", "quiz", "trc_pipelines/quiz/rules/lives.py",
          "following.mask(added == missing)", "following"),
    Fault("a session expires though its last answer came first", "quiz", "sql/ports/quiz.sql",
          "AND q.status = 'active'", ""),
    Fault("a streak is judged by what it was when it was read", "quiz", "sql/ports/quiz.sql",
          "AND p.current_streak = j.current_streak\n    AND p.protections_remaining = j.protections_remaining\n"
          "    AND p.last_quiz_at = j.last_quiz_at", "", 12),
    Fault("the same day is judged twice", "quiz", "trc_pipelines/quiz/steps/streak_evaluations.py",
          "if (done is None or day > done)", "if (done is None or day >= done)", 10),
    Fault("XP that is left over is forgotten", "community", "trc_pipelines/community/rules/xp.py",
          'total = (carry_before + delta.fillna(0)).astype("int64")',
          'total = delta.fillna(0).astype("int64")'),
    Fault("who comes back begins anew", "community", "trc_pipelines/community/rules/xp.py",
          'counted = known & readings["state_xp"].notna().to_numpy()', "counted = was_present"),
    Fault("a weekday that nobody could observe breaks streaks", "community",
          "trc_pipelines/community/rules/streaks.py", "if observed[i]:", "if True:", 9),
    Fault("Saturday counts", "community", "trc_pipelines/community/rules/streaks.py",
          "weekdays = days[\"day\"].dt.day_of_week.to_numpy() < SATURDAY",
          "weekdays = days[\"day\"].dt.day_of_week.to_numpy() <= SATURDAY"),
    Fault("a period closes while awards are on their way", "community",
          "trc_pipelines/leaderboards/closing.py",
          "if due and (pending := boards.pending_since(transaction)):",
          "if False and (pending := boards.pending_since(transaction)):", 12),
    Fault("events are taken while older ones can still commit", "quiz",
          "sql/migrations/0001_operations.sql",
          "AND (e.epoch < current_epoch OR e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()))", "", 10),
    Fault("events are told of what is rolled back: the follower moves on though it died", "quiz",
          "sql/migrations/0001_operations.sql",
          "(e.epoch, e.transaction_id, e.event_id) > (place.epoch, place.transaction_id, place.event_id)",
          "e.event_id > place.event_id", 10),
    Fault("a follower goes by ids of transactions in a database that was restored too", "quiz",
          "sql/migrations/0001_operations.sql",
          "(e.epoch, e.transaction_id, e.event_id) > (place.epoch, place.transaction_id, place.event_id)",
          "(e.transaction_id, e.event_id) > (place.transaction_id, place.event_id)", 10),
    Fault("events that came with a dump wait for transactions of the cluster they are from", "quiz",
          "sql/migrations/0001_operations.sql", "e.epoch < current_epoch OR ", "", 10),
    Fault("what was given back is not in the server's log", "quiz", "", "",
          "ALTER TABLE quiz.life_regenerations SET UNLOGGED", 10),
    Fault("boards are exchanged command by command", "quiz", "trc_pipelines/leaderboards/cache.py",
          "        pipe.multi()\n", ""),
    Fault("a board that is published is not published again", "quiz", "trc_pipelines/leaderboards/cache.py",
          'if json.dumps(board["version"]) in str(about):', "if about:"),
    Fault("what is wrong again is not said again", "community", "trc_pipelines/monitoring/alerts.py",
          "f\"incident:{incident['incident_id']}:{moment}\"",
          "f\"incident:{incident['kind']}:{incident['subject']}:{moment}\"", 10),
    Fault("an alert that was taken is sent again", "community", "trc_pipelines/monitoring/delivery.py",
          "_mark(database, alert, channel, datetime.now(UTC), None, None)",
          "_mark(database, alert, channel, None, now, None)", 10),
]  # fmt: skip


@contextmanager
def plant(fault: Fault) -> Iterator[Callable[[House], None]]:
    """Change the product; what is left to change in a house's own database.

    Raises:
        ValueError: the line is not there (any more).
    """
    if not fault.file:
        yield lambda house: _execute(house, fault.new)
        return
    changed = Edit(fault.name, fault.file, fault.old, fault.new).read_changed()
    with ExitStack() as stack:
        if fault.file.endswith(".py"):
            stack.callback(_exchange_code(fault.file, changed))
        elif fault.file.startswith(("sql/ports", "sql/migrations")):
            statement = _statement_with(changed, (ROOT / fault.file).read_text(), fault)
            yield lambda house: _execute(house, statement)
            return
        else:
            read = statements.read_file
            name = fault.file.removeprefix("sql/").removesuffix(".sql")
            stack.enter_context(
                mock.patch.object(
                    statements,
                    "read_file",
                    lambda wanted: changed if wanted == name else read(wanted),
                )
            )
            statements.load_statement.cache_clear()
            stack.callback(statements.load_statement.cache_clear)
        yield lambda _house: None


def _exchange_code(file: str, changed: str) -> Callable[[], None]:
    """Give the functions of a module other bodies; what gives them back their own."""
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    made: dict[str, object] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(changed, file, "exec"), made)
    kept: list[tuple[FunctionType, object]] = []
    for mine, theirs in _functions_of(vars(module), made, module.__name__):
        kept.append((mine, mine.__code__))
        mine.__code__ = theirs.__code__

    def give_back() -> None:
        for function, code in kept:
            function.__code__ = code

    return give_back


def _functions_of(
    mine: dict, theirs: dict, module: str
) -> Iterator[tuple[FunctionType, FunctionType]]:
    for name, value in mine.items():
        other = theirs.get(name)
        if isinstance(value, Step) and isinstance(other, Step):
            value, other = value.run, other.run
        if isinstance(value, FunctionType) and isinstance(other, FunctionType):
            # What is decorated is a function of another module.
            if value.__code__.co_freevars == other.__code__.co_freevars:
                yield value, other
        elif isinstance(value, type) and value.__module__ == module and isinstance(other, type):
            yield from _functions_of(vars(value), vars(other), module)


def _statement_with(changed: str, source: str, fault: Fault) -> str:
    """The one function that is different."""
    ends = "$$;"
    for part, before in zip(changed.split(ends), source.split(ends), strict=True):
        if part != before:
            begin = max(part.rfind("CREATE OR REPLACE FUNCTION"), part.rfind("CREATE FUNCTION"))
            text = part[begin:] + ends
            return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    raise ValueError(f"{fault.name}: no function of {fault.file} is different")


def _execute(house: House, statement: str) -> None:
    connection = psycopg2.connect(house.scheduler.url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def look_for(
    server: str, fault: Fault, first_seed: int, *, is_alone: bool = True
) -> tuple[int | None, str, float]:
    """The first seed that finds a fault, what it finds, and after how many seconds."""
    began = time.monotonic()
    with plant(fault) as change, mock.patch.object(house_module, "on_opening", change):
        for seed in range(first_seed, first_seed + MOST_SEEDS):
            outcome = live(server, seed, fault.days, [fault.domain], is_alone=is_alone)
            if outcome.finding:
                return seed, outcome.finding, time.monotonic() - began
    return None, "not found", time.monotonic() - began


def main() -> None:
    """Plant them all, or those that are named by their numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, help="only these, from 1; default: all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server ends with us
    logging.disable(logging.WARNING)
    lost = 0
    stay_on(list_processors()[:1])
    with serve() as server:
        for number, fault in enumerate(FAULTS, start=1):
            if options.numbers and number not in options.numbers:
                continue
            seed, found, seconds = look_for(server, fault, options.seed)
            lost += seed is None
            by = "NOT FOUND" if seed is None else f"seed {seed}"
            say(f"{number}. {fault.name}: {by}, {seconds / 60:.1f} min\n     {found[:300]}")
    say(f"{lost} not found")
    sys.exit(lost > 0)


if __name__ == "__main__":
    main()
