"""Events are told once, with what they tell, and a follower misses none and sees none twice."""

import select
import threading

import pandas as pd
import pytest
import sqlalchemy.exc

from trc_pipelines_tests.jobs.followers import connect, take, tell
from trc_pipelines_tests.world import NOON, World

# Events wait for every older transaction of the server, whichever database it is in.
pytestmark = pytest.mark.quiet


def test_an_event_is_told_once_and_reads_as_json(world: World) -> None:
    with world.database.transaction() as transaction:
        assert tell(transaction, 1, 2) == 2
        assert tell(transaction, 2, 3) == 1
    told = world.query(
        "SELECT event_type, dedupe_key, payload, occurred_at FROM operations.domain_events"
    )
    assert told["dedupe_key"].tolist() == [
        "Counted:number:1",
        "Counted:number:2",
        "Counted:number:3",
    ]
    assert told["payload"].iloc[0] == {
        "n": 1, "at": "2026-03-04T12:00:00.000000Z", "on": "2026-03-04T00:00:00.000000",
    }  # fmt: skip
    assert told["occurred_at"].iloc[0] == pd.Timestamp(NOON)


def test_what_is_rolled_back_was_never_told(world: World) -> None:
    with world.database.transaction(commit=False) as transaction:
        tell(transaction, 1)
    assert world.query("SELECT * FROM operations.domain_events").empty


def test_a_follower_takes_up_where_it_stopped(world: World) -> None:
    with world.database.transaction() as transaction:
        tell(transaction, 1, 2, 3)
    follower = connect(world)
    assert take(follower) == ["1", "2"]
    follower.rollback()
    assert take(follower) == ["1", "2"]
    follower.commit()
    assert take(follower) == ["3"]
    follower.commit()
    assert take(follower) == []
    with connect(world) as another, another.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM operations.take_domain_events('another')")
        assert cursor.fetchone() == (3,)


def test_an_event_that_commits_late_is_not_passed_over(world: World) -> None:
    """Ids are given before the commit: who goes by them alone loses what commits out of order."""
    follower = connect(world)
    with world.database.transaction() as slow:
        tell(slow, 1)
        with world.database.transaction() as quick:
            tell(quick, 2)
        assert take(follower) == []
        follower.commit()
    assert take(follower) == ["1", "2"]


def test_two_workers_of_a_follower_share_the_events(world: World) -> None:
    with world.database.transaction() as transaction:
        tell(transaction, *range(100))
    taken: list[str] = []

    def work() -> None:
        connection = connect(world)
        while some := take(connection):
            taken.extend(some)
            connection.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [str(number) for number in range(100)]


def test_a_listener_is_woken_by_the_commit(world: World) -> None:
    listener = connect(world)
    listener.autocommit = True
    listener.cursor().execute("LISTEN domain_events")
    with world.database.transaction() as transaction:
        tell(transaction, 1)
        assert select.select([listener], [], [], 0.2)[0] == []
    assert select.select([listener], [], [], 5)[0] == [listener]
    listener.poll()
    assert [notice.channel for notice in listener.notifies] == ["domain_events"]


def test_what_was_told_stays_told_until_it_is_old(world: World) -> None:
    with world.database.transaction() as transaction:
        tell(transaction, 1)
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="stays told"):
        world.execute("UPDATE operations.domain_events SET payload = '{}'")
    world.execute("DELETE FROM operations.domain_events")


def test_the_place_of_a_follower_outlives_the_events_it_took(world: World) -> None:
    follower = connect(world)
    with world.database.transaction() as transaction:
        tell(transaction, 1)
    assert take(follower) == ["1"]
    follower.commit()
    world.execute("DELETE FROM operations.domain_events")
    with world.database.transaction() as transaction:
        tell(transaction, 2)
    assert take(follower) == ["2"]


def test_events_come_in_the_order_of_their_transactions_though_ids_say_otherwise(
    world: World,
) -> None:
    follower = connect(world)
    with world.database.transaction() as younger:
        with world.database.transaction() as older:
            tell(older, 1)
            tell(younger, 2)
            tell(older, 3)
        assert take(follower) == ["1", "3"]
        follower.commit()
    assert take(follower) == ["2"]
