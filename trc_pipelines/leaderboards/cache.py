"""Boards in Redis, for apps that ask often: each is replaced whole, in one instant.

For every board, under `trc:boards:<domain>:<board>`:

* `…:rows`: a list, one JSON object per rank (index 0 is rank 1): LRANGE gives the top or any page;
* `…:members`: a hash, the same object by member id: HGET gives a member's own row;
* `…:about`: a JSON object: day, period_start, members, computed_at, version.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.contract import JobError, Result, Work
from trc_pipelines.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "trc:boards"
TIMEOUT_SECONDS = 5
ROWS_AT_ONCE = 10_000
# What a publisher left behind that died before the exchange goes away by itself.
STAGED_FOR_SECONDS = 3600


@dataclass(frozen=True)
class CachedBoards:
    """Boards of a domain and how to read one as it is published: a row per rank, in order.

    `read_rows` gives rank, member_id and whatever else apps show; no names.
    """

    domain: str
    read_rows: Callable[[Transaction, str], pd.DataFrame]


def publish_boards(work: Work, boards: CachedBoards) -> Result:
    """Publish the boards that are not in the cache as they are; unchanged ones cost a look.

    Without success when Redis does not answer: the boards themselves are not touched by that, and
    the next run publishes them.
    """
    from redis import RedisError

    standing = work.db.read_rows("leaderboards/select_boards", boards.domain)
    try:
        client = connect(work.settings)
        known = client.mget([_key(boards.domain, board["board"], "about") for board in standing])
        changed = [
            board
            for board, about in zip(standing, known, strict=True)
            if about is None or json.loads(about)["version"] != board["version"]
        ]
        for board in changed:
            rows = boards.read_rows(work.db, board["board"])
            if not work.is_dry_run:
                _replace(client, boards.domain, board, rows)
    except (RedisError, OSError) as error:
        # The class alone: messages of Redis may repeat its URL.
        problem = f"Redis does not answer ({type(error).__name__}); the next run publishes again"
        return Result(0, problem, {"boards": len(standing)}, success=False)
    names = ", ".join(board["board"] for board in changed)
    return Result(
        affected=len(changed),
        message=f"published {names}" if changed else "every board is published as it stands",
        details={"boards": len(standing), "published": len(changed)},
        rows=sum(board["members"] for board in changed),
    )


def connect(settings: Settings) -> "Redis":
    """The client of REDIS_URL; every wait is bounded.

    Raises:
        JobError: no URL is set, or the library is not installed.
    """
    if settings.redis_url is None:
        raise JobError("REDIS_URL is not set; it accepts redis://host:port/0")
    try:
        import redis
    except ImportError as error:
        raise JobError("REDIS_URL is set, but redis is not installed: pip install redis") from error
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        decode_responses=True,
    )


def _replace(client: "Redis", domain: str, board: dict[str, Any], rows: pd.DataFrame) -> None:
    """Write a board aside, then exchange it for the one that is read, in one transaction."""
    name = board["board"]
    staged = {
        part: f"{_key(domain, name, part)}:{board['version']}" for part in ("rows", "members")
    }
    lines = rows.to_json(orient="records", lines=True, date_format="iso").splitlines()
    members = rows["member_id"].tolist()
    client.delete(*staged.values())
    for first in range(0, len(lines), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        with client.pipeline(transaction=False) as pipe:
            pipe.rpush(staged["rows"], *lines[some])
            pipe.hset(staged["members"], mapping=dict(zip(members[some], lines[some], strict=True)))
            for key in staged.values():
                pipe.expire(key, STAGED_FOR_SECONDS)
            pipe.execute()
    about = {**board, "members": len(rows)}
    with client.pipeline(transaction=True) as pipe:
        for part, key in staged.items():
            target = _key(domain, name, part)
            if lines:
                pipe.persist(key)
                pipe.rename(key, target)
            else:
                pipe.delete(target)
        pipe.set(_key(domain, name, "about"), json.dumps(about, default=str))
        pipe.execute()


def _key(domain: str, board: str, part: str) -> str:
    return f"{PREFIX}:{domain}:{board}:{part}"
