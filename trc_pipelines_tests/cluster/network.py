"""Hosts on one Linux machine: network namespaces on a bridge, whose links can be cut.

They share the kernel, the clock and the disk, which real hosts do not.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Set for the part that runs on the control: what the names of all hosts begin with.
INSIDE = "TRC_CLUSTER"
_NAME = os.environ.get(INSIDE) or f"trc{os.getpid()}"
CONTROL, *WORKERS = [f"{_NAME}-{host}" for host in ("control", "a", "b")]
# The bridge is the control's.
ADDRESSES = dict(zip([CONTROL, *WORKERS], ["10.77.0.1", "10.77.0.11", "10.77.0.12"], strict=True))


def find_missing() -> list[str]:
    """What this machine lacks."""
    missing = [f"the program {name}" for name in ("ip", "setpriv") if shutil.which(name) is None]
    if sys.platform != "linux":
        missing.append("Linux")
    elif os.geteuid():
        missing.append("root, who may make network namespaces")
    return missing


@contextmanager
def open_network() -> Iterator[None]:
    """Make the hosts, and remove them with all that runs there."""
    try:
        for name in ADDRESSES:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", CONTROL, "link", "add", "hosts", "type", "bridge")
        _ip("-n", CONTROL, "addr", "add", f"{ADDRESSES[CONTROL]}/24", "dev", "hosts")
        _ip("-n", CONTROL, "link", "set", "hosts", "up")
        for name in WORKERS:
            ends = f"link add {name} type veth peer name eth0 netns {name}"
            _ip("-n", CONTROL, *ends.split())
            _ip("-n", CONTROL, "link", "set", name, "master", "hosts", "up")
            _ip("-n", name, "addr", "add", f"{ADDRESSES[name]}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        os.environ[INSIDE] = _NAME
        yield
    finally:
        for name in ADDRESSES:
            left = subprocess.run(["ip", "netns", "pids", name], stdout=-1, text=True, check=False)
            for pid in left.stdout.split():
                os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@contextmanager
def cut_off(name: str) -> Iterator[None]:
    """No packet reaches the host, or leaves it, until the block ends. Nobody is told."""
    _ip("-n", CONTROL, "link", "set", name, "down")
    try:
        yield
    finally:
        _ip("-n", CONTROL, "link", "set", name, "up")


def on(name: str, *command: str) -> list[str]:
    """The command, executed on a host."""
    return ["ip", "netns", "exec", name, *command]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
