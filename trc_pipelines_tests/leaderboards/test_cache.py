"""Boards in Redis are whole, of one version and as fresh as the last run, whatever befalls it."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
import redis
from redis.client import Pipeline

from trc_pipelines.calendar import month_start, week_start
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.steps import leaderboard_cache
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError, Result
from trc_pipelines.leaderboards import cache
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.leaderboards.ranking import rank_boards
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.catalogue import LEADERBOARD_CACHE, LEADERBOARD_RECALCULATION
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.world import World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

DAY = date(2026, 3, 4)  # a Wednesday
NEXT_DAY, MONDAY = DAY + timedelta(days=1), date(2026, 3, 9)
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
SECRET = "hunter2"
LOOKS = {"mget", "hello", "client|setinfo", "config|resetstat", "info"}


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    # What is tested is Redis: one version of PostgreSQL will do.
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def boards(world: World, redis_url: str, client: redis.Redis, monkeypatch) -> World:
    """Members m0 to m49, on no board yet; a board is staged in several batches."""
    monkeypatch.setattr(cache, "ROWS_AT_ONCE", 4)
    world.link({f"m{i}": 1000 + i for i in range(50)})
    return at(world, redis_url)


def at(world: World, url: str) -> World:
    settings = world.settings.model_copy(update={"redis_url": url})
    return World(world.database, settings, world.simulator)


def record(world: World, day: date, scores: dict[str, dict[str, int]], seed: int = 0) -> None:
    """Rank boards and note them, as the job does."""
    rows = [(board, *pair) for board, pairs in scores.items() for pair in pairs.items()]
    frame = pd.DataFrame(rows, columns=["board", "member_id", "score"]).astype(
        {"board": "str", "member_id": "str", "score": "Int64"}
    )
    frame["reached_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    ranked = rank_boards(frame.sample(frac=1, random_state=seed, ignore_index=True))
    starts = {"global": None, "weekly": week_start(day), "monthly": month_start(day)}
    period = pd.to_datetime(ranked["board"].map(starts))
    with world.database.transaction() as transaction:
        find_accounts(transaction, frame[["member_id"]])
    world.execute(
        "INSERT INTO community.member_points (member_id, account_id, total) "
        "SELECT member_id, account_id, 0 FROM community.accounts WHERE discord_id IS NULL "
        "ON CONFLICT DO NOTHING"
    )
    with world.database.transaction() as transaction:
        transaction.execute("community/delete_rankings", first_day=day, last_day=day)
        transaction.stage("staged_rankings", ranked.assign(period_start=period))
        transaction.execute("community/insert_rankings", day=day)
        record_boards(transaction, "community", day, ranked, starts)


def publish(world: World, **options: object) -> Result:
    return world.run(LEADERBOARD_CACHE, NOON, **options)["community.leaderboard_cache"]


def keys(board: str = "global") -> list[str]:
    return [f"trc:boards:community:{board}:{part}" for part in ("rows", "members", "about")]


def read(client: redis.Redis, board: str = "global") -> tuple[list[dict], dict]:
    """A board as an app reads it, in one transaction; it is whole, or this fails."""
    rows, members, about = keys(board)
    with client.pipeline() as pipe:
        pipe.lrange(rows, 0, -1)
        pipe.hgetall(members)
        pipe.get(about)
        in_order, by_member, text = pipe.execute()
    parsed = [json.loads(row) for row in in_order]
    assert by_member == {row["member_id"]: line for row, line in zip(parsed, in_order, strict=True)}
    assert [row["rank"] for row in parsed] == list(range(1, len(parsed) + 1))
    known = json.loads(text)
    assert known["members"] == len(parsed)
    return parsed, known


def scores_of(client: redis.Redis, board: str = "global") -> dict[str, int]:
    return {row["member_id"]: row["score"] for row in read(client, board)[0]}


def versions(world: World) -> dict[str, str]:
    frame = world.query("SELECT board, version FROM leaderboards.boards")
    return dict(zip(frame["board"], frame["version"], strict=True))


def dumped(client: redis.Redis) -> dict[bytes, bytes]:
    with redis.Redis(unix_socket_path=client.get_connection_kwargs()["path"]) as raw:
        return {key: raw.dump(key) for key in raw.scan_iter()}


def commands(client: redis.Redis) -> dict[str, int]:
    """Commands since the test began, or CONFIG RESETSTAT, and how often."""
    statistics = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in statistics.items()}


def last_execution(world: World) -> dict:
    return (
        world.query(
            "SELECT success, state, message, details::text FROM operations.job_executions "
            "WHERE job_name = 'leaderboard_cache' ORDER BY execution_id DESC LIMIT 1"
        )
        .iloc[0]
        .to_dict()
    )


def version(k: int) -> dict[str, int]:
    """A board whose size and scores say which version it is."""
    return {f"m{i}": 1000 * k + i for i in range(3 + 17 * k % 41)}


# What is published, and when.


def test_boards_are_published_as_the_database_has_them(boards: World, client: redis.Redis) -> None:
    record(boards, DAY, {"global": {"m0": 5, "m1": 2**53 + 1}, "weekly": {"m1": -7}})
    assert publish(boards).notes == ["published global, monthly, weekly"]
    assert read(client)[0] == [
        {"rank": 1, "member_id": "m1", "score": 2**53 + 1, "movement": None},
        {"rank": 2, "member_id": "m0", "score": 5, "movement": None},
    ]
    assert scores_of(client, "weekly") == {"m1": -7}
    about = read(client, "weekly")[1]
    assert (about["board"], about["day"], about["period_start"], about["version"]) == (
        "weekly", "2026-03-04", "2026-03-02", versions(boards)["weekly"],
    )  # fmt: skip
    assert datetime.fromisoformat(about["computed_at"]).tzinfo is not None
    assert [client.ttl(key) for key in client.scan_iter()] == [-1] * client.dbsize()
    assert client.dbsize() == 2 * 3 + 1  # of a board nobody is on there is only what is known


@pytest.mark.parametrize("day", [NEXT_DAY, MONDAY])
def test_the_movement_published_is_the_one_of_the_view(
    boards: World, client: redis.Redis, day: date
) -> None:
    record(
        boards,
        day - timedelta(days=1),
        {"global": version(1), "monthly": {"m0": 3, "m1": 2}, "weekly": {"m0": 1}},
    )
    record(
        boards, day,
        {"global": {"m9": 9, **version(1)}, "monthly": {"m1": 5, "m0": 3}, "weekly": {"m0": 1}},
    )  # fmt: skip
    publish(boards)
    for board in ("global", "monthly", "weekly"):
        view = boards.query(
            "SELECT rank, member_id, score, movement FROM community.current_leaderboards "
            f"WHERE board = '{board}' ORDER BY rank"
        )
        seen = [row | {"movement": row["movement"] or 0} for row in read(client, board)[0]]
        assert seen == view.fillna({"movement": 0}).to_dict("records")
    assert [row["movement"] for row in read(client, "monthly")[0]] == [1, -1]
    assert [row["movement"] for row in read(client, "weekly")[0]] == [None if day == MONDAY else 0]


def test_a_day_before_that_is_ranked_again_moves_what_is_published(
    boards: World, client: redis.Redis
) -> None:
    record(boards, DAY, {"global": {"m0": 3, "m1": 2}})
    record(boards, NEXT_DAY, {"global": {"m0": 3, "m1": 2}})
    publish(boards)
    record(boards, DAY, {"global": {"m0": 3, "m1": 2}})
    assert publish(boards).affected == 0
    record(boards, DAY, {"global": {"m0": 3, "m1": 4}})
    assert publish(boards).notes == ["published global"]
    assert [row["movement"] for row in read(client)[0]] == [1, -1]
    assert read(client)[1]["day"] == str(NEXT_DAY)
    record(boards, NEXT_DAY, {"global": {"m0": 5, "m1": 2}})
    assert publish(boards).notes == ["published global"]
    record(boards, DAY, {"global": {"m0": 3, "m1": 4}})
    assert publish(boards).affected == 0


def test_an_unchanged_board_costs_a_look(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(boards, DAY, {"global": version(1), "weekly": version(2)})
    publish(boards)
    record(boards, DAY, {"global": version(1), "weekly": version(2)}, seed=1)
    client.config_resetstat()

    def refuse(*_: object) -> pd.DataFrame:
        raise AssertionError("rows were read")

    statements: list[str] = []
    fetch = Transaction._fetch
    monkeypatch.setattr(
        Transaction,
        "_fetch",
        lambda self, name, *rest: statements.append(name) or fetch(self, name, *rest),
    )
    monkeypatch.setattr(leaderboard_cache, "CACHED_BOARDS", cache.CachedBoards("community", refuse))
    result = publish(boards)
    assert (result.affected, result.message) == (0, "3 boards unchanged")
    # One look of each domain, of which only one has boards, and at its cut-over as every step does.
    assert statements == ["jobs/select_cut_over", "leaderboards/select_boards"] * 2
    assert commands(client).keys() <= LOOKS
    assert commands(client)["mget"] == 1


def test_changed_boards_only_are_replaced(boards: World, client: redis.Redis) -> None:
    record(boards, DAY, {"global": version(1), "weekly": version(2)})
    publish(boards)
    before = dumped(client)
    record(boards, DAY, {"global": version(1), "weekly": version(3)})
    assert publish(boards).notes == ["published weekly"]
    changed = {key.decode() for key, value in dumped(client).items() if value != before[key]}
    assert changed == set(keys("weekly"))
    assert scores_of(client, "weekly") == version(3)


def test_the_same_scores_on_another_day_are_published(boards: World, client: redis.Redis) -> None:
    for day in (DAY, NEXT_DAY):
        record(boards, day, {"global": {"m0": 1}})
        publish(boards)
    assert [row["movement"] for row in read(client)[0]] == [0]
    assert read(client)[1]["day"] == str(NEXT_DAY)


def test_an_older_day_that_is_ranked_later_is_not_published(
    boards: World, client: redis.Redis
) -> None:
    record(boards, NEXT_DAY, {"global": version(2)})
    publish(boards)
    before = dumped(client)
    record(boards, DAY - timedelta(days=1), {"global": version(1)})
    assert publish(boards).affected == 0
    assert dumped(client) == before


@pytest.mark.parametrize("day", [DAY, NEXT_DAY])
def test_a_board_that_became_empty_is_emptied(
    boards: World, client: redis.Redis, day: date
) -> None:
    record(boards, DAY, {"global": version(1), "weekly": version(1)})
    publish(boards)
    record(boards, day, {})
    publish(boards)
    for board in ("global", "weekly"):
        assert read(client, board)[0] == []
        assert not client.exists(*keys(board)[:2])
    assert publish(boards).affected == 0


def test_a_week_begins_with_an_empty_board(boards: World, client: redis.Redis) -> None:
    record(boards, DAY, {"global": version(1), "weekly": version(1)})
    publish(boards)
    record(boards, MONDAY, {"global": version(1)})
    publish(boards)
    assert read(client, "weekly")[0] == []
    assert scores_of(client) == version(1)


@pytest.mark.parametrize("lost", ["everything", "what is known", "what is known is rubbish"])
def test_a_redis_that_lost_its_boards_is_filled_again(
    boards: World, client: redis.Redis, lost: str
) -> None:
    record(boards, DAY, {"global": version(1)})
    publish(boards)
    if lost == "everything":
        client.flushall()
    elif lost == "what is known":
        client.delete(keys()[2])
    else:
        client.set(keys()[2], '{"version": [')
    assert "global" in publish(boards).message
    assert scores_of(client) == version(1)


def test_without_boards_there_is_nothing_to_publish(boards: World, client: redis.Redis) -> None:
    assert publish(boards).success
    assert client.dbsize() == 0


def test_hostile_ids_come_back_unchanged(boards: World, client: redis.Redis) -> None:
    ids = [
        "a\nb\r\n", '"},{"', "\\", "\\n", "'", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\x01\x7f",
        "é😀\u202e\ufeff", " ", "{}", "null", "/</script>", "".join(map(str, range(700))),
    ]  # fmt: skip
    boards.link({hostile: 5000 + i for i, hostile in enumerate(ids)})
    record(boards, DAY, {"global": {hostile: i for i, hostile in enumerate(ids)}})
    publish(boards)
    assert scores_of(client) == {hostile: i for i, hostile in enumerate(ids)}
    for hostile in ids:
        assert json.loads(client.hget(keys()[1], hostile))["member_id"] == hostile


def test_a_dry_run_tells_the_same_and_touches_nothing(boards: World, client: redis.Redis) -> None:
    record(boards, DAY, {"global": version(1), "weekly": version(2)})
    publish(boards)
    record(boards, DAY, {"global": version(3), "weekly": version(2)})
    before = dumped(client)
    client.config_resetstat()
    rehearsed = publish(boards, dry_run=True)
    assert commands(client).keys() <= LOOKS
    assert dumped(client) == before
    assert publish(boards) == rehearsed
    assert rehearsed.affected == 1


# Versions.


def test_a_version_is_of_rank_member_and_score_alone(boards: World) -> None:
    def note(scores: dict[str, int], seed: int = 0) -> str:
        record(boards, DAY, {"global": scores, "weekly": {"m0": 1}}, seed)
        return versions(boards)["global"]

    board = {f"m{i}": 7 if i < 5 else i for i in range(20)}
    first, weekly = note(board), versions(boards)["weekly"]
    assert [note(board, seed) for seed in range(5)] == [first] * 5
    others = [
        note({**board, "m19": 20}),  # a score alone
        note({**board, "m19": 18, "m18": 19}),  # who is where alone
        note({f"{member}x": score for member, score in board.items()}),
        note({member: board[member] for member in list(board)[1:]}),
        note({}),
    ]
    assert len({first, *others}) == 6
    assert note(board) == first
    assert versions(boards)["weekly"] == weekly


def test_an_unchanged_board_keeps_the_time_it_changed(boards: World) -> None:
    record(boards, DAY, {"global": version(1)})
    before = boards.query("SELECT * FROM leaderboards.boards ORDER BY board")
    record(boards, DAY, {"global": version(1)}, seed=3)
    after = boards.query("SELECT * FROM leaderboards.boards ORDER BY board")
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize("back", [1, 2, 40])
def test_an_earlier_day_replaces_no_later_board(boards: World, back: int) -> None:
    columns = "SELECT board, day, period_start, members, split_part(version, '/', 1) AS version"
    query = f"{columns} FROM leaderboards.boards ORDER BY board"
    record(boards, MONDAY, {"global": version(1), "monthly": version(2)})
    before = boards.query(query)
    record(boards, MONDAY - timedelta(days=back), {"global": version(3), "weekly": version(3)})
    pd.testing.assert_frame_equal(before, boards.query(query))


def test_a_day_before_counts_within_a_period_only(boards: World) -> None:
    record(boards, MONDAY, {"global": version(1), "weekly": version(1)})
    before = versions(boards)
    record(boards, MONDAY - timedelta(days=1), {"global": version(2), "weekly": version(2)})
    assert versions(boards)["weekly"] == before["weekly"]
    assert versions(boards)["global"] != before["global"]


def test_the_job_notes_boards_nobody_is_on(boards: World, client: redis.Redis) -> None:
    boards.sync(NOON - timedelta(hours=3), {1000: 1000})
    boards.sync(NOON - timedelta(hours=2), {1000: 1500})
    boards.run(LEADERBOARD_RECALCULATION, NOON)
    publish(boards)
    assert [scores_of(client, board) for board in ("global", "weekly", "monthly")] == [
        {"m0": 5}
    ] * 3
    boards.execute("UPDATE community.members SET leaderboard_visible = FALSE")
    boards.run(LEADERBOARD_RECALCULATION, NOON)
    assert publish(boards).affected == 3
    assert [scores_of(client, board) for board in ("global", "weekly", "monthly")] == [{}] * 3


# Readers and publishers at once.


def test_readers_see_whole_boards_of_one_version(
    boards: World, client: redis.Redis, redis_url: str
) -> None:
    record(boards, DAY, {"global": version(0)})
    publish(boards)
    noted = {versions(boards)["global"]: 0}
    done = threading.Event()
    seen: list[tuple[str, dict[str, int]]] = []
    errors: list[BaseException] = []

    def hammer() -> None:
        with redis.Redis.from_url(redis_url, decode_responses=True) as mine:
            while not done.is_set():
                try:
                    rows, about = read(mine)
                except BaseException as error:
                    errors.append(error)
                    return
                seen.append((about["version"], {row["member_id"]: row["score"] for row in rows}))
                time.sleep(0.0005)  # the publisher is of the same process

    reader = threading.Thread(target=hammer)
    reader.start()
    for k in range(1, 61):
        record(boards, DAY, {"global": version(k)})
        noted[versions(boards)["global"]] = k
        publish(boards)
    done.set()
    reader.join()
    assert errors == []
    assert len(noted) == 61
    assert all(scores == version(noted[known]) for known, scores in seen)
    assert len({known for known, _ in seen}) > 20


def test_a_board_ranked_again_while_it_is_read_is_of_one_version(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(boards, DAY, {"global": version(1)})
    read_rows = leaderboard_cache.CACHED_BOARDS.read_rows
    reads: list[str] = []

    def overtaken(transaction: Transaction, board: str) -> pd.DataFrame:
        reads.append(board)
        if len(reads) == 1:
            record(boards, NEXT_DAY, {"global": version(2)})
        return read_rows(transaction, board)

    monkeypatch.setattr(
        leaderboard_cache, "CACHED_BOARDS", cache.CachedBoards("community", overtaken)
    )
    publish(boards)
    assert reads[:2] == ["global", "global"]
    assert scores_of(client) == version(2)
    assert read(client)[1]["version"] == versions(boards)["global"]


def test_of_two_publishers_the_newer_version_stands(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(boards, DAY, {"global": version(1)})
    is_staging, may_go_on = threading.Event(), threading.Event()
    watch = Pipeline.watch

    def slow(self: Pipeline, *names: str) -> object:
        if not is_staging.is_set():
            is_staging.set()
            may_go_on.wait()
        return watch(self, *names)

    monkeypatch.setattr(Pipeline, "watch", slow)
    publishers = [threading.Thread(target=publish, args=(boards,)) for _ in range(2)]
    publishers[0].start()
    assert is_staging.wait(10)
    record(boards, NEXT_DAY, {"global": version(2)})
    publishers[1].start()
    publishers[1].join(0.5)
    assert publishers[1].is_alive()
    may_go_on.set()
    for publisher in publishers:
        publisher.join()
    assert scores_of(client) == version(2)
    assert read(client)[1]["version"] == versions(boards)["global"]


@pytest.mark.parametrize("moment", ["watch", "multi"])
@pytest.mark.parametrize("accident", ["flushed", "expired", "written to by another", "halved"])
def test_what_was_staged_and_is_no_longer_whole_is_not_exchanged(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, moment: str, accident: str
) -> None:
    record(boards, DAY, {"global": version(1)})
    publish(boards)
    record(boards, DAY, {"global": version(2)})
    staged = [f"{key}:next" for key in keys()[:2]]
    real = getattr(Pipeline, moment)

    def happen(self: Pipeline, *names: str) -> object:
        assert client.exists(*staged) == 2
        if accident == "flushed":
            client.flushall()
        elif accident == "expired":
            client.delete(*staged)
        elif accident == "written to by another":
            client.rpush(staged[0], "{}")
        else:
            client.ltrim(staged[0], 4, -1)
        return real(self, *names)

    monkeypatch.setattr(Pipeline, moment, happen)
    assert publish(boards).message == (
        "Redis did not take the boards (WatchError); the next run tries again"
    )
    if accident == "flushed":
        assert client.dbsize() == 0
    else:
        assert scores_of(client) == version(1)
    monkeypatch.setattr(Pipeline, moment, real)
    assert "global" in publish(boards).message
    assert scores_of(client) == version(2)


# A Redis that fails, a publisher that dies.

DEADLY = """
import os, signal, sys
from datetime import UTC, datetime
from redis.client import Pipeline
from trc_pipelines_tests.catalogue import LEADERBOARD_CACHE
from trc_pipelines.database.connection import Database
from trc_pipelines.leaderboards import cache
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.settings import load_settings

