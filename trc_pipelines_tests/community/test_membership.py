"""Members where no app says so: from a file, from the leaderboard, and gone again."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from trc_pipelines.community.membership import (
    MemberFileError,
    enroll_players,
    import_members,
    list_members,
    remove_member,
)
from trc_pipelines.jobs.contract import JobError, Result
from trc_pipelines_tests.catalogue import CHECKS
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.hostile import EVERYTHING, TEXTS, assert_lines, named
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tested is the rule, not the version.
pytestmark = pytest.mark.either

ANN, BOB, EVE = 123456789012345678, 223456789012345671, 323456789012345672
SNAPSHOT = "community.mee6_leaderboard_snapshot"
VIEW = """
ALTER TABLE community.members RENAME TO accounts_of_the_app;
CREATE VIEW community.members AS
SELECT member_id, discord_id, discord_username, subscription_status, leaderboard_visible, created_at
FROM community.accounts_of_the_app;
"""


def import_lines(world: World, *lines: str) -> str:
    with world.database.transaction() as transaction:
        return import_members(transaction, "\n".join(lines).encode())


def refused(world: World, *lines: str) -> list[tuple[int, str]]:
    before = everything(world)
    with pytest.raises(MemberFileError) as caught:
        import_lines(world, *lines)
    assert everything(world).equals(before)
    return caught.value.problems


def remove(world: World, member: str | int) -> str:
    with world.database.transaction() as transaction:
        return remove_member(transaction, str(member), NOON)


def everything(world: World) -> pd.DataFrame:
    return world.query("SELECT *, xmin::text FROM community.members ORDER BY created_at, member_id")


def members(world: World) -> pd.DataFrame:
    found = world.query("SELECT * FROM community.members")
    return found.set_index("discord_username").sort_index()


def member_of(world: World, account: int) -> str:
    return str(
        world.query(f"SELECT member_id FROM community.members WHERE discord_id = {account}").iat[
            0, 0
        ]
    )


def enrolling(world: World, min_level: int = 0) -> World:
    wanted = {"members_from_board": True, "members_min_level": min_level}
    return World(world.database, world.settings.model_copy(update=wanted), world.simulator)


def board_of(**players: Any) -> pd.DataFrame:
    """A board from name to (account, XP)."""
    return pd.DataFrame(
        {
            "discord_id": [account for account, _xp in players.values()],
            "xp": [xp for _account, xp in players.values()],
            "username": list(players),
        }
    )


def read_board(world: World, slot: int, **players: Any) -> Result:
    world.simulator.board = board_of(**players)
    return world.sync(NOON + slot * QUARTER)[SNAPSHOT]


def assert_sound(world: World) -> None:
    with world.database.transaction() as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name


# --- from a file


def test_a_line_becomes_a_member_whose_id_does_not_say_who_it_is(world: World) -> None:
    said = import_lines(world, "id,name,status,visible", f"{ANN},Ann,,", f"{BOB},Bob,trialing,no")
    assert said.startswith("2 added, 0 changed, 0 as they were (discord id from “id”")
    found = members(world)
    assert found["discord_id"].to_dict() == {"Ann": ANN, "Bob": BOB}
    assert found["subscription_status"].to_dict() == {"Ann": "ACTIVE", "Bob": "TRIALING"}
    assert found["leaderboard_visible"].to_dict() == {"Ann": True, "Bob": False}
    for member, account in zip(found["member_id"], found["discord_id"], strict=True):
        assert str(account) not in member


def test_the_same_file_twice_writes_nothing(world: World) -> None:
    lines = ["id,name,member id", f"{ANN},Ann,ann-1", f"{BOB},,", ",Zoe,zoe-1"]
    import_lines(world, *lines)
    before = everything(world)
    assert import_lines(world, *lines).startswith("0 added, 0 changed, 3 as they were")
    assert everything(world).equals(before)


def test_an_empty_cell_changes_nothing_and_a_full_one_does(world: World) -> None:
    import_lines(world, "id,name,status,visible", f"{ANN},Ann,TRIALING,no")
    import_lines(world, "id,name,status,visible", f"{ANN},,,")
    assert members(world).loc["Ann", "subscription_status"] == "TRIALING"
    assert import_lines(world, "id,name", f"{ANN},Annie").startswith("0 added, 1 changed")
    row = members(world).loc["Annie"]
    assert (row["subscription_status"], row["leaderboard_visible"]) == ("TRIALING", False)


def test_nothing_is_written_unless_every_line_is_well(world: World) -> None:
    import_lines(world, "id,name", f"{BOB},Bob")
    problems = refused(world, "id,name", f"{ANN},Ann", "1.2E+17,Eve", f"{BOB},Bobby")
    assert [line for line, _said in problems] == [3]


def test_an_account_that_another_member_has_is_named_with_its_line(world: World) -> None:
    import_lines(world, "member id,id", f"ann,{ANN}", f"bob,{BOB}")
    problems = refused(world, "member id,id", f"bob,{BOB}", f"zoe,{ANN}")
    assert [line for line, _said in problems] == [3]
    assert "linked to the member ann already" in problems[0][1]


def test_two_lines_that_are_one_member_are_named(world: World) -> None:
    import_lines(world, "member id,id", f"ann,{ANN}")
    problems = refused(world, "member id,id", f",{ANN}", f"ann,{BOB}")
    assert problems == [(3, "is the member of line 2 again; it accepts each once")]


def test_bad_lines_of_the_file_and_of_the_table_are_listed_in_one_go(world: World) -> None:
    import_lines(world, "member id,id", f"ann,{ANN}")
    problems = refused(world, "member id,id", f"zoe,{ANN}", "x,y", f"bob,{BOB}")
    assert [line for line, _said in problems] == [2, 3]


def test_who_gets_another_account_by_a_file_starts_anew(world: World) -> None:
    import_lines(world, "member id,id", f"ann,{ANN}", f"bob,{BOB}")
    world.sync(NOON, {ANN: 1000, BOB: 1000, EVE: 9000})
    said = import_lines(world, "member id,id", f"ann,{EVE}")
    assert "1 changed, 1 of them with another Discord account" in said
    world.sync(NOON + QUARTER, {ANN: 1500, BOB: 1100, EVE: 9500})
    assert world.points() == {"bob": 1}
    assert_sound(world)


def test_a_hostile_name_is_stored_as_people_may_see_it(world: World) -> None:
    cells = [named(text).replace('"', '""') for text in TEXTS.values()]
    lines = [f'{ANN + number},"{cell}"' for number, cell in enumerate(cells)]
    with world.database.transaction() as transaction:
        import_members(transaction, "\n".join(["id,name", *lines]).encode("utf-8", "replace"))
        stored = list_members(transaction)["name"]
    assert len(stored) == len(TEXTS)
    assert stored.isna().sum() == 1  # the empty one
    assert all(name.isprintable() for name in stored.dropna())
    assert stored.dropna().str.len().between(1, 64).all()


def test_a_hundred_thousand_lines_are_imported_and_a_second_time_change_nothing(
    world: World,
) -> None:
    lines = ["id,name", *[f"{ANN + number * 7919},name {number}" for number in range(100_000)]]
    assert import_lines(world, *lines).startswith("100,000 added")
    assert import_lines(world, *lines).startswith("0 added, 0 changed, 100,000 as they were")


# --- from the leaderboard


def test_who_is_on_the_board_becomes_a_member_and_counts_from_that_reading(world: World) -> None:
    world = enrolling(world)
    result = read_board(world, 0, ann=(ANN, 5_000), bob=(BOB, 70))
    assert result.details["members_enrolled"] == 2
    assert "2 members enrolled" in result.message
    assert members(world)["discord_id"].to_dict() == {"ann": ANN, "bob": BOB}
    assert str(ANN) not in member_of(world, ANN)
    assert world.points() == {}
    read_board(world, 1, ann=(ANN, 5_250), bob=(BOB, 99))
    assert world.points() == {member_of(world, ANN): 2}
    kinds = world.query("SELECT kind FROM community.xp_deltas ORDER BY sync_id, xp_total")["kind"]
    assert kinds.tolist() == ["baseline", "baseline", "change", "change"]
    syncs = world.query("SELECT * FROM community.mee6_syncs ORDER BY sync_id")
    assert syncs["requested_count"].tolist() == syncs["found_count"].tolist() == [2, 2]
    assert_sound(world)


def test_who_comes_to_the_board_later_is_enrolled_with_that_reading(world: World) -> None:
    world = enrolling(world)
    read_board(world, 0, ann=(ANN, 5_000))
    result = read_board(world, 1, ann=(ANN, 5_100), eve=(EVE, 60_000))
    assert result.details["members_enrolled"] == 1
    read_board(world, 2, ann=(ANN, 5_100), eve=(EVE, 60_100))
    assert world.points() == {member_of(world, ANN): 1, member_of(world, EVE): 1}


def test_without_the_setting_nobody_is_enrolled_and_no_name_is_read(world: World) -> None:
    import_lines(world, "id,name", f"{ANN},Ann")
    result = read_board(world, 0, ann=(ANN, 5_000), canary=(BOB, 70))
    assert result.details["members_enrolled"] == 0
    assert members(world).index.tolist() == ["Ann"]
    assert world.query(f"SELECT * FROM {SNAPSHOT} WHERE discord_id = {BOB}").empty


def test_a_member_keeps_the_name_and_the_account_that_are_known(world: World) -> None:
    import_lines(world, "id,name,visible", f"{ANN},Ann,no")
    read_board(enrolling(world), 0, other=(ANN, 5_000))
    assert members(world).loc["Ann", "leaderboard_visible"] == False  # noqa: E712
    assert len(members(world)) == 1


def test_only_who_has_the_level_is_enrolled(world: World) -> None:
    # 100 XP are level 1, 255 level 2.
    read_board(enrolling(world, min_level=2), 0, ann=(ANN, 255), bob=(BOB, 254))
    assert members(world).index.tolist() == ["ann"]


def test_of_a_reading_that_is_not_believed_nobody_becomes_a_member(world: World) -> None:
    world = enrolling(world)
    read_board(world, 0, ann=(ANN, 5_000), bob=(BOB, 5_000))
    result = read_board(world, 1, eve=(EVE, 1_000))
    assert result.details["status"] == "quarantined"
    assert sorted(members(world).index) == ["ann", "bob"]


def test_everyone_is_read_also_on_a_board_of_many_pages(world: World) -> None:
    world.simulator.largest_page = 3
    players = {f"p{number:02}": (ANN + number, 1000 - number) for number in range(40)}
    result = read_board(enrolling(world), 0, **players)
    assert result.details["members_enrolled"] == 40


def test_hostile_names_on_the_board_cost_nobody_the_reading(world: World) -> None:
    names = pd.Series([*TEXTS.values(), None, 7], dtype=object)
    world.simulator.board = pd.DataFrame(
        {"discord_id": ANN + names.index, "xp": 100 - names.index, "username": names}
    )
    assert enrolling(world).sync(NOON)[SNAPSHOT].details["members_enrolled"] == len(names)
    stored = world.query("SELECT discord_username FROM community.members")["discord_username"]
    assert stored.isna().sum() == 2
    assert all(name.isprintable() for name in stored.dropna())
    assert stored.dropna().str.len().between(1, 64).all()


def test_an_account_linked_meanwhile_stays_with_who_linked_it(world: World) -> None:
    with world.database.transaction() as transaction:
        players = pd.DataFrame({"discord_id": [ANN, BOB], "level": [1, 1], "username": ["a", "b"]})
        import_members(transaction, f"member id,id\nann,{ANN}\n".encode())
        new = enroll_players(transaction, players, min_level=0)
    assert new["discord_id"].tolist() == [BOB]


# --- and gone


def test_who_is_removed_is_on_no_board_and_keeps_the_points(world: World) -> None:
    world = enrolling(world)
    read_board(world, 0, ann=(ANN, 1_000), bob=(BOB, 1_000))
    read_board(world, 1, ann=(ANN, 1_300), bob=(BOB, 1_100))
    ann = member_of(world, ANN)
    said = remove(world, ANN)
    assert f"{ann} is no longer a member" in said
    assert "What stays: 3 points in the ledger" in said
    read_board(world, 2, ann=(ANN, 1_900), bob=(BOB, 1_100))
    assert world.points() == {ann: 3, member_of(world, BOB): 1}
    assert members(world).index.tolist() == ["bob"]
    kept = world.query("SELECT member_id, discord_id FROM community.removed_members")
    assert kept.to_numpy().tolist() == [[ann, ANN]]
    assert_sound(world)


def test_who_is_removed_is_not_enrolled_again(world: World) -> None:
    world = enrolling(world)
    players = {"ann": (ANN, 1_000), "bob": (BOB, 1_000)}
    read_board(world, 0, **players)
    remove(world, member_of(world, ANN))
    assert read_board(world, 1, **players).details["members_enrolled"] == 0
    assert members(world).index.tolist() == ["bob"]


def test_an_import_brings_the_removed_back_to_their_points_from_a_new_baseline(
    world: World,
) -> None:
    world = enrolling(world)
    read_board(world, 0, ann=(ANN, 1_000), bob=(BOB, 1_000))
    read_board(world, 1, ann=(ANN, 1_300), bob=(BOB, 1_000))
    ann = member_of(world, ANN)
    remove(world, ANN)
    read_board(world, 2, ann=(ANN, 1_500), bob=(BOB, 1_000))
    assert import_lines(world, "id,name", f"{ANN},Ann").startswith("1 added")
    assert member_of(world, ANN) == ann
    assert world.query("SELECT * FROM community.removed_members").empty
    read_board(world, 3, ann=(ANN, 1_700), bob=(BOB, 1_000))
    read_board(world, 4, ann=(ANN, 1_800), bob=(BOB, 1_000))
    assert world.points() == {ann: 4}
    assert_sound(world)


def test_who_is_no_member_cannot_be_removed(world: World) -> None:
    import_lines(world, "id,name", f"{ANN},Ann")
    remove(world, ANN)
    for one in (ANN, BOB, "nobody", EVERYTHING):
        with pytest.raises(JobError, match="is no member; it accepts an id of trc members list"):
            remove(world, one)


# --- whose members they are


def test_members_of_an_app_are_left_alone_and_it_is_said_whose_they_are(
    world: World, trc: Trc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    world.link({"ann": ANN})
    world.execute(VIEW)
    use(world, monkeypatch)
    file = tmp_path / "members.csv"
    file.write_text(f"id\n{BOB}\n")
    for arguments in (
        ["import", str(file)], ["enroll", "--from-board"], ["list"], ["remove", "ann"],
    ):  # fmt: skip
        assert trc("members", *arguments) == 1
        told = capsys.readouterr().err
        assert "over community.accounts_of_the_app: its members are the app's" in told
        assert told.count("\n") == 1
    result = read_board(enrolling(world), 0, ann=(ANN, 1_000), bob=(BOB, 1_000))
    assert result.success
    assert result.details["members_enrolled"] == 0
    assert "MEMBERS_FROM_BOARD does nothing: community.members is a view" in result.message
    assert world.query("SELECT member_id FROM community.members")["member_id"].tolist() == ["ann"]


# --- what people are told


def test_while_nobody_is_a_member_a_sync_says_what_to_type(world: World) -> None:
    message = read_board(world, 0, ann=(ANN, 1_000)).message
    assert "nobody is a member yet" in message
    assert "trc members enroll --from-board" in message
    assert "trc members import FILE.csv" in message
    import_lines(world, "id", str(ANN))
    assert "nobody" not in read_board(world, 1, ann=(ANN, 1_000)).message


def test_where_the_app_has_no_linked_member_a_sync_says_so_and_names_no_command(
    world: World,
) -> None:
    world.execute(VIEW)
    message = read_board(world, 0, ann=(ANN, 1_000)).message
    assert "no member has a Discord account yet" in message
    assert "trc members" not in message


def use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command work on this world."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("MEE6_GUILD_ID", str(world.simulator.guild_id))
    monkeypatch.setenv("MEE6_BASE_URL", world.simulator.base_url)
    monkeypatch.setenv("MEE6_REQUEST_INTERVAL_SECONDS", "0")


def test_from_nothing_to_boards_with_names_by_the_commands_of_the_readme(
    world: World, trc: Trc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(world, monkeypatch)
    world.simulator.board = board_of(ann=(ANN, 5_000), bob=(BOB, 70))
    assert trc("boards") == 0
    assert "trc members enroll --from-board" in capsys.readouterr().out

    assert trc("members", "enroll", "--from-board", "--dry-run") == 0
    assert "Dry run, rolled back: new: 2 members" in capsys.readouterr().out
    assert everything(world).empty

    assert trc("members", "enroll", "--from-board") == 0
    assert "new: 2 members, with a Discord account now: 2" in capsys.readouterr().out
    assert trc("boards") == 0
    shown = capsys.readouterr().out
    assert "By XP, as last read" in shown
    assert shown.index("ann") < shown.index("bob")
    assert "points come with the XP that is gained from now on" in shown

    time.sleep(1)  # a sync is its second
    world.simulator.board = board_of(ann=(ANN, 5_250), bob=(BOB, 370))
    assert trc("run", "mee6_sync") == 0
    assert trc("run", "leaderboard_recalculation") == 0
    capsys.readouterr()
    assert trc("boards") == 0
    shown = capsys.readouterr().out
    assert "Leaderboards" in shown
    assert re.search(r"\b3\s+bob\b.*\n.*\b2\s+ann\b", shown)

    assert trc("members", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["discord_id"], one["xp"], one["points"]) for one in listed] == [
        ("bob", str(BOB), 370, 3), ("ann", str(ANN), 5_250, 2),
    ]  # fmt: skip
    assert trc("members", "remove", str(BOB), "--dry-run") == 0
    assert len(members(world)) == 2
    assert trc("members", "remove", str(BOB)) == 0
    capsys.readouterr()
    assert trc("members", "list") == 0
    shown = capsys.readouterr().out
    assert "ann" in shown
    assert "bob" not in shown


def test_a_file_with_bad_lines_is_listed_line_by_line_and_fails(
    world: World, trc: Trc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    use(world, monkeypatch)
    file = tmp_path / "members.csv"
    hostile = TEXTS["ansi"] + TEXTS["log_line"]
    file.write_text(f'id;name\n{ANN};Ann\n1.2E+17;Bob\n"{hostile}";x\n', newline="")
    assert trc("members", "import", str(file)) == 1
    told = capsys.readouterr().err
    assert_lines(told)
    lines = told.splitlines()
    assert [line.split(":")[0] for line in lines] == ["line 3", "line 4", "trc"]
    assert "2 lines cannot be imported, and nothing was written" in lines[-1]
    assert everything(world).empty

    file.write_text(f"id;name\n{ANN};Ann\n")
    assert trc("members", "import", str(file), "--dry-run") == 0
    assert "Dry run, rolled back: 1 added" in capsys.readouterr().out
    assert everything(world).empty


def test_nobody_is_enrolled_where_mee6_does_not_answer_and_the_reason_is_said(
    world: World, trc: Trc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(world, monkeypatch)
    monkeypatch.setenv("MEE6_GUILD_ID", "4711")
    assert trc("members", "enroll", "--from-board") == 1
    told = capsys.readouterr().err
    assert "nobody became a member: the MEE6 leaderboard was not read" in told
    assert "check MEE6_GUILD_ID" in told
    monkeypatch.setenv("MEE6_SYNC_ENABLED", "false")
    assert trc("members", "enroll", "--from-board") == 1
    assert "switched off" in capsys.readouterr().err


def test_members_are_not_written_into_the_demo(
    trc: Trc, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "members.csv"
    file.write_text(f"id\n{ANN}\n")
    for arguments in (["import", str(file)], ["enroll", "--from-board"], ["remove", "x"]):
        assert trc("members", *arguments) == 1
        assert capsys.readouterr().err.startswith("trc: MEE6_GUILD_ID: is not set")
