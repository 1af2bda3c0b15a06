"""A week is closed once, as of its end, and every bankroll begins the next at its target."""

import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random

import pandas as pd
import psycopg2.errors
import pytest
import sqlalchemy.exc
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.betting import jobs
from trc_pipelines.betting.checks import CHECKS
from trc_pipelines.betting.rules.bankrolls import close_week
from trc_pipelines.betting.steps import bankroll_weekly_history, game_settlements
from trc_pipelines.jobs.contract import Job, JobError
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE, Betting, ident
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.servers import create_database

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
TICK = timedelta.resolution
LEDGER = "SELECT kind, amount, balance_after FROM betting.bankroll_ledger ORDER BY entry_id"
HISTORY = (
    "SELECT opening, closing, net, bets, won, lost, push, wagered, roi "
    "FROM betting.bankroll_weekly_history ORDER BY week_start, user_id"
)

# The rules -----------------------------------------------------------------------------------------

CENTS = st.integers(0, 500_000)
MOVES = st.integers(-500_000, 500_000)


@given(
    st.lists(
        st.tuples(
            CENTS,
            st.integers(0, 30),
            st.lists(st.tuples(st.integers(-50, 30), MOVES), max_size=8),
        ),
        min_size=1,
        max_size=4,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_a_week_closes_as_it_stood_and_what_settled_since_is_replayed(
    rows: list, dice: Random
) -> None:
    """Against balances kept step by step, whatever was written off while the week was late."""
    accounts, movements, expected = [], [], []
    for number, (start, referrals, moves) in enumerate(rows):
        user, balance = f"u{number}", start
        for hour, amount in moves:
            lack = max(-(balance + amount), 0)
            at = {"user_id": user, "effective_at": MONDAY + hour * HOUR, "game_id": "g"}
            at |= {"run_id": f"run{len(movements)}"}
            movements += [at | {"kind": "write_off", "amount": lack}] if lack else []
            movements += [at | {"kind": "bet_settled", "amount": amount}]
            balance += lack + amount
        accounts.append((user, balance, 1_000, referrals))
        closing = start
        for hour, amount in moves:
            closing = max(closing + amount, 0) if hour < 0 else closing
        after = 100_000 + 10_000 * referrals
        for hour, amount in moves:
            after = max(after + amount, 0) if hour >= 0 else after
        expected.append((start, closing, after))
    frame = pd.DataFrame(accounts, columns=["user_id", "balance", "wagered", "referral_count"])
    moved = pd.DataFrame(
        movements, columns=["user_id", "effective_at", "game_id", "run_id", "kind", "amount"]
    ).astype({"effective_at": "datetime64[us, UTC]", "amount": "int64"})
    moved = moved.assign(entry_id=range(len(moved)), chain_id=range(len(moved)))
    closed = close_week(frame, moved, MONDAY)
    for (start, closing, after), row in zip(expected, closed.itertuples(), strict=True):
        assert (row.opening, row.closing, row.balance_after) == (start, closing, after)
        assert row.opening + row.net + row.adjustments == row.closing
        assert row.balance + row.amount + row.write_off + row.since_write_off == after
        assert row.roi == row.net / 1_000
    order = dice.sample(range(len(rows)), len(rows))
    shuffled = close_week(frame.iloc[order], moved.sample(frac=1, random_state=1), MONDAY)
    pd.testing.assert_frame_equal(shuffled, closed.iloc[order])


# The job -------------------------------------------------------------------------------------------


def test_a_week_is_archived_and_the_next_begins_at_its_target(betting: Betting) -> None:
    betting.join(1)
    betting.join(2, referrals=3, balance=55_000)
    week = [("won", 10_000), ("lost", 4_000), ("push", 2_000), ("cancelled", 500), ("won", 8_000)]
    for bet, (outcome, stake) in enumerate(week, start=1):
        betting.play(bet, 1, outcome, stake, MONDAY - 6 * DAY + bet * DAY)
    betting.settle(MONDAY - TICK)
    result = betting.reset(MONDAY)
    assert (result.affected, result.rows_written) == (2, 2)
    assert "2026-03-09 (2)" in result.message
    assert betting.rows(HISTORY) == [
        (100_000, 114_000, 14_000, 5, 2, 1, 1, 24_000, 14 / 24),
        (55_000, 55_000, 0, 0, 0, 0, 0, 0, None),
    ]
    assert betting.balances() == {1: 100_000, 2: 130_000}
    assert betting.rows(
        "SELECT amount, balance_after, effective_at, week_start FROM betting.bankroll_ledger "
        "WHERE kind = 'weekly_reset' ORDER BY user_id"
    ) == [
        (-14_000, 100_000, pd.Timestamp(MONDAY), MONDAY.date()),
        (75_000, 130_000, pd.Timestamp(MONDAY), MONDAY.date()),
    ]
    assert betting.rows(
        "SELECT weekly_deposit, referral_bonus, reset_count, weekly_reset_at "
        "FROM betting.bankrolls ORDER BY user_id"
    ) == [(100_000, bonus, 1, pd.Timestamp(MONDAY)) for bonus in (0, 30_000)]
    told = [
        {"user_id": ident(1), "closing_balance": 114_000, "new_balance": 100_000},
        {"user_id": ident(2), "closing_balance": 55_000, "new_balance": 130_000},
    ]
    assert betting.events("BankrollReset") == [row | {"week_start": "2026-03-09"} for row in told]
    assert betting.told(2) == ["system"]
    assert betting.told(1).count("system") == 1
    assert betting.broken() == []

    before = betting.state()
    assert betting.reset(MONDAY).affected == betting.reset(MONDAY + 2 * DAY).affected == 0
    assert betting.state() == before
    assert betting.rows("SELECT week_start, bankrolls FROM betting.reset_weeks") == [
        (MONDAY.date(), 2)
    ]


def test_a_run_in_the_middle_of_a_week_takes_balances_as_of_its_monday(betting: Betting) -> None:
    betting.join(1, balance=40_000)
    betting.join(2, balance=3_000)
    betting.play(1, 1, "lost", 5_000, MONDAY - TICK)
    betting.play(2, 1, "won", 7_000, MONDAY)
    betting.play(3, 2, "lost", 5_000, MONDAY - TICK)  # 2,000 are written off
    betting.settle(MONDAY - TICK)
    betting.settle(MONDAY)
    betting.reset(MONDAY + 2 * DAY)
    assert [row[:4] for row in betting.rows(HISTORY)] == [
        (40_000, 35_000, -5_000, 1),
        (3_000, 0, -3_000, 1),
    ]
    assert betting.balances() == {1: 107_000, 2: 100_000}
    assert betting.broken() == []


@pytest.mark.parametrize("as_of", [MONDAY, MONDAY + 20 * MINUTE])
def test_what_settled_after_the_boundary_survives_a_late_run(
    betting: Betting, as_of: datetime
) -> None:
    betting.join(1, 2, balance=200_000)
    betting.play(1, 1, "won", 10_000, MONDAY - DAY)
    betting.play(2, 1, "won", 3_000, MONDAY + 5 * MINUTE)
    betting.play(3, 2, "lost", 150_000, MONDAY + 5 * MINUTE)
    betting.settle(MONDAY - HOUR)
    betting.settle(MONDAY + 10 * MINUTE)
    betting.reset(as_of, now=MONDAY + 20 * MINUTE)
    assert [row[:5] for row in betting.rows(HISTORY)] == [
        (200_000, 210_000, 10_000, 1, 1),
        (200_000, 200_000, 0, 0, 0),
    ]
    # The second lost more than the new week gave: the rest is written off, before the reset.
    assert betting.balances() == {1: 103_000, 2: 0}
    assert betting.rows(LEDGER)[-3:] == [
        ("weekly_reset", -110_000, 103_000),
        ("write_off", 50_000, 100_000),
        ("weekly_reset", -100_000, 0),
    ]
    assert [event["new_balance"] for event in betting.events("BankrollReset")] == [103_000, 0]
    assert betting.broken() == []
    betting.reset(MONDAY + WEEK)
    assert [row[:5] for row in betting.rows(HISTORY)[2:]] == [
        (100_000, 103_000, 3_000, 1, 1),
        (100_000, 0, -100_000, 1, 0),
    ]


def test_pending_bets_stay_pending_and_who_is_gone_or_not_yet_there_is_left_alone(
    betting: Betting,
) -> None:
    betting.join(1, 2, 3, 4, balance=7)
    betting.execute(
        f"UPDATE betting.users SET deleted_at = '{MONDAY - DAY}' WHERE id = '{ident(2)}';"
        f"UPDATE betting.users SET created_at = '{MONDAY}' WHERE id = '{ident(3)}';"
        f"UPDATE betting.users SET created_at = '{MONDAY - TICK}' WHERE id = '{ident(4)}'"
    )
    betting.game("g", commence_time=MONDAY + DAY)
    betting.bet(1, 1, "g")
    before = betting.state("betting.bets")
    assert betting.reset(MONDAY + HOUR).affected == 2
    assert betting.balances() == {1: 100_000, 2: 7, 3: 7, 4: 100_000}
    assert betting.state("betting.bets") == before
    assert betting.told(2) == betting.told(3) == []
    assert betting.reset(MONDAY + WEEK).affected == 3


def test_a_limit_takes_who_waits_longest_and_the_next_run_finishes(betting: Betting) -> None:
    betting.join(1, 2, 3, balance=5)
    betting.execute(
        f"UPDATE betting.bankrolls SET weekly_reset_at = '{MONDAY - WEEK}' WHERE user_id = '{ident(1)}';"
        f"UPDATE betting.bankrolls SET weekly_reset_at = '{MONDAY - 2 * WEEK}' WHERE user_id = '{ident(2)}'"
    )
    for done in ({3}, {3, 2}, {3, 2, 1}):
        assert betting.reset(MONDAY, limit=1).affected == 1
        assert {user for user, balance in betting.balances().items() if balance > 5} == done
        assert betting.rows("SELECT * FROM betting.reset_weeks") == []
    for limit in (1, None):
        assert betting.reset(MONDAY, limit=limit).affected == 0
        assert betting.rows("SELECT bankrolls FROM betting.reset_weeks") == [(3,)]
    assert len(betting.events("BankrollReset")) == 3
    # One budget over the weeks that were missed.
    late = MONDAY + 2 * WEEK
    assert [betting.reset(late, limit=4).affected for _ in range(3)] == [4, 2, 0]
    assert betting.rows("SELECT reset_count FROM betting.bankrolls") == [(3,)] * 3
    assert betting.broken() == []


def test_one_late_run_does_what_two_on_time_would_have_done(betting: Betting) -> None:
    other_url = create_database(betting.database.url)
    late = Betting(PooledDatabase(other_url), betting.settings, betting.simulator)
    for world in (betting, late):
        world.join(1, 2, balance=120_000)
        world.execute("UPDATE betting.users SET referral_count = 2")
        world.reset(MONDAY - WEEK)
        for bet, (user, outcome, stake, days) in enumerate(
            [
                (1, "won", 9_000, -2), (2, "lost", 30_000, -1), (1, "lost", 4_000, 2),
                (2, "won", 6_000, 3), (2, "push", 500, 3), (1, "won", 70, 8),
            ]
        ):  # fmt: skip
            world.play(bet, user, outcome, stake, MONDAY + days * DAY)
        world.settle(MONDAY - HOUR)
        if world is betting:
            world.reset(MONDAY)
        world.settle(MONDAY + WEEK - HOUR)
        if world is betting:
            world.reset(MONDAY + WEEK)
        world.settle(MONDAY + 9 * DAY)
    assert late.reset(MONDAY + 10 * DAY).details == {"bankrolls_reset": 4, "weeks_begun": 2}
    assert betting.rows(HISTORY) == late.rows(HISTORY)
    assert len(late.rows(HISTORY)) == 6
    for compared in (
        "SELECT user_id::text, balance, reset_count, weekly_reset_at FROM betting.bankrolls ORDER BY 1",
        "SELECT user_id::text, kind, amount, week_start, effective_at FROM betting.bankroll_ledger "
        "WHERE kind <> 'opening' ORDER BY 5, 1, 2, 3",
        "SELECT week_start, bankrolls FROM betting.reset_weeks ORDER BY 1",
    ):
        assert betting.rows(compared) == late.rows(compared)
    assert [event["week_start"] for event in late.events("BankrollReset")] == [
        "2026-03-02", "2026-03-02", "2026-03-09", "2026-03-09", "2026-03-16", "2026-03-16",
    ]  # fmt: skip
    assert late.told(1).count("system") == 3
    assert late.broken() == []


def test_a_bet_that_settles_late_belongs_to_the_week_that_has_begun(betting: Betting) -> None:
    betting.join(1)
    betting.play(1, 1, "won", 10_000, MONDAY - HOUR)
    betting.reset(MONDAY)
    archived = betting.rows(HISTORY)
    betting.settle(MONDAY - HOUR, now=MONDAY + HOUR)
    assert betting.rows("SELECT settled_at FROM betting.bets") == [(pd.Timestamp(MONDAY),)]
    assert betting.rows(HISTORY) == archived == [(100_000, 100_000, 0, 0, 0, 0, 0, 0, None)]
    assert betting.balances() == {1: 110_000}
    betting.reset(MONDAY + WEEK)
    assert betting.rows(HISTORY)[1] == (100_000, 110_000, 10_000, 1, 1, 0, 0, 10_000, 1.0)
    assert betting.broken() == []


@pytest.mark.parametrize(
    ("port", "takes", "passes"),
    [
        (
            "begin_week",
            "rows_ betting.week_beginning[], week_start date",
            "rows_[2:], week_start",
        ),
        ("move_balances", "rows_ betting.balance_move[]", "rows_[2:]"),
    ],
)
def test_a_reset_fails_where_a_port_leaves_users_out(
    betting: Betting, port: str, takes: str, passes: str
) -> None:
    """As an adapter's might, and the app would go on with last week's money."""
    betting.join(1, 2, 3)
    betting.play(1, 1, "won", 7_000, MONDAY - DAY)
    betting.play(2, 2, "won", 7_000, MONDAY - DAY)
    betting.settle(MONDAY - DAY)
    before = betting.state()
    types = takes.replace("rows_ ", "").replace("week_start ", "")
    betting.execute(
        f"ALTER FUNCTION betting.{port}({types}) RENAME TO whole;"
        f"CREATE FUNCTION betting.{port}({takes}) RETURNS TABLE (user_id text) LANGUAGE sql AS "
        f"'SELECT w.user_id FROM betting.whole({passes}) AS w'"
    )
    try:
        with pytest.raises(JobError, match=rf"betting\.{port} left out {ident(1)} \(1 in all\)"):
            betting.reset(MONDAY)
    finally:
        betting.execute(
            f"DROP FUNCTION betting.{port}; ALTER FUNCTION betting.whole RENAME TO {port}"
        )
    assert betting.state() == before
    betting.reset(MONDAY)
    assert betting.rows("SELECT DISTINCT balance FROM betting.bankrolls") == [(100_000,)]


def test_a_rehearsal_of_a_reset_tells_the_same_and_leaves_nothing(betting: Betting) -> None:
    betting.join(1, 2, balance=9)
    before = betting.state()
    rehearsed = betting.reset(MONDAY, dry_run=True)
    assert betting.state() == before
    assert betting.reset(MONDAY) == rehearsed


@pytest.mark.undisturbed("two threads of its own")
@pytest.mark.parametrize("first", ["bankroll_reset", "game_settlement"])
def test_a_reset_and_a_settlement_at_once_are_both_done(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    users = range(1, 41)
    betting.write(
        users=[{"id": n, "created_at": MONDAY - WEEK} for n in users],
        bankrolls=[{"user_id": n, "balance": 50_000 + n} for n in users],
    )
    for game in range(4):
        betting.game(f"g{game}", 24, 20, commence_time=MONDAY, completed_at=MONDAY + game * MINUTE)
    betting.write(
        bets=[
            {
                "id": n, "user_id": n, "bet_type": "moneyline", "stake": 1_000, "odds": 100,
                "bet_details": {"team": "Hawks" if n % 2 else "Owls"}, "created_at": MONDAY - HOUR,
                "game_id": f"g{n % 4}",
            }
            for n in users
        ]
    )  # fmt: skip
    has_written = threading.Event()
    module = {"bankroll_reset": bankroll_weekly_history, "game_settlement": game_settlements}[first]
    publish = module._publish

    def publish_once_the_other_waits(*arguments: object) -> None:
        deadline = time.monotonic() + (0 if has_written.is_set() else 60)  # once, not for each game
        has_written.set()
        while time.monotonic() < deadline and not betting.rows(
            "SELECT 1 FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            time.sleep(0.02)
        publish(*arguments)

    monkeypatch.setattr(module, "_publish", publish_once_the_other_waits)
    done = {}

    def run(job: Job) -> None:
        done[job.name] = betting.do(job, MONDAY + 10 * MINUTE).affected

    both = [jobs.BANKROLL_RESET, jobs.GAME_SETTLEMENT]
    threads = [
        threading.Thread(target=run, args=[job])
        for job in sorted(both, key=lambda job: job.name != first)
    ]
    threads[0].start()
    assert has_written.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert done == {"bankroll_reset": 40, "game_settlement": 40}
    assert betting.balances() == {n: 101_000 if n % 2 else 99_000 for n in users}
    assert betting.rows(
        "SELECT count(*), min(closing), max(closing), max(abs(net)) FROM betting.bankroll_weekly_history"
    ) == [(40, 50_001, 50_040, 0)]
    assert betting.broken() == []


# What was written ----------------------------------------------------------------------------------


@pytest.fixture
def lived_in(betting: Betting) -> Betting:
    """Two settlements, one reset, a badge: batches of 2, 1, 1 and 1 entries, and of the rest."""
    betting.join(1)
    betting.play(1, 1, "won", 5_000, MONDAY - 2 * DAY)
    betting.play(2, 1, "won", 6_000, MONDAY - DAY)
    betting.settle(MONDAY - 2 * DAY)
    betting.settle(MONDAY - DAY)
    betting.run(jobs.BADGE_CALCULATION, MONDAY - DAY)
    betting.reset(MONDAY)
    assert betting.broken() == []
    return betting


def test_what_a_reset_wrote_is_kept_as_it_is(lived_in: Betting) -> None:
    for table in (
        "bankroll_ledger", "ledger_batches", "bankroll_weekly_history", "reset_weeks", "badge_history",
    ):  # fmt: skip
        before = lived_in.state(f"betting.{table}")
        assert before[f"betting.{table}"]
        key = "digest = digest" if table == "ledger_batches" else "run_id = 'eve'"
        for change in (
            f"UPDATE betting.{table} SET {key}",
            f"UPDATE betting.{table} SET {key} WHERE FALSE",
            f"DELETE FROM betting.{table}",
            f"TRUNCATE betting.{table}",
        ):
            for role in ("origin", "replica"):
                with pytest.raises(sqlalchemy.exc.DBAPIError, match="its rows are kept") as caught:
                    lived_in.execute(f"SET session_replication_role = {role}; {change}")
                assert isinstance(caught.value.orig, psycopg2.errors.RestrictViolation)
        assert lived_in.state(f"betting.{table}") == before


def violations(betting: Betting, check: str) -> list[dict]:
    (found,) = (one for one in CHECKS if one.name == check)
    with betting.database.transaction() as transaction:
        return found.find_violations(transaction).to_dict("records")


OFF = "ALTER TABLE betting.bankroll_ledger DISABLE TRIGGER ALL; "


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE betting.bankroll_ledger SET amount = amount + 1 WHERE entry_id = 2",
        "UPDATE betting.bankroll_ledger SET balance_after = 1 WHERE entry_id = 2",
        "UPDATE betting.bankroll_ledger SET user_id = gen_random_uuid() WHERE entry_id = 2",
        "UPDATE betting.bankroll_ledger SET bet_id = gen_random_uuid() WHERE entry_id = 2",
        "UPDATE betting.bankroll_ledger SET game_id = NULL WHERE entry_id = 2",
        "UPDATE betting.bankroll_ledger SET effective_at = effective_at + interval '1 us' WHERE entry_id = 2",
        "DELETE FROM betting.bankroll_ledger WHERE entry_id = 2",
    ],
)
def test_an_entry_that_was_edited_is_named_by_its_batch(lived_in: Betting, edit: str) -> None:
    lived_in.execute(OFF + edit)
    named = violations(lived_in, "ledger_is_as_it_was_written")
    assert [(row["first_entry_id"], row["last_entry_id"]) for row in named] == [(1, 2)]


def test_ids_with_bars_do_not_read_as_the_fields_beside_them(betting: Betting) -> None:
    digests = betting.rows(
        "SELECT DISTINCT betting.digest_entry(1, i.user_id, 'bet_settled', 1, 1, i.bet_id, 'g', NULL, "
        "'2026-03-04Z', NULL, NULL) FROM (VALUES ('a|bet_settled|1|1|x', 'y'), ('a|b', 'c'), "
        "('a', 'x|bet_settled|1|1|y'), ('a', 'b|c')) AS i (user_id, bet_id)"
    )
    assert len(digests) == 4


@pytest.mark.undisturbed("names batches by their numbers, of which an attempt that fails takes one")
def test_an_entry_beside_the_chain_and_a_mended_digest_are_named(lived_in: Betting) -> None:
    lived_in.execute(
        OFF
        + "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, week_start, "
        "effective_at, run_id) SELECT user_id, 'write_off', 5, balance + 5, '2026-03-09', now(), 'eve' "
        "FROM betting.bankrolls; UPDATE betting.bankrolls SET balance = balance + 5"
    )
    newest = lived_in.rows("SELECT max(entry_id) FROM betting.bankroll_ledger")[0][0]
    assert [row["entry_id"] for row in violations(lived_in, "every_entry_is_in_the_chain")] == [
        newest
    ]
    assert lived_in.broken() == ["every_entry_is_in_the_chain"]
    lived_in.execute(
        "ALTER TABLE betting.ledger_batches DISABLE TRIGGER ALL; "
        "UPDATE betting.ledger_batches SET digest = 'mended' WHERE batch_id = 2"
    )
    named = violations(lived_in, "ledger_is_as_it_was_written")
    assert [row["batch_id"] for row in named] == [2, 3]


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        ("UPDATE betting.bankrolls SET balance = balance + 1", "ledger_sums_match_balances"),
        ("UPDATE betting.bets SET net = net + 1 WHERE id = '{bet}'", "every_settled_bet_is_in_the_ledger"),
        ("UPDATE betting.bets SET status = 'pending', settled_at = NULL WHERE id = '{bet}'",
         "every_settled_bet_is_in_the_ledger"),
        ("ALTER TABLE betting.bankroll_weekly_history DISABLE TRIGGER ALL; "
         "DELETE FROM betting.bankroll_weekly_history", "every_closed_week_was_reset"),
        ("UPDATE betting.user_badges SET lost_at = now()", "badges_follow_their_history"),
        ("UPDATE betting.user_effect_access SET tier = 2", "tiers_follow_badges"),
        ("UPDATE betting.game_settlements SET home_score = 9", "results_stand_as_settled"),
    ],
)  # fmt: skip
def test_every_check_finds_what_it_is_for(lived_in: Betting, edit: str, check: str) -> None:
    lived_in.execute(edit.format(bet=ident(1)))
    assert check in lived_in.broken()
