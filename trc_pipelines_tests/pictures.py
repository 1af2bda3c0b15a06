"""The pictures of docs/analysts.md, each of the answer to the query beside it: `make pictures`.

The demo is played up to a fixed evening, so that a picture changes when what it shows does. What is
there is overwritten.
"""

import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
import vl_convert

from bench.server import execute, run_server
from trc_pipelines.database.connection import Database
from trc_pipelines.demo import betting_app, quiz_app
from trc_pipelines.demo.community_app import CommunityApp, invent_population
from trc_pipelines.demo.play import App, play_history
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.reports import drawing
from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.settings import DEMO_GUILD_ID, PROJECT_ROOT, load_settings
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.databases import engine_of

GUIDE = PROJECT_ROOT / "docs" / "analysts.md"
FOLDER = PROJECT_ROOT / "docs" / "images" / "views"
QUESTION = re.compile(r"^`(\w+\.\w+)`: .+?\n\n```sql\n(.+?)```", re.MULTILINE | re.DOTALL)
FIRST_DAY, NOW = date(2026, 2, 2), datetime(2026, 3, 12, 18, tzinfo=UTC)
DAYS_OF_APPS = timedelta(days=14)
WIDTH, HEIGHT = 560, 180
PAGE_STYLE = PROJECT_ROOT / "trc_pipelines" / "reports" / "page.css"

DAY, WEEK = Column("day", "day", "day"), Column("week", "week from", "day")
Frame = pd.DataFrame


def _as_it_is(frame: Frame) -> Frame:
    return frame


def _split(whole: str, part: str, rest: str) -> Callable[[Frame], Frame]:
    return lambda frame: frame.assign(**{rest: frame[whole] - frame[part]})


def _hundredth(name: str) -> Callable[[Frame], Frame]:
    """Make shares of percents."""
    return lambda frame: frame.assign(**{name: frame[name].astype("float64") / 100})


def _first(rows: int) -> Callable[[Frame], Frame]:
    return lambda frame: frame.head(rows)


def _count_by(name: str) -> Callable[[Frame], Frame]:
    return lambda frame: (
        frame.groupby(name)
        .size()
        .reset_index(name="rows")
        .sort_values("rows", ascending=False, kind="stable")
    )


def _name_ranges(frame: Frame) -> Frame:
    ranges = [
        f"{a}–{b}" if a < b else f"{a}"
        for a, b in zip(frame["xp_from"], frame["xp_to"], strict=True)
    ]
    return frame.assign(xp=ranges)


def _number_users(frame: Frame) -> Frame:
    return frame.assign(user=range(1, len(frame) + 1))


def _whole_day(frame: Frame) -> Frame:
    """The day before the last, which is not over, by the job with most runs."""
    days = frame["day"].drop_duplicates()
    of_day = frame[frame["day"] == days.iloc[min(1, len(days) - 1)]]
    return of_day.sort_values(["runs", "job_name"], ascending=[False, True])


def chart(title: str, note: str, x: Column, *ys: Column, **more: Any) -> Chart:
    """Declare a chart without a statement: its rows are the answer to the question of the view."""
    return Chart(title, title, note, "", x, ys, **more)


