"""The ledger against a second opinion: any history, any accident, the same balances.

Hypothesis invents histories of a small community and accidents of the job that follows it. The
`Model` is dicts and loops written from the rules of the domain, not from the code. After every
step the tables are compared with it, and with themselves.

A failure prints its seed and steps; replay it with the printed `@reproduce_failure`. Examples share
one database (the ledger cannot be emptied): each has members, accounts and a stretch of time of its
own. More of them: EXAMPLES=100 pytest trc_pipelines_tests/scenarios; the smallest failing
history: LEDGER_SHRINK=1, which takes minutes.
"""

import itertools
import os
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import adbc_driver_manager
import pandas as pd
import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.database.connection import Connection, Database, DatabaseError, Transaction
from trc_pipelines.jobs import execution
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import Run
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Leaderboard
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.servers import create_database

# On the older version only that its statements do the same.
EXAMPLES = {18: examples(10), 16: examples(2)}
STEPS = 30
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)
GUILD = 77
LURKER = 5  # on every board that is not empty, linked to nobody
MOVES = ["gain", "gain", "gain", "much", "still", "still", "removed", "gone"]


# The model ----------------------------------------------------------------------------------------


@dataclass
class Tenure:
    """One account in the hands of one member: what was read, and what it paid."""

    member: str
    seen: list[tuple[datetime, int | None]] = field(default_factory=list)  # None: not on the board
    baseline: int | None = None
    carry: int = 0
    whole: int = 0
    is_over: bool = False  # a reading came by while they were not linked

    def last_present(self) -> int | None:
        figures = [xp for _, xp in self.seen if xp is not None]
        return figures[-1] if figures else None


@dataclass
class Reading:
    at: datetime
    rate: float
    figures: dict[int, tuple[str, int | None]]  # account: member, XP
    wholes: list[tuple[int, str, int]] | None = None  # once worked off
    is_posted: bool = False


class Model:
    """The rules of the community, slowly."""

    def __init__(self) -> None:
        self.links: dict[str, int | None] = {}
        self.readings: dict[datetime, Reading] = {}
        self.quarantined: set[datetime] = set()
        self.tenures: dict[int, Tenure] = {}
        self.ever_present: set[int] = set()
        self.app: dict[str, tuple[str, str, int, datetime]] = {}
        self.ledger: dict[str, tuple[str, str, int, datetime]] = {}
        self.points_per_100_xp = 1

    def known(self) -> bool:
        """Whether anybody linked was on the board when last worked off."""
        return any(
            account in self.tenures
            and self.tenures[account].member == member
            and not self.tenures[account].is_over
            and self.tenures[account].seen[-1][1] is not None
            for member, account in self.links.items()
        )

    def read(self, at: datetime, rate: float, board: dict[int, int]) -> None:
        if at in self.readings or at in self.quarantined:
            return  # the same slot is the same sync
        if not board and self.known():
            self.quarantined.add(at)  # an empty board is not believed; a person has to decide
            return
        linked = {account: member for member, account in self.links.items() if account}
        self.readings[at] = Reading(
            at, rate, {account: (member, board.get(account)) for account, member in linked.items()}
        )

    def work_off(self) -> None:
        for at in sorted(self.readings):
            reading = self.readings[at]
            if reading.wholes is None:
                reading.wholes = [
                    (account, member, self._gain(reading, account, member, xp))
                    for account, (member, xp) in reading.figures.items()
                ]
                for account in self.tenures.keys() - reading.figures.keys():
                    # Unlinked: what was known ends, and the first figure after it is a baseline.
                    self.tenures[account] = Tenure(self.tenures[account].member, [(at, None)])
                    self.ever_present.add(account)

    def _gain(self, reading: Reading, account: int, member: str, xp: int | None) -> int:
        tenure = self.tenures.get(account)
        if tenure is None or tenure.member != member or tenure.is_over:
            tenure = self.tenures[account] = Tenure(member)
        last, absences = tenure.last_present(), [at for at, seen in tenure.seen if seen is None]
        tenure.seen.append((reading.at, xp))
        if xp is None:
            return 0
        is_new = account not in self.ever_present
        self.ever_present.add(account)
        if last is not None:
            gained = xp - last
        elif absences and is_new:
            quarters = max(1.0, (reading.at - absences[-1]) / SLOT)
            if xp > quarters * 375 * reading.rate * 2:
                tenure.baseline = xp
                return 0
            tenure.baseline, gained = 0, xp
        else:
            tenure.baseline = xp
            return 0
        left, whole = tenure.carry + gained, 0
        whole = abs(left) // 100 * (1 if left > 0 else -1)
        tenure.carry = left - 100 * whole
        tenure.whole += whole
        return whole

    def post(self) -> None:
        for at, reading in self.readings.items():
            if reading.wholes is None or reading.is_posted:
                continue
            reading.is_posted = True
            for account, member, whole in reading.wholes:
                if points := whole * self.points_per_100_xp:
                    key = f"discord_activity:{int(at.timestamp())}:{account}"
                    self.ledger[key] = (member, "discord_activity", points, at)
        for key, award in self.app.items():
            if award[2]:
                self.ledger.setdefault(f"point_transactions:{key}", award)

    def run(self, at: datetime, rate: float, board: dict[int, int], steps: int) -> None:
        """The first so many steps of the job; an unbelievable board keeps the others from nothing."""
        if steps >= 1:
            self.read(at, rate, board)
        if steps >= 2:
            self.work_off()
        if steps >= 3:
            self.post()

    def balances(self) -> dict[str, int]:
        total: dict[str, int] = defaultdict(int)
        for member, _, points, _ in self.ledger.values():
            total[member] += points
        return dict(total)


