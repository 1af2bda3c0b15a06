"""The page: complete in itself, safe to open, made once a day, kept, and nobody's who hides."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from trc_pipelines.cli.health import look_at_jobs
from trc_pipelines.community.erasures import Stores, erase_person
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.domains import Catalogue, load_domains
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.monitoring.alerts import Condition, report
from trc_pipelines.monitoring.health import watch
from trc_pipelines.names import clean_names
from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.reports.engagement import FOLDER, NEWEST, TARGETS
from trc_pipelines.reports.page import Part, Reading, Report, Trouble, render
from trc_pipelines_tests.catalogue import CATALOGUE, HOUSEKEEPING, JOBS
from trc_pipelines_tests.databases import borrow_database
from trc_pipelines_tests.hostile import EVERYTHING, STORABLE
from trc_pipelines_tests.reports.conftest import SECTIONS, make_page, make_world
from trc_pipelines_tests.reports.history import AS_OF, HIDDEN, make_history
from trc_pipelines_tests.reports.pages import Page, parse_page
from trc_pipelines_tests.world import NOON, QUARTER, World, board

pytestmark = pytest.mark.either
ENGAGEMENT = CATALOGUE.engagement
TWO_MEGABYTES = 2 * 1024 * 1024
DAY = Column("day", "day", "day")
OPTIONS = Options(as_of=NOON, now=NOON, run_id="r", executed_by="test")
LINES = Chart("a", "A", "What is counted.", "none", DAY, [Column("n", "n")])


@pytest.fixture(scope="module")
def past(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with a past, for tests that change nothing but pages."""
    with borrow_database(servers[18]) as url, Simulator(board({})) as simulator:
        world = make_world(url, simulator, tmp_path_factory.mktemp("home"))
        make_history(world, 4)
        yield world


@pytest.fixture(scope="module")
def html(past: World) -> str:
    past.run(ENGAGEMENT, AS_OF)
    return (past.settings.trc_home / FOLDER / NEWEST).read_text()


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return parse_page(html)


def page_of(chart: Chart, frame: pd.DataFrame, **said: object) -> Page:
    reading = Report(
        AS_OF.date(),
        AS_OF,
        AS_OF,
        ["One.", "Two.", "Three."],
        [Part("p", "P", [Reading(chart, frame)])],
    )
    return parse_page(render(replace(reading, **said)))


def test_the_page_asks_for_nothing_and_runs_nothing(html: str, page: Page) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert not page.elements & {"script", "img", "link", "iframe", "object", "embed", "form", "use"}
    assert all(link.startswith("#") for link in page.links)
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_has_a_picture_a_text_and_a_table_of_every_chart(page: Page) -> None:
    charts = [chart for section in SECTIONS.values() for chart in section.charts]
    assert len(page.figures) == len(charts) + 2 >= 12
    assert page.titles.keys() == set(page.figures)
    assert all(len(page.tables[name]) > 1 for name in page.figures)
    assert len(page.sentences) == 3


def test_the_page_is_small(html: str) -> None:
    assert len(html.encode()) < TWO_MEGABYTES


def test_hostile_names_are_text_and_who_hides_is_not_named(
    past: World, html: str, page: Page
) -> None:
    assert "<script>alert(1)</script>" not in html
    assert "<img src" not in html
    assert HIDDEN not in html
    agreed = past.query(
        "SELECT operations.shown_name(discord_username) AS name FROM community.members "
        "WHERE leaderboard_visible AND subscription_status IN ('ACTIVE', 'TRIALING')"
    )["name"]
    names = [row[0] for row in page.tables["community-top-gainers"][1:]]
    assert names
    assert set(names) <= set(clean_names(agreed))


@pytest.mark.parametrize("name", STORABLE)
def test_a_name_is_drawn_and_listed_as_the_text_it_is(name: str) -> None:
    ranking = Chart("a", "A", "n", "none", Column("x", "x", "text"), [Column("n", "n")], "ranking")
    stacked = Chart("a", "A", "n", "none", DAY, [Column("n", "n")], "bar", Column("x", "x", "text"))
    frame = pd.DataFrame({"x": [STORABLE[name]], "n": [3], "day": [pd.Timestamp("2026-03-04")]})
    for chart in (ranking, stacked):
        page = page_of(chart, frame)
        assert page.tables["p-a"][1][-1] == "3"
        assert not page.elements & {"script", "img", "link", "a:href"}


