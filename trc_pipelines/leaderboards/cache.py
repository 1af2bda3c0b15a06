"""Boards in Redis, for apps that ask often: each is replaced in one instant.

For every board, under `trc:boards:<domain>:<board>`:

* `…:rows`: a list, one JSON object per rank (index 0 is rank 1). LRANGE gives the top or any page.
* `…:members`: a hash, the same object by member id. HGET gives a member's own row.
* `…:about`: a JSON object: board, day, period_start, members, computed_at, version.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError, Result, Work
from trc_pipelines.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "trc:boards"
TIMEOUT_SECONDS = 5
ROWS_AT_ONCE = 2_000
# What a publisher left behind that died before the exchange goes away by itself.
STAGED_FOR_SECONDS = 600


@dataclass(frozen=True)
class CachedBoards:
    """Boards of a domain and how to read one as it is published: a row per rank, in order.

    `read_rows` gives rank, member_id and whatever else apps show, but no names.
    """

    domain: str
    read_rows: Callable[[Transaction, str], pd.DataFrame]


def publish_boards(work: Work, boards: CachedBoards) -> Result:
    """Publish the boards that are not in the cache as they are. Unchanged ones cost a look.

    Without success when Redis does not take them: the boards themselves are not touched by that,
    and the next run publishes them.
    """
    client = connect(work.settings)
    from redis import RedisError  # after `connect`, which says so when it is missing

    standing = work.transaction.read_rows("leaderboards/select_boards", domain=boards.domain)
    published = []
    try:
        with client:
            keys = [_key(boards, board, "about") for board in standing]
            known = client.mget(keys) if keys else []
            for board, about in zip(standing, known, strict=True):
                if json.dumps(board["version"]) in str(about):
                    continue
                current, rows = _read(work, boards, board)
                if not work.is_dry_run:
                    _replace(client, boards, current, rows)
                published.append(current)
    except (RedisError, OSError) as error:
        # The class alone: messages of Redis may repeat its URL.
        problem = (
            f"Redis did not take the boards ({type(error).__name__}); the next run tries again"
        )
        figures = {"boards_published": len(published)}
        return Result(len(published), details=figures, notes=[problem], success=False)
    names = ", ".join(board["board"] for board in published)
    return Result(
        affected=len(published),
        details={
            "boards_published": len(published),
            "boards_unchanged": len(standing) - len(published),
        },
        notes=[f"published {names}"] if published else [],
        rows_written=sum(board["members"] for board in published),
    )


def connect(settings: Settings) -> "Redis":
    """Make the client of REDIS_URL. Every wait is bounded.

    Raises:
        JobError: no URL is set, or it is malformed, or the library is not installed.
    """
    if settings.redis_url is None:
        raise JobError("REDIS_URL is not set; it accepts redis://host:port/0")
    try:
        import redis
    except ImportError as error:
        raise JobError("REDIS_URL is set, but redis is not installed: pip install redis") from error
    try:
        return redis.Redis.from_url(
            settings.redis_url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # A push that is sent again may be done twice; the next run is the retry.
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
            decode_responses=True,
        )
    except ValueError:
        # Its words may be a piece of the password.
        raise JobError(
            "REDIS_URL cannot be read; it accepts redis://user:password@host:port/0, "
            "with special characters of the password as %XX"
        ) from None


def _read(
    work: Work, boards: CachedBoards, board: dict[str, Any]
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read a board and its rows, of one version also when it is ranked again in between."""
    while True:
        rows = boards.read_rows(work.transaction, board["board"])
        standing = work.transaction.read_rows("leaderboards/select_boards", domain=boards.domain)
        if board in standing:
            return board, rows
        board = next(now for now in standing if now["board"] == board["board"])


def _replace(
    client: "Redis", boards: CachedBoards, board: dict[str, Any], rows: pd.DataFrame
) -> None:
    """Write a board aside, then exchange it for the one that is read, in one transaction.

    Raises:
        WatchError: what was written aside is no longer complete, and nothing is exchanged.
    """
    from redis import WatchError

    targets = [_key(boards, board, part) for part in ("rows", "members")]
    staged_rows, staged_members = staged = [f"{target}:next" for target in targets]
    # An empty frame gives one line too, an empty one.
    lines = rows.to_json(orient="records", lines=True).split("\n")[: len(rows)]
    members = rows["member_id"].tolist()
    client.unlink(*staged)
    for first in range(0, len(lines), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        # A transaction, so that nothing is ever staged without a time to live.
        with client.pipeline() as pipe:
            pipe.rpush(staged_rows, *lines[some])
            pipe.hset(staged_members, mapping=dict(zip(members[some], lines[some], strict=True)))
            for key in staged:
                pipe.expire(key, STAGED_FOR_SECONDS)
            pipe.execute()
    about = {**board, "members": len(lines)}
    with client.pipeline() as pipe:
        # Redis rolls nothing back: what expired, was flushed, or was written by a second publisher
        # has to be noticed before anything is exchanged.
        pipe.watch(*staged)  # type: ignore[no-untyped-call]
        if not pipe.llen(staged_rows) == pipe.hlen(staged_members) == len(lines):
            raise WatchError
        pipe.multi()
        # Not left to RENAME, which would free the old board while everybody waits.
        pipe.unlink(*targets)
        for key, target in zip(staged, targets, strict=True):
            if lines:
                pipe.rename(key, target)
                pipe.persist(target)
        pipe.set(
            _key(boards, board, "about"), json.dumps(about, default=lambda day: day.isoformat())
        )
        pipe.execute()


def _key(boards: CachedBoards, board: dict[str, Any], part: str) -> str:
    return f"{PREFIX}:{boards.domain}:{board['board']}:{part}"
