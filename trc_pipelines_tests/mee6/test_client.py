import gc
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.demo import simulator as faults
from trc_pipelines.demo.simulator import Fault, Simulator
from trc_pipelines.mee6 import client as client_module
from trc_pipelines.mee6.client import Mee6Client, _within, retry_after_seconds
from trc_pipelines.mee6.models import (
    Leaderboard,
    Mee6AccessError,
    Mee6Blocked,
    Mee6Error,
    Mee6InvalidResponse,
    Mee6NotJson,
    Mee6Unavailable,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAPTURES = sorted(
    (Path(__file__).parents[3] / "shared" / "data" / "mee6").glob("capture_2020-07-03T10-*.json")
)


# Nothing that is given up waits this long, and a busy machine may take it.
LATE_SECONDS = 60.0


class Clock:
    """A clock that only `sleep` moves, and that remembers the waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


def board_of(size: int, step: int = 10) -> pd.DataFrame:
    """Members 1 to `size`, the first one with most XP, `step` apart."""
    ids = np.arange(1, size + 1, dtype=np.int64)
    return pd.DataFrame({"discord_id": ids, "xp": (size + 1 - ids) * step})


def linked(*discord_ids: int, last_xp: int | None = None, is_sought: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "discord_id": np.array(discord_ids, dtype=np.int64),
            "last_xp": pd.array([last_xp] * len(discord_ids), dtype="Int64"),
            "is_sought": np.full(len(discord_ids), is_sought),
        }
    )


NOT_ON_THE_BOARD = linked(999_999)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(board_of(25)) as running:
        yield running


def read(
    simulator: Simulator, wanted: pd.DataFrame = NOT_ON_THE_BOARD, **options: Any
) -> Leaderboard:
    sleep = options.pop("sleep", Clock().sleep)
    defaults: dict[str, Any] = {
        "user_agent": "trc-pipelines-tests/1",
        "request_interval_seconds": 0,
        "page_size": 10,
        "sleep": sleep,
    }
    if clock := getattr(sleep, "__self__", None):
        defaults["monotonic"] = clock.monotonic
    with (
        # What is left of a clock that only `sleep` moves says nothing of how long an answer takes.
        patch.object(client_module, "_within", wait_patiently if clock else _within),
        Mee6Client(simulator.base_url, **(defaults | options)) as client,
    ):
        return client.read_leaderboard(simulator.guild_id, wanted)


def wait_patiently(_seconds: float, call: Callable[[], Any]) -> Any:
    return _within(LATE_SECONDS, call)


# --- a quiet day


def test_a_board_is_read_to_its_short_last_page(simulator: Simulator) -> None:
    board = read(simulator)
    assert board.guild_id == simulator.guild_id
    assert board.players["discord_id"].tolist() == list(range(1, 26))
    assert board.players["xp"].tolist() == list(range(250, 0, -10))
    assert board.players.dtypes.astype(str).tolist() == ["int64", "int64", "Int64", "Int64"]
    assert (board.pages, board.requests, board.duplicates, board.xp_rate) == (3, 3, 0, 1.0)


def test_everyone_is_read_with_their_names_whoever_is_linked(simulator: Simulator) -> None:
    for wanted in (linked(), linked(1)):
        with Mee6Client(
            simulator.base_url, user_agent="x", request_interval_seconds=0, page_size=1
        ) as client:
            board = client.read_leaderboard(simulator.guild_id, wanted, everyone=True)
        assert board.is_complete
        assert board.players["username"].tolist() == [f"member{n}" for n in range(1, 26)]


def test_a_board_of_whole_pages_ends_with_an_empty_one(simulator: Simulator) -> None:
    simulator.board = board_of(20)
    board = read(simulator)
    assert (len(board.players), board.pages, board.requests) == (20, 3, 3)


def test_an_empty_first_page_is_an_empty_board(simulator: Simulator) -> None:
    simulator.add(faults.empty_board())
    board = read(simulator, linked(1, last_xp=250))
    assert (len(board.players), board.pages, board.requests) == (0, 1, 1)
    assert str(board.players["discord_id"].dtype) == "int64"


def test_reading_stops_as_soon_as_every_linked_account_is_found(simulator: Simulator) -> None:
    board = read(simulator, linked(3, 12))
    assert (board.pages, len(board.players)) == (2, 20)


def test_with_nobody_linked_nothing_is_asked(simulator: Simulator) -> None:
    board = read(simulator, linked())
    assert (len(board.players), board.pages, board.requests) == (0, 0, 0)
    assert simulator.requests == []


def test_the_request_names_the_guild_the_page_the_limit_and_the_user_agent(
    simulator: Simulator,
) -> None:
    read(simulator, linked(1))
    (seen,) = simulator.requests
    assert seen.path == (f"/api/plugins/levels/leaderboard/{simulator.guild_id}?page=0&limit=10")
    assert seen.user_agent == "trc-pipelines-tests/1"


def test_the_xp_rate_of_the_guild_is_passed_on(simulator: Simulator) -> None:
    simulator.xp_rate = 2.5
    assert read(simulator).xp_rate == 2.5


def test_levels_and_message_counts_come_along(simulator: Simulator) -> None:
    simulator.board = board_of(3, step=100)
    players = read(simulator).players
    assert players["level"].tolist() == [2, 1, 1]
    assert players["message_count"].tolist() == [15, 10, 5]


def test_gzip_is_understood(simulator: Simulator) -> None:
    import gzip

    body = gzip.compress(json.dumps(page_of(simulator, [{"id": "5", "xp": 7}])).encode())
    simulator.add(faults.raw(body, Content_Encoding="gzip"))
    assert read(simulator, linked(5)).players["xp"].tolist() == [7]


def test_an_encoding_that_was_not_offered_is_refused(simulator: Simulator) -> None:
    simulator.add(faults.raw(b"{}", Content_Encoding="br"))
    with pytest.raises(Mee6InvalidResponse, match="encoding 'br'"):
        read(simulator)
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "mee6.xyz"},
        {"base_url": "file:///etc/passwd"},
        {"user_agent": " "},
        {"page_size": 0},
        {"page_size": 1001},
    ],
)
def test_wrong_options_are_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    options = {"base_url": "http://127.0.0.1:1", "user_agent": "x"} | wrong
    with pytest.raises(ValueError, match=r"accepts|empty"):
        Mee6Client(**options)


# --- pacing


def test_requests_start_at_least_one_interval_apart_across_readings(simulator: Simulator) -> None:
    clock = Clock()
    with Mee6Client(
        simulator.base_url,
        user_agent="x",
        page_size=10,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
    ) as client:
        client.read_leaderboard(simulator.guild_id, NOT_ON_THE_BOARD)
        clock.now += 0.5
        client.read_leaderboard(simulator.guild_id, linked(1))
    assert clock.waits == [2.0, 2.0, 1.5]


def test_pacing_holds_for_retries_too(simulator: Simulator) -> None:
    simulator.add(faults.failure(500), times=1)
    clock = Clock()
    read(
        simulator,
        linked(1),
        request_interval_seconds=30,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
    )
    assert sum(clock.waits) == pytest.approx(30)


def test_pacing_is_kept_in_real_time(simulator: Simulator) -> None:
    began = time.monotonic()
    read(simulator, request_interval_seconds=0.3, sleep=lambda seconds: time.sleep(seconds))
    # A busy machine notes them late, and none too early.
    assert [seen.at - began >= 0.3 * n for n, seen in enumerate(simulator.requests)] == [True] * 3


# --- who must act


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "public"), (403, "MEE6_USER_AGENT"), (404, "MEE6_GUILD_ID")]
)
def test_refused_access_is_never_asked_again_and_says_what_to_do(
    simulator: Simulator, status: int, remedy: str
) -> None:
    simulator.add(faults.failure(status))
    with pytest.raises(Mee6AccessError, match=remedy):
        read(simulator)
    assert len(simulator.requests) == 1


def test_a_guild_without_mee6_is_an_access_error(simulator: Simulator) -> None:
    with Mee6Client(simulator.base_url, user_agent="x") as client, pytest.raises(Mee6AccessError):
        client.read_leaderboard(1, linked(1))


# --- 429


def http_date(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("stated", ["30", "30.5", " 30 "])
def test_a_429_whose_wait_fits_is_waited_out_once(simulator: Simulator, stated: str) -> None:
    simulator.add(faults.too_many_requests(stated), times=1)
    clock = Clock()
    board = read(simulator, sleep=clock.sleep)
    assert (board.pages, board.requests) == (3, 4)
    assert len(clock.waits) == 1
    assert clock.waits[0] >= float(stated)


def test_a_429_with_a_date_waits_until_that_date(simulator: Simulator) -> None:
    simulator.add(faults.too_many_requests(http_date(400)), times=1)
    clock = Clock()
    read(simulator, sleep=clock.sleep)
    assert len(clock.waits) == 1
    assert 400 - LATE_SECONDS <= clock.waits[0] <= 402


@pytest.mark.parametrize(
    "stated",
    [
        *(None, "", "soon", "-5", "0", "nan", "inf", "-inf", "1e400", "9" * 400, "0x10", "1,2"),
        *("Mon, 99 Foo 2026 25:61:61 GMT", "\xff\xfe", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ],
)
def test_a_429_without_a_usable_wait_is_blocked_at_once(
    simulator: Simulator, stated: str | None
) -> None:
    simulator.add(faults.too_many_requests(stated))
    clock = Clock()
    with pytest.raises(Mee6Blocked, match="no wait") as caught:
        read(simulator, sleep=clock.sleep)
    assert caught.value.retry_after_seconds is None
    assert (len(simulator.requests), clock.waits) == (1, [])


@pytest.mark.parametrize("stated", ["86400", "600", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_429_whose_wait_does_not_fit_the_deadline_is_blocked_at_once(
    simulator: Simulator, stated: str
) -> None:
    simulator.add(faults.too_many_requests(stated))
    clock = Clock()
    with pytest.raises(Mee6Blocked) as caught:
        read(simulator, sleep=clock.sleep)
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds >= 600
    assert (len(simulator.requests), clock.waits) == (1, [])


def test_a_second_429_in_one_reading_is_never_waited_out(simulator: Simulator) -> None:
    simulator.add(faults.too_many_requests("5"))
    clock = Clock()
    with pytest.raises(Mee6Blocked) as caught:
        read(simulator, sleep=clock.sleep)
    assert caught.value.retry_after_seconds == 5
    assert len(simulator.requests) == 2


def test_a_clock_that_is_ahead_does_not_shorten_the_wait(simulator: Simulator) -> None:
    date = format_datetime(NOW, usegmt=True)
    until = format_datetime(NOW + timedelta(seconds=50), usegmt=True)
    simulator.add(faults.raw(b"", 429, Retry_After=until, Date=date), times=1)
    clock = Clock()
    read(simulator, sleep=clock.sleep)
    assert clock.waits == [51.0]


@given(
    st.text(max_size=40)
    | st.datetimes(timezones=st.timezones()).map(lambda moment: format_datetime(moment))
    | st.sampled_from(["Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359"])
    | st.floats().map(str)
    | st.integers().map(str)
)
def test_no_retry_after_ever_raises_or_gives_a_wait_that_is_none(stated: str) -> None:
    seconds = retry_after_seconds(stated, NOW)
    assert seconds is None or 0 < seconds < float("inf")


# --- what may pass


@pytest.mark.parametrize(
    "fault",
    [faults.failure(500), faults.failure(503), faults.challenge_page(), faults.truncated()],
    ids=["500", "503", "challenge page", "truncated"],
)
def test_a_passing_fault_is_retried_with_growing_waits(simulator: Simulator, fault: Fault) -> None:
    simulator.add(fault, times=3)
    clock = Clock()
    board = read(simulator, sleep=clock.sleep)
    assert (board.pages, board.requests, len(board.players)) == (3, 6, 25)
    assert [round(wait / 2**n, 6) for n, wait in enumerate(clock.waits)] == [
        pytest.approx(1, abs=0.5)
    ] * 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.failure(500), Mee6Unavailable),
        (faults.failure(599), Mee6Unavailable),
        (faults.truncated(), Mee6Unavailable),
        (faults.raw(b"not gzip", Content_Encoding="gzip"), Mee6Unavailable),
        (faults.challenge_page(), Mee6NotJson),
        (faults.raw(b""), Mee6NotJson),
    ],
)
def test_a_lasting_fault_is_retried_once_a_minute_until_the_deadline(
    simulator: Simulator, fault: Fault, error: type[Mee6Error]
) -> None:
    simulator.add(fault)
    clock = Clock()
    with pytest.raises(error):
        read(simulator, sleep=clock.sleep)
    assert 600 - 90 < clock.now < 600
    assert 30 <= max(clock.waits) <= 90
    assert 10 <= len(simulator.requests) <= 25


def test_an_outage_of_five_minutes_costs_no_reading(simulator: Simulator) -> None:
    clock = Clock()
    simulator.add(faults.failure(503), times=10)
    board = read(simulator, sleep=clock.sleep)
    assert len(board.players) == 25
    assert clock.now > 120


def test_a_429_after_other_faults_is_waited_out_once_and_no_more(simulator: Simulator) -> None:
    simulator.add(faults.failure(500), times=3)
    simulator.add(faults.too_many_requests("200"), after=3)
    clock = Clock()
    with pytest.raises(Mee6Blocked) as caught:
        read(simulator, sleep=clock.sleep)
    assert caught.value.retry_after_seconds == 200
    assert [wait for wait in clock.waits if wait > 10] == [201.0]


def test_one_failed_page_fails_the_whole_reading(simulator: Simulator) -> None:
    simulator.add(faults.failure(500), after=2)
    with pytest.raises(Mee6Unavailable):
        read(simulator)


def test_retries_do_not_outlive_the_deadline(simulator: Simulator) -> None:
    simulator.add(faults.failure(503))
    clock = Clock()
    with pytest.raises(Mee6Unavailable, match="503"):
        read(simulator, sleep=clock.sleep, monotonic=clock.monotonic, deadline_seconds=2.0)
    assert clock.now <= 2.0


def test_a_server_that_is_not_there_is_unavailable() -> None:
    clock = Clock()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        Mee6Client(url, user_agent="x", sleep=clock.sleep, monotonic=clock.monotonic) as client,
        pytest.raises(Mee6Unavailable, match="ConnectionError"),
    ):
        client.read_leaderboard(1, linked(1))


# --- time


def took(simulator_url: str, guild_id: int = 1, **options: Any) -> float:
    """How long it really takes until the reading is given up as unavailable."""
    defaults: dict[str, Any] = {"user_agent": "x", "deadline_seconds": 0.5, "page_size": 10}
    defaults |= dict.fromkeys(["attempt_seconds", "connect_seconds", "socket_seconds"], 600)
    started = time.monotonic()
    with (
        Mee6Client(simulator_url, **(defaults | options)) as client,
        pytest.raises(Mee6Unavailable),
    ):
        client.read_leaderboard(guild_id, NOT_ON_THE_BOARD)
    return time.monotonic() - started


def test_a_silent_server_is_left_at_the_deadline(simulator: Simulator) -> None:
    simulator.add(faults.slow(600))
    assert took(simulator.base_url, simulator.guild_id) < LATE_SECONDS


def test_a_dripping_body_is_left_at_the_deadline_and_its_thread_ends(simulator: Simulator) -> None:
    simulator.add(faults.dripping(0.2))
    assert took(simulator.base_url, simulator.guild_id) < LATE_SECONDS
    give_up_at = time.monotonic() + LATE_SECONDS
    while request_threads() and time.monotonic() < give_up_at:
        time.sleep(0.02)
    assert request_threads() == []


def request_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "mee6-request"]


def test_one_slow_try_does_not_use_up_the_whole_deadline(simulator: Simulator) -> None:
    simulator.add(faults.slow(600), times=1)
    started = time.monotonic()
    board = read(simulator, attempt_seconds=2, socket_seconds=600, sleep=lambda _: None)
    assert (board.requests, len(board.players)) == (4, 25)
    assert time.monotonic() - started < LATE_SECONDS


def test_a_board_too_long_for_the_deadline_is_read_as_far_as_it_goes(
    simulator: Simulator,
) -> None:
    board = read(simulator, request_interval_seconds=2, deadline_seconds=3)
    assert len(simulator.requests) == 2
    assert (len(board.players), board.is_complete, board.is_exhausted) == (20, False, True)


def test_no_page_is_begun_that_the_deadline_would_cut_off(simulator: Simulator) -> None:
    clock = Clock()
    simulator.add(Fault(change_answer=lambda _: clock.sleep(0.5)))
    board = read(simulator, deadline_seconds=1.75, sleep=clock.sleep)
    assert (board.pages, board.is_exhausted) == (2, True)
    assert clock.now < 1.75


@contextmanager
def bare_server(first: bytes, drip: bytes = b"") -> Iterator[str]:
    """Sends `first` to every caller, then `drip` again and again."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not stop.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    def talk(peer: socket.socket) -> None:
        with peer:
            try:
                peer.recv(65536)
                peer.sendall(first)
                while drip and not stop.wait(0.02):
                    peer.sendall(drip)
            except ConnectionError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.close()


def test_dripping_headers_are_left_at_the_deadline() -> None:
    with bare_server(b"HTTP/1.1 200 OK\r\nX-Slow: ", drip=b"a") as url:
        assert took(url) < LATE_SECONDS


def test_a_gzip_body_that_decodes_to_nothing_for_ever_is_left_at_the_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff"
    with bare_server(head, drip=b"\x00\x00\x00\xff\xff") as url:
        assert took(url) < LATE_SECONDS


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"\x00" * 100, b"HTTP/1.1 200 OK\r\n", b"HTTP/9.9 abc OK\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: junk\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 418 Teapot\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:30]),
)
def test_broken_http_is_a_mee6_error_like_any_other(answer: bytes) -> None:
    with (
        bare_server(answer) as url,
        Mee6Client(
            url,
            user_agent="x",
            request_interval_seconds=0,
            deadline_seconds=2,
            sleep=lambda _: None,
        ) as client,
        pytest.raises(Mee6Error),
    ):
        client.read_leaderboard(1, linked(1))


