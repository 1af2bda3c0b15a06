"""Some seeds of the simulation in every run; more of them: `make simulate`, `make planted`."""

import logging
import random
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.servers import create_database, drop_database
from trc_pipelines_tests.simulation.betting import Betting
from trc_pipelines_tests.simulation.house import DAY, FIRST_DAY, HOUR, House, midnight
from trc_pipelines_tests.simulation.lives import DOMAINS, Outcome, live
from trc_pipelines_tests.simulation.planted import FAULTS, look_for
from trc_pipelines_tests.simulation.sessions import Task
from trc_pipelines_tests.simulation.shrinking import shrink

pytestmark = pytest.mark.undisturbed("has faults of its own")
# Seed, and the domains that are played: a day of all three takes as long as the rest together.
LIVES = [
    (1, DOMAINS),
    *[(seed, ("quiz",)) for seed in range(2, 2 + examples(2))],
    (5, ("betting",)),
]
# Found on their first day by their first seed.
SOON_FOUND = ["a full player keeps a deadline", "XP that is left over is forgotten"]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.fixture(scope="module")
def lived(quiet_servers: dict[int, str]) -> Callable[..., Outcome]:
    """A day of a seed, lived once."""
    return cache(lambda seed, domains: live(quiet_servers[18], seed, 1, domains, is_alone=False))


@pytest.mark.parametrize(("seed", "domains"), LIVES)
def test_a_day_of_a_seed_is_as_the_auditors_say(
    seed: int, domains: tuple[str, ...], lived: Callable[..., Outcome]
) -> None:
    outcome = lived(seed, domains)
    assert outcome.finding is None, "\n".join([*outcome.last, outcome.finding])


def test_a_seed_replays_turn_by_turn(
    lived: Callable[..., Outcome], quiet_servers: dict[int, str]
) -> None:
    seed, domains = LIVES[-1]
    assert lived(seed, domains).happened
    assert live(quiet_servers[18], seed, 1, domains, is_alone=False) == lived(seed, domains)


@pytest.mark.parametrize("name", SOON_FOUND)
def test_a_planted_fault_is_found(name: str, quiet_servers: dict[int, str]) -> None:
    [fault] = [fault for fault in FAULTS if fault.name == name]
    seed, _, _ = look_for(quiet_servers[18], fault, 1, is_alone=False)
    assert seed == 1


def test_money_is_whole_wherever_a_settlement_and_a_reset_are_killed(
    quiet_servers: dict[int, str], tmp_path: Path
) -> None:
    """Both are killed at their first call, a week later at their fourth, and so on to their last."""
    url = create_database(quiet_servers[18])
    with House(url, tmp_path, 1, ["betting"], fault_rate=0.0) as house:
        betting: Betting = house.domains[0]
        dice, week, deaths = random.Random(1), 0, 1
        while deaths:
            week += 1
            friday = midnight(FIRST_DAY) + (7 * week + 1) * DAY
            live = partial(bet_and_end, betting, house, dice, friday)
            house.run([Task("app", live)], "app")
            deaths = 0
            for name, at in (
                ("game_settlement", friday + DAY),
                ("bankroll_reset", friday + 3 * DAY),
            ):
                house.now = at
                task = house.job_task(f"week {week}", house.jobs[name], at, at)
                task.may_fail, task.struck = False, (3 * week - 2, "killed")
                house.run([task], "killed")
                betting.audit()
                deaths += task.is_dead
                house.run_alone(f"week {week}", house.jobs[name], at)
                betting.audit()
            betting.compare_results()
            betting.compare_resets(friday + 3 * DAY)
    drop_database(url)
    assert week > 7


def bet_and_end(betting: Betting, house: House, dice: random.Random, at: datetime) -> None:
    """Some games, bets on them, and their ends."""
    app = house.session("app")
    for act, hours in (
        (betting.schedule, 0),
        (betting.bet, 0),
        (betting.bet, 0),
        (betting.end_games, 20),
    ):
        act(app, dice, at + hours * HOUR)


@given(st.sets(st.integers(0, 99), min_size=1, max_size=4))
def test_a_history_is_cut_down_to_what_it_fails_with(needed: set[int]) -> None:
    happened = [str(number) for number in range(100)]
    left = shrink(happened, lambda only: {str(n) for n in needed} <= set(only), 10_000)
    assert left == [str(number) for number in sorted(needed)]