url, redis_url, deadly = sys.argv[1:]
execute, passed = Pipeline.execute, 0
def watched(self, *args):
    global passed
    for before in (True, False):
        passed += 1
        if passed == int(deadly):
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(self, *args) if before else result
    return result
Pipeline.execute = watched
cache.ROWS_AT_ONCE = 20
settings = load_settings(database_url=url, redis_url=redis_url, trc_home="/nonexistent")
now = datetime.now(UTC)
perform(Database(url), settings, LEADERBOARD_CACHE, Options(now, now, "deadly", "test"))
"""


# 37 rows are two batches of a pipeline each, then comes the exchange: before and after each.
@pytest.mark.parametrize("deadly", range(1, 7))
def test_a_publisher_that_is_killed_leaves_the_old_board_or_the_new_one(
    boards: World, client: redis.Redis, redis_url: str, deadly: int
) -> None:
    assert len(version(2)) == 37
    record(boards, DAY, {"global": version(1)})
    publish(boards)
    record(boards, DAY, {"global": version(2)})
    arguments = [sys.executable, "-c", DEADLY, boards.database.url, redis_url, str(deadly)]
    ended = subprocess.run(arguments, cwd=PROJECT_ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert scores_of(client) == version(1 if deadly < 6 else 2)
    staged = client.keys("*:next")
    assert len(staged) == (2 if 1 < deadly < 6 else 0)
    assert all(0 < client.ttl(key) <= cache.STAGED_FOR_SECONDS for key in staged)
    assert publish(boards).success
    assert scores_of(client) == version(2)
    assert client.keys("*:next") == []


def test_a_batch_that_arrives_in_part_leaves_nothing_without_a_time_to_live(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(boards, DAY, {"global": version(1)})
    connection = redis.connection.UnixDomainSocketConnection
    send = connection.send_packed_command

    def cut(self: redis.Connection, command: bytes | list[bytes], **options: object) -> None:
        data = command if isinstance(command, bytes) else b"".join(command)
        if b"EXPIRE" not in data:
            return send(self, command, **options)
        assert self._sock
        self._sock.sendall(data[: data.index(b"EXPIRE")])
        self.disconnect()
        raise redis.ConnectionError

    monkeypatch.setattr(connection, "send_packed_command", cut)
    assert not publish(boards).success
    assert [key for key in client.scan_iter() if client.ttl(key) == -1] == []


@pytest.fixture
def deaf() -> Iterator[str]:
    """URL of something that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://:{SECRET}@127.0.0.1:{listener.getsockname()[1]}/0"