# The real thing -----------------------------------------------------------------------------------


class CrashError(Exception):
    """The process is gone."""


class LosesAcknowledgements:
    """A driver connection whose commits happen and are reported as failed."""

    def __init__(self, connection: Any) -> None:
        self._real = connection

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    @property
    def adbc_connection(self) -> "LosesAcknowledgements":
        return self

    def set_autocommit(self, is_on: bool) -> None:
        has_written = is_on and self._has_written()
        self._real.adbc_connection.set_autocommit(is_on)
        if has_written:
            self._lose()

    def _has_written(self) -> bool:
        with self._real.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            return cursor.fetchone()[0]

    @staticmethod
    def _lose() -> None:
        raise adbc_driver_manager.OperationalError(
            "server closed the connection unexpectedly",
            status_code=adbc_driver_manager.AdbcStatusCode.IO,
        )


@contextmanager
def crash_at(nth: int, *, after: bool):
    """Raise at the n-th statement from now, before or after it ran; once."""
    calls = itertools.count(1)

    def wrap(real):
        def call(self, *args, **kwargs):
            is_due = next(calls) == nth
            if is_due and not after:
                raise CrashError
            result = real(self, *args, **kwargs)
            if is_due:
                raise CrashError
            return result

        return call

    # read_value() goes through read().
    with mock.patch.multiple(
        Transaction,
        **{
            name: wrap(getattr(Transaction, name))
            for name in ("execute", "read", "append", "stage")
        },
    ):
        yield


