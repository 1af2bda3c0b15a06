"""The page in a real browser, opened as a file: nothing is asked for, nothing complained of, all is drawn."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.reports.page import Part, Reading, Report, Trouble, render
from trc_pipelines_tests.browser import Browser, find_chromium, open_browser
from trc_pipelines_tests.hostile import EVERYTHING, STORABLE
from trc_pipelines_tests.reports.conftest import EMPTY, Shown
from trc_pipelines_tests.reports.history import AS_OF

pytestmark = [
    pytest.mark.either,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
]
# By width: a desk, a phone.
WIDTHS = (1200, 390)
# What is drawn in no figure, runs out of its drawing, or lies upon another text.
FAULTS = """
(() => {
  const faults = []
  for (const figure of document.querySelectorAll('figure')) {
    const drawing = figure.querySelector('.drawing svg')
    if (!drawing) {
      if (!figure.querySelector('.nothing')) faults.push(figure.id + ' is empty')
      continue
    }
    const frame = drawing.getBoundingClientRect()
    const isSeen = mark => mark.getBoundingClientRect().width * mark.getBoundingClientRect().height > 4
    const marks = [...drawing.querySelectorAll('path, rect, circle')]
    if (!marks.some(isSeen)) faults.push(figure.id + ' has no mark')
    const texts = [...drawing.querySelectorAll('text')].filter(text => text.textContent)
      .map(text => [text.textContent, text.getBoundingClientRect()])
    texts.forEach(([one, a], number) => {
      const isInside = a.left >= frame.left - 1 && a.right <= frame.right + 1
        && a.top >= frame.top - 1 && a.bottom <= frame.bottom + 1
      if (!isInside) faults.push(figure.id + ' cuts off ' + one)
      for (const [other, b] of texts.slice(number + 1))
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
          faults.push(figure.id + ' writes ' + one + ' upon ' + other)
    })
  }
  const width = document.documentElement.scrollWidth
  if (width > innerWidth) faults.push('the page is ' + width + ' wide')
  return faults
})()"""
IS_STYLED = "getComputedStyle(document.querySelector('figure')).borderRadius === '8px'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        for domain in ("Network", "Runtime", "Log", "Page"):
            browser.ask(f"{domain}.enable")
        yield browser


def find_faults(browser: Browser, html: str, folder: Path) -> list[str]:
    """Open a page at a desk and on a phone; what is wrong with it."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    browser.events.clear()
    browser.open(file.as_uri())
    faults = [] if browser.evaluate(IS_STYLED) else ["the style does not apply"]
    for width in WIDTHS:
        browser.resize(width, 900)
        faults += [f"{width}: {fault}" for fault in browser.evaluate(FAULTS)]
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    told = [
        event["params"]
        for event in browser.events
        if event["method"]
        in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    ]
    assert asked == [file.as_uri()], "the page itself, and nothing else"
    assert told == []
    return faults


@pytest.mark.parametrize("shown", [1, EMPTY], indirect=True, ids=["a past", "nothing yet"])
def test_every_chart_is_drawn_and_nothing_is_asked_for(
    browser: Browser, shown: Shown, tmp_path: Path
) -> None:
    assert find_faults(browser, shown.html, tmp_path) == []


def test_the_browser_says_what_a_page_must_not_do(browser: Browser, tmp_path: Path) -> None:
    """What the other tests count is counted."""
    policy = "default-src 'none'"
    html = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><figure id="a"></figure>'
        "<script>alert(1)</script><img src='http://127.0.0.1:9/x'>"
    )
    with pytest.raises(AssertionError):
        find_faults(browser, html, tmp_path)


@pytest.mark.parametrize("length", [1, 40])
def test_hostile_names_are_text_and_stay_in_their_place(
    browser: Browser, tmp_path: Path, length: int
) -> None:
    names = [name * length for name in STORABLE.values()]
    frame = pd.DataFrame({"name": names, "n": range(len(names), 0, -1)})
    days = pd.DataFrame({"day": pd.Timestamp("2026-03-04"), "name": names, "n": 1})
    name, n, day = Column("name", "name", "text"), Column("n", "n"), Column("day", "day", "day")
    charts = [
        Reading(Chart("a", EVERYTHING, "n", "none", name, [n], "ranking"), frame),
        Reading(Chart("b", "B", EVERYTHING, "none", day, [n], "bar", name), days),
        Reading(Chart("c", "C", "n", "none", name, [n], "bar"), frame.head(8)),
    ]
    troubles = [Trouble(EVERYTHING * length, EVERYTHING * length, AS_OF)]
    html = render(Report(AS_OF.date(), AS_OF, AS_OF, ["One."], [Part("p", "P", charts)], troubles))
    faults = find_faults(browser, html, tmp_path)
    assert not [fault for fault in faults if "p-c" not in fault]
    assert browser.evaluate("document.querySelectorAll('script, img, a[href^=java]').length") == 0
