"""Lives, streaks and XP against a second opinion: any history, any accident, the same players.

Replay what fails with the printed `@reproduce_failure`. More histories: EXAMPLES=20; the shortest that
fails: MACHINE_SHRINK=1.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.simulation.machine import SEEDS, WHEN, HouseMachine, run_machine
from trc_pipelines_tests.simulation.quiz import PLAYERS

pytestmark = pytest.mark.undisturbed("has faults of its own")
EXAMPLES, STEPS = examples(8), 30
ACTS = ["play", "play", "begin", "end", "buy", "protect", "correct", "leave"]


class QuizMachine(HouseMachine):
    """What can happen to players, and to the jobs that follow them."""

    domain = "quiz"
    jobs = (
        *["life_regeneration"] * 3, *["quiz_streak_update"] * 2, "session_cleanup",
        "leaderboard_recalculation", "leaderboard_weekly_reset", "leaderboard_monthly_reset", "quiz_totals",
    )  # fmt: skip

    def begin(self, seed: int) -> None:
        for player in PLAYERS[:3]:
            self.player_does("at once", ["play", "begin"], player, seed)

    @rule(
        when=WHEN,
        acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=4),
        player=st.sampled_from(PLAYERS),
        seed=SEEDS,
    )
    def player_does(self, when: str, acts: list[str], player: str, seed: int) -> None:
        """Plays, perhaps not to the end; buys lives, protections; is corrected, for yesterday too; leaves."""

        def of_player(act: str):
            do = getattr(self.auditor, act)
            return lambda session, dice, at: do(session, dice, player, at)

        self.wait(when)
        self.live(*map(of_player, acts), seed=seed)


def test_any_history_with_any_accident_ends_with_the_players_of_the_model(
    quiet_servers: dict[int, str],
) -> None:
    run_machine(QuizMachine, quiet_servers[18], EXAMPLES, STEPS)