# What each picture shows, what is done to the answer before, and what its axis counts.
PICTURES: dict[str, tuple[Chart, Callable[[Frame], Frame], str]] = {
    "community.daily_activity": (
        chart(
            "Active members", "Of 30 days: on the day, in the 7 and in the 30 days to it.", DAY,
            Column("active_members", "on the day"),
            Column("weekly_active_members", "in 7 days"),
            Column("monthly_active_members", "in 30 days"),
        ),
        _as_it_is, "members",
    ),
    "community.weekly_activity": (
        chart(
            "Active members by week", "Active for the first time, or active before.", WEEK,
            Column("others", "active before"), Column("new_members", "new"), mark="bar",
        ),
        _split("active_members", "new_members", "others"), "members",
    ),
    "community.growth_accounting": (
        chart(
            "Who the active members are", "Back after 7 to 29 days: reactivated; later: resurrected.", DAY,
            Column("current_members", "current"), Column("new_members", "new"),
            Column("reactivated_members", "reactivated"), Column("resurrected_members", "resurrected"),
            mark="bar",
        ),
        _as_it_is, "members",
    ),
    "community.retention_cohorts": (
        chart(
            "Retention by first week", "Per cent of who began in a week, active so many weeks later.",
            Column("weeks_since", "weeks later"), Column("percent", "per cent", "share"),
            mark="heatmap", by=Column("cohort_week", "first week", "day"),
        ),
        _hundredth("percent"), "",
    ),
    "community.lapsed_members": (
        chart(
            "Lapsed members with most to lose", "Points of who has not been active for 14 days.",
            Column("member_id", "member", "text"), Column("points", "points"), mark="ranking",
        ),
        _first(10), "",
    ),
    "community.streak_distribution": (
        chart(
            "Streaks that stand", "Published members by the length of their streak.",
            Column("current_streak", "weekdays in a row"), Column("members", "members"), mark="bar",
        ),
        _as_it_is, "members",
    ),
    "community.streak_survival": (
        chart(
            "How streaks survive", "Of the streaks that came so far: which share went on.",
            Column("length", "weekdays in a row"),
            Column("percent_that_went_on", "went on", "share"),
        ),
        _hundredth("percent_that_went_on"), "went on",
    ),
    "community.points_by_source": (
        chart(
            "Points by source", "By the month, and what they were earned with.",
            Column("period_start", "month", "day"), Column("points", "points"),
            mark="bar", by=Column("action", "action", "text"),
        ),
        _as_it_is, "points",
    ),
    "community.point_concentration": (
        chart(
            "Concentration of points", "Share of the week's points that the most active have.", WEEK,
            Column("top_1_percent_share", "top 1 %", "share"),
            Column("top_10_percent_share", "top 10 %", "share"),
        ),
        _as_it_is, "of the points",
    ),
    "community.top_gainers": (
        chart(
            "Top gainers", "Points in the week so far.",
            Column("name", "member", "text"), Column("points", "points"), mark="ranking",
        ),
        _as_it_is, "",
    ),
    "community.rank_movement": (
        chart(
            "Who moved up on the weekly board", "Ranks won since the day before.",
            Column("member_id", "member", "text"), Column("movement", "ranks"), mark="ranking",
        ),
        _first(10), "",
    ),
    "community.reading_quality": (
        chart(
            "Readings of the leaderboard", "Of 14 days.", DAY,
            Column("accepted", "accepted"), Column("quarantined", "quarantined"),
            Column("failed", "failed", is_bad=True), mark="bar",
        ),
        _as_it_is, "readings",
    ),
    "quiz.daily_activity": (
        chart(
            "Active players", "Of 30 days: on the day, in the 7 and in the 30 days to it.", DAY,
            Column("active_players", "on the day"), Column("weekly_active_players", "in 7 days"),
            Column("monthly_active_players", "in 30 days"),
        ),
        _as_it_is, "players",
    ),
    "quiz.session_outcomes": (
        chart(
            "Sessions played to the end", "Of those that ended, by the hour in which they began.",
            Column("hour", "hour, UTC"), Column("percent_completed", "completed", "share"), mark="bar",
        ),
        _hundredth("percent_completed"), "completed",
    ),
    "quiz.life_waits": (
        chart(
            "Waits for a life", "Half of the players, and nine of ten, waited no longer.", DAY,
            Column("median_minutes", "half", "minutes"),
            Column("p90_minutes", "nine of ten", "minutes"),
        ),
        _as_it_is, "minutes",
    ),
    "quiz.streak_outcomes": (
        chart(
            "What became of streaks", "Judged as each day began.", DAY,
            Column("kept", "kept"), Column("protected", "protected"),
            Column("broken", "broken", is_bad=True), mark="bar",
        ),
        _as_it_is, "streaks",
    ),
    "quiz.xp_distribution": (
        chart(
            "XP of players", "How many have so much.",
            Column("xp", "XP", "text"), Column("players", "players"), mark="bar",
        ),
        _name_ranges, "players",
    ),
    "betting.daily_activity": (
        chart(
            "Active bettors", "Of 30 days: on the day, in the 7 and in the 30 days to it.", DAY,
            Column("bettors", "on the day"), Column("weekly_bettors", "in 7 days"),
            Column("monthly_bettors", "in 30 days"),
        ),
        _as_it_is, "users",
    ),
    "betting.bets_by_type": (
        chart(
            "Return by type of bet", "What users won of what they staked (ROI).",
            Column("bet_type", "type", "text"), Column("roi_percent", "ROI", "share"), mark="ranking",
        ),
        _hundredth("roi_percent"), "",
    ),
    "betting.hold_by_week": (
        chart(
            "Hold by week", "Which share of the stakes the house kept; below 0 users won.", WEEK,
            Column("hold_percent", "hold", "share"), mark="bar",
        ),
        _hundredth("hold_percent"), "of the stakes",
    ),
    "betting.open_exposure": (
        chart(
            "What is at stake on open games", "To be paid if all their bets were won, in units of money.",
            Column("game_id", "game", "text"),
            Column("potential_payout", "to be paid", "cents"), mark="ranking",
        ),
        _first(10), "",
    ),
    "betting.available_balances": (
        chart(
            "Balances", "What may be bet, and what is at stake already: users with least.",
            Column("user", "user"), Column("available", "available", "cents"),
            Column("pending_stakes", "at stake", "cents"), mark="bar",
        ),
        _number_users, "units of money",
    ),
    "betting.current_badges": (
        chart(
            "Badges", "How many hold each now.",
            Column("title", "badge", "text"), Column("rows", "holders"), mark="ranking",
        ),
        _count_by("title"), "",
    ),
    "betting.settlement_latency": (
        chart(
            "How fast games are settled", "Half of the games, and nine of ten, took no longer.", DAY,
            Column("median_minutes", "half", "minutes"),
            Column("p90_minutes", "nine of ten", "minutes"),
        ),
        _as_it_is, "minutes",
    ),
    "operations.job_days": (
        chart(
            "Runs of a day", "By job.",
            Column("job_name", "job", "text"), Column("runs", "runs"), mark="ranking",
        ),
        _whole_day, "",
    ),
}  # fmt: skip


