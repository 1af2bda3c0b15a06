"""Streaks against a second opinion, and the promises that hold whatever runs when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC, first_day_to_recompute
from trc_pipelines.community.rules import streaks
from trc_pipelines.community.rules.streaks import compute_streaks
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.world import World, board

# What is tested is the rule.
pytestmark = pytest.mark.either

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
DAILY_POINTS = replace(MEE6_SYNC, name="daily_points", steps=MEE6_SYNC.steps[3:])


# The rules, slowly --------------------------------------------------------------------------------


def streak_on(day: date, active: set[date], observed: set[date]) -> int:
    """Walks back from the day and counts, until a weekday that was watched and missed."""
    count = 0
    while day >= MONDAY:
        is_weekday = day.isoweekday() <= 5
        if is_weekday and day in active:
            count += 1
        elif is_weekday and day in observed:
            break
        day -= DAY
    return count


def expected_rows(
    active: dict[str, set[date]], observed: set[date], days: list[date]
) -> set[tuple]:
    rows = set()
    for member, theirs in active.items():
        for day in days:
            now = streak_on(day, theirs, observed)
            before = streak_on(day - DAY, theirs, observed)
            if day in theirs or before:
                passed = [MONDAY + i * DAY for i in range((day - MONDAY).days + 1)]
                longest = max(streak_on(each, theirs, observed) for each in passed)
                last = max(each for each in theirs if each <= day)
                rows.add((member, day, day in theirs, now, longest, last))
    return rows


# The pure function --------------------------------------------------------------------------------


def no_streaks(members: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "member_id": members,
            "current_streak": pd.array([None] * len(members), dtype="Int64"),
            "longest_streak": pd.array([None] * len(members), dtype="Int64"),
            "last_active_on": pd.Series([pd.NaT] * len(members), dtype="datetime64[s]"),
        }
    )


def frames(active: dict[str, set[date]], observed: set[date], days: list[date]):
    marks = [(m, d) for m, theirs in active.items() for d in sorted(theirs) if d in set(days)]
    return (
        pd.DataFrame(
            {
                "member_id": [m for m, _ in marks],
                "day": pd.Series([d for _, d in marks], dtype="datetime64[s]"),
            }
        ),
        pd.DataFrame(
            {
                "day": pd.Series(days, dtype="datetime64[s]"),
                "is_observed": [d in observed for d in days],
            }
        ),
    )


def as_rows(computed: pd.DataFrame) -> set[tuple]:
    return {
        (
            r.member_id,
            r.day.date(),
            bool(r.is_active),
            r.current_streak,
            r.longest_streak,
            r.last_active_on.date(),
        )
        for r in computed.itertuples()
    }


histories = st.integers(1, 30).flatmap(
    lambda length: st.tuples(
        st.just([MONDAY + i * DAY for i in range(length)]),
        st.lists(st.sets(st.integers(0, length - 1)), min_size=1, max_size=4),
        st.sets(st.integers(0, length - 1)),
        st.integers(0, length),
    )
)


@settings(max_examples=examples(300))
@given(histories)
def test_streaks_are_those_of_the_slow_model_on_any_history_however_it_is_cut(history) -> None:
    days, sets, blind, cut = history
    active = {f"m{i}": {days[d] for d in theirs} for i, theirs in enumerate(sets)}
    observed = {day for i, day in enumerate(days) if i not in blind}
    expected = expected_rows(active, observed, days)
    before = no_streaks(list(active))
    marks, calendar = frames(active, observed, days)
    at_once = compute_streaks(before, marks, calendar)
    assert as_rows(at_once) == expected
    assert len(at_once) == len(expected)

    # The same two members at a time.
    with mock.patch.object(streaks, "MEMBER_DAYS_PER_PART", 2 * len(days)):
        parts = list(streaks.split_members(before, marks, len(days)))
    assert len(parts) == -(-len(active) // 2)
    by_part = pd.concat(compute_streaks(*part, calendar) for part in parts)
    by_day = by_part.sort_values(["day", "member_id"], ignore_index=True)
    pd.testing.assert_frame_equal(by_day, at_once)

    # The same in two parts, the second from what the first left.
    first, second = days[:cut], days[cut:]
    rows = set()
    for part in filter(None, (first, second)):
        marks, calendar = frames(active, observed, part)
        computed = compute_streaks(before, marks, calendar)
        rows |= as_rows(computed)
        left = before.set_index("member_id")
        for r in computed.itertuples():
            left.loc[r.member_id] = [r.current_streak, r.longest_streak, r.last_active_on]
        stands = set(computed.loc[computed["day"] == pd.Timestamp(part[-1]), "member_id"])
        left["current_streak"] = [
            c if m in stands else None
            for m, c in zip(left.index, left["current_streak"], strict=True)
        ]
        before = left.astype({"current_streak": "Int64", "longest_streak": "Int64"}).reset_index()
    assert rows == expected


# On the database ----------------------------------------------------------------------------------


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class Life:
    """Days of a world: who gains XP on which, and whether its last hour is read."""

    def __init__(self, world: World, members: dict[str, int]) -> None:
        self.world = world
        world.link(members)
        self.accounts = members
        self.xp = dict.fromkeys(members.values(), 1000)
        world.sync(at(MONDAY), dict(self.xp))

    def live(self, day: date, *active: str, observed: bool = True) -> None:
        """Activity around noon; the day's last sync at midnight."""
        for member in active:
            self.xp[self.accounts[member]] += 10
        self.world.sync(at(day, 12), dict(self.xp))
        if observed:
            self.world.sync(at(day + DAY), dict(self.xp))

    def streaks(self) -> pd.DataFrame:
        return self.world.query("SELECT * FROM community.daily_streaks ORDER BY day, member_id")

    def streak_of(self, member: str, day: date) -> int:
        rows = self.streaks()
        mine = rows[(rows["member_id"] == member) & (rows["day"] == day)]
        return int(mine["current_streak"].iat[0]) if len(mine) else 0


