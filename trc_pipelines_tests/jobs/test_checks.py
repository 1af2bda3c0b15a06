"""What checks find is kept, people are told of it, and the UI goes on showing it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest
from dagster._core.loader import LoadingContextForTest

from trc_pipelines import definitions
from trc_pipelines.jobs.checks import DAILY, HOURLY, Check, keys_of
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.monitoring.checks import check_key, show_results
from trc_pipelines.monitoring.health import GRACE, watch
from trc_pipelines_tests.catalogue import CHECKS
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.world import NOON, World

MINUTE = timedelta(minutes=1)
SUMS = next(
    check
    for check in CHECKS
    if (check.table, check.name) == ("community.point_ledger", "ledger_sums_match_balances")
)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with lend_database(request, 18) as url:
        yield url


def evaluate(world: World, now: datetime, check: Check = SUMS) -> None:
    with world.database.transaction() as transaction:
        check.evaluate(transaction, now)


def look(world: World, now: datetime, checks: list[Check] | None = None) -> list[str]:
    with world.database.transaction() as transaction:
        found = watch(transaction, world.settings, [], [], now, checks or [SUMS])
    return [f"{condition.subject} {condition.kind}" for condition in found]


def told(world: World) -> list[tuple[str, str]]:
    rows = world.query("SELECT title, body FROM operations.alerts ORDER BY alert_id")
    return list(rows.itertuples(index=False, name=None))


def break_balance(world: World, *members: str) -> None:
    values = ", ".join(f"('{member}', 0, 5)" for member in members)
    world.execute(
        f"INSERT INTO community.member_points (member_id, account_id, total) VALUES {values}"
    )


def test_a_check_that_fails_is_told_once_with_table_rows_ids_and_what_to_do(world: World) -> None:
    evaluate(world, NOON)
    assert look(world, NOON) == []
    break_balance(world, "m1", "m2")
    assert look(world, NOON + MINUTE) == []  # nobody has looked yet
    for minutes in (2, 7, 12):
        evaluate(world, NOON + minutes * MINUTE)
        name = "community.point_ledger.ledger_sums_match_balances"
        assert look(world, NOON + minutes * MINUTE) == [f"{name} broken"]
    ((title, body),) = told(world)
    assert title == f"{name} broken"
    for words in (
        "community.point_ledger: 2 rows, first member_id m1; member_id m2.",
        SUMS.description,
        SUMS.remedy,
        "trc verify",
        "since 2026-03-04 12:02 UTC",
    ):
        assert words in body


def test_the_incident_is_over_a_quarter_of_an_hour_after_the_check_holds_again(
    world: World,
) -> None:
    break_balance(world, "m1")
    evaluate(world, NOON)
    look(world, NOON)
    world.execute("DELETE FROM community.member_points")
    look(world, NOON + 5 * MINUTE)  # mended, but nobody has checked
    evaluate(world, NOON + 6 * MINUTE)
    for minutes in (10, 15, 21, 26):
        look(world, NOON + minutes * MINUTE)
    titles = [title for title, _body in told(world)]
    name = "community.point_ledger.ledger_sums_match_balances"
    assert titles == [f"{name} broken", f"Over: {name} broken"]


def test_since_when_a_check_fails_is_kept_and_an_older_verdict_does_not_replace_a_newer(
    world: World,
) -> None:
    def row() -> tuple:
        columns = "has_passed, violations_count, since, evaluated_at"
        found = world.query(f"SELECT {columns} FROM operations.check_results")
        return tuple(found.iloc[0])

    break_balance(world, "m1")
    for minutes in (0, 5):
        evaluate(world, NOON + minutes * MINUTE)
    assert row() == (False, 1, NOON, NOON + 5 * MINUTE)
    world.execute("DELETE FROM community.member_points")
    evaluate(world, NOON + 4 * MINUTE)
    assert not row()[0]
    evaluate(world, NOON + 6 * MINUTE)
    assert row() == (True, 0, NOON + 6 * MINUTE, NOON + 6 * MINUTE)


def test_checks_that_nobody_evaluates_are_one_condition(world: World) -> None:
    daily = [check for check in CHECKS if check.every == DAILY][:2]
    hourly = [check for check in CHECKS if check.every == HOURLY][:2]
    checks = [*hourly, *daily]
    assert look(world, NOON, checks) == []
    assert look(world, NOON + HOURLY + GRACE, checks) == []
    late = NOON + HOURLY + GRACE + MINUTE
    assert look(world, late, checks) == ["checks stale"]
    assert "2 of 4 checks" in told(world)[0][1]
    for check in hourly:
        evaluate(world, late, check)
    assert look(world, late, checks) == []
    assert look(world, NOON + DAILY + GRACE, daily) == []
    assert look(world, NOON + DAILY + GRACE + MINUTE, daily) == ["checks stale"]


def test_every_check_says_which_rows_by_a_key(world: World) -> None:
    with world.database.transaction(commit=False) as transaction:
        for check in CHECKS:
            columns = check.find_violations(transaction).columns
            assert len(keys_of(pd.DataFrame({name: ["x"] for name in columns}))[0]), check.name


def test_what_is_kept_of_a_row_is_its_keys() -> None:
    row = {"user_id": "u", "username": "Canary", "balance": 5, "week_start": NOON.date()}
    assert keys_of(pd.DataFrame([row])) == [{"user_id": "u", "week_start": "2026-03-04"}]


@pytest.fixture
def instance(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("MEE6_SYNC_ENABLED", "false")
    connected.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
    connected.cache_clear()


def test_the_ui_shows_what_trc_verify_found_of_a_table_that_no_step_makes(
    world: World, instance: dg.DagsterInstance
) -> None:
    ledger = next(check for check in CHECKS if check.name == "ledger_sums_match_balances")

    def show() -> int:
        with world.database.transaction(commit=False) as transaction:
            results = transaction.read_rows("monitoring/select_check_results")
        return show_results(instance, [ledger], results)

    hourly = definitions.defs().resolve_job_def("hourly_checks")
    assert hourly.execute_in_process(instance=instance).success
    assert show() == 0
    evaluate(world, datetime.now(UTC), ledger)
    assert show() == 1
    assert show() == 0


def test_what_was_green_stays_green_in_the_ui_when_its_table_is_made_again(
    world: World, instance: dg.DagsterInstance
) -> None:
    betting = next(check for check in CHECKS if check.name == "tiers_follow_badges")

    def is_shown() -> bool:
        found = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [check_key(betting)]
        )
        context = LoadingContextForTest(instance)
        return check_key(betting) in found and asyncio.run(
            found[check_key(betting)].targets_latest_materialization(context)
        )

    def run(job: str) -> None:
        definition = definitions.defs().resolve_job_def(job)
        assert definition.execute_in_process(instance=instance).success

    def show() -> int:
        with world.database.transaction(commit=False) as transaction:
            results = transaction.read_rows("monitoring/select_check_results")
        return show_results(instance, [betting], results)

    run("badge_calculation")
    assert show() == 0  # it was never evaluated
    run("hourly_checks")
    assert is_shown()
    assert show() == 0
    run("badge_calculation")
    assert not is_shown()
    assert show() == 1
    assert is_shown()
    assert show() == 0
    evaluate(world, datetime.now(UTC) + MINUTE, betting)  # as trc verify does
    assert show() == 1


def test_money_is_looked_at_every_hour_and_whole_histories_once_a_day() -> None:
    hourly = {check.name for check in CHECKS if check.every == HOURLY}
    assert {"ledger_sums_match_balances", "results_stand_as_settled", "no_bet_is_stuck"} <= hourly
    assert "ledger_is_as_it_was_written" not in hourly
