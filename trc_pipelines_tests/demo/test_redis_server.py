"""The Redis of the demo and of the tests: there is one on any machine, the newest."""

import shutil
from pathlib import Path

import pytest
import redis

from trc_pipelines.demo.redis_server import find_program, serve_redis


def test_it_serves_below_a_path_with_a_space_and_ends_with_the_block(tmp_path: Path) -> None:
    folder = Path("/tmp") / tmp_path.name / "my work"  # a socket's path is short
    folder.mkdir(parents=True)
    try:
        with serve_redis(folder) as url:
            client = redis.Redis.from_url(url)
            assert client.set("a", "b")
            assert client.config_get("save") == {"save": ""}
        with pytest.raises(redis.ConnectionError):
            client.ping()
    finally:
        shutil.rmtree(folder.parent)


def test_a_path_that_is_too_long_for_a_socket_gives_none(tmp_path: Path) -> None:
    with serve_redis(tmp_path / ("x" * 100)) as url:
        assert url is None


@pytest.mark.parametrize(("version", "is_used"), [("6.0.16", False), ("99.1.0", True)])
def test_a_server_of_the_machine_is_used_where_it_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_used: bool
) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\necho Redis server v={version} sha=0:0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = find_program()
    assert (found == str(program)) is is_used
    assert found