def assert_failed(world: World, result: Result, error: str) -> None:
    assert not result.success
    assert result.message == (f"Redis did not take the boards ({error}); the next run tries again")
    execution = last_execution(world)
    assert (execution["success"], execution["state"]) == (False, "failed")
    assert execution["message"] == result.message
    assert SECRET not in str(execution)


@pytest.mark.parametrize("trouble", ["down", "no socket", "no such host", "wrong password", "deaf"])
def test_an_unreachable_redis_fails_the_job_alone_and_the_next_run_publishes(
    boards: World, client: redis.Redis, redis_url: str, deaf: str,
    monkeypatch: pytest.MonkeyPatch, trouble: str,
) -> None:  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url, error = {
        "down": (f"redis://:{SECRET}@127.0.0.1:{port}/0", "ConnectionError"),
        "no socket": (f"unix:///nonexistent?password={SECRET}", "ConnectionError"),
        "no such host": (f"redis://:{SECRET}@host.invalid/0", "ConnectionError"),
        "wrong password": (f"{redis_url}&username=eve&password={SECRET}", "AuthenticationError"),
        "deaf": (deaf, "TimeoutError"),
    }[trouble]
    record(boards, DAY, {"global": version(1)})
    troubled = at(boards, url)
    with monkeypatch.context() as changed:
        changed.setattr(cache, "TIMEOUT_SECONDS", 0.5 if trouble == "deaf" else 60)
        began = time.monotonic()
        assert_failed(boards, publish(troubled), error)
        assert time.monotonic() - began < 60
    assert publish(boards).success
    assert scores_of(client) == version(1)


