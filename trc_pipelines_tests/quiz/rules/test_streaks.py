"""What a pause costs a streak of the quiz."""

import pandas as pd
import pytest

from trc_pipelines.quiz.rules.streaks import judge_streaks


@pytest.mark.parametrize(
    ("protections", "outcome", "left"), [(0, "broken", 0), (1, "protected", 0), (3, "protected", 2)]
)
def test_a_pause_costs_one_protection_or_the_streak(
    protections: int, outcome: str, left: int
) -> None:
    judged = judge_streaks(pd.DataFrame({"protections_remaining": [protections]})).iloc[0]
    assert (judged["outcome"], judged["protections_left"]) == (outcome, left)
