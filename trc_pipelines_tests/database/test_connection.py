"""Frames in and out, and the transaction around them."""

import pandas as pd
import pytest

from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines_tests.world import NOON, World


def test_whole_numbers_with_null_stay_whole(world: World) -> None:
    big = 2**62 + 1
    world.execute(f"INSERT INTO community.members (member_id, discord_id) VALUES ('a', {big})")
    world.sync(NOON, {})
    with world.database.transaction() as transaction:
        frame = transaction.read("community/select_xp_states")
    assert frame["discord_id"].tolist() == [big]
    assert frame["xp"].dtype == "Int64"
    assert frame["xp"].isna().all()


def test_an_exception_rolls_everything_back(world: World) -> None:
    def append_and_fail() -> None:
        with world.database.transaction() as transaction:
            transaction.append("community.members", pd.DataFrame({"member_id": ["a"]}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()
    assert world.query("SELECT * FROM community.members").empty


def test_a_rehearsal_sees_its_own_writes_and_leaves_none(world: World) -> None:
    members = pd.DataFrame({"member_id": ["a"], "discord_id": [7]})
    with world.database.transaction(commit=False) as transaction:
        transaction.append("community.members", members)
        assert len(transaction.read("community/select_linked_accounts")) == 1
    assert world.query("SELECT * FROM community.members").empty


def test_a_refused_statement_names_itself_and_its_code(world: World) -> None:
    with (
        pytest.raises(DatabaseError, match="insert_block") as caught,
        world.database.transaction() as transaction,
    ):
        transaction.execute("community/insert_block", NOON, NOON)
    assert caught.value.sqlstate == "23514"
    assert "INSERT INTO" not in str(caught.value)


def test_a_server_that_does_not_answer_fails_soon_and_shows_no_password() -> None:
    database = Database("postgresql://someone:secret@127.0.0.1:1/trc")
    with pytest.raises(DatabaseError) as caught, database.transaction():
        pass
    assert "secret" not in str(caught.value)
    assert "connect" in str(caught.value)


def test_a_statement_that_takes_too_long_is_stopped(world: World) -> None:
    database = Database(world.database.url, statement_timeout_seconds=0.05)
    world.execute(
        "CREATE FUNCTION community.slow() RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(9)::text $$"
    )
    world.execute(
        "CREATE OR REPLACE FUNCTION community.ensure_snapshot_partition(for_day date) RETURNS void "
        "LANGUAGE plpgsql AS $$ BEGIN PERFORM community.slow(); END $$"
    )
    with (
        pytest.raises(DatabaseError, match="statement timeout"),
        database.transaction() as transaction,
    ):
        transaction.execute("community/ensure_snapshot_partition", NOON.date())