def test_a_friday_counts_once_whatever_runs_on_saturday_sunday_and_monday(world: World) -> None:
    life = Life(world, {"ann": 1001})
    week = [MONDAY + i * DAY for i in range(7)]
    for day in week[:5]:
        life.live(day, "ann")
    saturday, sunday = week[5:]
    for now in (at(saturday, 0, 5), at(saturday, 9), at(sunday, 0, 5), at(sunday, 0, 5)):
        world.run(DAILY_STREAKS, now)
    life.live(saturday)
    life.live(sunday, "ann")  # a weekend's activity adds nothing
    for _ in range(3):
        world.run(DAILY_STREAKS, at(sunday + DAY, 0, 5))
    assert [life.streak_of("ann", day) for day in week] == [1, 2, 3, 4, 5, 5, 5]
    assert len(life.streaks()) == 7


def test_a_range_at_once_is_row_for_row_what_its_days_one_by_one_are(world: World) -> None:
    life = Life(world, {"ann": 1001, "bob": 1002, "cem": 1003})
    days = [MONDAY + i * DAY for i in range(10)]
    for i, day in enumerate(days):
        active = [m for j, m in enumerate(life.accounts) if (i * 7 + j * 3) % (j + 3) != 1]
        life.live(day, *active, observed=i != 2)
    for day in days:
        world.run(DAILY_STREAKS, at(day + DAY, 0, 5))
    one_by_one = life.streaks()
    assert one_by_one["current_streak"].max() > 2
    world.execute(
        "DELETE FROM community.daily_streaks; UPDATE community.days SET streaks_at = NULL"
    )
    world.run(DAILY_STREAKS, at(days[-1] + DAY, 0, 5), days=(days[0], days[-1]))
    pd.testing.assert_frame_equal(life.streaks(), one_by_one)
    # And so does a range in the middle, over rows that are there.
    world.run(DAILY_STREAKS, at(days[-1] + DAY, 0, 5), days=(days[3], days[-1]))
    pd.testing.assert_frame_equal(life.streaks(), one_by_one)
    # The job catches up by itself what was missed.
    world.execute(
        f"DELETE FROM community.daily_streaks WHERE day >= '{days[4]}'; "
        f"UPDATE community.days SET streaks_at = NULL WHERE day >= '{days[4]}'"
    )
    world.run(DAILY_STREAKS, at(days[-1] + DAY, 0, 5))
    pd.testing.assert_frame_equal(life.streaks(), one_by_one)


