"""Growth accounting against a loop over members and days, and what is counted again."""

from datetime import date, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.community.rules.growth import (
    DAYS_BEFORE,
    MONTH,
    MOST_DAYS,
    STATES,
    count_growth,
    days_to_count,
)
from trc_pipelines_tests.views.growth_model import count_day

DAY = timedelta(days=1)
START = date(2026, 3, 4)
Active = dict[str, set[date]]

histories = st.dictionaries(
    st.sampled_from("abcd"),
    st.sets(st.integers(0, 90), min_size=1, max_size=12).map(
        lambda days: {START + number * DAY for number in days}
    ),
)


def frame(rows: list[tuple[str, date]]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["member_id", "day"])
    return made.astype({"member_id": "str", "day": "datetime64[s]"})


def counted(history: Active, days: tuple[date, date]) -> list[dict]:
    active = [
        (member, day)
        for member, on in history.items()
        for day in on
        if days[0] - DAYS_BEFORE <= day <= days[1]
    ]
    new = [
        (member, min(on)) for member, on in history.items() if days[0] - DAY <= min(on) <= days[1]
    ]
    found = count_growth(frame(active), frame(new), days)
    return found.assign(day=found["day"].dt.date).to_dict("records")


@given(histories, st.integers(0, 90), st.integers(0, 40))
def test_growth_is_what_a_loop_over_members_says(history: Active, first: int, length: int) -> None:
    days = START + first * DAY, START + (first + length) * DAY
    assert counted(history, days) == [
        count_day(history, days[0] + number * DAY) for number in range(length + 1)
    ]


def states_on(*days: int) -> list[str]:
    """The states of one member who is active on these days, from day to day."""
    history = {"a": {START + number * DAY for number in days}}
    rows = counted(history, (START, START + max(days) * DAY))
    return [name for row in rows for name in STATES if row[f"{name}_members"]]


def test_a_week_away_reactivates_and_a_month_away_resurrects() -> None:
    assert states_on(0, 1) == ["new", "current"]
    assert states_on(0, 7) == ["new", "current"]
    assert states_on(0, 8) == ["new", "reactivated"]
    assert states_on(0, 30) == ["new", "reactivated"]
    assert states_on(0, 31) == ["new", "resurrected"]


def test_a_day_that_changed_is_counted_again_with_the_month_after_it() -> None:
    today = START + 100 * DAY
    changed = [START, START + 99 * DAY]
    assert days_to_count(changed, (today, today), today - DAY) == [
        (START, START + MONTH * DAY),
        (today - DAY, today),
    ]


def test_days_nobody_counted_are_filled_a_month_at_a_time() -> None:
    today = START + 100 * DAY
    ranges = days_to_count([], (today, today), START)
    assert [begin for begin, _ in ranges] == [START + DAY + i * MOST_DAYS * DAY for i in range(4)]
    assert ranges[-1][1] == today
    assert days_to_count([], (today, today), None) == [(today, today)]