# --- size


def peak_bytes(simulator: Simulator, error: str) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(Mee6InvalidResponse, match=error):
            read(simulator, max_body_bytes=2**20)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_stopped_early(simulator: Simulator) -> None:
    simulator.add(faults.gzip_bomb(200 * 2**20))
    assert peak_bytes(simulator, "more than 1048576 bytes") < 8 * 2**20
    assert len(simulator.requests) == 1


def test_an_endless_body_is_stopped_at_the_cap() -> None:
    with (
        bare_server(b"HTTP/1.1 200 OK\r\n\r\n", drip=b" " * 2**20) as url,
        Mee6Client(
            url, user_agent="x", deadline_seconds=LATE_SECONDS, max_body_bytes=2**22
        ) as client,
        pytest.raises(Mee6InvalidResponse, match="more than"),
    ):
        client.read_leaderboard(1, linked(1))


def test_a_body_of_exactly_the_cap_is_taken(simulator: Simulator) -> None:
    body = json.dumps(page_of(simulator, [{"id": "5", "xp": 7}])).encode()
    simulator.add(faults.raw(body))
    assert len(read(simulator, linked(5), max_body_bytes=len(body)).players) == 1
    with pytest.raises(Mee6InvalidResponse, match="more than"):
        read(simulator, linked(5), max_body_bytes=len(body) - 1)


