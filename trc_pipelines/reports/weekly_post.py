"""The weekly post: a closed week in words and a picture, handed to the outbox for the community, once."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from trc_pipelines.calendar import WEEK
from trc_pipelines.jobs.contract import Job, Result, Step, Work, step
from trc_pipelines.monitoring.alerts import Alert, enqueue_alert
from trc_pipelines.names import clean_names
from trc_pipelines.reports.declarations import WeeklyPost
from trc_pipelines.reports.wording import count

# A week that closes later, or was missed for longer, is no news.
NEWS_FOR = timedelta(days=3)


def build_weekly_post(posts: Mapping[str, tuple[WeeklyPost, Step]]) -> Job:
    """Make the job that posts closed weeks.

    Args:
        posts: by domain what is posted, and the step that archives its weeks.
    """
    archives = [archive for _post, archive in posts.values()]

    @step("reports", deps=archives, max_age_minutes=8 * 24 * 60, unit="week")
    def weekly_posts(work: Work) -> Result:
        """One row per closed week that was posted to the community: winners, gainers, longest streaks.

        From the archive, as soon as the week has closed, once: the message goes through the outbox
        to ANNOUNCE_URLS. Only members who agree to be shown are named. A week that closed more than
        three days after its end is not posted any more.
        """
        posted = {
            domain: _post_due(work, domain, post) for domain, (post, _archive) in posts.items()
        }
        weeks = [week for due in posted.values() for week in due]
        return Result(
            len(weeks),
            details={"weeks_posted": len(weeks)},
            notes=[f"week from {week}" for week in weeks],
            rows_written=len(weeks),
        )

    return Job(
        name="weekly_post",
        description="Post the week that closed to the community (ANNOUNCE_URLS).",
        cron="25 * * * *",
        stale_after=timedelta(hours=3),
        steps=[weekly_posts],
        is_enabled=lambda settings: bool(settings.announce_urls),
        after=archives,
    )


def _post_due(work: Work, domain: str, post: WeeklyPost) -> list[date]:
    due = work.transaction.read_rows(
        "reports/select_due_weeks",
        domain=domain,
        since=work.options.now - NEWS_FOR,
        until=work.as_of,
    )
    chosen = [row["week_start"] for row in due][: work.budget.at_most(len(due))]
    work.budget.take(len(chosen))
    for week_start in chosen:
        _post(work, domain, post, week_start)
    return chosen


def _post(work: Work, domain: str, post: WeeklyPost, week_start: date) -> None:
    rows = work.transaction.read(post.statement, week_start=week_start)
    rows = rows.assign(name=clean_names(rows["name"]))
    work.transaction.execute(
        "reports/insert_weekly_post",
        domain=domain,
        week_start=week_start,
        members=int(rows["member_id"].nunique()),
        as_of=work.as_of,
        run_id=work.options.run_id,
    )
    if rows.empty:
        return  # a week in which nobody did anything is no news
    title = name_week(week_start)
    message = Alert(
        f"weekly_post:{domain}:{week_start}",
        "info",
        title,
        compose(post, rows.assign(name=quieten(rows["name"]))),
        {"kind": "weekly_post", "domain": domain, "week": str(week_start)},
        is_for_people=False,
        is_for_community=True,
        image=draw(post, rows, title),
    )
    enqueue_alert(work.transaction, message, work.options.now)


def name_week(week_start: date) -> str:
    """Name a week: "Week 47, 16 to 22 November 2026"."""
    last = week_start + WEEK - timedelta(days=1)
    first = f"{week_start.day}" + ("" if week_start.month == last.month else f"{week_start: %B}")
    return f"Week {week_start.isocalendar().week}, {first} to {last.day} {last:%B %Y}"


# What a chat makes a mention, a link or a style of, and what looks like it.
_LOOKS_LIKE = str.maketrans("@/<>`*~|", "＠⁄‹›'∗∼¦")


def quieten(names: pd.Series) -> pd.Series:
    """Make names that call nobody and lead nowhere: no mention, no link, no style."""
    quiet = names.str.translate(_LOOKS_LIKE).str.replace("](", "] (", regex=False)
    # Between letters a full stop makes an address of them.
    return quiet.str.replace(r"(?<=\w)\.(?=\w)", "․", regex=True)


def compose(post: WeeklyPost, rows: pd.DataFrame) -> str:
    """Write the post: a list under each title.

    Args:
        rows: part, place, name, figure, in order.
    """
    lists = []
    for part, (title, counted) in post.parts.items():
        own = rows[rows["part"] == part]
        lines = [
            f"{place}. {name}, {count(figure, counted)}"
            for place, name, figure in zip(own["place"], own["name"], own["figure"], strict=True)
        ]
        if lines:
            lists.append("\n".join([title, *lines]))
    return "\n\n".join(lists)


def draw(post: WeeklyPost, rows: pd.DataFrame, title: str) -> bytes:
    """Draw the post as a PNG, a ranking beside the other."""
    import vl_convert

    from trc_pipelines.reports.drawing import VERSION

    shown = [part for part in post.parts if (rows["part"] == part).any()]
    spec = {
        "background": "#ffffff",
        "padding": 28,
        "spacing": 36,
        "title": {
            "text": title, "anchor": "start", "fontSize": 22, "offset": 18, "color": "#22262b",
        },
        "config": {"view": {"stroke": None}, "font": "sans-serif"},
        "vconcat": [_ranking(post.parts[part][0], rows[rows["part"] == part]) for part in shown],
    }  # fmt: skip
    png: bytes = vl_convert.vegalite_to_png(spec, VERSION, scale=2, allowed_base_urls=[])
    return png


def _ranking(title: str, rows: pd.DataFrame) -> dict[str, Any]:
    values = [
        {
            "place": str(place),
            "name": f"{place}  {name}",
            "value": int(figure),
            "label": f"{figure:,}",
        }
        for place, name, figure in zip(rows["place"], rows["name"], rows["figure"], strict=True)
    ]
    y = {"field": "place", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.3}}
    x = {"field": "value", "type": "quantitative", "axis": None, "scale": {"range": [300, 560]}}
    text = {"type": "text", "fontSize": 15, "color": "#22262b"}
    return {
        "title": {"text": title, "anchor": "start", "fontSize": 14, "color": "#626a73"},
        "width": 640,
        "height": 30 * len(values),
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "color": "#2f66a9", "cornerRadius": 3},
                "encoding": {"y": y, "x": x | {"scale": {"range": [300, 560], "zero": True}}},
            },
            {
                "mark": text | {"align": "left", "limit": 285},
                "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
            },
            {
                "mark": text | {"align": "right", "fontWeight": 600},
                "encoding": {"y": y, "x": {"value": 640}, "text": {"field": "label"}},
            },
        ],
    }
