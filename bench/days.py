"""Work by the day: streaks and boards."""

from datetime import UTC, date, datetime, time, timedelta

from bench.community import Community, new_community, run_job
from bench.measure import Figure, seconds_of, show_progress
from bench.server import Server, execute, scalar
from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION

FIRST_DAY = date(2026, 3, 2)  # a Monday
WARM_UP_DAYS = 14


def measure_days(server: Server, size: int, repetitions: int) -> list[Figure]:
    """Measure a streak day, and a recalculation of the three boards that replaces an earlier one.

    The streak days are weekdays after two weeks of activity whose streaks stand.
    """
    streaks, boards = [], []
    with new_community(server, size) as community:
        show_progress(f"streaks and boards of {size:,} members")
        warm_up = days_from(FIRST_DAY, WARM_UP_DAYS)
        measured = days_from(warm_up[-1] + timedelta(days=1), repetitions)
        rows = community.add_active_days([*warm_up, *measured])
        add_balances(community)
        run_streaks(community.url, warm_up[-1])
        community.settle()
        for day in measured:
            execute(community.url, "CHECKPOINT")
            streaks.append(seconds_of(run_streaks, community.url, day))
            show_progress(f"  streak day {streaks[-1]:.2f} s")
        standing = _streaks_of(community, measured[-1])
        run_boards(community.url, measured[-1])
        community.settle()
        for _ in range(repetitions):
            execute(community.url, "CHECKPOINT")
            boards.append(seconds_of(run_boards, community.url, measured[-1]))
            show_progress(f"  boards {boards[-1]:.2f} s")
        sizes = run_boards(community.url, measured[-1])
    return [
        Figure(f"one streak day, {size:,} members", streaks, "s", 1.5, note=standing),
        Figure(
            f"three boards, {size:,} members",
            boards,
            "s",
            4,
            note=f"{sizes}; {rows:,} rows in daily_points",
        ),
    ]


def measure_streak_year(server: Server, size: int) -> Figure:
    """Measure a year of streaks in one run."""
    days = days_from(date(2026, 1, 1), 365)
    with new_community(server, size) as community:
        show_progress(f"a year of streaks for {size:,} members")
        active = community.add_active_days(days)
        community.settle()
        seconds = seconds_of(run_streaks, community.url, days[-1])
        written = scalar(community.url, "SELECT count(*) FROM community.daily_streaks")
    return Figure(
        f"{len(days)} streak days in one run, {size:,} members",
        [seconds],
        "s",
        30,
        note=f"{written:,} rows written from {active:,} active days "
        f"({active / size / len(days):.0%} of all)",
    )


def run_streaks(url: str, day: date) -> str:
    """Run the streak job as after a day has ended."""
    as_of = datetime.combine(day + timedelta(days=1), time(0, 5), UTC)
    return run_job(url, DAILY_STREAKS, as_of)["community.daily_streaks"].message


def run_boards(url: str, day: date) -> str:
    """Run the hourly recalculation, late on a day."""
    as_of = datetime.combine(day, time(23), UTC)
    return run_job(url, LEADERBOARD_RECALCULATION, as_of)["community.leaderboard_rankings"].message


def days_from(first: date, number: int) -> list[date]:
    """List so many days in a row."""
    return [first + timedelta(days=n) for n in range(number)]


def add_balances(community: Community) -> None:
    """Give everyone points: whoever was active in the days at hand has at least those of these days."""
    execute(
        community.url,
        """INSERT INTO community.member_points
        SELECT m.member_id, coalesce(sum(p.points), 0) + abs(hashtext(m.member_id)) % 5000,
            coalesce(max(p.last_active_at), '2026-01-01'::timestamptz),
            l.week, coalesce(sum(p.points) FILTER (WHERE p.day >= l.week), 0),
            max(p.last_active_at) FILTER (WHERE p.day >= l.week),
            l.month, coalesce(sum(p.points) FILTER (WHERE p.day >= l.month), 0),
            max(p.last_active_at) FILTER (WHERE p.day >= l.month)
        FROM community.members AS m
        CROSS JOIN (
            SELECT date_trunc('week', max(day))::date AS week, date_trunc('month', max(day))::date AS month
            FROM community.daily_points
        ) AS l
        LEFT JOIN community.daily_points AS p ON m.member_id = p.member_id
        GROUP BY m.member_id, l.week, l.month""",
        # There is no ledger that the days could be computed from.
        "UPDATE community.days SET is_points_stale = FALSE",
    )


def _streaks_of(community: Community, day: date) -> str:
    def count(condition: str) -> int:
        return scalar(
            community.url,
            f"SELECT count(*) FROM community.daily_streaks WHERE day = '{day}' AND {condition}",
        )

    return (
        f"on the last day {count('is_active'):,} active, {count('current_streak > 0'):,} streaks "
        f"stand, {count('current_streak = 0'):,} break"
    )
