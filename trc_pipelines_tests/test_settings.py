"""Every setting, whatever is written there: it is used, or refused in words that name it and keep secrets."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.settings import Settings, SettingsError, load_settings
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.hostile import STORABLE, assert_one_line

FIELDS = Settings.model_fields
CANARY = "canary"
# What is close to right is refused later than what is not; each holds something secret.
NEARLY = [
    f"postgresql://ann:{CANARY}@host:5432/trc", f"postgresql://ann:{CANARY}@[::1/trc", f"{CANARY}://",
    f"https://{CANARY}@host/1", f"https://{CANARY}:x@host:port/{CANARY}", f"https://host/{CANARY}/{{job}}",
    f"redis://:{CANARY}@host:6379/0", f"s3://{CANARY}/prefix", f"s3://{CANARY}:{CANARY}@bucket", f"/{CANARY}",
    f"file:///{CANARY}%00", f"json://{CANARY}@host", f"discord://1/{CANARY}", f"{CANARY},{CANARY}",
    "community", "community,quiz", "celery", "docker", "America/New_York", "/etc/passwd", "../../etc/passwd",
    "2026-01-01", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
    "99999-01-01", "2026-13-01", "1", "0", "-1", "0.5", "1e3", "inf", "-inf", "nan", "1_000", "١", "true",
    "false", "on",
]  # fmt: skip
PARTS = st.sampled_from(
    [*NEARLY, *STORABLE.values(), CANARY, "://", "@", "/", "[", "]", "%", ":", ",", " ", "\n", "é"]
)
TEXT = st.lists(PARTS, max_size=5).map("".join) | st.text(max_size=60)
LONG = ["9" * 5000, "x" * 100_000]


def load_from_environment(name: str, value: str) -> Settings | str:
    """What it becomes, or what is said of it."""
    with patch.dict(os.environ, {name.upper(): value}):
        return load()


def load() -> Settings | str:
    try:
        return load_settings()
    except SettingsError as error:
        return str(error)


def assert_used_or_refused(name: str, said: Settings | str) -> None:
    field = FIELDS[name]
    if isinstance(said, Settings):
        # As logs would show it.
        assert field.repr or CANARY not in repr(said)
        return
    for line in said.split("\n"):
        assert_one_line(line)
        named, _, why = line.partition(": ")
        # One setting may need another, which is named then.
        assert named == name.upper() or f"{name.upper()}=" in why
        assert why.endswith(f" ({FIELDS[named.lower()].description})")
    assert field.repr or CANARY not in said


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_is_used_or_refused_by_its_name_and_what_it_is_for(name: str) -> None:
    for value in [*NEARLY, *LONG]:
        assert_used_or_refused(name, load_from_environment(name, value))


FIGURES = [name for name, field in FIELDS.items() if field.annotation in (int, float, int | None)]


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_is_used_that_nothing_can_count_with(name: str) -> None:
    """Not by a timeout of PostgreSQL, a time that many days ago, a column of 64 bits."""
    for value in ("inf", "nan", "1e300", "1e10", str(2**63), str(10**30)):
        assert isinstance(load_from_environment(name, value), str), value


@pytest.mark.parametrize("name", ["statement_timeout_seconds", "lock_timeout_seconds"])
def test_a_timeout_that_postgresql_would_take_for_none_is_refused(name: str) -> None:
    assert "greater than or equal to 0.001" in str(load_from_environment(name, "0.0004"))


@given(name=st.sampled_from([*FIELDS]), value=TEXT.filter(lambda text: "\0" not in text))
@settings(max_examples=examples(150))
def test_so_is_whatever_anybody_writes(name: str, value: str) -> None:
    assert_used_or_refused(name, load_from_environment(name, value))


@given(name=st.sampled_from([*FIELDS]), value=st.binary(max_size=60) | TEXT.map(str.encode))
@settings(max_examples=examples(60))
def test_so_is_whatever_stands_in_the_file(name: str, value: bytes) -> None:
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, {"TRC_HOME": home}):
        Path(home, "settings.env").write_bytes(name.upper().encode() + b"=" + value)
        said = load()
    if isinstance(said, str):
        assert {line.partition(": ")[0].lower() for line in said.split("\n")} <= {*FIELDS}
        for line in said.split("\n"):
            assert_one_line(line)
        assert FIELDS[name].repr or CANARY not in said


def test_a_file_that_cannot_be_read_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRC_HOME", str(tmp_path))
    (tmp_path / "settings.env").write_bytes(b"MEE6_GUILD_ID=\xff")
    assert str(load()).startswith("TRC_HOME: settings.env there cannot be read (it is not UTF-8)")
    monkeypatch.setenv("TRC_HOME", str(tmp_path / ("x" * 300)))
    assert "cannot be read (File name too long)" in str(load())
