# ruff: noqa: F811
"""Money goes wrong in three ways: people are told on a real channel, mend it, and are told it is over."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from trc_pipelines import definitions
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.monitoring import sensors
from trc_pipelines_tests.betting.conftest import Betting, betting, ident  # noqa: F401
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.receivers import Receiver
from trc_pipelines_tests.servers import create_database

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEGAN = datetime.now(UTC).replace(microsecond=0)
CHECKS = {
    "betting.bankroll_ledger.ledger_sums_match_balances",
    "betting.game_settlements.every_settled_bet_is_in_the_ledger",
    "betting.game_settlements.results_stand_as_settled",
}


@pytest.fixture
def database_url(servers: dict[int, str]) -> str:
    return create_database(servers[18])


@pytest.fixture
def season(
    betting: Betting,
    receiver: Receiver,
    trc: Trc,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Betting]:
    """Three users, two games that were settled, and channels to the receiver."""
    for name, value in {
        "DATABASE_URL": betting.database.url,
        "ALERT_URLS": receiver.hook,
        "SENTRY_DSN": receiver.dsn,
    }.items():
        monkeypatch.setenv(name, value)
    connected.cache_clear()
    betting.join(1, 2, 3)
    betting.execute("UPDATE betting.users SET username = 'Canary Person'")
    for game, ended in (("g1", 5 * HOUR), ("g2", 50 * HOUR)):
        betting.game(
            game, 21, 10, commence_time=BEGAN - ended - 3 * HOUR, completed_at=BEGAN - ended
        )
        for user in (1, 2, 3):
            team = "Hawks" if user < 3 else "Owls"
            bet = user + (10 if game == "g1" else 20)
            betting.bet(bet, user, game, team, created_at=BEGAN - 60 * HOUR)
    betting.settle(BEGAN - HOUR)
    assert betting.broken() == []
    yield betting
    connected.cache_clear()


def break_money(betting: Betting) -> None:
    """A balance changed by hand, a settled score that changed, a settled bet changed by hand."""
    betting.execute(
        f"UPDATE betting.bankrolls SET balance = balance + 500 WHERE user_id = '{ident(1)}'"
    )
    betting.execute("UPDATE betting.games SET home_score = 7 WHERE id = 'g1'")
    betting.execute(
        "UPDATE betting.bets SET status = 'lost', payout = 0, net = -stake "
        f"WHERE id = '{ident(22)}'"
    )


def mend_money(trc: Trc) -> None:
    """The balance is put back, both games are settled by what they are."""
    assert trc("bankroll", "restore", ident(1), "--reason", "changed by SQL") == 0
    assert trc("games", "resettle", "g1", "--reason", "corrected by the league") == 0
    assert trc("games", "resettle", "g2", "--reason", "changed by SQL") == 0


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let the daemon's sensors look, so many minutes after it all began."""
    now = BEGAN

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return now

    monkeypatch.setattr(sensors, "datetime", Clock)
    with dg.DagsterInstance.ephemeral() as instance:

        def look(minutes: int) -> None:
            nonlocal now
            now = BEGAN + minutes * MINUTE
            for name in ("health_sensor", "alerts_sensor"):
                with dg.build_sensor_context(instance=instance) as context:
                    definitions.defs().resolve_sensor_def(name).evaluate_tick(context)

        yield look


def audit() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        definitions.defs().resolve_job_def("verification").execute_in_process(instance=instance)


def test_money_that_is_wrong_is_told_three_times_mended_and_three_times_over(
    season: Betting,
    receiver: Receiver,
    trc: Trc,
    watch: Callable[[int], None],
) -> None:
    def told() -> list[str]:
        return sorted(
            sent.parsed[-1]["title"] for sent in receiver.sent if "title" in sent.parsed[-1]
        )

    audit()
    watch(0)
    assert told() == []

    break_money(season)
    audit()
    for minutes in (5, 10):
        watch(minutes)
    assert told() == sorted(f"ERROR: {check} broken" for check in CHECKS)
    bodies = "\n".join(s.parsed[-1]["message"] for s in receiver.sent if "title" in s.parsed[-1])
    for word in (
        ident(1), "g1", f"bet_id {ident(22)}, game_id g2", "1 row", "trc bankroll restore USER",
        "trc games resettle GAME", "trc verify",
    ):  # fmt: skip
        assert word in bodies

    mend_money(trc)
    assert trc("verify") == 0
    for minutes in (15, 20, 26, 31):
        watch(minutes)
    over = [title for title in told() if title.startswith("INFO")]
    assert over == sorted(f"INFO: Over: {check} broken" for check in CHECKS)
    assert len(told()) == 6
    recoveries = [s.parsed[-1] for s in receiver.sent if s.parsed[-1].get("type") == "info"]
    assert len(recoveries) == 3
    assert all(one["message"].startswith("Nothing is left to do.") for one in recoveries)

    events = [sent.parsed[-1] for sent in receiver.sent if "logentry" in sent.parsed[-1]]
    assert len(events) == 6
    assert len({tuple(event["fingerprint"]) for event in events}) == 3
    assert not any(
        b"canary" in sent.raw.replace(b"canary-path", b"").lower() for sent in receiver.sent
    )
