"""Reading a leaderboard over HTTP, page by page: pacing, deadlines, retries, blocks, drift between pages.

What a page may hold is judged in `models`. Whether the figures are to be believed, and when to
read next after a block, is for the caller.

`requests` and urllib3 leave gaps that are closed here: their timeouts bound one socket operation
and not all of them together, redirects take our headers to other hosts, and a small gzip body can become
hundreds of megabytes.
"""

import concurrent.futures
import math
import random
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self, TypeVar
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import requests
import urllib3

from trc_pipelines.mee6.models import (
    MAX_PLAYERS_PER_PAGE,
    Leaderboard,
    Mee6AccessError,
    Mee6Blocked,
    Mee6Error,
    Mee6InvalidResponse,
    Mee6NotJson,
    Mee6Unavailable,
    Page,
    parse_page,
    players_frame,
)

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
# So many pages are read for whoever is missing; beyond them only for who is worth a long search.
PAGES_FOR_ANYBODY = 10
# Retry-After counts whole seconds: without a margin we could ask inside the last one.
RETRY_AFTER_MARGIN_SECONDS = 1.0
CHUNK_BYTES = 64 * 1024

T = TypeVar("T")

ACCESS_REMEDIES = {
    401: "switch on 'Make my server's leaderboard public' in the MEE6 dashboard",
    403: "make the leaderboard public in the MEE6 dashboard; if it is, change MEE6_USER_AGENT",
    404: "check MEE6_GUILD_ID, and that MEE6 is still in that Discord server",
}