# --- somewhere else


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_host_never_asked(
    simulator: Simulator, status: int
) -> None:
    with Simulator(board_of(5)) as other:
        location = f"{other.base_url}{faults.PATH}{other.guild_id}"
        simulator.add(faults.raw(b"", status, Location=location))
        with pytest.raises(Mee6InvalidResponse, match="redirect"):
            read(simulator)
        assert other.requests == []
    assert len(simulator.requests) == 1


def test_the_body_of_a_redirect_is_not_read(simulator: Simulator) -> None:
    simulator.add(faults.redirect("http://169.254.169.254/latest/meta-data"))
    simulator.add(faults.dripping(10))  # all of it would be ten minutes
    with pytest.raises(Mee6InvalidResponse, match="redirect"):
        read(simulator, deadline_seconds=0.4)


def test_a_proxy_in_the_environment_is_not_used(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert len(read(simulator).players) == 25


# --- the wrong answer


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.wrong_guild(), "another guild"),
        (faults.wrong_page(), "with page 1"),
        (faults.raw(b'{"players": []}'), "Field required"),
    ],
)
def test_an_answer_to_another_question_fails_at_once(
    simulator: Simulator, fault: Fault, message: str
) -> None:
    simulator.add(fault)
    with pytest.raises(Mee6InvalidResponse, match=message):
        read(simulator)
    assert len(simulator.requests) == 1


