"""A real Redis for the tests of the cache, emptied for each."""

from collections.abc import Iterator

import pytest
import redis


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
