"""A real Redis for the tests of the cache, emptied for each."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a server of its own, on a socket in a temporary folder, that writes nothing to disk."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("redis-server is missing: sudo apt-get install redis-server, or run .ci/run")
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        socket = Path(folder) / "s"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        with subprocess.Popen(
            [program, *options, "--dir", folder], stdout=subprocess.DEVNULL
        ) as server:
            deadline = time.monotonic() + 20
            while not socket.exists():
                assert server.poll() is None, "redis-server does not start"
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield f"unix://{socket}?db=0"
            server.terminate()


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
