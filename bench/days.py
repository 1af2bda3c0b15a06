"""Work by the day: streaks, boards and what is kept of them, and what a late award costs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from bench.community import EVENING, Community, new_community, only, run_job, settings
from bench.measure import Cost, Figure, show_progress
from bench.server import Server, execute, fetch, scalar
from trc_pipelines.community.jobs import (
    DAILY_STREAKS,
    MEE6_SYNC,
    RECOMPUTE_DAYS,
    first_day_to_recompute,
)
from trc_pipelines_tests.catalogue import HOUSEKEEPING, LEADERBOARD_RECALCULATION

FIRST_DAY = date(2026, 3, 2)  # a Monday
DAY = timedelta(days=1)
WARM_UP_DAYS = 14
# Days of a year that are younger than 35 days, that end a week, and the others.
DAYS_KEPT = {"younger than 35 days": 35, "the end of a week": 47, "another day": 283}
LATE_DAYS, LATE_MEMBERS, MOST_RUNS = 30, 10, 10


def measure_streaks(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure a streak day: weekdays after two weeks of activity whose streaks stand."""
    costs = []
    with new_community(server, size) as community:
        show_progress(f"streaks of {size:,} members")
        warm_up = days_from(FIRST_DAY, WARM_UP_DAYS)
        measured = days_from(warm_up[-1] + DAY, repetitions)
        community.add_active_days([*warm_up, *measured])
        run_streaks(community.url, warm_up[-1])
        community.settle()
        for day in measured:
            execute(community.url, "CHECKPOINT")
            costs.append(server.cost_of(run_streaks, community.url, day))
        standing = _streaks_of(community, measured[-1])
        server.keep_digests(community.url)
    yield Figure(
        f"one streak day, {size:,} members",
        [cost.wall for cost in costs],
        "s",
        1.5 if size == 1_000_000 else None,
        costs=costs,
        note=standing,
    )


def measure_streak_year(server: Server, size: int, _repetitions: int) -> Iterator[Figure]:
    """Measure a year of streaks in one run."""
    days = days_from(date(2026, 1, 1), 365)
    with new_community(server, size) as community:
        show_progress(f"a year of streaks for {size:,} members")
        active = community.add_active_days(days)
        community.settle()
        cost = server.cost_of(run_streaks, community.url, days[-1])
        written = scalar(community.url, "SELECT count(*) FROM community.daily_streaks")
        server.keep_digests(community.url)
    yield Figure(
        f"{len(days)} streak days in one run, {size:,} members",
        [cost.wall],
        "s",
        30,
        costs=[cost],
        note=f"{written:,} rows written from {active:,} active days "
        f"({active / size / len(days):.0%} of all)",
    )