class _Session(requests.Session):
    """A session for which no answer is a redirect.

    `allow_redirects=False` is not enough: requests then still reads all of the redirect's body,
    with no cap and no deadline.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


@dataclass
class _Reading:
    """What has to be remembered while one leaderboard is read."""

    guild_id: int
    deadline: float
    with_names: bool
    requests: int = 0
    slowest_answer_seconds: float = 0.0
    has_been_blocked: bool = False


class Mee6Client:
    """Read leaderboards. Use it as a context manager, and from one thread.

    `deadline_seconds` bounds one `read_leaderboard` from start to end, waits included, and
    `attempt_seconds` one request from connecting to the last byte. `connect_seconds` and
    `socket_seconds` bound each single socket operation. `max_body_bytes` counts decoded bytes.
    `page_size` is the API's `limit`, 1 to 1000. `sleep` and `monotonic` are there for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str,
        request_interval_seconds: float = 2.0,
        deadline_seconds: float = 600.0,
        attempt_seconds: float = 60.0,
        connect_seconds: float = 5.0,
        socket_seconds: float = 15.0,
        max_body_bytes: int = 16 * 1024 * 1024,
        page_size: int = MAX_PLAYERS_PER_PAGE,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).hostname:
            raise ValueError(f"base_url accepts http://host or https://host, not {base_url!r}")
        if not user_agent.strip():
            raise ValueError("user_agent is empty: name this program, as in 'trc-pipelines/0.1'")
        if not 1 <= page_size <= MAX_PLAYERS_PER_PAGE:
            raise ValueError(f"page_size accepts 1 to {MAX_PLAYERS_PER_PAGE}, not {page_size}")
        self._base_url = base_url.rstrip("/")
        self._request_interval_seconds = request_interval_seconds
        self._deadline_seconds = deadline_seconds
        self._attempt_seconds = attempt_seconds
        self._socket_timeouts = (connect_seconds, socket_seconds)
        self._max_body_bytes = max_body_bytes
        self._page_size = page_size
        self._sleep = sleep
        self._monotonic = monotonic
        self._next_request_at = -math.inf
        self._session = _Session()
        self._session.trust_env = False  # no proxy, .netrc or CA bundle from the surroundings
        self._session.headers.clear()
        self._session.headers["User-Agent"] = user_agent
        self._session.headers["Accept"] = "application/json"
        self._session.headers["Accept-Encoding"] = "gzip"  # the one _read_body() decodes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def read_leaderboard(
        self, guild_id: int, linked: pd.DataFrame, *, everyone: bool = False
    ) -> Leaderboard:
        """Read the guild's leaderboard, page by page, until its end or until all linked accounts are found.

        `linked`: `discord_id` int64, `last_xp` Int64, NA for accounts that were not present at the
        last reading, and `is_sought` bool: false for accounts that are not worth the full leaderboard,
        because they were looked for in vain not long ago. With nobody linked nothing is asked.
        `everyone`: read to the end, whoever is linked, and keep the names.

        A leaderboard that is too long for the time given is read as far as it goes, which the result
        says. The ranking moves while it is read, so an account can slip from one page to another
        between two requests. An account that was present before and is missing now is looked
        for once more on the pages around its last XP.

        All these pages or nothing: raises a Mee6Error (see `models`) as soon as one page fails.
        """
        reading = _Reading(guild_id, self._monotonic() + self._deadline_seconds, everyone)
        pages: list[Page] = []
        missing = linked["discord_id"].to_numpy(np.int64)
        sought = linked.loc[linked["is_sought"], "discord_id"].to_numpy(np.int64)
        ended = exhausted = False
        while (everyone or missing.size) and not ended:
            if not (everyone or sought.size) and len(pages) >= PAGES_FOR_ANYBODY:
                break
            if pages and not self._fits_a_page(reading):
                exhausted = True
                break
            pages.append(self._fetch_page(reading, len(pages)))
            found = pages[-1].players["discord_id"].to_numpy()
            missing, sought = np.setdiff1d(missing, found), np.setdiff1d(sought, found)
            # Short compared with the first, not with the limit: the server may give fewer at a time.
            ended = pages[-1].players.empty or len(found) < len(pages[0].players)
        players, duplicates = _merge([page.players for page in pages])

        slipped = linked[linked["discord_id"].isin(missing) & linked["last_xp"].notna()]
        filled = [page for page in pages if len(page.players)]
        if len(filled) > 1 and len(slipped):
            last_xp = slipped["last_xp"].to_numpy(np.int64)
            for page in _pages_around(last_xp, players, len(pages[0].players), len(filled)):
                if not self._fits_a_page(reading):
                    exhausted = True
                    break
                players, _ = _merge([players, self._fetch_page(reading, page).players])

        return Leaderboard(
            guild_id=guild_id,
            players=players,
            xp_rate=pages[0].xp_rate if pages else 1.0,
            pages=len(pages),
            requests=reading.requests,
            duplicates=duplicates,
            is_complete=ended and not exhausted,
            is_exhausted=exhausted,
            odd_values=sum(page.odd_values for page in pages),
        )

    def _fits_a_page(self, reading: _Reading) -> bool:
        # Twice the slowest so far: a page that is cut off by the deadline would fail them all.
        return self._fits(reading, self._pause() + 2 * reading.slowest_answer_seconds)

    def _fetch_page(self, reading: _Reading, page: int) -> Page:
        failure: Mee6Error
        tries = 0
        while True:
            self._pace(reading, page)
            tries += 1
            try:
                body = self._request(reading, page)
                return parse_page(body, reading.guild_id, page, with_names=reading.with_names)
            except Mee6Blocked as error:
                failure, wait = error, math.inf
                # A second 429 means that the block is longer than it said: never push on.
                if error.retry_after_seconds is not None and not reading.has_been_blocked:
                    wait = error.retry_after_seconds + RETRY_AFTER_MARGIN_SECONDS
                reading.has_been_blocked = True
            except (Mee6Unavailable, Mee6NotJson) as error:
                failure = error
                backoff = min(FIRST_BACKOFF_SECONDS * 2.0 ** (tries - 1), LONGEST_BACKOFF_SECONDS)
                wait = backoff * random.uniform(0.5, 1.5)
            if not self._fits(reading, wait):
                raise failure
            self._sleep(wait)

    def _fits(self, reading: _Reading, wait: float) -> bool:
        return self._monotonic() + wait < reading.deadline

    def _pause(self) -> float:
        return max(0.0, self._next_request_at - self._monotonic())

    def _pace(self, reading: _Reading, page: int) -> None:
        wait = self._pause()
        if not self._fits(reading, wait):
            raise Mee6Unavailable(
                f"the deadline of {self._deadline_seconds:g} s passed before page {page}; "
                "nothing was taken; the next reading starts again"
            )
        if wait:
            self._sleep(wait)
        self._next_request_at = self._monotonic() + self._request_interval_seconds

    def _request(self, reading: _Reading, page: int) -> bytes:
        """Give the decoded body of a 200, and raise every other outcome."""
        reading.requests += 1
        started = self._monotonic()
        seconds = min(self._attempt_seconds, reading.deadline - started)
        try:
            body = _within(
                seconds, lambda: self._exchange(reading.guild_id, page, started + seconds)
            )
        except (
            requests.ConnectionError,
            requests.Timeout,
            urllib3.exceptions.HTTPError,
            TimeoutError,
            zlib.error,
        ) as error:
            raise Mee6Unavailable(
                f"MEE6 gave no complete answer for page {page} in time "
                f"({type(error).__name__}); if it persists, check the network and MEE6's status"
            ) from error
        took = self._monotonic() - started
        reading.slowest_answer_seconds = max(reading.slowest_answer_seconds, took)
        return body

    def _exchange(self, guild_id: int, page: int, give_up_at: float) -> bytes:
        with self._session.get(
            f"{self._base_url}/api/plugins/levels/leaderboard/{guild_id}",
            params={"page": page, "limit": self._page_size},
            timeout=self._socket_timeouts,
            allow_redirects=False,
            stream=True,
        ) as response:
            _raise_for_status(response, page)
            return self._read_body(response, page, give_up_at)

    def _read_body(self, response: requests.Response, page: int, give_up_at: float) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise Mee6InvalidResponse(
                f"MEE6 answered page {page} in encoding {encoding[:40]!r}; only gzip was offered: "
                "check what stands between here and MEE6"
            )
        gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        body = bytearray()
        # read1() returns what has arrived; read() would wait for a full chunk of a dripping body.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            if self._monotonic() > give_up_at:
                raise TimeoutError
            # One byte more than allowed is enough to know; never 0, which means no limit.
            room = self._max_body_bytes - len(body) + 1
            body += gzip.decompress(chunk, room) if gzip else chunk
            if len(body) > self._max_body_bytes:
                raise Mee6InvalidResponse(
                    f"MEE6 answered page {page} with more than {self._max_body_bytes} bytes: "
                    "no page is that long; check the base URL"
                )
            if gzip and gzip.unused_data:
                break
        return bytes(body)