def test_an_unobserved_weekday_adds_for_who_was_seen_and_breaks_nobody(world: World) -> None:
    life = Life(world, {"ann": 1001, "bob": 1002, "cem": 1003})
    monday, tuesday, wednesday = (MONDAY + i * DAY for i in range(3))
    life.live(monday, "ann", "bob", "cem")
    life.live(tuesday, "ann", observed=False)
    life.live(wednesday, "ann", "bob")
    for day in (monday, tuesday, wednesday):
        world.run(DAILY_STREAKS, at(day + DAY, 0, 5))
    assert [life.streak_of(m, tuesday) for m in life.accounts] == [2, 1, 1]
    assert [life.streak_of(m, wednesday) for m in life.accounts] == [3, 2, 0]


def test_the_open_day_can_add_but_not_break(world: World) -> None:
    life = Life(world, {"ann": 1001, "bob": 1002})
    tuesday = MONDAY + DAY
    life.live(MONDAY, "ann", "bob")
    life.live(tuesday, "ann", observed=False)
    world.sync(at(tuesday, 23, 30), dict(life.xp))  # observed, but not over
    world.run(DAILY_STREAKS, at(tuesday, 0, 5))
    world.run(DAILY_STREAKS, at(tuesday, 23, 45), days=(tuesday, tuesday))
    assert [life.streak_of(m, tuesday) for m in life.accounts] == [2, 1]
    world.sync(at(tuesday + DAY), dict(life.xp))
    world.run(DAILY_STREAKS, at(tuesday + DAY, 0, 5))
    assert [life.streak_of(m, tuesday) for m in life.accounts] == [2, 0]


def test_a_late_entry_marks_its_closed_day_stale_and_recomputation_converges(world: World) -> None:
    life = Life(world, {"ann": 1001, "bob": 1002})
    days = [MONDAY + i * DAY for i in range(4)]
    for i, day in enumerate(days):
        life.live(day, *(["ann", "bob"] if i != 1 else ["bob"]))
        world.run(DAILY_STREAKS, at(day + DAY, 0, 5))
    friday = days[-1] + DAY
    world.run(LEADERBOARD_RECALCULATION, at(friday, 1), days=(days[0], days[-1]))
    assert _to_recompute(world, at(friday, 6)) is None
    assert [life.streak_of("ann", day) for day in days] == [1, 0, 1, 2]

    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('ann', 'resource_download', 5, '{at(days[1], 18)}')"
    )
    world.sync(at(friday, 6), dict(life.xp))
    assert _to_recompute(world, at(friday, 6, 15)) == days[1]
    for job in (DAILY_POINTS, DAILY_STREAKS, LEADERBOARD_RECALCULATION):
        world.run(job, at(friday, 6, 20), days=(days[1], friday))
    assert _to_recompute(world, at(friday, 6, 30)) is None
    assert [life.streak_of("ann", day) for day in days] == [1, 2, 3, 4]
    assert [life.streak_of("bob", day) for day in days] == [1, 2, 3, 4]


def test_streaks_computed_before_the_points_of_their_day_do_not_stay_wrong(world: World) -> None:
    """The 00:00 sync can take ten minutes; at 00:05 the streaks run between two of its steps."""
    life = Life(world, {"ann": 1001})
    midnight = at(MONDAY + DAY)
    world.sync(at(MONDAY, 23, 45), dict(life.xp))
    life.xp[1001] += 10
    for number, step in enumerate(MEE6_SYNC.steps):
        if number == 3:
            world.run(DAILY_STREAKS, midnight + timedelta(minutes=5))
            world.run(
                LEADERBOARD_RECALCULATION, midnight + timedelta(minutes=5), days=(MONDAY, MONDAY)
            )
        world.simulator.board = board(life.xp)
        world.run(replace(MEE6_SYNC, steps=[step]), midnight)
    is_right = life.streak_of("ann", MONDAY) == 1
    assert is_right or _to_recompute(world, midnight + timedelta(hours=6)) == MONDAY


def _to_recompute(world: World, now: datetime) -> date | None:
    with world.database.transaction(commit=False) as transaction:
        return first_day_to_recompute(transaction, world.settings, now)