def measure_boards(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure the hourly recalculation of the three boards, each time after another evening."""
    costs = []
    with standing_community(server, size, WARM_UP_DAYS) as community:
        days = days_from(FIRST_DAY + WARM_UP_DAYS * DAY, repetitions)
        run_boards(community.url, days[0] - DAY)
        for day in days:
            community.live(day)
            execute(community.url, "CHECKPOINT")
            costs.append(server.cost_of(run_boards, community.url, day))
        rows = scalar(
            community.url,
            f"SELECT count(*) FROM community.leaderboard_rankings WHERE day = '{days[-1]}'",
        )
        server.keep_digests(community.url)
    yield Figure(
        f"three boards, {size:,} members",
        [cost.wall for cost in costs],
        "s",
        4.5 * size / 1_000_000,
        costs=costs,
        note=f"{rows:,} rows",
    )


def measure_rankings(server: Server, size: int, _repetitions: int) -> Iterator[Figure]:
    """Measure what a year of rankings takes on disk, from a day of each kind after housekeeping."""
    as_of = FIRST_DAY + timedelta(days=9 * 7)
    days = dict(
        zip(DAYS_KEPT, (as_of - 5 * DAY, FIRST_DAY + 6 * DAY, FIRST_DAY + 2 * DAY), strict=True)
    )
    with new_community(server, size) as community:
        show_progress(f"a year of rankings of {size:,} members")
        community.begin(FIRST_DAY - 3 * DAY)
        community.live(*sorted(days.values()))
        community.settle()
        empty = _size_of(community)
        costs = [server.cost_of(run_boards, community.url, day) for day in sorted(days.values())]
        written = scalar(community.url, "SELECT count(*) FROM community.leaderboard_rankings")
        bytes_of_a_row = (_size_of(community) - empty) / written
        run_job(community.url, HOUSEKEEPING, datetime.combine(as_of, time(4), UTC))
        kept = dict(
            fetch(
                community.url,
                "SELECT day, count(*) FROM community.leaderboard_rankings GROUP BY day",
            )
        )
    rows = {kind: kept.get(day, 0) for kind, day in days.items()}
    whole = rows["younger than 35 days"]
    # The best of a day are as many in a community of any size.
    of_100_000 = {kind: n * 100_000 / size if n > whole / 2 else n for kind, n in rows.items()}
    year = sum(of_100_000[kind] * number for kind, number in DAYS_KEPT.items())
    yield Figure(
        "a year of rankings of 100,000 members",
        [year * bytes_of_a_row / 1e9],
        "GB",
        0.5,
        note=f"{bytes_of_a_row:.0f} bytes a row; with {size:,} members so many rows are kept of a day: "
        + ", ".join(f"{kind} {n:,}" for kind, n in rows.items()),
    )
    yield Figure(
        f"a day of rankings, {size:,} members",
        [cost.wall for cost in costs],
        "s",
        costs=costs,
        note=f"{whole:,} rows, {whole * bytes_of_a_row / 1e6:.0f} MB",
    )


def measure_late_award(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure what follows from awards of the app to ten members that come a month late."""
    costs: list[Cost] = []
    with standing_community(server, size, LATE_DAYS + 1) as community:
        last = FIRST_DAY + LATE_DAYS * DAY
        boards = only(LEADERBOARD_RECALCULATION, "community.")
        run_job(community.url, boards, _at(last), days=(FIRST_DAY - 2 * DAY, last))
        community.settle()
        for today in days_from(last + DAY, repetitions):
            # What every night does, late awards or not.
            run_boards(community.url, today - DAY)
            run_streaks(community.url, today - DAY)
            # Awards with an old date are looked for once a day, at its first posting.
            _award(community, today - LATE_DAYS * DAY)
            post = only(MEE6_SYNC, "community.point_ledger")
            run_job(community.url, post, datetime.combine(today, time(0, 30), UTC))
            execute(community.url, "CHECKPOINT")
            at = datetime.combine(today, time(0, 45), UTC)
            costs.append(server.cost_of(_recompute, community, at))
        server.keep_digests(community.url)
    yield Figure(
        f"awards {LATE_DAYS} days late to {LATE_MEMBERS} of {size:,} members",
        [cost.wall for cost in costs],
        "s",
        2,
        costs=costs,
    )


def _award(community: Community, day: date) -> None:
    """Award points of the app to some members, at noon of a day."""
    execute(
        community.url,
        "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
        f"SELECT '{day}:' || member_id, member_id, 'intro_completed', 25, '{day} 12:00Z' "
        f"FROM (SELECT member_id FROM community.members ORDER BY member_id LIMIT {LATE_MEMBERS}) AS m",
    )


def _recompute(community: Community, at: datetime) -> None:
    """Run what the sensor of late points asks for, until it asks for nothing."""
    for _ in range(MOST_RUNS):
        with community.database.transaction(commit=False) as transaction:
            if first_day_to_recompute(transaction, settings(), at) is None:
                return
        run_job(community.url, RECOMPUTE_DAYS, at)
    raise RuntimeError(f"days are still stale after {MOST_RUNS} runs")


@contextmanager
def standing_community(server: Server, size: int, days: int) -> Iterator[Community]:
    """Make a community that has had points for some days, the first of them FIRST_DAY."""
    with new_community(server, size) as community:
        show_progress(f"{days} days of {size:,} members")
        community.begin(FIRST_DAY - 2 * DAY)
        community.live(*days_from(FIRST_DAY, days))
        community.settle()
        yield community


def run_streaks(url: str, day: date) -> None:
    """Run the streak job as after a day has ended."""
    run_job(url, DAILY_STREAKS, datetime.combine(day + DAY, time(0, 5), UTC))


def run_boards(url: str, day: date) -> None:
    """Run the hourly recalculation of the community, late on a day."""
    run_job(url, only(LEADERBOARD_RECALCULATION, "community."), _at(day))


def days_from(first: date, number: int) -> Sequence[date]:
    """List so many days in a row."""
    return [first + timedelta(days=n) for n in range(number)]


def _at(day: date) -> datetime:
    return datetime.combine(day, EVENING, UTC) + timedelta(hours=3)


def _size_of(community: Community) -> int:
    return scalar(community.url, "SELECT pg_database_size(current_database())")


def _streaks_of(community: Community, day: date) -> str:
    def count(condition: str) -> int:
        return scalar(
            community.url,
            f"SELECT count(*) FROM community.daily_streaks WHERE day = '{day}' AND {condition}",
        )

    active = count("is_active")
    if not active:
        raise RuntimeError("nobody was active: nothing was measured")
    return (
        f"on the last day {active:,} active, {count('current_streak > 0'):,} streaks "
        f"stand, {count('current_streak = 0'):,} break"
    )
