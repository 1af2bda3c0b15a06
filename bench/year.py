"""What a year costs: some days of every week lived through, and drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import vl_convert

from bench.betting import BETS_OF_AN_HOUR, bet, start_betting
from bench.community import EVENING, QUARTER, Community, new_community, only, run_job, sync_board
from bench.days import DAY, days_from, run_boards, run_streaks
from bench.measure import Figure, show_progress
from bench.server import Server, execute, scalar
from bench.syncs import ACTIVE_SHARE
from trc_pipelines.betting.jobs import STATS_ROLLUP
from trc_pipelines.reports.drawing import VERSION
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.catalogue import HOUSEKEEPING, LEADERBOARD_WEEKLY_RESET

FIRST_MONDAY = date(2026, 1, 5)
WEEK, TWO_MONTHS = timedelta(weeks=1), 8
# All seven would take half an hour: so much less history a year leaves behind, on the same 52 weeks.
PLAYED = ("Monday", "Wednesday", "Friday", "Sunday")
SAID = [
    "Each week against the median of the first eight. Played: "
    + ", ".join(PLAYED)
    + " of every week",
    "(20 % active, one sync, boards, streaks), bets of all seven days. Measured: processor time on Sundays;",
    "the server is vacuumed once a week, and not meanwhile.",
]
DISK = "disk"
PICTURE, DRAWN_SIZE = PROJECT_ROOT / "docs" / "images" / "cost-over-a-year.svg", 100_000


def measure_year(server: Server, size: int, _repetitions: int, weeks: int = 52) -> Iterator[Figure]:
    """Measure the last two months of a year against the first two, and draw all of it."""
    show_progress(f"a year of {size:,} members")
    costs = pd.DataFrame(live_through(server, size, weeks))
    if size == DRAWN_SIZE:
        PICTURE.write_text(draw(costs, f"{size:,} members"))
    for what, of_week in costs.items():
        first, last = of_week.head(TWO_MONTHS).median(), of_week.tail(TWO_MONTHS)
        unit = _unit_of(str(what))
        yield Figure(
            f"{what} at the end of a year against its beginning, {size:,} members",
            list(last / first),
            "×",
            1.1,
            note=f"{first:.2f} {unit} then, {last.median():.2f} {unit} now",
        )


def live_through(server: Server, size: int, weeks: int) -> Iterator[dict[str, float]]:
    """Live through the days played, with all that follows; yield what that cost on a week's last one.

    The betting app has a tenth as many users, who place twice as many bets in a week.
    """
    users = size // 10
    with (
        new_community(server, size) as community,
        server.database() as betting,
        _vacuumed_by_hand(community.url),
    ):
        community.begin(FIRST_MONDAY - 3 * DAY)
        begin, end = _night(FIRST_MONDAY - DAY), _night(FIRST_MONDAY + weeks * WEEK)
        start_betting(betting, users, begin, end)
        sizes = [_megabytes(community.url, betting)]
        for week in range(weeks):
            monday = FIRST_MONDAY + week * WEEK
            *days, sunday = [day for day in days_from(monday, 7) if f"{day:%A}" in PLAYED]
            for day in days:
                community.live(day)
                run_boards(community.url, day)
                run_streaks(community.url, day)
            hour = _night(sunday), _night(sunday) + timedelta(hours=1)
            bet(betting, 10**7 * week, 2 * users, users, _night(monday), hour[0])
            run_job(betting, STATS_ROLLUP, hour[0])
            bet(betting, 10**7 * (week + 1) - BETS_OF_AN_HOUR, BETS_OF_AN_HOUR, users, *hour)
            for url in (community.url, betting):
                execute(url, "VACUUM (ANALYZE)")
            costs = {
                "a sync": _sync_twice(community, sunday, server),
                "boards": server.cost_of(run_boards, community.url, sunday).cpu,
                "a day of streaks": server.cost_of(run_streaks, community.url, sunday).cpu,
                "statistics of an hour": server.cost_of(
                    run_job, betting, STATS_ROLLUP, hour[1]
                ).cpu,
            }
            night = datetime.combine(sunday + DAY, time(4), UTC)
            run_job(community.url, only(LEADERBOARD_WEEKLY_RESET, "community."), night)
            for url in (community.url, betting):
                run_job(url, HOUSEKEEPING, night)
            sizes.append(_megabytes(community.url, betting))
            show_progress(f"  week {week + 1}: {sizes[-1]:,.0f} MB, {costs}")
            yield costs | {DISK: sizes[-1] - sizes[-2]}


@contextmanager
def _vacuumed_by_hand(url: str) -> Iterator[None]:
    """Keep the server from vacuuming in the middle of a measurement, which it would be counted to."""
    try:
        execute(url, "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        yield
    finally:
        execute(url, "ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()")


def draw(costs: pd.DataFrame, of: str) -> str:
    """Draw weeks of costs as SVG: each against the median of its first two months."""
    usual = costs.head(TWO_MONTHS).median()
    named = {what: f"{what}: {median:.2f} {_unit_of(what)}" for what, median in usual.items()}
    relative = (costs / usual).rename(columns=named).set_axis(range(1, len(costs) + 1))
    rows = relative.rename_axis("week").reset_index().melt("week", var_name="what")
    chart = {
        "title": {"text": f"What a year costs: {of}", "subtitle": SAID, "anchor": "start"},
        "width": 640,
        "height": 280,
        "background": "white",
        "data": {"values": rows.to_dict("records")},
        "mark": "line",
        "encoding": {
            "x": {"field": "week", "type": "quantitative", "title": "week"},
            "y": {"field": "value", "type": "quantitative", "title": "×", "scale": {"zero": True}},
            "color": {
                "field": "what",
                "title": "1 × is",
                "sort": None,
                "legend": {"labelLimit": 300},
            },
        },
    }
    return vl_convert.vegalite_to_svg(chart, VERSION, allowed_base_urls=[])


def _sync_twice(community: Community, day: date, server: Server) -> float:
    """Live through a day, and measure another sync of it: the first one keeps all of the reading."""
    community.live(day)
    community.gain_xp(ACTIVE_SHARE)
    as_of = datetime.combine(day, EVENING, UTC) + QUARTER
    return server.cost_of(sync_board, community.url, community.board(), as_of).cpu


def _unit_of(what: str) -> str:
    return "MB more a week" if what == DISK else "s (cpu)"


def _night(day: date) -> datetime:
    return datetime.combine(day, time(22), UTC)


def _megabytes(*urls: str) -> float:
    return sum(scalar(url, "SELECT pg_database_size(current_database())") for url in urls) / 1e6