def test_everything_hostile_at_once_in_an_incident_stays_text() -> None:
    page = page_of(
        LINES, pd.DataFrame({"day": [], "n": []}), troubles=[Trouble(EVERYTHING, EVERYTHING)]
    )
    assert not page.elements & {"script", "img"}
    assert "<script>alert(1)</script>" in "".join(page.texts)
    assert "\u202e" not in "".join(page.texts), "nor is it turned around"


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("mark", ["line", "bar"])
def test_few_rows_are_drawn_and_none_say_so(mark: str, rows: int) -> None:
    days = pd.date_range("2026-03-04", periods=rows)
    page = page_of(replace(LINES, mark=mark), pd.DataFrame({"day": days, "n": range(1, rows + 1)}))
    assert ("p-a" in page.titles) == bool(rows)
    assert ("Nothing yet." in page.texts) == (not rows)
    counted = {0: None, 1: "Table, 1 row", 2: "Table, 2 rows", 3: "Table, 3 rows"}[rows]
    assert counted is None or counted in page.texts


def test_shares_that_are_missing_leave_gaps_and_dashes() -> None:
    days = pd.date_range("2026-03-04", periods=3)
    chart = replace(LINES, ys=[Column("n", "n", "share")])
    page = page_of(chart, pd.DataFrame({"day": days, "n": [0.5, None, -0.25]}))
    assert [row[1] for row in page.tables["p-a"][1:]] == ["50.0 %", "–", "−25.0 %"]


def test_a_page_of_the_past_says_when_it_was_made_and_which_days_page_is_before() -> None:
    frame = pd.DataFrame({"day": [pd.Timestamp("2026-03-04")], "n": [1]})
    now = "".join(page_of(LINES, frame).texts)
    later = "".join(page_of(LINES, frame, made_at=AS_OF + timedelta(days=9)).texts)
    assert "As of 2026-03-18 12:00 UTC" in now
    assert "Made on 2026-03-27 12:00 UTC from what was known then" in later
    assert "trc report --day 2026-03-17" in now


def test_a_run_replaces_the_page_of_its_day_and_leaves_the_others(world: World) -> None:
    for moment in (NOON, NOON + QUARTER, NOON + timedelta(days=1)):
        world.run(ENGAGEMENT, moment)
    rows = world.query("SELECT * FROM reports.engagement ORDER BY day")
    assert list(rows["as_of"]) == [NOON + QUARTER, NOON + timedelta(days=1)]
    for row in rows.itertuples():
        assert row.digest == hashlib.sha256(row.html.encode()).hexdigest()
        assert row.bytes == len(row.html.encode())
    newest = world.settings.trc_home / FOLDER / NEWEST
    assert newest.read_text() == rows["html"].iloc[-1]


def test_the_page_made_at_midnight_is_of_the_day_that_ended(world: World) -> None:
    world.run(ENGAGEMENT, datetime(2026, 3, 5, tzinfo=UTC))
    assert list(world.query("SELECT day::text FROM reports.engagement")["day"]) == ["2026-03-04"]


def test_a_dry_run_writes_neither_row_nor_file(world: World) -> None:
    [result] = world.run(ENGAGEMENT, NOON, dry_run=True).values()
    assert "Nothing needs a look" in result.message
    assert world.query("SELECT 1 FROM reports.engagement").empty
    assert not (world.settings.trc_home / FOLDER).exists()


def test_the_page_is_read_at_one_moment_and_writes_nothing(world: World) -> None:
    with world.database.snapshot() as transaction:
        before = transaction.read_value("community/count_waiting_readings")
        world.execute("INSERT INTO community.members (member_id) VALUES ('new')")
        assert transaction.read("reports/select_jobs", day=NOON.date()).empty
        assert transaction.read_value("community/count_waiting_readings") == before
        with pytest.raises(Exception, match="read-only transaction"):
            transaction.execute("jobs/insert_job", job_name="x", now=NOON)


def test_what_needs_a_look_is_counted_and_told_once(world: World) -> None:
    with world.database.transaction() as transaction:
        report(transaction, Condition("stale", "mee6_sync", "error", "is <late>"), NOON)
        broken = Condition("broken", "community.days.days_are_open", "error", "is not")
        report(transaction, broken, NOON)
    world.execute(
        "INSERT INTO operations.check_results (table_name, check_name, known_since, evaluated_at, "
        "since, has_passed, violations_count) SELECT 'community.days', name, now(), now(), now(), "
        "FALSE, 3 FROM unnest(ARRAY['days_are_there', 'days_are_open']) AS name"
    )
    page = parse_page(make_page(world))
    assert page.sentences[2] == "Needs a look: 2 open incidents and 1 failed check."
    assert [row[0] for row in page.tables["troubles"][1:]] == [
        "community.days.days_are_open broken", "mee6_sync stale",
        "community.days days are there does not hold",
    ]  # fmt: skip


