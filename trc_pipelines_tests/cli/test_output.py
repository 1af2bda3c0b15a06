"""How tables, figures and progress look, on a terminal and in a pipe."""

import os
import re
import time

import pandas as pd
import pytest
from rich.cells import cell_len

from trc_pipelines.cli import output
from trc_pipelines.cli.output import print_table, say, tell
from trc_pipelines.words import list_figures

NAMES = pd.DataFrame(
    {"name": ["Ann", "日本語の名前", "e\u0301lan", "🎉party"], "points": [5, 1_234, 70, 8]}
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 60 columns."""
    monkeypatch.setattr(output, "_terminal_width", lambda: 60)


def test_columns_stand_below_each_other_whatever_is_in_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("Members", NAMES)
    title, *lines, _ = capsys.readouterr().out.splitlines()
    assert title == "Members"
    # Numbers end in the same column of the terminal.
    assert len({cell_len(line) for line in lines}) == 1
    assert lines[2].split() == ["日本語の名前", "1234"]


@pytest.mark.usefixtures("terminal")
def test_a_table_too_wide_for_the_terminal_becomes_blocks_and_nothing_is_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wide = pd.DataFrame({"member": ["m" * 40, "n"], "name": ["x" * 30, None], "score": [1, 2]})
    print_table("Members", wide)
    assert capsys.readouterr().out.splitlines() == [
        "Members",
        f"member  {'m' * 40}",
        f"name    {'x' * 30}",
        "score   1",
        "",
        "member  n",
        "name    –",
        "score   2",
        "",
    ]


def test_figures_are_words() -> None:
    figures = {
        "games_settled": 1_200,
        "is_late": True,
        "why": None,
        "found": ["a", {"x": 1}],
        "no": [],
    }
    said = list_figures(figures)
    assert said == "games settled 1,200, is late yes, why –, found a; (x 1), no none"
    assert not re.search(r"[{}\[\]']", said)


def test_what_is_quick_is_done_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with tell("Reading"):
        pass
    assert capsys.readouterr() == ("", "")


def read_until(capsys: pytest.CaptureFixture[str], word: str) -> str:
    """What was told beside the output, up to a word; nothing was printed meanwhile."""
    told = ""
    while word not in told:
        time.sleep(0.01)
        out, err = capsys.readouterr()
        assert out == ""
        told += err
    return told


def test_in_a_pipe_who_waits_is_told_now_and_then_beside_what_machines_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(output, "REPEAT_SECONDS", 0.2)
    with tell("Settling", 4) as work:
        first = read_until(capsys, "Settling")
        work.begin("Paying", 3)
        second = read_until(capsys, "Paying")
    assert re.fullmatch(r"(Settling, 0 of 4, \d+ s …\n)+", first)
    assert re.fullmatch(r"(Settling, 0 of 4, \d+ s …\n)*(Paying, 3 of 4, \d+ s …\n)+", second)


def test_on_a_terminal_the_line_lives_and_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    with tell("Checking " + "x" * 80):
        said = read_until(capsys, "Checking")
        say("holds  one")
    out, err = capsys.readouterr()
    err = said + err
    assert out == "holds  one\n"
    assert err.startswith("\r\x1b[2KChecking xxx")
    assert err.endswith("\r\x1b[2K")
    assert all(len(line) < 40 for line in err.split("\r\x1b[2K"))
    assert os.environ["COLUMNS"] == "40"