def make_read_only(client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "1")


def make_full(client: redis.Redis) -> None:
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)


def make_hang(client: redis.Redis) -> None:
    client.execute_command("CLIENT", "PAUSE", "60000", "WRITE")


def mend(client: redis.Redis) -> None:
    client.replicaof("NO", "ONE")
    client.config_set("maxmemory", 0)
    client.client_unpause()


@pytest.mark.parametrize(
    ("spoil", "error", "error_when_staged"),
    [
        (make_read_only, "ReadOnlyError", "ReadOnlyError"),
        (make_full, "OutOfMemoryError", "OutOfMemoryError"),
        (make_hang, "TimeoutError", "WatchError"),
    ],
)
@pytest.mark.parametrize("is_staged", [False, True])
def test_a_redis_that_takes_nothing_keeps_the_old_board_and_gets_the_new_one_later(
    boards: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[redis.Redis], None], error: str, error_when_staged: str, is_staged: bool,
) -> None:  # fmt: skip
    record(boards, DAY, {"global": version(1)})
    publish(boards)
    record(boards, DAY, {"global": version(2)})
    watch = Pipeline.watch
    with monkeypatch.context() as changed:
        changed.setattr(cache, "TIMEOUT_SECONDS", 1 if spoil is make_hang else 60)
        if is_staged:
            changed.setattr(Pipeline, "watch", lambda *args: [watch(*args), spoil(client)][0])
        else:
            spoil(client)
        result = publish(boards)
    assert_failed(boards, result, error_when_staged if is_staged else error)
    mend(client)
    assert scores_of(client) == version(1)
    assert publish(boards).success
    assert scores_of(client) == version(2)


def test_ranking_goes_on_while_redis_hangs(boards: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "TIMEOUT_SECONDS", 600)
    record(boards, DAY, {"global": version(1)})
    results: list[Result] = []
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        troubled = at(boards, f"redis://127.0.0.1:{hanging.getsockname()[1]}/0")
        publishing = threading.Thread(target=lambda: results.append(publish(troubled)))
        publishing.start()
        with hanging.accept()[0]:
            ranked = boards.run(LEADERBOARD_RECALCULATION, NOON)
            assert ranked["community.leaderboard_rankings"].success
            assert publishing.is_alive()
    publishing.join()
    assert not results[0].success


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"redis://:{SECRET}/{SECRET}@localhost/0", "REDIS_URL cannot be read"),
        ("redis://localhost:notaport/0", "REDIS_URL cannot be read"),
    ],
)
def test_a_url_that_is_none_is_named_without_its_password(
    boards: World, url: str, words: str
) -> None:
    with pytest.raises(JobError, match=words) as caught:
        publish(at(boards, url))
    assert SECRET not in str(caught.value)
    assert SECRET not in str(last_execution(boards))


def test_a_library_that_is_missing_is_named(boards: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(JobError, match="pip install redis"):
        publish(boards)
