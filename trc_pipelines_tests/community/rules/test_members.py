"""Lists of members as people and spreadsheets write them."""

import random

import pytest

from trc_pipelines.community.rules.members import MemberFile, read_member_file
from trc_pipelines_tests.hostile import LONG, TEXTS, assert_one_line

ANN, BOB = 123456789012345678, 223456789012345671


def read(*lines: str) -> MemberFile:
    return read_member_file("\n".join(lines).encode())


def said(*lines: str) -> str:
    """The one thing that is wrong with the second line."""
    found = read(*lines).problems
    assert [line for line, _said in found] == [2], found
    assert_one_line(found[0][1])
    return found[0][1]


def test_a_file_of_ids_alone_is_enough() -> None:
    file = read("discord id", str(ANN), str(BOB))
    assert not file.problems
    assert file.members["discord_id"].tolist() == [ANN, BOB]
    assert file.members.drop(columns=["line", "discord_id"]).isna().all(axis=None)
    assert file.members["line"].tolist() == [2, 3]


@pytest.mark.parametrize(
    "header",
    [
        "Discord ID,Username,Status,Visible",
        "user_id;Name;subscription status;leaderboard_visible",
        "ID\tDisplay Name\tSTATUS\tvisible",
        '"id","username","status","visible"',
        "\ufeffid,username,status,visible",
        "sep=;\nid;username;status;visible",
        "\n ,, \nid,username,status,visible",
    ],
)
def test_a_header_is_understood_in_whatever_case_and_spelling(header: str) -> None:
    separator = next(one for one in "\t;," if one in header.split("\n")[-1])
    file = read(header, separator.join([f'"{ANN}"', "Ann", "past due", "no"]))
    assert not file.problems
    row = file.members.iloc[0]
    assert row["discord_id"] == ANN
    assert row["discord_username"] == "Ann"
    assert row["subscription_status"] == "PAST_DUE"
    assert not row["leaderboard_visible"]


def test_of_two_columns_that_fit_the_better_name_counts_and_is_said() -> None:
    file = read("ID,Discord ID,Nickname,Username", f"1,{ANN},Annie,ann")
    assert file.columns == {"discord_id": "Discord ID", "discord_username": "Username"}
    assert file.members["discord_username"].tolist() == ["ann"]
    assert not file.problems


def test_excel_unicode_text_and_its_line_ends_are_read() -> None:
    file = read_member_file(f"id\tname\r\n{ANN}\tMüller\r\n".encode("utf-16"))
    assert not file.problems
    assert file.members["discord_username"].tolist() == ["Müller"]


@pytest.mark.parametrize(
    "cell", [f"'{ANN}", f'"=""{ANN}"""', f"<@{ANN}>", f"<@!{ANN}>", f" {ANN} \u200b"]
)
def test_an_id_is_understood_as_text_and_as_a_mention(cell: str) -> None:
    file = read("id,name", f"{cell},Ann")
    assert not file.problems
    assert file.members["discord_id"].tolist() == [ANN]


@pytest.mark.parametrize("cell", ["1.2E+17", "1,2E+17", "1E17", "1.23456789012346E+17", f"{ANN}.0"])
def test_an_id_that_a_spreadsheet_rounded_is_refused(cell: str) -> None:
    assert "rounded by a spreadsheet" in said("id;name", f"{cell};Ann")


def test_ids_that_all_end_in_zeros_were_rounded_too() -> None:
    file = read("id,name", "123456789012346000,Ann", "223456789012346000,Bob")
    assert [line for line, _said in file.problems] == [2, 3]
    assert all("rounded by a spreadsheet" in wrong for _line, wrong in file.problems)


def test_an_id_among_many_may_end_in_zeros() -> None:
    lines = [f"{ANN + number * 1003}" for number in range(100)]
    assert not read("id", "123456789012346000", *lines).problems


@pytest.mark.parametrize(("others", "refused"), [(8, []), (7, [2, 3])])
def test_two_ids_that_end_in_zeros_are_refused_above_a_fifth_of_all(
    others: int, refused: list[int]
) -> None:
    lines = [f"{ANN + number * 1003}" for number in range(others)]
    found = read("id", "123456789012346000", "223456789012346000", *lines).problems
    assert [line for line, _said in found] == refused


def test_an_id_alone_may_end_in_zeros() -> None:
    assert not read("id", "123456789012346000").problems


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "99",
            "-1",
            "0",
            "12345678901234567890",
            str(2**63),
            "Ann#1234",
            "0x1F",
            "１" * 18,
            "²" * 18,
        ),
        *("123 456 789 012 345 678", "0" * 18, "NaN", "None", "#NAME?", "########"),
    ],
)
def test_what_is_no_id_is_refused_with_what_is_accepted(cell: str) -> None:
    assert "accepts the 17 to 19 digits" in said("id;name", f"{cell};Ann")


def test_the_largest_id_fits() -> None:
    assert read("id", str(2**63 - 1)).members["discord_id"].tolist() == [2**63 - 1]


