"""A dry run lists row for row what the run then writes, and writes nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest

from trc_pipelines.betting.jobs import GAME_SETTLEMENT
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.jobs.contract import Job, Options
from trc_pipelines.jobs.execution import Rows, dry_run_jobs
from trc_pipelines.quiz.jobs import LIFE_REGENERATION
from trc_pipelines_tests.catalogue import CATALOGUE
from trc_pipelines_tests.scenarios.test_dry_runs import live_in_the_apps
from trc_pipelines_tests.world import NOON, QUARTER, World, board

pytestmark = pytest.mark.either

USER = "00000000-0000-0000-0000-000000000001"


def rehearse(world: World, job: Job, as_of: object, most: int = 1000) -> pd.DataFrame:
    options = Options(as_of=as_of, now=as_of, run_id="rehearsal", executed_by="test")
    rows = Rows(CATALOGUE.tables_written_by, most)
    [tried] = dry_run_jobs(world.database, world.settings, [job], options, rows)
    assert tried.error is None
    assert tried.changes is not None
    return tried.changes


def of_table(changes: pd.DataFrame, table: str) -> Iterator[tuple]:
    for row in changes[changes["table"] == table].itertuples():
        yield (
            row.change,
            *[json.loads(each) if each else None for each in (row.key, row.before, row.after)],
        )


def test_a_dry_run_lists_what_the_sync_would_write(world: World) -> None:
    world.link({"ann": 1001})
    world.sync(NOON - QUARTER, {1001: 1000})
    world.simulator.board = board({1001: 1250})
    changes = rehearse(world, MEE6_SYNC, NOON)
    [(change, _, before, after)] = of_table(changes, "community.point_ledger")
    assert (change, before) == ("insert", None)
    assert (after["action"], after["points"]) == ("discord_activity", 2)
    [(change, key, before, after)] = of_table(changes, "community.daily_points")
    assert (change, key) == ("insert", {"day": "2026-03-04", "member_id": "ann"})
    assert len(list(of_table(changes, "community.mee6_leaderboard_snapshot"))) == 1
    assert [change for change, *_ in of_table(changes, "community.mee6_syncs")] == ["insert"]
    assert world.points() == {}
    world.run(MEE6_SYNC, NOON)
    assert world.points() == {"ann": 2}


def test_a_dry_run_lists_what_the_settlement_would_change_in_the_app(world: World) -> None:
    live_in_the_apps(world, NOON)
    changes = rehearse(world, GAME_SETTLEMENT, NOON)
    [(change, _, before, after)] = of_table(changes, "betting.bets")
    assert change == "update"
    assert before["status"] == "pending"
    assert after == {
        "net": 1000,
        "payout": 2000,
        "status": "won",
        "settled_at": after["settled_at"],
    }
    [(change, key, before, after)] = of_table(changes, "betting.bankrolls")
    assert (change, key) == ("update", {"user_id": USER})
    assert after["balance"] - before["balance"] == 1000
    assert len(list(of_table(changes, "betting.bankroll_ledger"))) == 1


def test_views_of_the_app_are_compared_by_their_declared_key(world: World) -> None:
    live_in_the_apps(world, NOON)
    world.execute(
        "ALTER TABLE quiz.lives RENAME TO app_lives; CREATE VIEW quiz.lives AS TABLE quiz.app_lives"
    )
    [(change, key, before, after)] = of_table(
        rehearse(world, LIFE_REGENERATION, NOON), "quiz.lives"
    )
    assert (change, key) == ("update", {"user_id": USER})
    assert (before["current_lives"], after["current_lives"]) == (1, 2)


def test_of_a_hundred_thousand_rows_the_first_are_listed_and_all_are_counted(world: World) -> None:
    world.execute(
        "INSERT INTO quiz.users (id) SELECT 'u' || g FROM generate_series(100001, 200000) AS g;"
        "INSERT INTO quiz.lives (user_id, current_lives, next_regen_at)"
        f"SELECT id, 1, '{NOON - timedelta(minutes=1)}' FROM quiz.users"
    )
    changes = rehearse(world, LIFE_REGENERATION, NOON, most=10)
    lives = list(of_table(changes, "quiz.lives"))
    assert [key["user_id"] for _, key, _, _ in lives] == [f"u{n}" for n in range(100001, 100011)]
    assert changes.loc[changes["table"] == "quiz.lives", "changes"].eq(100_000).all()