def page_of(simulator: Simulator, players: list[dict[str, Any]]) -> dict[str, Any]:
    return {"guild": {"id": str(simulator.guild_id)}, "page": 0, "players": players}


def test_one_bad_player_fails_the_reading_at_once(simulator: Simulator) -> None:
    players = [{"id": "5", "xp": 7}, {"id": "6", "xp": 1.5}]
    simulator.add(faults.raw(json.dumps(page_of(simulator, players)).encode()))
    with pytest.raises(Mee6InvalidResponse, match=r"players\.1\.xp.*1 bad player"):
        read(simulator)
    assert len(simulator.requests) == 1


def test_a_half_missing_or_reset_board_is_returned_for_the_caller_to_judge(
    simulator: Simulator,
) -> None:
    simulator.add(faults.half_missing(), times=2)
    assert len(read(simulator).players) == 13
    simulator.add(faults.board_reset())
    assert read(simulator).players["xp"].tolist() == [0] * 25


# --- a board that moves while it is read


def test_a_member_read_twice_is_kept_once_with_the_larger_xp(simulator: Simulator) -> None:
    simulator.add(faults.drift(discord_id=10, xp=145), after=1)  # falls from page 0 to page 1
    board = read(simulator)
    assert board.duplicates == 1
    assert board.players["discord_id"].is_unique
    assert board.players.set_index("discord_id")["xp"][10] == 160


