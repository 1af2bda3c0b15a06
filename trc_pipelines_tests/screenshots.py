"""The pictures of README, taken of the running demo in a real browser: `make screenshots`.

Needs Chromium, and `make run` in another terminal. What is there is overwritten.
"""

import base64
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

from trc_pipelines.settings import PROJECT_ROOT, default_home

FOLDER = PROJECT_ROOT / "docs" / "images"
PATIENCE_SECONDS = 120
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]
GROUP = "locations/__repository__@trc_pipelines/asset-groups/{}/lineage"
# By file: the page, its size, and an expression that is true once it is drawn.
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
    "lineage_quiz.png": (GROUP.format("quiz"), (1600, 1000), DRAWN.format("life_regenerations")),
    "lineage_betting.png": (GROUP.format("betting"), (1600, 2000), DRAWN.format("bankrolls")),
    "plots.png": (
        "assets/community/daily_points",
        (1400, 1100),
        PLOTTED,
    ),
}
CALLS = itertools.count()


@contextmanager
def open_browser() -> Iterator[ClientConnection]:
    """Open a page in a browser of its own."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = wait_for(lambda: read_port(Path(profile)))
            pages = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
            address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            with connect(address, max_size=None) as page:
                yield page
        finally:
            browser.terminate()
            browser.wait()


def read_port(profile: Path) -> str | None:
    file = profile / "DevToolsActivePort"
    lines = file.read_text().splitlines() if file.exists() else []
    return lines[0] if lines else None


def wait_for(look: Any, pause: float = 0.3) -> Any:
    """Wait until something is found; it is returned."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > give_up_at:
            raise TimeoutError("the page was not drawn")
        time.sleep(pause)
    return found


def ask(page: ClientConnection, method: str, **parameters: object) -> dict[str, Any]:
    """Call the browser, and wait for its answer; what it tells meanwhile is not read."""
    number = next(CALLS)
    page.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while (answer := json.loads(page.recv(timeout=PATIENCE_SECONDS))).get("id") != number:
        pass
    return dict(answer["result"])


def evaluate(page: ClientConnection, expression: str) -> Any:
    return ask(page, "Runtime.evaluate", expression=expression)["result"].get("value")


def take(page: ClientConnection, url: str, size: tuple[int, int], drawn: str, file: Path) -> None:
    """Open a page, wait until it is drawn and stands still, and take its picture."""
    width, height = size
    ask(
        page, "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    ask(page, "Page.navigate", url=url)
    wait_for(lambda: evaluate(page, drawn))
    time.sleep(5)
    picture = base64.b64decode(ask(page, "Page.captureScreenshot", format="png")["data"])
    file.write_bytes(picture)
    print(f"{file.relative_to(PROJECT_ROOT)}: {len(picture) / 1000:.0f} kB")


def write_report() -> Path | None:
    """Have the demo's report written, where the command is there."""
    program = Path(sys.executable).with_name("trc")
    file = default_home("demo") / "reports" / f"{datetime.now(UTC):%Y-%m-%d}.html"
    done = subprocess.run([program, "report"], capture_output=True, text=True, check=False)
    named = [Path(word) for word in done.stdout.split() if word.endswith(".html")]
    file = named[0] if named else file
    return file if done.returncode == 0 and file.exists() else None


def main() -> None:
    """Take every picture of the UI at the URL given, and of the report."""
    ui = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    FOLDER.mkdir(exist_ok=True)
    report = write_report()
    with open_browser() as page:
        for name, (path, size, drawn) in PAGES.items():
            take(page, f"{ui}/{path}", size, drawn, FOLDER / name)
        if report:
            drawn = "document.readyState === 'complete'"
            take(page, report.as_uri(), (1200, 1000), drawn, FOLDER / "report.png")


if __name__ == "__main__":
    main()
