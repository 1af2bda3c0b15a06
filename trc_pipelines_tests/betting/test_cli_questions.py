"""What a person is asked before every bankroll is set, and what `all` stands for."""

import io
import json
import sys

import pytest

from trc_pipelines_tests.betting.conftest import Betting
from trc_pipelines_tests.commands import Trc

OF_ALL = ["content_expiration", "game_settlement", "stats_rollup", "badge_calculation"]


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def installed(betting: Betting, trc: Trc, monkeypatch: pytest.MonkeyPatch) -> Betting:
    """The app of the installation: one user, who is below the target."""
    monkeypatch.setenv("DATABASE_URL", betting.database.url)
    betting.join(1, balance=5)
    return betting


def jobs_run(betting: Betting) -> list[str]:
    found = betting.rows("SELECT job_name FROM operations.job_executions ORDER BY executed_at")
    return [name for (name,) in found]


def test_without_a_yes_no_bankroll_is_reset(
    installed: Betting,
    trc: Trc,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = installed.state()
    for stdin in (io.StringIO("yes\n"), io.StringIO()):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert trc("run", "bankroll_reset") == 1
        told = capsys.readouterr()
        assert "nothing was done" in told.err
        assert "trc run bankroll_reset --force" in told.err
        assert told.err.count("\n") == 1
        assert told.out == ""
    for answer in ("y", "no", "YES", "Yes", "yes please", "", None):
        monkeypatch.setattr(sys, "stdin", Terminal("" if answer is None else answer + "\n"))
        assert trc("run", "bankroll_reset") == 1, answer
        told = capsys.readouterr()
        assert "closes the week of every bankroll" in told.out + told.err
        assert "nothing was changed" in told.err
    assert installed.state() == before
    assert jobs_run(installed) == []


def test_a_rehearsal_and_force_ask_nothing_and_a_yes_is_enough(
    installed: Betting,
    trc: Trc,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = installed.state()
    assert trc("run", "bankroll_reset", "--dry-run") == 0
    assert "yes" not in capsys.readouterr().out
    assert installed.state() == before
    assert trc("run", "bankroll_reset", "--force") == 0
    assert "yes" not in capsys.readouterr().out
    assert installed.balances() == {1: 100_000}
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    installed.join(2, balance=6)
    assert trc("run", "bankroll_reset") == 0
    assert "Type yes to go on" in capsys.readouterr().out
    assert jobs_run(installed) == ["bankroll_reset"] * 2


def test_all_is_what_runs_every_hour_and_never_a_reset_or_a_cleanup(
    installed: Betting,
    trc: Trc,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert trc("run", "all", "--limit", "3") == 2
    told = capsys.readouterr().err
    assert "--limit" in told
    assert "one job at a time" in told
    before = installed.state()
    assert trc("run", "all", "--dry-run", "--json") == 0
    outcomes = json.loads(capsys.readouterr().out)
    assert [(one["job"], one["dry_run"], one["success"]) for one in outcomes] == [
        (job, True, True) for job in OF_ALL
    ]
    assert installed.state() == before
    assert trc("run", "all") == 0
    told = capsys.readouterr().out
    assert [told.count(f"{job} as of") for job in OF_ALL] == [1] * 4
    assert sorted(jobs_run(installed)) == sorted(OF_ALL)
    assert installed.balances() == {1: 5}
