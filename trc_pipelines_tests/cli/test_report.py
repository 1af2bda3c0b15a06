"""`trc report`: where the page is, of which day, and what is said when there is none."""

import webbrowser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trc_pipelines.reports.engagement import FOLDER, NEWEST
from trc_pipelines.settings import Settings
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.reports.pages import parse_page
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either
MADE = "SELECT day::text, made_at FROM reports.engagement ORDER BY day"


@pytest.fixture
def report(trc: Trc, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Trc:
    """`trc report` on the test's database."""
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("MEE6_GUILD_ID", str(settings.mee6_guild_id))
    return lambda *arguments: trc("report", *arguments)


def told(capsys: pytest.CaptureFixture[str]) -> Path:
    return Path(capsys.readouterr().out.strip().splitlines()[-1])


def test_the_page_of_today_is_made_anew_and_its_path_is_said(
    report: Trc, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    assert report() == 0
    path = told(capsys)
    assert path == world.settings.trc_home / FOLDER / NEWEST
    assert parse_page(path.read_text()).sentences[2].startswith("Nothing needs a look")
    before = world.query(MADE)
    path.unlink()
    assert report("--open") == 0
    assert opened == [told(capsys).as_uri()]
    made = world.query(MADE)
    assert made["day"].equals(before["day"])
    assert (made["made_at"] > before["made_at"]).all()
    assert path.exists()
    monkeypatch.setattr(webbrowser, "open", lambda _url: False)
    assert report("--open") == 1
    assert "open the file yourself" in capsys.readouterr().err


def test_a_day_that_is_kept_is_given_as_it_was(
    report: Trc, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.execute(
        "INSERT INTO reports.engagement (day, as_of, html, bytes, digest, sentences, member_ids, "
        "run_id) VALUES ('2026-03-04', '2026-03-04Z', 'as it was', 9, 'd', '{}', '{}', 'r')"
    )
    assert report("--day", "2026-03-04") == 0
    assert told(capsys).read_text() == "as it was"
    assert len(world.query(MADE)) == 1


def test_of_a_day_without_a_page_one_is_made_that_says_so_and_is_not_kept(
    report: Trc, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report("--day", "2026-03-05") == 0
    said = capsys.readouterr()
    assert "no page is kept of 2026-03-05" in said.err
    path = Path(said.out.strip())
    assert path.name == "2026-03-05.html"
    page = parse_page(path.read_text())
    assert {name.split("-")[0] for name in page.figures} == {
        "community", "quiz", "betting", "operations",
    }  # fmt: skip
    assert "from what was known then" in "".join(page.texts)
    assert world.query(MADE).empty


def test_one_domain_is_made_now_and_not_kept(
    report: Trc, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report("--domain", "quiz", "--day", "2026-03-05") == 0
    path = told(capsys)
    assert path.name == "2026-03-05-quiz.html"
    figures = parse_page(path.read_text()).figures
    assert {name.split("-")[0] for name in figures} == {"quiz", "operations"}
    assert world.query(MADE).empty


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--day", "2026-02-30"), "'2026-02-30' is no day; it accepts one as 2026-11-18"),
        (("--day", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"), "is still to come"),
        (("--domain", "chess"), "no domain 'chess'; it accepts community, quiz, betting"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_accepted(
    report: Trc, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert report(*arguments) == 2
    assert said in capsys.readouterr().err
