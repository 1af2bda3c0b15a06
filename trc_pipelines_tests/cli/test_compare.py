"""What the app shows, beside what our tables say."""

import json
from pathlib import Path

import pytest

from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.scenarios.test_dry_runs import live_in_the_apps
from trc_pipelines_tests.world import NOON, QUARTER, World

pytestmark = pytest.mark.either


@pytest.fixture
def shadowed(world: World, trc: Trc, tmp_path: Path) -> World:
    """A community whose app shows ann right and bob wrong."""
    (tmp_path / "settings.env").write_text(
        f"DATABASE_URL={world.database.url}\nMEE6_GUILD_ID={world.settings.mee6_guild_id}\n"
    )
    world.link({"ann": 1001, "bob": 1002})
    world.sync(NOON - QUARTER, {1001: 1000, 1002: 1000})
    world.sync(NOON, {1001: 1200, 1002: 1300})
    world.run(DAILY_STREAKS, NOON + QUARTER, days=(NOON.date(), NOON.date()))
    return world


def test_compare_says_which_view_is_missing(
    shadowed: World, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc("compare", "community") == 1
    said = capsys.readouterr().err
    assert "community.shown_members: member_id (text), total_points (bigint)" in said


def test_compare_lists_what_the_app_shows_otherwise_and_ends_with_1(
    shadowed: World, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    shadowed.execute(
        "CREATE VIEW community.shown_members AS SELECT * FROM (VALUES "
        f"('ann', 2::bigint, 1, '{NOON}'::timestamptz), ('bob', 5, 1, NULL), ('cem', NULL, NULL, NULL)"
        ") AS m (member_id, total_points, current_streak, last_active_at)"
    )
    assert trc("compare", "community", "--format", "json") == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "relation": "shown_members",
            "id": "bob",
            "figure": "total_points",
            "ours": "3",
            "shown": "5",
        }
    ]
    shadowed.execute(
        "DROP VIEW community.shown_members;"
        "CREATE VIEW community.shown_members AS SELECT member_id, total AS total_points, 1 AS "
        "current_streak, last_active_at FROM community.member_points"
    )
    assert trc("compare", "community") == 0
    assert "No difference" in capsys.readouterr().out
    shadowed.execute("DROP VIEW community.shown_members")


def test_quiz_and_betting_app_are_compared_too(
    shadowed: World, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    live_in_the_apps(shadowed, NOON)
    shadowed.execute(
        "CREATE VIEW quiz.shown_players AS SELECT user_id, 9 AS current_streak, "
        "NULL::bigint AS global_score, NULL::integer AS global_rank, NULL::bigint AS weekly_score, "
        "1 AS weekly_rank FROM quiz.player_progress;"
        "CREATE VIEW betting.shown_users AS SELECT user_id, balance + 1 AS balance, NULL::text[] AS badges "
        "FROM betting.bankrolls;"
        "CREATE VIEW betting.shown_bets AS SELECT id AS bet_id, status, 0::bigint AS net FROM betting.bets"
    )
    assert trc("compare", "quiz", "--format", "csv") == 1
    assert ",current_streak,3,9\n" in capsys.readouterr().out
    assert trc("compare", "betting", "--format", "csv") == 1
    said = capsys.readouterr().out
    assert ",balance,101000,101001\n" in said
    assert ",net,1000,0\n" in said
    shadowed.execute(
        "DROP VIEW quiz.shown_players; DROP VIEW betting.shown_users; DROP VIEW betting.shown_bets"
    )


def test_the_rows_that_a_dry_run_would_write_are_printed(
    shadowed: World, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    live_in_the_apps(shadowed, NOON)
    run = ("run", "game_settlement", "--dry-run", "--changes")
    assert trc(*run) == 0
    said = capsys.readouterr().out
    assert "betting.bets: 1 row would change" in said
    assert "status=pending → won" in said
    assert trc(*run, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    [bet] = [row for row in rows if row["table"] == "betting.bets"]
    assert (bet["change"], bet["after"]["status"]) == ("update", "won")
    assert trc(*run, "--format", "csv") == 0
    assert capsys.readouterr().out.startswith("job,table,change,key,before,after\n")
    assert trc("run", "game_settlement", "--changes") == 2
