"""Chromium without a screen, by its own protocol: pages are opened, asked and photographed."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests
from websockets.sync.client import ClientConnection, connect

T = TypeVar("T")

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


def find_chromium() -> str | None:
    """Find the program, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A page in a browser.

    Attributes:
        events: what it told since it was opened, each with its method and params.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.events: list[dict[str, Any]] = []
        self._connection = connection
        self._numbers = itertools.count()

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call the browser, and wait for its answer."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := self._receive()).get("id") != number:
            self.events.append(answer)
        return dict(answer["result"])

    def evaluate(self, expression: str) -> Any:
        """Give the value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def resize(self, width: int, height: int, scale: float = 1, *, is_phone: bool = False) -> None:
        """Change the size of the window, in CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=is_phone,
        )  # fmt: skip

    def emulate(self, media: str = "", scheme: str = "light") -> None:
        """Show the page as on a screen or on paper, light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, url: str, is_drawn: str = "document.readyState === 'complete'") -> None:
        """Open a page, and wait until an expression is true in it."""
        self.ask("Page.navigate", url=url)
        wait_for(lambda: self.evaluate(is_drawn))

    def photograph(self, *, is_whole: bool = False) -> bytes:
        """Take a picture of what is seen, or of the whole page."""
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)
        return base64.b64decode(answer["data"])

    def print_it(self) -> bytes:
        """Print the page on A4 as a PDF."""
        answer = self.ask(
            "Page.printToPDF", printBackground=False, preferCSSPageSize=True,
            paperWidth=8.27, paperHeight=11.69,
        )  # fmt: skip
        return base64.b64decode(answer["data"])

    def _receive(self) -> dict[str, Any]:
        return dict(json.loads(self._connection.recv(timeout=PATIENCE_SECONDS)))


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open an empty page in a browser of its own.

    Raises:
        FileNotFoundError: Chromium is not installed.
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = wait_for(lambda: _read_port(Path(profile)))
            pages = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
            address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            with connect(address, max_size=None) as connection:
                yield Browser(connection)
        finally:
            browser.terminate()
            browser.wait()


def _read_port(profile: Path) -> str | None:
    file = profile / "DevToolsActivePort"
    lines = file.read_text().splitlines() if file.exists() else []
    return lines[0] if lines else None


def wait_for(look: Callable[[], T], pause: float = 0.3) -> T:
    """Wait until something is found; it is returned."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > give_up_at:
            raise TimeoutError("the page was not drawn")
        time.sleep(pause)
    return found