class Real:
    """One database and its connections, kept for all examples."""

    def __init__(self, url: str, home: Path) -> None:
        self.database = Database(url, statement_timeout_seconds=60, lock_timeout_seconds=30)
        self.settings = load_settings(
            trc_home=home, database_url=url, mee6_guild_id=GUILD, lock_timeout_seconds=30,
            mee6_max_missing_share=1, mee6_max_dropped_share=1, mee6_max_total_drop_share=1,
            mee6_max_implausible_share=1, mee6_max_gain=10**12,
        )  # fmt: skip
        opened = [self.database.connect() for _ in range(2)]
        self.connections = [each.__enter__() for each in opened]
        self.close = lambda: [each.__exit__(None, None, None) for each in opened]
        self.sql = psycopg2.connect(url)
        self.sql.autocommit = True
        self.cursor = self.sql.cursor()
        self.next_start = START
        self.examples = 0

    def rows(self, sql: str, *parameters: object) -> list[tuple]:
        self.cursor.execute(sql, parameters)
        return self.cursor.fetchall()

    def do(self, sql: str, *parameters: object) -> None:
        self.cursor.execute(sql, parameters)

    def run_steps(self, connection: Connection, at: datetime, steps: int) -> None:
        options = Options(as_of=at, now=at, run_id=os.urandom(8).hex(), executed_by="machine")
        job = MEE6_SYNC
        run = Run(self.database, connection, self.settings, job.name, job.tables, job.days, options)
        for step in MEE6_SYNC.steps[:steps]:
            run.perform(step)