def retry_after_seconds(stated: str | None, now: datetime) -> float | None:
    """Tell how long a Retry-After header says to wait, None when it says nothing that can be used.

    Accepts a number of seconds, whole or not, and an HTTP date, which is counted from `now`.
    Zero, the past, infinity and anything else are no usable statement.
    """
    if stated is None:
        return None
    try:
        seconds = float(stated)
    except ValueError:
        try:
            moment = parsedate_to_datetime(stated)
        except (ValueError, OverflowError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return seconds if 0 < seconds < math.inf else None


def _raise_for_status(response: requests.Response, page: int) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in ACCESS_REMEDIES:
        raise Mee6AccessError(f"MEE6 refused page {page} with {status}: {ACCESS_REMEDIES[status]}")
    if status == 429:
        wait = retry_after_seconds(response.headers.get("Retry-After"), _server_time(response))
        raise Mee6Blocked(
            f"MEE6 answered page {page} with 429, too many requests, and states "
            f"{'no wait' if wait is None else f'a wait of {wait:.0f} s'}: "
            "do not ask again before the block is over, or it becomes longer",
            wait,
        )
    if status >= 500:
        raise Mee6Unavailable(
            f"MEE6 answered page {page} with {status}; if it persists, look at MEE6's status page"
        )
    if 300 <= status < 400:
        raise Mee6InvalidResponse(
            f"MEE6 answered page {page} with a redirect ({status}), and redirects are not "
            "followed: set MEE6_BASE_URL to where the API lives now"
        )
    raise Mee6InvalidResponse(
        f"MEE6 answered page {page} with {status}, which this client does not know: "
        "check MEE6_BASE_URL"
    )


def _server_time(response: requests.Response) -> datetime:
    """The server's own clock when it says, so that a wrong clock here never makes us early."""
    try:
        stated = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, OverflowError):
        return datetime.now(UTC)
    return stated.replace(tzinfo=stated.tzinfo or UTC)


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The outcome of `call`, or TimeoutError after `seconds`.

    A thread, because headers that drip in, and DNS, know no total timeout. One that is given up
    ends by itself: it is a daemon, and `_read_body` watches the time.
    """
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # passed on as it is: the caller sees what happened
            outcome.set_exception(error)

    threading.Thread(target=run, name="mee6-request", daemon=True).start()
    return outcome.result(timeout=seconds)


def _merge(frames: list[pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """One row per player, the one with the larger XP, highest first, and how many were dropped."""
    rows = pd.concat([players_frame([]), *frames]).sort_values("xp", ascending=False, kind="stable")
    players = rows.drop_duplicates("discord_id").reset_index(drop=True)
    return players, len(rows) - len(players)


def _pages_around(
    last_xp: np.ndarray, players: pd.DataFrame, page_size: int, pages: int
) -> list[int]:
    """The pages where players with `last_xp` would stand, and their neighbours, each once."""
    ranks = np.searchsorted(-players["xp"].to_numpy(), -last_xp)
    around = (ranks // page_size)[:, np.newaxis] + [-1, 0, 1]
    return [int(page) for page in np.unique(np.clip(around, 0, pages - 1))]