@pytest.mark.parametrize(
    ("header", "cells", "words"),
    [
        ("id,status", f"{ANN},online", ["“online”", "TRIALING", "call it something else"]),
        ("id,visible", f"{ANN},perhaps", ["“perhaps”", "yes or no"]),
        ("member id,id", f"{BOB},{ANN}", ["looks like a Discord id", "leave that column out"]),
        ("member id,id", f"=cmd,{ANN}", ["“=cmd”", "1 to 64"]),
        ("member id,id,name", ",,Ann", ["neither a Discord id nor a member id"]),
        ("id,name", f"{ANN},Miller, Ann", ["more cells than the header"]),
    ],
)
def test_a_bad_cell_is_named_with_what_is_accepted(
    header: str, cells: str, words: list[str]
) -> None:
    wrong = said(header, cells)
    for word in words:
        assert word in wrong


def test_every_bad_line_is_listed_by_its_number_in_the_file() -> None:
    file = read(
        "id,name",
        f'{ANN},"a name',
        'over three',
        'lines"',
        "",
        ";;",
        "x,Bob",
        ",,",
        f"{ANN},again",
        f"{BOB},fine",
    )  # fmt: skip
    assert [line for line, _said in file.problems] == [6, 7, 9]
    assert "line 2 again" in file.problems[2][1]
    assert file.members["line"].tolist() == [2, 10]
    assert file.members["discord_username"].tolist() == ["a name over three lines", "fine"]


def test_a_quotation_mark_without_its_other_is_found_and_what_follows_is_not_lost() -> None:
    file = read("id,name", f'{ANN},"Ann"x', f"{BOB},Bob", "99,")
    assert [line for line, _said in file.problems] == [2, 4]
    assert read("id,name", f'{ANN},"Ann').problems[0][0] == 2


def test_what_is_not_utf8_is_listed_by_line() -> None:
    file = read_member_file(f"id,name\n{ANN},Ann\n{BOB},Müller\n".encode("latin-1"))
    assert file.problems == [(3, "is not UTF-8; in Excel save as CSV UTF-8, and import that")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no column holds the Discord id"),
        (b"\n\n", "no column holds the Discord id"),
        (b"name,status\nAnn,ACTIVE", "among: name, status"),
        (f"{ANN}\n{BOB}".encode(), "accepts a first line with names of columns"),
        (b"id,name\n\n,,\n", "no member follows"),
        (b"PK\x03\x04\x14\x00", "save it as CSV UTF-8"),
        (b"\xff\xfea", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_says_what_is_accepted(data: bytes, words: str) -> None:
    file = read_member_file(data)
    assert len(file.problems) == 1
    assert words in file.problems[0][1]
    assert file.members.empty


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04\x14\x00", b"\xff\xfe\n\0\xff\0a"])
def test_what_is_wrong_with_a_whole_file_is_said_once_of_its_first_line(data: bytes) -> None:
    assert [line for line, _said in read_member_file(data).problems] == [1]


def test_a_header_is_read_and_shown_up_to_a_length() -> None:
    columns = [f"c{number}" for number in range(21)]
    assert f"among: {', '.join(columns[:20])}; it" in read(",".join(columns)).problems[0][1]
    assert not read(f"{'x' * 9_997},id", f",{ANN}").problems  # 10,000 characters
    assert read(f"{'x' * 9_998},id", f",{ANN}").problems


@pytest.mark.parametrize(
    "text", [*TEXTS.values(), LONG[:1_000_000]], ids=lambda text: repr(text[:12])
)
def test_hostile_cells_become_one_line_or_are_refused_in_one(text: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    data = "\n".join(["id,name,status,visible,member id", f"{ANN},{cell}", f"{BOB},Bob,{cell}"])
    data += f"\n{cell}\n,,,,{cell}\n{cell},{cell},{cell},{cell},{cell},{cell}"
    file = read_member_file(data.encode("utf-8", "surrogatepass"))
    for _line, wrong in file.problems:
        assert_one_line(wrong)
    for name in file.members.get("discord_username", []):
        assert name != name or (name.isprintable() and len(name) <= 64)
    hostile_header = read_member_file(f"{cell},id,{cell}\n{cell},{ANN}".encode("utf-8", "replace"))
    for _line, wrong in hostile_header.problems:
        assert_one_line(wrong)
    assert all(len(name) <= 64 and name.isprintable() for name in hostile_header.columns.values())


def test_any_bytes_end_in_members_or_problems() -> None:
    dice = random.Random(7)
    letters = b"\x00\xff\xfe\"',;\t\r\n|=E+0123456789idname" + "\u2028\U0001f600".encode()
    for _ in range(500):
        data = bytes(dice.choices(letters, k=dice.randrange(60)))
        for head in (b"", b"id,name\n", b"\xff\xfe", b"id;status\r\n"):
            file = read_member_file(head + data)
            assert file.problems or not file.members.empty, head + data
            assert not {line for line, _ in file.problems} & {*file.members.get("line", [])}


def test_a_hundred_thousand_lines_are_judged_each_good_or_bad() -> None:
    good = [f"{ANN + number * 7919},name {number}" for number in range(100_000)]
    assert len(read("id,name", *good).members) == 100_000
    assert len(read("id,name", *[f"x{line}" for line in good]).problems) == 100_000
    assert len(read("id,name", *[f"{ANN},again"] * 100_000).problems) == 99_999