def test_a_job_fails_on_the_page_when_it_does_for_trc_status(world: World) -> None:
    for failures, said in [(1, None), (2, None), (3, "daily_streaks failing")]:
        world.execute(
            "INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, "
            "message, affected_count, duration_ms, details, executed_at, executed_by) VALUES "
            f"('daily_streaks', '{failures}', now(), 'failed', FALSE, 'it broke', 0, 1, '{{}}', "
            f"now() - interval '1 minute', 'test')"
        )
        with world.database.transaction() as transaction:
            watch(transaction, world.settings, JOBS, [], NOON)
            found = look_at_jobs("jobs", transaction, world.settings)
        page = parse_page(make_page(world))
        assert found.is_well == (said is None) == page.sentences[2].startswith("Nothing")
        assert [row[0] for row in page.tables.get("troubles", [])[1:]] == [said] * (
            not found.is_well
        )
    assert "failed 3 times in a row, last: it broke" in page.tables["troubles"][1][2]


@pytest.mark.parametrize("days", [14, 15])
def test_the_sentences_compare_weeks_once_both_are_whole(world: World, days: int) -> None:
    """Two members in the week to yesterday, one of them in the week before too.

    The first day on record does not count: it began with the first reading.
    """
    world.execute(
        "INSERT INTO community.daily_growth (day, active_members, weekly_active_members, "
        "monthly_active_members, new_members, current_members, reactivated_members, "
        "resurrected_members, new_returned, current_returned, reactivated_returned, "
        "resurrected_returned, xp_gained, points) "
        "SELECT DATE '2026-03-04' - n, 1, CASE WHEN n <= 7 THEN 2 ELSE 1 END, 2, 0, 1, 0, 0, 0, 0, "
        f"0, 0, 0, 10 FROM generate_series(0, {days}) AS n"
    )
    more, same = (
        (", 100 % more than in the week before", ", as in the week before")
        if days > 14
        else ("", "")
    )
    one = {"community": SECTIONS["community"]}
    assert parse_page(make_page(world, sections=one, as_of=NOON)).sentences[:2] == [
        f"In the last seven whole days 2 members were active{more}.",
        f"70 points came in{same}.",
    ]
    assert parse_page(make_page(world, as_of=NOON)).sentences[1] == (
        "In the quiz 0 players played in the last seven whole days; in betting 0 users placed "
        "bets in the last seven whole days."
    )


def test_every_domain_compares_weeks_once_both_are_whole(past: World) -> None:
    active = {"community": "active_members", "quiz": "active_players", "betting": "bettors"}
    for domain, section in SECTIONS.items():
        [first] = past.query(
            f"SELECT min(day) AS day FROM {domain}.daily_activity WHERE {active[domain]} > 0"
        )["day"]
        said = {}
        for days in (14, 15):
            with past.database.snapshot() as transaction:
                row = transaction.read_row(section.week, day=first + timedelta(days=days))
            said[days] = ["the week before" in sentence for sentence in section.tell(row)]
        assert said == {14: [False, False], 15: [True, True]}, domain


@pytest.mark.parametrize("domain", ["community", "quiz", "betting"])
def test_one_domain_alone_has_its_charts_and_those_of_jobs(world: World, domain: str) -> None:
    alone = Catalogue(load_domains([domain]))
    perform(world.database, world.settings, alone.engagement, OPTIONS)
    page = parse_page((world.settings.trc_home / FOLDER / NEWEST).read_text())
    assert {name.split("-")[0] for name in page.figures} == {domain, "operations"}
    assert len(page.sentences) == 3


def test_pages_of_long_ago_are_removed(world: World) -> None:
    world.run(ENGAGEMENT, NOON)
    [target] = TARGETS
    kept = timedelta(days=target.days(world.settings))
    for moment, left in ((NOON + kept, 1), (NOON + kept + timedelta(days=1), 0)):
        world.run(HOUSEKEEPING, moment)
        assert len(world.query("SELECT 1 FROM reports.engagement")) == left


def test_who_is_erased_is_on_no_page_any_more(past: World, html: str) -> None:
    named = past.query("SELECT unnest(member_ids) AS member_id FROM reports.engagement")
    home: Path = past.settings.trc_home
    assert html == (home / FOLDER / NEWEST).read_text()
    changed = erase_person(
        Stores(past.database, None, home), named["member_id"][0], reason="asked", now=AS_OF
    )
    assert changed["reports.engagement"] == changed["files"] == 1
    assert past.query("SELECT 1 FROM reports.engagement").empty
    assert not list((home / FOLDER).iterdir())
