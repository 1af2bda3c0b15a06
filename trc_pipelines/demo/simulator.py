"""An HTTP server on the loopback interface that answers like MEE6's leaderboard, faults included.

It serves an invented population, an explicit board, or a recorded reading. It judges nothing:
whoever reads it has to notice what is wrong.
"""

import json
import sys
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.demo.population import Population

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
PATH = "/api/plugins/levels/leaderboard/"
HTML = b"<!DOCTYPE html><html><title>Just a moment...</title></html>"
# Total XP at levels 0 to 9,999; one step is 5n^2 + 50n + 100.
_LEVEL = np.arange(10_000, dtype=np.int64)
TOTAL_XP = 5 * _LEVEL * (2 * _LEVEL**2 + 27 * _LEVEL + 91) // 6


def detailed_xp(xp: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Compute rows of level, XP gained within it and XP it costs, one per entry of `xp`."""
    level = np.searchsorted(TOTAL_XP, xp, side="right") - 1
    return np.column_stack([level, xp - TOTAL_XP[level], 5 * level**2 + 50 * level + 100])


class SeenRequest(NamedTuple):
    """A request as it was received: `path` with its query, `at` on the monotonic clock, in seconds."""

    path: str
    user_agent: str | None
    at: float


@dataclass
class Answer:
    """What is about to be sent, unless faults change it.

    Attributes:
        body: replaces the envelope.
        drip_seconds: the pause after each byte.
        sent_bytes: cuts what is sent, not what is announced.
    """

    envelope: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes | None = None
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    sent_bytes: int | None = None


@dataclass(frozen=True)
class Fault:
    """A change of the board before it is cut into pages, of the answer, or of both."""

    change_board: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    change_answer: Callable[[Answer], None] | None = None


def _answering(**changes: Any) -> Fault:
    def change(answer: Answer) -> None:
        for name, value in changes.items():
            setattr(answer, name, value)

    return Fault(change_answer=change)


def raw(body: bytes, status: int = 200, **headers: str) -> Fault:
    """Answer with arbitrary bytes, and headers by keyword, as in Retry_After="30"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _answering(body=body, status=status, headers={"Content-Type": "text/html"} | named)


def failure(status: int) -> Fault:
    """Answer with an error of MEE6's own: 401, 403, 404, 500, 503."""
    return _answering(status=status, envelope=_error(status, "The simulator was asked to fail"))


def too_many_requests(retry_after: str | None) -> Fault:
    """Answer 429 as the CDN does, in HTML."""
    return raw(HTML, 429, **({} if retry_after is None else {"Retry_After": retry_after}))


def challenge_page() -> Fault:
    """Answer 200 with a page of HTML."""
    return raw(HTML)


def redirect(location: str) -> Fault:
    """Redirect (302) to any URL."""
    return raw(HTML, 302, Location=location)


def slow(seconds: float) -> Fault:
    """Send nothing at all for so long, then the answer."""
    return _answering(delay_seconds=seconds)


def dripping(seconds: float) -> Fault:
    """Send headers at once, then one byte of the body every so often."""
    return _answering(drip_seconds=seconds)


def truncated(sent_bytes: int = 20) -> Fault:
    """End the connection before the announced length."""
    return _answering(sent_bytes=sent_bytes)


def oversized(size: int) -> Fault:
    """Answer with `size` bytes of nothing, uncompressed."""
    return raw(b" " * size)


def gzip_bomb(decoded_size: int) -> Fault:
    """Answer with `decoded_size` bytes of nothing (full MiB), about a thousandth of that on the wire."""
    packer = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    block = b" " * 2**20
    packed = b"".join(packer.compress(block) for _ in range(decoded_size // len(block)))
    return raw(packed + packer.flush(), Content_Encoding="gzip")


def wrong_guild() -> Fault:
    """Put another guild's id around our players."""
    return Fault(change_answer=lambda answer: answer.envelope["guild"].update(id="1"))


def wrong_page() -> Fault:
    """Put the next page's number on the page asked for."""
    return Fault(change_answer=lambda a: a.envelope.update(page=a.envelope["page"] + 1))


def empty_board() -> Fault:
    """Leave nobody on the board: on its first page this looks like a reset by an admin."""
    return Fault(change_board=lambda board: board.iloc[:0])


def half_missing() -> Fault:
    """Remove every second player."""
    return Fault(change_board=lambda board: board.iloc[::2])


def board_reset() -> Fault:
    """Leave everyone there, at 0 XP."""
    return Fault(change_board=lambda board: board.assign(xp=0))


def drift(discord_id: int, xp: int) -> Fault:
    """Give one member another total. Added with `after=1` they cross a page edge between pages."""
    return Fault(
        change_board=lambda board: board.assign(
            xp=board["xp"].mask(board["discord_id"] == discord_id, xp)
        )
    )


@dataclass
class _ActiveFault:
    fault: Fault
    first: int
    last: float


class Simulator:
    """A context manager that serves from a thread of its own on `base_url` until it is left.

    `board`, `clock`, `guild_id`, `xp_rate` and `largest_page` may be changed while it serves.

    Attributes:
        board: a Population, seen at `clock()`, or a frame with `discord_id` and `xp`, and if wanted
            `username`, `message_count` and `avatar`. Ties are served in its order.
        largest_page: players it gives at a time, whatever the limit asked for.
        requests: all that were received, in order.
    """

    def __init__(
        self,
        board: Population | pd.DataFrame,
        *,
        guild_id: int = 554836553760711639,
        port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        xp_rate: float = 1.0,
    ) -> None:
        self.board = board
        self.guild_id = guild_id
        self.clock = clock
        self.xp_rate = xp_rate
        self.largest_page = MAX_LIMIT
        self.requests: list[SeenRequest] = []
        self._faults: list[_ActiveFault] = []
        self._lock = threading.Lock()
        self.stopping = threading.Event()  # ends slow and dripping answers
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def base_url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, fault: Fault, *, times: int | None = None, after: int = 0) -> None:
        """Apply a fault to the next `times` requests (None: to all), once `after` have passed.

        Several faults act together, in the order added.
        """
        with self._lock:
            first = len(self.requests) + after
            last = float("inf") if times is None else first + times - 1
            self._faults.append(_ActiveFault(fault, first, last))

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def replay(self, capture: Mapping[str, Any]) -> None:
        """Serve a recorded reading from now on: its guild, its players, its order."""
        self.guild_id = int(capture["pages"][0]["guild"]["id"])
        self.board = load_capture(capture)

    def answer(self, path: str, user_agent: str | None) -> Answer:
        """Answer one GET, and count it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(SeenRequest(path, user_agent, time.monotonic()))
            faults = [a.fault for a in self._faults if a.first <= number <= a.last]
        answer = self._without_faults(path, user_agent, faults)
        for fault in faults:
            if fault.change_answer:
                fault.change_answer(answer)
        return answer

    def _without_faults(self, path: str, user_agent: str | None, faults: list[Fault]) -> Answer:
        url = urlsplit(path)
        query = parse_qs(url.query)
        if not user_agent or user_agent.startswith("python-requests"):
            return Answer(_error(403, "Forbidden"), 403)
        if url.path != f"{PATH}{self.guild_id}":
            return Answer(_error(404, "Guild not found"), 404)
        try:
            page = int(query.get("page", ["0"])[0])
            limit = int(query.get("limit", [str(DEFAULT_LIMIT)])[0])
        except ValueError:
            return Answer(_error(400, "page and limit are numbers"), 400)
        if page < 0 or not 1 <= limit <= MAX_LIMIT:
            return Answer(_error(400, "page or limit out of range"), 400)

        limit = min(limit, self.largest_page)
        board = self._ranked(faults)
        players = _players(board.iloc[page * limit : (page + 1) * limit], self.guild_id)
        return Answer(self._envelope(page, players))

    def _ranked(self, faults: list[Fault]) -> pd.DataFrame:
        board = self.board
        if isinstance(board, Population):
            now = self.clock()
            board = pd.DataFrame(
                {
                    "discord_id": board.discord_ids,
                    "xp": board.xp_at(now),
                    "message_count": board.message_count_at(now),
                    "username": board.usernames,
                }
            )
        for fault in faults:
            if fault.change_board:
                board = fault.change_board(board)
        return board.sort_values("xp", ascending=False, kind="stable")

    def _envelope(self, page: int, players: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "admin": False,
            "banner_url": None,
            "country": None,
            "guild": {
                "allow_join": False,
                "icon": None,
                "id": str(self.guild_id),
                "invite_leaderboard": False,
                "leaderboard_url": "",
                "name": "Simulated guild",
                "premium": True,
            },
            "is_member": False,
            "monetize_options": {"display_plans": False, "showcase_subscribers": False},
            "page": page,
            "player": None,
            "players": players,
            "role_rewards": [],
            "user_guild_settings": None,
            "xp_per_message": [15, 25],
            "xp_rate": self.xp_rate,
        }


def load_capture(capture: Mapping[str, Any]) -> pd.DataFrame:
    """Make a board from a recorded reading: `pages`, a list of envelopes with their `players`.

    One row per player in the order served: `discord_id` and `xp` int64, `message_count`,
    `username`, `avatar`.
    """
    players = pd.DataFrame([player for page in capture["pages"] for player in page["players"]])
    players["discord_id"] = players["id"].astype("int64")
    return players[["discord_id", "xp", "message_count", "username", "avatar"]]


def _players(board: pd.DataFrame, guild_id: int) -> list[dict[str, Any]]:
    xp = board["xp"].to_numpy(np.int64)
    ids = board["discord_id"].astype(str).tolist()
    rows = zip(
        ids,
        xp.tolist(),
        detailed_xp(xp).tolist(),
        board.get("username", "member" + board["discord_id"].astype(str)).tolist(),
        board.get("message_count", board["xp"] // 20).tolist(),
        board.get("avatar", pd.Series("", board.index)).tolist(),
        strict=True,
    )
    return [
        {
            "avatar": avatar,
            "detailed_xp": [within, cost, total],
            "discriminator": "0",
            "guild_id": str(guild_id),
            "id": discord_id,
            "is_monetize_subscriber": False,
            "level": level,
            "message_count": messages,
            "monetize_xp_boost": 0,
            "username": username,
            "xp": total,
        }
        for discord_id, total, (level, within, cost), username, messages, avatar in rows
    ]


def _error(status: int, message: str) -> dict[str, Any]:
    return {"status_code": status, "error": {"message": message}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a slow or dripping answer does not hold up the exit

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        super().__init__(address, _Handler)
        self.simulator = simulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up does what it should on most faults.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        simulator = self.server.simulator
        answer = simulator.answer(self.path, self.headers.get("User-Agent"))
        body = answer.body
        if body is None:
            body = json.dumps(answer.envelope, separators=(",", ":")).encode()
        sent = body[: answer.sent_bytes]
        usual = {"Date": self.date_time_string(), "Content-Length": str(len(body))}
        simulator.stopping.wait(answer.delay_seconds)
        self.send_response_only(answer.status)
        for name, value in (usual | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if answer.drip_seconds else len(sent)
        while sent and not simulator.stopping.wait(answer.drip_seconds):
            self.wfile.write(sent[:step])
            sent = sent[step:]
        if simulator.stopping.is_set() or answer.sent_bytes is not None:
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Log nothing: `requests` says what was asked."""