def test_a_member_repeated_on_one_page_is_kept_once(simulator: Simulator) -> None:
    twice = [{"id": "5", "xp": 7}, {"id": "5", "xp": 9}, {"id": "6", "xp": 8}]
    simulator.add(faults.raw(json.dumps(page_of(simulator, twice)).encode()))
    board = read(simulator, linked(5, 6, last_xp=None))
    assert board.players["xp"].tolist() == [9, 8]
    assert board.duplicates == 1


def test_a_member_who_slipped_between_pages_is_found_by_looking_again(
    simulator: Simulator,
) -> None:
    simulator.add(faults.drift(discord_id=11, xp=165), after=1)  # climbs from page 1 to page 0
    board = read(simulator, linked(11, 999_999, last_xp=150))
    assert board.players.set_index("discord_id")["xp"][11] == 165
    assert board.pages == 3
    assert board.duplicates == 1  # member 10, pushed down to page 1: the second look adds none


@pytest.mark.parametrize(
    ("last_xp", "again"), [(650 - 330, [2, 3, 4]), (10**9, [0, 1]), (0, [5, 6])]
)
def test_only_the_pages_around_the_last_xp_are_looked_at_again_and_only_once(
    simulator: Simulator, last_xp: int, again: list[int]
) -> None:
    simulator.board = board_of(65)
    board = read(simulator, linked(1001, 1002, 1003, last_xp=last_xp))
    pages = [int(seen.path.split("page=")[1].split("&")[0]) for seen in simulator.requests]
    assert pages == [0, 1, 2, 3, 4, 5, 6, *again]
    assert (board.pages, board.requests, len(board.players)) == (7, 7 + len(again), 65)


