"""The pictures of README, taken of the running demo in a real browser: `make screenshots`.

Needs Chromium, and `make run` in another terminal. What is there is overwritten.
"""

import subprocess
import sys
import time
from pathlib import Path

from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.browser import Browser, open_browser

FOLDER = PROJECT_ROOT / "docs" / "images"
GROUP = "locations/__repository__@trc_pipelines/asset-groups/{}/lineage"
# By file: the page, its size, and an expression that is true once it is drawn. Of a graph only what is in
# view is drawn.
DRAWN = "document.body.innerText.split('{}').length > 1"
# Its figures are a table until somebody asks for plots.
PLOTTED = """
    (() => {
        const plots = document.querySelectorAll('canvas')
        if (plots.length) plots[0].scrollIntoView({block: 'center'})
        else [...document.querySelectorAll('button, [role=radio], [role=tab]')]
            .filter(button => button.textContent.trim() === 'Plots').forEach(button => button.click())
        return plots.length > 1
    })()"""
PAGES = {
    "lineage.png": (GROUP.format("community"), (1600, 900), DRAWN.format("point_ledger")),
    "lineage_quiz.png": (GROUP.format("quiz"), (1600, 1300), DRAWN.format("life_regenerations")),
    "lineage_betting.png": (
        GROUP.format("betting"),
        (1600, 2000),
        DRAWN.format("game_settlements"),
    ),
    "plots.png": ("assets/community/daily_points", (1400, 1100), PLOTTED),
}
STILL_AFTER_SECONDS = 5


def take(browser: Browser, url: str, size: tuple[int, int], is_drawn: str, file: Path) -> None:
    """Open a page, wait until it is drawn and stands still, and take its picture."""
    browser.resize(*size)
    browser.open(url, is_drawn)
    time.sleep(STILL_AFTER_SECONDS)
    file.write_bytes(browser.photograph())
    print(f"{file.relative_to(PROJECT_ROOT)}: {file.stat().st_size / 1000:.0f} kB")


def write_report() -> Path:
    """Have the demo's report written."""
    program = Path(sys.executable).with_name("trc")
    done = subprocess.run([program, "report"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Take every picture of the UI at the URL given, and of the report."""
    ui = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    FOLDER.mkdir(exist_ok=True)
    report = write_report()
    with open_browser() as browser:
        for name, (path, size, is_drawn) in PAGES.items():
            take(browser, f"{ui}/{path}", size, is_drawn, FOLDER / name)
        is_drawn = "document.readyState === 'complete'"
        take(browser, report.as_uri(), (1200, 1000), is_drawn, FOLDER / "report.png")


if __name__ == "__main__":
    main()
