"""A real Redis for the tests of the cache, emptied for each."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from trc_pipelines.demo.redis_server import serve_redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a server of this worker's own."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder, serve_redis(Path(folder)) as url:
        assert url, "neither the wheel of requirements.lock nor this machine has a Redis server"
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A look into the server, which is empty and well when a test begins."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as opened:
        opened.replicaof("NO", "ONE")
        opened.config_set("maxmemory", 0)
        opened.client_unpause()
        opened.flushall()
        opened.config_resetstat()
        yield opened