def test_a_member_who_was_already_absent_is_not_looked_for_again(simulator: Simulator) -> None:
    assert read(simulator, linked(1001, last_xp=None)).requests == 3


def test_for_who_was_looked_for_in_vain_only_the_first_pages_are_read(
    simulator: Simulator,
) -> None:
    simulator.board = board_of(10_000)
    wanted = pd.concat([linked(3, 125, last_xp=5), linked(999_999, is_sought=False)])
    board = read(simulator, wanted)
    assert (board.pages, board.is_complete, board.is_exhausted) == (13, False, False)
    board = read(simulator, linked(3, 999_999, is_sought=False))
    assert (board.pages, board.is_complete) == (10, False)


def test_a_small_board_is_always_read_to_its_end_for_who_is_missing(simulator: Simulator) -> None:
    board = read(simulator, linked(3, 999_999, is_sought=False))
    assert (board.pages, board.is_complete) == (3, True)


def test_a_board_of_one_page_is_read_once_and_its_end_is_seen(simulator: Simulator) -> None:
    simulator.board = board_of(5)
    board = read(simulator, linked(1001, last_xp=30))
    assert (board.pages, board.requests) == (2, 2)


def test_a_server_that_gives_fewer_at_a_time_is_read_to_its_end(simulator: Simulator) -> None:
    simulator.board = board_of(25)
    simulator.largest_page = 10
    board = read(simulator, linked(1001, last_xp=None), page_size=1000)
    assert (board.pages, len(board.players)) == (3, 25)


def test_a_failed_second_look_fails_the_reading(simulator: Simulator) -> None:
    simulator.add(faults.failure(500), after=3)
    with pytest.raises(Mee6Unavailable):
        read(simulator, linked(1001, last_xp=150))


# --- recorded figures


@pytest.mark.skipif(len(CAPTURES) < 2, reason="the recorded readings are not beside the checkout")
def test_recorded_readings_give_the_recorded_gains(simulator: Simulator) -> None:
    readings = []
    for path in (CAPTURES[0], CAPTURES[-1]):
        simulator.replay(json.loads(path.read_text()))
        readings.append(read(simulator, page_size=100).players.set_index("discord_id")["xp"])
    gains = (readings[1] - readings[0]).loc[lambda gain: gain != 0]
    assert sorted(gains) == [33, 39, 40, 40, 46, 105, 116, 157, 189, 205, 227, 247, 248]