def paint(view: str, answer: Frame) -> str:
    """Draw the answer to the question of a view: a light card, which can be read on any page."""
    chart, prepare, counted = PICTURES[view]
    rows = prepare(answer)
    if chart.x.unit == "day":
        rows = rows.sort_values(chart.x.name)
    picture = drawing.specify(chart, rows)
    picture |= {
        "autosize": "pad",
        "background": "#ffffff",
        "padding": 16,
        "width": WIDTH,
        "title": {
            "text": chart.title, "subtitle": chart.note, "anchor": "start", "frame": "bounds",
            "color": drawing.INK, "subtitleColor": drawing.MUTED, "fontSize": 15,
            "subtitleFontSize": 12, "offset": 14, "subtitlePadding": 4,
        },
    }  # fmt: skip
    encoding = picture.get("encoding", {})
    if counted:
        encoding["y"]["axis"]["title"] = counted
    if len(drawing.series_of(chart, rows)) > 1:
        symbol = "stroke" if chart.mark == "line" else "square"
        encoding["color"]["legend"] = {
            "orient": "bottom", "title": None, "symbolType": symbol, "symbolStrokeWidth": 2,
            "labelColor": drawing.MUTED, "labelFontSize": 12, "labelLimit": 200,
        }  # fmt: skip
    svg = vl_convert.vegalite_to_svg(picture, drawing.VERSION, allowed_base_urls=[])
    for stand_in, colour in colours().items():
        svg = svg.replace(stand_in, colour)
    return svg


def colours() -> dict[str, str]:
    """Map the stand-ins of a drawing to the colours of the report's page, in the light."""
    light = PAGE_STYLE.read_text().partition("@media")[0]
    named = dict(re.findall(r"--(\w+): (#\w+);", light))
    series = {colour: named[f"s{n}"] for n, colour in enumerate(drawing.SERIES, 1)}
    return series | {
        getattr(drawing, name): named[name.lower()] for name in ("INK", "MUTED", "GRID")
    }


def play(url: str, domain: str, home: Path) -> None:
    """Play the demo's app of a domain up to `NOW`."""
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(invent_population(), guild_id=DEMO_GUILD_ID))
        settings = load_settings(
            trc_home=home,
            database_url=url,
            community_start_on=FIRST_DAY,
            mee6_guild_id=DEMO_GUILD_ID,
            mee6_base_url=simulator.base_url,
            mee6_request_interval_seconds=0,
        )
        database = Database(url)
        quiz_app.HISTORY = betting_app.HISTORY = DAYS_OF_APPS
        app: App
        if domain == "community":
            app = CommunityApp(database, simulator, FIRST_DAY, LEADERBOARD_RECALCULATION)
        elif domain == "quiz":
            app = stack.enter_context(quiz_app.QuizApp(database))
        else:
            app = stack.enter_context(betting_app.BettingApp(database, home / "media"))
        after = app.create_users(NOW)
        ticks = app.plan(after, NOW)
        if domain == "community":
            ticks = [tick for tick in ticks if is_whole_hour(tick.until, 3) or tick is ticks[-1]]
        for moment in play_history(database, settings, app, after, ticks):
            if is_whole_hour(moment, 24):
                print(f"{app.what} until {moment:%Y-%m-%d}", flush=True)


def is_whole_hour(moment: datetime, hours: int) -> bool:
    return moment.hour % hours == 0 and moment.minute == 0


def ask(url: str, question: str) -> Frame:
    """Answer a question as if it were asked at `NOW`."""
    with engine_of(url).connect() as connection:
        return pd.read_sql(sa.text(question.replace("now()", f"'{NOW}'::timestamptz")), connection)


def draw(url: str) -> None:
    """Draw every picture."""
    drawing.WIDTH, drawing.HEIGHT = WIDTH, HEIGHT
    FOLDER.mkdir(exist_ok=True, parents=True)
    for view, question in QUESTION.findall(GUIDE.read_text()):
        svg = paint(view, ask(url, question))
        (FOLDER / f"{view}.svg").write_text(svg)
        print(f"{view}: {len(svg) / 1000:.0f} kB")


def main() -> None:
    """Play the demo in a database of its own, and draw."""
    with run_server() as server, server.database() as url, tempfile.TemporaryDirectory() as home:
        for domain in ("community", "quiz", "betting"):
            play(url, domain, Path(home))
        # What ran was all run just now.
        execute(url, "UPDATE operations.job_executions SET executed_at = as_of")
        draw(url)
        engine_of(url).dispose()


if __name__ == "__main__":
    main()
