from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from trc_pipelines.demo.population import (
    DAILY_CHATTER,
    EPOCH,
    LURKER,
    SLOT,
    WEEKENDER,
    Population,
)

WEEKS = 6


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(seed=7, size=300)


@pytest.fixture(scope="module")
def steps(population: Population) -> np.ndarray:
    """XP gained in each slot of six weeks, slots by member."""
    times = [EPOCH + slot * SLOT for slot in range(WEEKS * 7 * 96 + 1)]
    return np.diff([population.xp_at(time) for time in times], axis=0)


def active_days(steps: np.ndarray) -> np.ndarray:
    is_active: np.ndarray = steps.reshape(WEEKS * 7, 96, -1).sum(axis=1) > 0
    return is_active


def test_a_restarted_population_continues_exactly_where_it_was(population: Population) -> None:
    later = EPOCH + timedelta(days=40, hours=13, minutes=45)
    fresh = Population(seed=7, size=300)
    assert (fresh.xp_at(later) == population.xp_at(later)).all()
    assert (fresh.message_count_at(later) == population.message_count_at(later)).all()
    assert fresh.usernames == population.usernames
    assert (fresh.discord_ids == population.discord_ids).all()


def test_times_may_be_asked_in_any_order() -> None:
    times = [EPOCH + timedelta(hours=hours) for hours in (500, 3, 0, 499, 24, 23, 700, 25)]
    one, other = Population(1, 20), Population(1, 20)
    forwards = {time: one.xp_at(time).tolist() for time in sorted(times)}
    assert {time: other.xp_at(time).tolist() for time in times} == forwards


def test_another_seed_is_another_community(population: Population) -> None:
    other = Population(seed=8, size=300)
    assert not np.isin(other.discord_ids, population.discord_ids).any()
    assert (other.xp_at(EPOCH) != population.xp_at(EPOCH)).any()


def test_ids_look_like_snowflakes_and_names_are_told_apart() -> None:
    population = Population(3, 20_000)
    assert np.unique(population.discord_ids).size == 20_000
    assert len(set(population.usernames)) == 20_000
    opened = (population.discord_ids >> 22) / 1000 + datetime(2015, 1, 1, tzinfo=UTC).timestamp()
    assert opened.min() > datetime(2015, 12, 1, tzinfo=UTC).timestamp()
    assert opened.max() < EPOCH.timestamp()


def test_xp_never_falls_and_stays_within_the_organic_ceiling(steps: np.ndarray) -> None:
    assert steps.min() == 0
    assert 200 < steps.max() <= 375


def test_every_message_gives_15_to_25_xp(population: Population, steps: np.ndarray) -> None:
    end = EPOCH + timedelta(weeks=WEEKS)
    messages = population.message_count_at(end) - population.message_count_at(EPOCH)
    gained = steps.sum(axis=0)
    assert (gained >= 15 * messages).all()
    assert (gained <= 25 * messages).all()
    assert ((messages > 0) == (gained > 0)).all()


def test_before_the_epoch_nothing_moves_and_a_slot_counts_at_its_end(
    population: Population,
) -> None:
    base = population.xp_at(EPOCH)
    assert (population.xp_at(EPOCH - timedelta(days=3)) == base).all()
    assert (population.xp_at(EPOCH + SLOT - timedelta(seconds=1)) == base).all()
    noon = EPOCH + timedelta(hours=12)
    assert (population.xp_at(noon) == population.xp_at(noon + SLOT - timedelta(seconds=1))).all()


def test_a_time_in_another_zone_is_the_same_moment(population: Population) -> None:
    noon = EPOCH + timedelta(hours=12)
    elsewhere = noon.astimezone(timezone(timedelta(hours=-5)))
    assert (population.xp_at(noon) == population.xp_at(elsewhere)).all()


def test_a_time_without_a_zone_and_an_impossible_size_are_refused(population: Population) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        population.xp_at(datetime(2026, 2, 1))  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="accepts 1 to"):
        Population(1, 0)


def test_the_board_is_spread_like_the_recorded_one(population: Population) -> None:
    xp = np.sort(population.xp_at(EPOCH))[::-1]
    recorded = {1: 1294708, 6: 926982, 21: 390643, 51: 202830, 101: 92154, 300: 20460}
    for rank, figure in recorded.items():
        assert xp[rank - 1] == pytest.approx(figure, rel=0.4)


def test_a_weekday_afternoon_is_as_busy_as_the_recorded_one(steps: np.ndarray) -> None:
    by_hour = steps.reshape(WEEKS, 7, 24, 4, -1)
    afternoons = by_hour[:, :5, 12:20]
    gaining = (afternoons > 0).sum(axis=-1).mean()
    assert 9 < gaining < 17  # recorded: 13 of 300
    gains = afternoons[afternoons > 0]
    assert 100 < gains.mean() < 160  # recorded: 130


def test_days_have_nights_and_weeks_have_weekends(steps: np.ndarray) -> None:
    gaining = (steps.reshape(WEEKS, 7, 24, 4, -1) > 0).sum(axis=-1).mean(axis=(0, 3))
    assert gaining[:, 2:6].mean() < 0.6 * gaining[:, 15:21].mean()
    assert gaining[5:].mean() < 0.95 * gaining[:5].mean()


def test_members_keep_to_their_temperament(population: Population, steps: np.ndarray) -> None:
    is_active = active_days(steps)
    is_weekday = np.arange(WEEKS * 7) % 7 < 5
    share_on_weekdays = is_active[is_weekday].mean(axis=0)
    chatters = population.temperaments == DAILY_CHATTER
    weekenders = population.temperaments == WEEKENDER
    lurkers = population.temperaments == LURKER
    assert not is_active[:, lurkers].any()
    assert 0.3 < lurkers.mean() < 0.6  # recorded: 48 % gained nothing in two weeks
    assert share_on_weekdays[chatters].min() > 0.8  # also those who say little
    assert is_active[is_weekday][:, chatters].all(axis=0).any()  # streaks of six weeks
    assert share_on_weekdays[weekenders].mean() < 0.15
    assert is_active[~is_weekday][:, weekenders].mean() > 0.6


def test_each_day_is_made_once_for_all_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    make = Population._messages
    monkeypatch.setattr(
        Population, "_messages", lambda self, day: [made.append(day), make(self, day)][1]
    )
    population = Population(11, 300)
    for slot in range(3 * 96):
        population.xp_at(EPOCH + slot * SLOT)
    assert made == [0, 1, 2]
