"""The made-up betting app: what it writes makes sense on its own."""

from datetime import timedelta
from pathlib import Path

from trc_pipelines.demo.betting_app import BettingApp
from trc_pipelines_tests.world import NOON, World


def test_every_bet_is_on_a_game_that_was_announced(world: World, tmp_path: Path) -> None:
    with BettingApp(world.database, tmp_path) as app:
        app.create_users(NOON)
        app.play(NOON, NOON + timedelta(hours=12))
    bets = world.query(
        "SELECT b.id, g.id AS game FROM betting.bets AS b LEFT JOIN betting.games AS g ON b.game_id = g.id"
    )
    assert len(bets)
    assert bets["game"].notna().all()