class LedgerMachine(RuleBasedStateMachine):
    """What can happen to a community and to the job that follows it."""

    real: Real

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.real.examples += 1
        number = self.real.examples
        self.members = [f"e{number}-{name}" for name in ("ann", "bob", "cem", "dee")]
        self.accounts = [number * 100 + i for i in range(1, 6)]
        self.xp = dict.fromkeys(self.accounts, 5000)
        self.on_board = set(self.accounts)
        self.start = self.now = self.real.next_start
        self.rate = 1.0
        self.held_back: list[str] = []

    @initialize(
        joined=st.lists(st.booleans(), min_size=5, max_size=5),
        new=st.lists(st.booleans(), min_size=5, max_size=5),
    )
    def begin(self, joined: list[bool], new: list[bool]) -> None:
        for account, is_on, is_new in zip(self.accounts, joined, new, strict=True):
            if not is_on:
                self.on_board.discard(account)
            if is_new:
                self.xp[account] = 40
        self.real.do("UPDATE community.members SET discord_id = NULL WHERE discord_id IS NOT NULL")
        self.real.do(
            "UPDATE community.point_actions SET points = 1, enabled = TRUE "
            "WHERE action = 'discord_activity'"
        )
        for member, account in zip(self.members[:3], self.accounts[:3], strict=True):
            self.model.links[member] = account
            self.real.do(
                "INSERT INTO community.members (member_id, discord_id) VALUES (%s, %s)",
                member,
                account,
            )
        self.model.links[self.members[3]] = None
        self.real.do("INSERT INTO community.members (member_id) VALUES (%s)", self.members[3])

    # Moves of the board

    def move(self, moves: list[str], amount: int, quarters: int) -> None:
        self.now += quarters * SLOT
        for i, (account, kind) in enumerate(zip(self.accounts, moves, strict=True)):
            if kind == "gone":
                self.on_board.discard(account)
                continue
            self.on_board.add(account)
            if kind == "gain":
                self.xp[account] += amount * (i + 1) % 377
            elif kind == "much":
                self.xp[account] += amount * 97
            elif kind == "removed":
                self.xp[account] = max(0, self.xp[account] - amount * 3)

    def board(self) -> dict[int, int]:
        return {account: self.xp[account] for account in sorted(self.on_board)} | {LURKER: 10**6}

    @contextmanager
    def served(self, board: dict[int, int]):
        frame = pd.DataFrame(
            {
                "discord_id": pd.Series(list(board), dtype="int64"),
                "xp": pd.Series(list(board.values()), dtype="int64"),
                "level": pd.Series([None] * len(board), dtype="Int64"),
                "message_count": pd.Series([None] * len(board), dtype="Int64"),
            }
        )
        answer = Leaderboard(GUILD, frame, self.rate, pages=1, requests=1, duplicates=0)
        with mock.patch.object(Mee6Client, "read_leaderboard", return_value=answer):
            yield

    moves = st.lists(st.sampled_from(MOVES), min_size=5, max_size=5)
    amounts = st.integers(0, 376)
    quarters = st.sampled_from([1, 1, 1, 2, 7, 96])

    # Runs

    @rule(moves=moves, amount=amounts, quarters=quarters)
    def sync(self, moves: list[str], amount: int, quarters: int) -> None:
        self.move(moves, amount, quarters)
        self.run_undisturbed(len(MEE6_SYNC.steps))

    def run_undisturbed(self, steps: int, board: dict[int, int] | None = None) -> None:
        board = self.board() if board is None else board
        self.model.run(self.now, self.rate, board, steps)
        with self.served(board):
            self.real.run_steps(self.real.connections[0], self.now, steps)

    @rule(moves=moves, amount=amounts)
    def sync_again_in_the_same_slot(self, moves: list[str], amount: int) -> None:
        self.move(moves, amount, 0)
        self.run_undisturbed(len(MEE6_SYNC.steps))

    @rule(moves=moves, amount=amounts, quarters=quarters, steps=st.integers(0, 3))
    def sync_that_is_interrupted_between_steps(
        self, moves: list[str], amount: int, quarters: int, steps: int
    ) -> None:
        self.move(moves, amount, quarters)
        self.run_undisturbed(steps)

    @rule(quarters=quarters)
    def empty_board(self, quarters: int) -> None:
        self.now += quarters * SLOT
        self.run_undisturbed(len(MEE6_SYNC.steps), board={})

    @rule(moves=moves, amount=amounts, nth=st.integers(1, 24), after=st.booleans())
    def sync_that_crashes(self, moves: list[str], amount: int, nth: int, after: bool) -> None:
        """Whatever step it was in is undone; those before it stand."""
        self.move(moves, amount, 1)
        before = self.count_runs()
        with self.served(self.board()), crash_at(nth, after=after):
            try:
                self.real.run_steps(self.real.connections[0], self.now, len(MEE6_SYNC.steps))
            except CrashError:
                pass
            except DatabaseError as error:  # the crash came while a failure was being recorded
                raise AssertionError("a crash is no database error") from error
        self.real.connections[0].reconnect()  # a process that is gone takes its session along
        self.model.run(self.now, self.rate, self.board(), self.count_runs() - before)

    def count_runs(self) -> int:
        """How many steps have been committed so far: each says so in the row of its run."""
        return self.real.rows(
            "SELECT count(*) FROM operations.job_executions AS e, jsonb_each(e.details) AS d (step, figures) "
            "WHERE e.as_of >= %s AND NOT d.figures ? 'error'",
            self.start,
        )[0][0]

    @rule(moves=moves, amount=amounts, lost=st.integers(1, 4))
    def sync_whose_commit_is_not_acknowledged(
        self, moves: list[str], amount: int, lost: int
    ) -> None:
        self.move(moves, amount, 1)
        self.run_undisturbed(lost - 1)
        connection = self.real.connections[0]
        step = MEE6_SYNC.steps[lost - 1]
        options = Options(as_of=self.now, now=self.now, run_id=os.urandom(8).hex(), executed_by="m")
        run = Run(
            self.real.database,
            connection,
            self.real.settings,
            MEE6_SYNC.name,
            MEE6_SYNC.tables,
            MEE6_SYNC.days,
            options,
        )
        # What was done and not acknowledged is done again on another connection, and counts once.
        connection._driver = LosesAcknowledgements(connection._driver)
        with self.served(self.board()), mock.patch.object(execution, "RETRY_DELAYS_SECONDS", (0,)):
            run.perform(step)
        assert not isinstance(connection._driver, LosesAcknowledgements)
        self.model.run(self.now, self.rate, self.board(), lost)

    @rule(moves=moves, amount=amounts, quarters=quarters)
    def two_syncs_at_once(self, moves: list[str], amount: int, quarters: int) -> None:
        self.move(moves, amount, quarters)
        errors: list[BaseException] = []

        def run(connection: Connection) -> None:
            try:
                self.real.run_steps(connection, self.now, len(MEE6_SYNC.steps))
            except BaseException as error:
                errors.append(error)

        with self.served(self.board()):
            threads = [threading.Thread(target=run, args=(c,)) for c in self.real.connections]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert not errors
        self.model.run(self.now, self.rate, self.board(), len(MEE6_SYNC.steps))

    # The community

    @rule(who=st.integers(0, 3), account=st.sampled_from([None, 0, 1, 2, 3, 4]))
    def link(self, who: int, account: int | None) -> None:
        """Link, relink or unlink a member; an account somebody has passes to the new member."""
        member = self.members[who]
        target = None if account is None else self.accounts[account]
        for other, theirs in self.model.links.items():
            if target is not None and theirs == target and other != member:
                self.model.links[other] = None
                self.real.do(
                    "UPDATE community.members SET discord_id = NULL WHERE member_id = %s", other
                )
        self.model.links[member] = target
        self.real.do(
            "UPDATE community.members SET discord_id = %s WHERE member_id = %s", target, member
        )

    @rule(points=st.sampled_from([0, 1, 1, 2, 7, -1]), enabled=st.sampled_from([True, True, False]))
    def change_rate(self, points: int, enabled: bool) -> None:
        self.model.points_per_100_xp = points if enabled else 0
        self.real.do(
            "UPDATE community.point_actions SET points = %s, enabled = %s "
            "WHERE action = 'discord_activity'",
            points,
            enabled,
        )

    @rule(rate=st.sampled_from([0.0, 0.5, 1.0, 3.0]))
    def change_xp_rate(self, rate: float) -> None:
        self.rate = rate

    @rule(
        who=st.integers(0, 3),
        action=st.sampled_from(["benchmark_submission", "intro_completed", "admin_adjustment"]),
        points=st.sampled_from([50, 25, 5, 1, 0, -30, -2]),
        days_ago=st.sampled_from([0, 0, 0, 1, 9]),
        hold_back=st.booleans(),
    )
    def app_awards(
        self, who: int, action: str, points: int, days_ago: int, hold_back: bool
    ) -> None:
        key = self.real.rows("SELECT gen_random_uuid()::text")[0][0]
        if hold_back:  # a long transaction of the app: its key is taken, its row comes later
            self.held_back.append(key)
            return
        self.award(key, who, action, points, days_ago)

    @precondition(lambda self: self.held_back)
    @rule(who=st.integers(0, 3), points=st.sampled_from([10, -10]))
    def app_commits_late(self, who: int, points: int) -> None:
        self.award(self.held_back.pop(0), who, "resource_download", points, 0)

    def award(self, key: str, who: int, action: str, points: int, days_ago: int) -> None:
        at = self.now - timedelta(days=days_ago, seconds=7)
        self.model.app[key] = (self.members[who], action, points, at)
        self.real.do(
            "INSERT INTO community.point_transactions "
            "(transaction_id, member_id, action, points, created_at) VALUES (%s, %s, %s, %s, %s)",
            key, *self.model.app[key],
        )  # fmt: skip

    # What always holds

    @invariant()
    def ledger_is_the_model_and_balances_are_its_sums(self) -> None:
        rows = self.real.rows(
            "SELECT CASE WHEN l.sync_id IS NULL THEN l.source_key "
            "ELSE regexp_replace(l.source_key, l.account_id || '$', a.discord_id::text) END, "
            "a.member_id, l.action, l.points, l.effective_at, s.status, l.sync_id "
            "FROM community.point_ledger AS l INNER JOIN community.accounts AS a USING (account_id) "
            "LEFT JOIN community.mee6_syncs AS s USING (sync_id) WHERE a.member_id = ANY(%s)",
            self.members,
        )
        assert len({row[0] for row in rows}) == len(rows)
        assert {row[0]: row[1:5] for row in rows} == self.model.ledger
        assert all(status == "accepted" for *_, status, sync_id in rows if sync_id is not None)
        sums: dict[str, int] = defaultdict(int)
        latest: dict[str, datetime | None] = {}
        for _, member, action, points, at, _, _ in rows:
            sums[member] += points
            latest.setdefault(member, None)
            if points > 0 and action != "admin_adjustment":
                latest[member] = max(at, latest[member] or at)
        balances = self.real.rows(
            "SELECT member_id, total, last_active_at FROM community.member_points "
            "WHERE member_id = ANY(%s)",
            self.members,
        )
        assert {member: total for member, total, _ in balances} == sums == self.model.balances()
        assert {member: at for member, _, at in balances} == latest

    @invariant()
    def states_are_the_model_and_the_projection_of_the_deltas(self) -> None:
        stored = {
            account: rest
            for account, *rest in self.real.rows(
                "SELECT discord_id, member_id, is_present, xp, baseline_xp, whole_total, carry "
                "FROM community.xp_states WHERE discord_id = ANY(%s)",
                self.accounts,
            )
        }
        assert stored == {
            account: [
                tenure.member,
                tenure.seen[-1][1] is not None,
                tenure.last_present(),
                tenure.baseline,
                tenure.whole,
                tenure.carry,
            ]
            for account, tenure in self.model.tenures.items()
        }
        projected: dict[int, list] = {}
        for account, member, kind, xp, delta, baseline, whole, carry in self.real.rows(
            "SELECT a.discord_id, a.member_id, d.kind, d.xp_total, d.xp_delta, d.baseline_xp, d.whole, "
            "d.carry_after FROM community.xp_deltas AS d INNER JOIN community.mee6_syncs AS s "
            "USING (sync_id) INNER JOIN community.accounts AS a USING (account_id) "
            "WHERE s.status = 'accepted' AND d.sync_id >= %s AND a.discord_id = ANY(%s) "
            "ORDER BY d.sync_id",
            int(self.start.timestamp()),
            self.accounts,
        ):
            before = projected.get(account)
            if before is None or before[0] != member or kind == "unlinked":
                before = [member, False, None, None, 0, 0]
            assert delta is None or delta == xp - (before[2] or 0)
            projected[account] = [
                member, kind not in ("absent", "unlinked"), before[2] if xp is None else xp, baseline,
                before[4] + whole, carry,
            ]  # fmt: skip
        assert projected == stored
        for _, _, xp, baseline, whole, carry in stored.values():
            assert 100 * whole + carry == (0 if xp is None else xp - baseline)

    @invariant()
    def days_that_claim_to_be_up_to_date_are(self) -> None:
        differing = self.real.rows(
            "SELECT day FROM (SELECT day, member_id, points FROM community.daily_points "
            "UNION ALL SELECT effective_on, member_id, -points FROM community.member_entries) AS u "
            "INNER JOIN community.days AS d USING (day) "
            "WHERE NOT d.is_points_stale AND u.member_id = ANY(%s) "
            "GROUP BY day, member_id HAVING sum(u.points) <> 0",
            self.members,
        )
        assert not differing

    def teardown(self) -> None:
        """The next example begins after this one, and without its raw readings."""
        self.real.next_start = self.now + timedelta(days=1)
        for (partition,) in self.real.rows(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = 'community.mee6_leaderboard_snapshot'::regclass"
        ):
            self.real.do(f"DROP TABLE {partition}")


@pytest.mark.parametrize("version", [18, 16])
def test_any_history_with_any_accident_ends_in_the_balances_of_the_model(
    version: int, servers: dict[int, str], tmp_path: Path
) -> None:
    real = Real(create_database(servers[version]), tmp_path)
    machine = type("Machine", (LedgerMachine,), {"real": real})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES[version],
                stateful_step_count=STEPS,
                deadline=None,
                print_blob=True,
                # Shrinking takes minutes: only for who looks for the smallest history.
                phases=set(Phase)
                - (set() if os.environ.get("LEDGER_SHRINK") else {Phase.shrink, Phase.explain}),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        real.sql.close()
        real.close()
