"""Build the container image: `make image`, from any base with Python 3.11, also without a registry.

Everything is gathered here, with this Python and its pip, and the build itself needs no network.
"""

import argparse
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from trc_pipelines.settings import LAUNCHER_LIBRARIES

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
CONTEXT = ROOT / "build" / "image"
PYTHON = (3, 11)


def main() -> None:
    """Build it, and say how large it is and what in it is largest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="an image with Python 3.11")
    parser.add_argument(
        "--launcher", required=True, choices=LAUNCHER_LIBRARIES, help="whose library is in it"
    )
    arguments = parser.parse_args()
    if sys.version_info[:2] != PYTHON:
        sys.exit(
            f"The image has Python 3.11, and wheels for it are fetched by the same; this is {sys.version}. "
            "Remove .venv, then: make image PYTHON=python3.11"
        )
    if answer := find_what_docker_lacks():
        sys.exit(
            f"Docker is needed: its client, and an engine that answers. It says: {answer}\n"
            "The engine is started by root, with its service or by: dockerd"
        )
    gather(arguments.launcher)
    tag = f"trc:{version('trc_pipelines')}"
    build(arguments.base, tag)
    describe(tag)


def find_what_docker_lacks() -> str | None:
    """Ask the client for its engine; what is wrong, if anything."""
    if shutil.which("docker") is None:
        return "docker: command not found"
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stderr.strip() if asked.returncode else None


def gather(launcher: str) -> None:
    """Put the wheels and what the Dockerfile copies into one folder."""
    shutil.rmtree(CONTEXT, ignore_errors=True)
    wheels, locks = CONTEXT / "wheels", CONTEXT / "locks"
    wheels.mkdir(parents=True)
    locks.mkdir()
    for name in ("runtime", launcher):
        shutil.copy(LOCKS / f"{name}.lock", locks)
    shutil.copy(ROOT / "deploy" / "Dockerfile", CONTEXT)
    run(
        sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--dest", str(wheels),
        *(f"--requirement={lock}" for lock in locks.iterdir()),
    )  # fmt: skip
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels))


def build(base: str, tag: str) -> None:
    """Build without a network. A base that is not here is asked of its registry first."""
    run("docker", "build", "--network=none", "--build-arg", f"BASE={base}", "-t", tag, str(CONTEXT))


def describe(tag: str) -> None:
    """Say how large it is, and how much of that is what."""
    size = int(read("docker", "image", "inspect", "--format", "{{.Size}}", tag))
    print(f"{tag}: {size / 1e6:.0f} MB")
    look = "du -sm /opt/trc/lib/python3*/site-packages/* | sort -rn | head -12"
    print(read("docker", "run", "--rm", "--network=none", tag, "sh", "-c", look))


def run(*command: str) -> None:
    """Run it, or end with its exit code: it has said why."""
    ended = subprocess.run(command, cwd=ROOT, check=False)
    if ended.returncode:
        sys.exit(ended.returncode)


def read(*command: str) -> str:
    """Read what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
