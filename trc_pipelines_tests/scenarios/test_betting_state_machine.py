"""Bets and bankrolls against a second opinion: any history, any accident, the same balances to the cent.

Replay what fails with the printed `@reproduce_failure`. More histories: EXAMPLES=20; the shortest that
fails: MACHINE_SHRINK=1.
"""

import random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.simulation.machine import SEEDS, WHEN, HouseMachine, run_machine
from trc_pipelines_tests.simulation.sessions import Task

pytestmark = pytest.mark.undisturbed("has faults of its own")
EXAMPLES, STEPS = examples(5), 30
ACTS = [
    "end_games", "correct_score", "correct_score", "edit_bet", "postpone", "post", "take_away", "join",
    "refer",
]  # fmt: skip


class BettingMachine(HouseMachine):
    """What can happen to bets, games and bankrolls, and to the jobs that follow them."""

    domain = "betting"
    jobs = (
        *["game_settlement"] * 4, *["bankroll_reset"] * 3, *["badge_calculation"] * 2, "stats_rollup",
        "content_expiration", "cleanup", "betting_totals",
    )  # fmt: skip

    def begin(self, seed: int) -> None:
        self.games_end_and_begin("at once", 3, seed)

    @rule(when=WHEN, games=st.integers(0, 3), seed=SEEDS)
    def games_end_and_begin(self, when: str, games: int, seed: int) -> None:
        """Some are called off, one in a while has no score yet. What is over is settled.

        On others users bet: spreads, totals and moneylines, on teams that play and one that does not;
        some follow others.
        """
        self.wait(when)
        self.live(self.auditor.end_games, seed=seed)
        self.job_runs("half an hour later", "game_settlement")
        self.live(*[self.auditor.schedule, self.auditor.bet, self.auditor.bet] * games, seed=seed)

    @rule(
        acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=4),
        seed=SEEDS,
    )
    def things_turn_out_otherwise(self, acts: list[str], seed: int) -> None:
        """Scores are corrected, games put off, stakes raised; somebody posts, appears, or refers a friend."""
        self.live(*[getattr(self.auditor, act) for act in acts], seed=seed)

    @rule(
        struck=st.none()
        | st.tuples(st.integers(1, 25), st.sampled_from(["killed", "killed after", "cut"])),
        seed=SEEDS,
    )
    def operator_settles_again_or_adjusts(self, struck: tuple[int, str] | None, seed: int) -> None:
        """And may be cut off at any call."""
        dice, now = random.Random(seed), self.house.now
        task = Task(
            "operator", lambda: self.auditor.operate(dice, now, is_calm=False), struck=struck
        )
        self.house.run([task], "operator")


def test_any_history_with_any_accident_ends_in_the_balances_of_the_model(
    quiet_servers: dict[int, str],
) -> None:
    run_machine(BettingMachine, quiet_servers[18], EXAMPLES, STEPS)
