"""What `make check` finds beside style, and what SECURITY.md promises by name of a test."""

import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from trc_pipelines.settings import PROJECT_ROOT

MAKEFILE = (PROJECT_ROOT / "Makefile").read_text().replace("\\\n", " ")
BIN = Path(sys.executable).parent
TOKEN = secrets.token_hex(32)
# Drawn anew: what stands in a file of the repository would be found there.
PLANTED = {
    "key.py": f'TOKEN = "{TOKEN}"',
    "password.yaml": f"password: {TOKEN[:9]}",
    "url.sql": f"-- postgresql://trc:{TOKEN[:9]}@db/trc",
    "private.md": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "github.env": f"GITHUB=ghp_{TOKEN[:36]}",
    "aws.toml": f'id = "AKIA{TOKEN[:16].upper()}"',
    "webhook.txt": f"https://discord.com/api/webhooks/123456789012345678/{TOKEN}",
    "apprise.md": f"discord://123456789012345678/{TOKEN}",
    "sentry.env": f"SENTRY_DSN=https://{TOKEN[:32]}@o1.ingest.example/42",
}


def command(name: str) -> list[str]:
    """The line of the Makefile that calls it."""
    (line,) = re.findall(rf"\$\(BIN\)/({name} .*)", MAKEFILE)
    return shlex.split(line.replace("$(BIN)", str(BIN)))


def look_for_secrets(files: list[Path]) -> subprocess.CompletedProcess:
    program, *options = command("detect-secrets-hook")
    return subprocess.run(
        [BIN / program, *options, *files], capture_output=True, text=True, cwd=PROJECT_ROOT
    )


def test_a_secret_that_was_left_in_a_file_is_found_whatever_the_file(tmp_path: Path) -> None:
    for name, text in PLANTED.items():
        (tmp_path / name).write_text(text)
    looked = look_for_secrets([tmp_path / name for name in PLANTED])
    assert looked.returncode == 1, looked.stderr
    assert {name for name in PLANTED if f"/{name}:1" not in looked.stdout} == set()


def test_what_stands_for_a_secret_in_documents_is_none(tmp_path: Path) -> None:
    fine = tmp_path / "fine.md"
    fine.write_text("postgresql://user:password@host/trc\npostgresql://trc:CHANGE-ME@db/trc\n")
    looked = look_for_secrets([fine])
    assert looked.returncode == 0, looked.stdout


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (("", ""), ""),
        ((r"(?m)^pandas==\S+", "pandas==3.0.999"), "pandas==3.0.999"),
        ((r"(?m)\A", "pandas @ https://host.example/pandas-3.0.0-py3-none-any.whl\n"), "pandas"),
    ],
    ids=["as it is", "another version", "from elsewhere"],
)
def test_what_is_installed_otherwise_than_locked_is_found(
    tmp_path: Path, edit: tuple[str, str], told: str
) -> None:
    lock = tmp_path / "edited.lock"
    lock.write_text(re.sub(*edit, (PROJECT_ROOT / "requirements.lock").read_text(), count=1))
    program, *options = [
        str(lock) if option == "requirements.lock" else option
        for option in command("uv pip install")
    ]
    looked = subprocess.run(
        [BIN / program, *options], capture_output=True, text=True, cwd=PROJECT_ROOT
    )
    assert (looked.returncode == 0) == (not told), looked.stderr
    assert told in looked.stderr


@pytest.mark.parametrize(
    "lock", [PROJECT_ROOT / "requirements.lock", *(PROJECT_ROOT / "locks").glob("*.lock")],
    ids=lambda lock: lock.stem,
)  # fmt: skip
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock: Path) -> None:
    for requirement in re.split(
        r"\n(?=\S)", re.sub(r"(?m)^ *#.*\n?", "", lock.read_text()).strip()
    ):
        first, *hashes = requirement.split(" \\\n    ")
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[0-9][\w.]*( ; .+)?", first), first
        assert hashes, first
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}\n*", each) for each in hashes), hashes


def test_what_keeps_a_promise_of_the_security_page_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)`", (PROJECT_ROOT / "SECURITY.md").read_text())
    assert len(named) > 20
    assert [name for name in named if not (Path(__file__).parent / name).exists()] == []
