"""What a person types or fills in to correct money, and the second chance of the weekly reset."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from trc_pipelines.betting.actions import ACTIONS
from trc_pipelines.betting.jobs import find_due_reset
from trc_pipelines.definitions import defs
from trc_pipelines.jobs import orchestration
from trc_pipelines.jobs.orchestration import AS_OF_TAG, build_action, connected
from trc_pipelines_tests.betting.conftest import DAY, HOUR, Betting, ident
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.world import NOON

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture
def installed(betting: Betting, trc: Trc, monkeypatch: pytest.MonkeyPatch) -> Betting:
    """The app of the installation: one bet was won by a score that was wrong."""
    monkeypatch.setenv("DATABASE_URL", betting.database.url)
    connected.cache_clear()
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    betting.settle()
    betting.execute("UPDATE betting.games SET home_score = 10")
    return betting


def test_a_game_is_settled_again_by_command(
    installed: Betting, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["games", "resettle", "g", "--reason", "the league corrected it"]
    assert trc(*command, "--dry-run") == 0
    assert capsys.readouterr().out.startswith("Dry run, rolled back: game g: settled by 10:20")
    assert installed.balances() == {1: 110_000}
    assert trc(*command) == 0
    assert "which moves balances by -$200.00" in capsys.readouterr().out
    assert installed.balances() == {1: 90_000}
    assert installed.rows("SELECT corrected_by LIKE 'cli%' FROM betting.game_corrections") == [
        (True,)
    ]
    assert trc(*command) == 0
    assert "nothing is to be corrected" in capsys.readouterr().out
    assert trc("games", "resettle", "nowhere", "--reason", "why") == 1
    assert capsys.readouterr().err.startswith("trc: there is no game 'nowhere'")
    assert trc("games", "resettle", "g", "--reason", " ") == 1
    assert "needs a reason" in capsys.readouterr().err
    assert trc("games", "resettle", "g") == 2
    assert installed.broken() == []


def test_a_settlement_reports_what_it_wrote_beside_its_own_table(installed: Betting) -> None:
    installed.game("h", 24, 20)
    installed.bet(2, 1, "h", odds=100)
    tags = {AS_OF_TAG: (NOON + DAY).isoformat()}
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs().resolve_job_def("game_settlement")
        result = job.execute_in_process(instance=instance, tags=tags)
        seen = {
            ".".join(event.asset_key.path): {
                name: value.value
                for name, value in event.asset_observation_data.asset_observation.metadata.items()
            }
            for event in result.get_asset_observation_events()
        }
        again = job.execute_in_process(instance=instance, tags=tags)
        assert not again.get_asset_observation_events(), "nothing was written"
        [event] = result.get_asset_materialization_events()
    assert set(seen) == {
        "betting.bankroll_ledger", "betting.bankrolls", "betting.bets", "betting.notifications",
    }  # fmt: skip
    for table, shown in seen.items():
        [(count,)] = installed.rows(f"SELECT count(*) FROM {table}")
        assert (shown["dagster/row_count"], shown["row_count_is"]) == (count, "exact")
        assert "user_id" in {column.name for column in shown["dagster/column_schema"].columns}
    shown = {name: value.value for name, value in event.materialization.metadata.items()}
    assert (shown["dagster/row_count"], shown["rows_written"], shown["bets_settled"]) == (2, 1, 1)
    assert [row.data["game_id"] for row in shown["rows"].records] == ["h", "g"]


def test_a_bankroll_is_adjusted_by_command(
    installed: Betting, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    user, why = ident(1), ["--reason", "raffle"]
    assert trc("bankroll", "adjust", user, "5000", "--kind", "promotion", *why, "--dry-run") == 0
    assert installed.balances() == {1: 110_000}
    assert trc("bankroll", "adjust", user, "5000", "--kind", "promotion", *why) == 0
    assert "promotion of $50.00" in capsys.readouterr().out
    assert trc("bankroll", "adjust", user, "5000", "--kind", "promotion", *why) == 0
    assert "made already" in capsys.readouterr().out
    assert trc("bankroll", "adjust", user, "-500", "--kind", "correction", *why) == 0
    assert installed.balances() == {1: 114_500}
    for wrong, words in [
        ([user, "5", "--kind", "gift"], ["--kind", "promotion, deposit, correction"]),
        ([user, "five", "--kind", "deposit"], ["CENTS"]),
    ]:
        assert trc("bankroll", "adjust", *wrong, *why) == 2
        told = capsys.readouterr().err
        assert all(word in told for word in words)
    for wrong, words in [
        (["somebody", "5", "--kind", "deposit"], "user somebody has no bankroll"),
        ([ident(9), "5", "--kind", "deposit"], "has no bankroll"),
        ([user, "-5", "--kind", "deposit"], "accepts more than 0"),
    ]:
        assert trc("bankroll", "adjust", *wrong, *why) == 1
        assert words in capsys.readouterr().err


def test_a_balance_is_put_back_to_its_ledger_by_command(
    installed: Betting, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bankroll", "restore", ident(1), "--reason", "somebody used SQL"]
    installed.execute("UPDATE betting.bankrolls SET balance = 7")
    assert trc(*command, "--dry-run") == 0
    done = f"the balance of {ident(1)} is $1,100.00 again, as its ledger has it; it was $0.07\n"
    assert capsys.readouterr().out == f"Dry run, rolled back: {done}"
    assert installed.balances() == {1: 7}
    assert trc(*command) == 0
    assert capsys.readouterr().out == done
    assert installed.balances() == {1: 110_000}
    assert trc(*command) == 0
    assert "nothing is to be restored" in capsys.readouterr().out
    assert trc("bankroll", "restore", ident(9), "--reason", "why") == 1
    assert "has no bankroll" in capsys.readouterr().err
    assert trc("bankroll", "restore", ident(1)) == 2


def test_the_ui_corrects_as_the_commands_do(installed: Betting) -> None:
    jobs = {action.name: build_action(action) for action in ACTIONS}

    def fill_in(name: str, **config: object) -> bool:
        config |= {"reason": "the league", "done_by": "alice"}
        with dg.DagsterInstance.ephemeral() as instance:
            return (
                jobs[name]
                .execute_in_process(
                    {"ops": {f"{name}_by_hand": {"config": config}}},
                    instance=instance,
                    raise_on_error=False,
                )
                .success
            )

    adjustment = {"user_id": ident(1), "cents": 5, "kind": "deposit"}
    assert fill_in("resettle", game_id="g", dry_run=True)
    assert fill_in("bankroll_adjustment", **adjustment, dry_run=True)
    assert installed.balances() == {1: 110_000}
    assert fill_in("resettle", game_id="g")
    assert not fill_in("resettle", game_id="nowhere")
    assert fill_in("bankroll_adjustment", **adjustment)
    assert installed.balances() == {1: 90_005}
    installed.execute("UPDATE betting.bankrolls SET balance = 7")
    assert fill_in("bankroll_restoration", user_id=ident(1), dry_run=True)
    assert installed.balances() == {1: 7}
    assert fill_in("bankroll_restoration", user_id=ident(1))
    assert installed.balances() == {1: 90_005}
    assert (
        installed.rows(
            "SELECT corrected_by FROM betting.game_corrections "
            "UNION ALL SELECT adjusted_by FROM betting.bankroll_adjustments"
        )
        == [("ui: alice",)] * 3
    )


def is_due(betting: Betting, now: datetime) -> bool:
    with betting.database.transaction(commit=False) as transaction:
        return not isinstance(find_due_reset(transaction, betting.settings, now), str)


def test_a_week_that_was_not_reset_at_its_tick_is_due_until_it_is(betting: Betting) -> None:
    betting.join(1)
    soon, later = MONDAY + timedelta(minutes=1), MONDAY + timedelta(minutes=6)
    assert not is_due(betting, later), "nothing ever moved a bankroll"
    betting.play(1, 1, "won", 1_000, NOON)
    betting.settle(NOON + HOUR)
    assert not is_due(betting, NOON + DAY), "an app that began this week waits for Monday"
    assert not is_due(betting, soon), "the tick itself comes first"
    assert is_due(betting, later)
    betting.reset(MONDAY)
    assert not is_due(betting, later + 6 * DAY)
    assert is_due(betting, later + 7 * DAY)


def test_the_second_chance_asks_for_one_run_at_a_time(
    installed: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        # Here, because Dagster loads with the last instance that there was, which may be gone.
        sensor = defs().resolve_sensor_def("bankroll_reset_sensor")
        with dg.build_sensor_context(instance=instance) as context:
            (request,) = sensor.evaluate_tick(context).run_requests
            assert datetime.fromisoformat(request.tags[AS_OF_TAG]) > NOON
            assert datetime.fromisoformat(request.run_key).minute % 5 == 0
        monkeypatch.setattr(
            orchestration, "is_active", lambda _instance, name: name == "bankroll_reset"
        )
        with dg.build_sensor_context(instance=instance) as context:
            assert not sensor.evaluate_tick(context).run_requests
        monkeypatch.undo()
        monkeypatch.setenv("DATABASE_URL", installed.database.url)
        connected.cache_clear()
        installed.reset(datetime.now(UTC))
        with dg.build_sensor_context(instance=instance) as context:
            assert not sensor.evaluate_tick(context).run_requests
