"""The outbox: nothing is lost, nothing is sent twice, nobody waits for it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.database.connection import Transaction
from trc_pipelines.monitoring import delivery
from trc_pipelines.monitoring.alerts import Alert, enqueue_alert
from trc_pipelines.monitoring.channels import DeliveryError, QueuedAlert
from trc_pipelines.monitoring.delivery import (
    GIVE_UP_AFTER,
    MOST_AT_ONCE,
    check_in,
    deliver,
    deliver_due,
    next_attempt,
)
from trc_pipelines_tests.world import NOON, World

MINUTE = timedelta(minutes=1)


@dataclass
class Box:
    """A channel that keeps what it is given, unless it is broken."""

    key: str = "sentry"
    is_for_everything: bool = True
    is_for_community: bool = False
    is_broken: bool = False
    sent: list[QueuedAlert] = field(default_factory=list)
    attempts: int = 0

    def send(self, alert: QueuedAlert) -> None:
        self.attempts += 1
        if self.is_broken:
            raise DeliveryError("503")
        self.sent.append(alert)


def put(world: World, *keys: str, is_for_people: bool = True) -> None:
    with world.database.transaction() as transaction:
        for key in keys:
            alert = Alert(key, "error", f"title {key}", "body", {"job": "j"}, is_for_people)
            enqueue_alert(transaction, alert, NOON)


def titles(box: Box) -> list[str]:
    return [alert.title for alert in box.sent]


def test_an_alert_is_sent_once_to_each_channel_in_order(world: World) -> None:
    put(world, "a", "b", "a")
    sentry, mail = Box(), Box("mail", is_for_everything=False)
    for minute in range(3):
        deliver_due(world.database, [sentry, mail], NOON + minute * MINUTE)
    assert titles(sentry) == titles(mail) == ["title a", "title b"]
    assert sentry.sent[0].tags == {"job": "j"}


def test_what_is_not_for_people_goes_to_sentry_only(world: World) -> None:
    put(world, "run_failed:1", is_for_people=False)
    sentry, mail = Box(), Box("mail", is_for_everything=False)
    deliver_due(world.database, [sentry, mail], NOON)
    assert (len(sentry.sent), len(mail.sent)) == (1, 0)


def test_a_broken_channel_is_tried_again_later_and_holds_up_no_other(world: World) -> None:
    put(world, "a", "b")
    sentry, mail = Box(is_broken=True), Box("mail", is_for_everything=False)
    first = deliver_due(world.database, [sentry, mail], NOON)
    assert (first.sent, first.failed, first.error) == (2, 1, "sentry: 503")
    assert sentry.attempts == 1  # the second alert did not wait for the same channel
    deliver_due(world.database, [sentry], NOON + MINUTE / 2)
    assert sentry.attempts == 2  # the second alert, the first is not due yet
    sentry.is_broken = False
    deliver_due(world.database, [sentry, mail], NOON + 2 * MINUTE)
    assert titles(sentry) == ["title a", "title b"]
    assert titles(mail) == ["title a", "title b"]


def test_waits_grow_to_an_hour() -> None:
    waits = [next_attempt(attempts, NOON) - NOON for attempts in range(1, 12)]
    assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert waits[-1] == 60 * MINUTE


def test_what_nobody_took_for_three_days_is_given_up(world: World) -> None:
    put(world, "a")
    box = Box(is_broken=True)
    now = NOON
    while now < NOON + GIVE_UP_AFTER + 3 * 60 * MINUTE:
        deliver_due(world.database, [box], now)
        now += 10 * MINUTE
    assert 70 < box.attempts < 90
    box.is_broken = False
    assert deliver_due(world.database, [box], now).sent == 0


def test_who_dies_while_sending_sends_again_after_a_wait(world: World) -> None:
    put(world, "a")

    class Dying(Box):
        def send(self, alert: QueuedAlert) -> None:
            super().send(alert)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(world.database, [Dying()], NOON)
    after = Box()
    assert deliver_due(world.database, [after], NOON).sent == 0
    assert deliver_due(world.database, [after], NOON + MINUTE).sent == 1


def test_a_flood_is_sent_in_portions(world: World) -> None:
    put(world, *[f"n{number}" for number in range(MOST_AT_ONCE + 5)])
    box = Box()
    assert deliver_due(world.database, [box], NOON).sent == MOST_AT_ONCE
    assert deliver_due(world.database, [box], NOON).sent == 5


def test_a_slow_channel_ends_the_round_in_time(world: World) -> None:
    put(world, "a", "b", "c")
    box = Box()
    assert deliver_due(world.database, [box], NOON, budget=-1).sent == 0


def test_without_channels_alerts_wait_and_nothing_fails(world: World) -> None:
    put(world, "a")
    assert (
        deliver(world.database, world.settings, [MEE6_SYNC], NOON) == "0 alerts sent, 0 check-ins"
    )


@pytest.fixture
def check_ins(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    sent: list[tuple[str, bool]] = []

    def send(_settings: object, job_name: str, cron: str, *, succeeded: bool, **_: object) -> None:
        assert cron == MEE6_SYNC.cron
        sent.append((job_name, succeeded))

    monkeypatch.setattr(delivery, "send_check_in", send)
    return sent


def executed(transaction: Transaction, run_id: str, state: str, by: str) -> None:
    transaction.execute(
        "jobs/upsert_job_execution",
        job_name="mee6_sync",
        run_id=run_id,
        as_of=NOON,
        state=state,
        message="m",
        affected_count=0,
        duration_ms=5,
        details="{}",
        executed_by=by,
        tables=["no.step"],
    )


def test_each_scheduled_execution_is_checked_in_once_and_only_while_it_is_news(
    world: World, check_ins: list[tuple[str, bool]]
) -> None:
    settings = world.settings.model_copy(update={"sentry_dsn": "https://key@127.0.0.1/1"})
    schedule = "mee6_sync_schedule"

    def round_at(minutes: int) -> None:
        now = world.query("SELECT max(executed_at) AS t FROM operations.job_executions")["t"][0]
        check_in(world.database, settings, [MEE6_SYNC], now + minutes * MINUTE)

    with world.database.transaction() as transaction:
        transaction.execute("jobs/insert_job", job_name="mee6_sync", now=NOON)
        executed(transaction, "by hand", "succeeded", "cli")
        executed(transaction, "going on", "running", schedule)
    round_at(1)
    assert check_ins == []
    with world.database.transaction() as transaction:
        executed(transaction, "going on", "succeeded", schedule)
    round_at(1)
    round_at(2)
    assert check_ins == [("mee6_sync", True)]
    with world.database.transaction() as transaction:
        executed(transaction, "second", "failed", schedule)
    round_at(11)
    assert len(check_ins) == 1
    round_at(9)
    assert check_ins[1:] == [("mee6_sync", False)]
