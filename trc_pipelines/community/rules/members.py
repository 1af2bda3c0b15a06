"""A list of members as people have it: what a file says, and every line that cannot be meant so.

A spreadsheet damages ids before anybody sees it: it keeps fifteen digits of them. What is lost is lost,
so such a line is refused, and with it the file.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trc_pipelines.names import clean_name, clean_names

STATUSES = ("NONE", "TRIALING", "ACTIVE", "PAST_DUE", "CANCELLED")
# What a column may be called, letters and digits only, best first: of two that fit the first counts.
HEADERS = {
    "discord_id": (
        *(
            "discordid",
            "discorduserid",
            "discordaccount",
            "userid",
            "snowflake",
            "id",
            "user",
            "account",
        ),
    ),
    "member_id": ("memberid", "member"),
    "discord_username": (
        *("discordusername", "username", "displayname", "globalname", "discordname", "name"),
        *("nickname", "nick", "discordtag", "tag"),
    ),
    "subscription_status": ("status", "subscriptionstatus", "subscription"),
    "leaderboard_visible": ("visible", "leaderboardvisible", "showonleaderboard"),
}
KNOWN_HEADERS = frozenset(name for names in HEADERS.values() for name in names)
WORDS = {
    **dict.fromkeys(("true", "yes", "y", "1", "on", "x", "wahr", "ja", "vrai", "oui"), True),
    **dict.fromkeys(("false", "no", "n", "0", "off", "falsch", "nein", "faux", "non"), False),
}
SEPARATORS = (",", ";", "\t", "|")
MEMBER_ID = r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}"
SNOWFLAKE = r"[1-9][0-9]{16,18}"
# Copied along with an id from a chat or a web page.
INVISIBLE = "[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
LARGEST_ID = str(2**63 - 1)
# A spreadsheet leaves zeros behind the fifteenth digit. One id in a hundred ends so by itself.
DIGITS_KEPT = 15
ROUNDED_SHARE = 0.2
ROUNDED = (
    "was rounded by a spreadsheet, and its last digits are lost; export the list again and import "
)
ROUNDED += "the export itself, or open it with that column as text"
SHOWN = 40

Problems = list[tuple[int, str]]


@dataclass(frozen=True)
class MemberFile:
    """What a file says.

    Attributes:
        members: line int64, member_id str, discord_id Int64, discord_username str,
            subscription_status str, leaderboard_visible boolean, NA where a cell is empty. Holds good
            lines only.
        problems: of each bad line its number and what is wrong with it, in order.
        columns: the header that each column was read from.
    """

    members: pd.DataFrame
    problems: Problems
    columns: dict[str, str]


def read_member_file(data: bytes) -> MemberFile:
    """Read a CSV file of members: commas, semicolons or tabs, UTF-8 or what Excel calls Unicode text."""
    text, problems = _decode(data)
    line, header, separator = _find_header(text)
    places = _place_columns(header)
    if not problems and not {"discord_id", "member_id"} & places.keys():
        shown = ", ".join(clean_name(name, SHOWN) for name in header[:20])
        problems = [
            (
                line,
                f"no column holds the Discord id, among: {shown or 'nothing'}; it accepts a first line "
                "with names of columns, as: discord id, username, status, visible",
            )
        ]
    if problems:
        return MemberFile(pd.DataFrame(), problems, {})
    cells, problems = _read_cells(text, line, separator, places, len(header))
    columns = {name: clean_name(header[place], SHOWN) for name, place in places.items()}
    if cells.empty and not problems:
        problems = [(line, "no member follows; it accepts one member a line")]
    members, found = _judge(cells)
    return MemberFile(members, sorted([*problems, *found]), columns)


def _decode(data: bytes) -> tuple[str, Problems]:
    """The text, or the lines that are none."""
    if data.startswith(b"PK\x03\x04"):
        return "", [(1, "is a spreadsheet, not a CSV file; save it as CSV UTF-8 and import that")]
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig"), []
    except UnicodeDecodeError:
        said = "is not UTF-8; in Excel save as CSV UTF-8, and import that"
        wrong = [(1, said)] if is_wide else [(n, said) for n in _lines_not_in_utf8(data)]
        return "", wrong


def _lines_not_in_utf8(data: bytes) -> Iterator[int]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            yield number


def _find_header(text: str) -> tuple[int, list[str], str]:
    """Number and cells of the first line that says something, and what separates them."""
    for number, line in enumerate(io.StringIO(text), 1):
        # Excel's own note about the separator.
        if line.strip(" \t;,|\r\n") and not re.fullmatch(r"sep=.", line.strip()):
            split = {one: _split(line, one) for one in SEPARATORS}
            best = max(SEPARATORS, key=lambda one: len(_place_columns(split[one])))
            return number, split[best], best
    return 1, [], ","


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line[:10_000]], delimiter=separator))
    except (csv.Error, StopIteration):
        return []


def _place_columns(header: Sequence[str]) -> dict[str, int]:
    """Which cell of a line is which column."""
    names = [re.sub(r"[\W_]", "", name).casefold() for name in header]
    return {
        column: names.index(best)
        for column, known in HEADERS.items()
        if (best := next((name for name in known if name in names), None))
    }


def _read_cells(
    text: str, header_line: int, separator: str, places: dict[str, int], width: int
) -> tuple[pd.DataFrame, Problems]:
    """The lines after the header that are not empty, by number: our columns, and `beyond` all of them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    numbers, rows, problems = [], [], []
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            problems.append(
                (number, f"is no CSV ({error}); is a quotation mark without its other?")
            )
            continue
        if number > header_line and any(cell.strip() for cell in row):
            numbers.append(number)
            mine = [row[place] if place < len(row) else "" for place in places.values()]
            rows.append([*mine, "".join(row[width:])])
    cells = pd.DataFrame(rows, pd.Index(numbers, dtype="int64"), [*places, "beyond"], dtype="str")
    cells = cells.reindex(columns=[*HEADERS, "beyond"], fill_value="").astype("str")
    return cells.apply(lambda column: column.str.strip()), problems


def _judge(cells: pd.DataFrame) -> tuple[pd.DataFrame, Problems]:
    """Turn cells into members, and say what cannot be one."""
    discord_id, id_problems = _judge_discord_ids(cells["discord_id"])
    member_id = cells["member_id"]
    status = cells["subscription_status"].str.upper().str.replace(r"[\s-]+", "_", regex=True)
    status = status.replace("CANCELED", "CANCELLED")
    visible = cells["leaderboard_visible"].str.casefold()
    looks_like_discord = member_id.str.fullmatch(SNOWFLAKE)
    problems = [
        *id_problems,
        *_say(
            cells["beyond"] != "",
            "has more cells than the header has columns; put quotation marks around a text with the "
            "separator in it",
        ),
        *_say(
            (cells["discord_id"] == "") & (member_id == ""),
            "has neither a Discord id nor a member id",
        ),
        *_say(
            looks_like_discord,
            "the member id ? looks like a Discord id; member ids stand in events and on boards, and must "
            "not say who it is: leave that column out, one is made up, or call it Discord id",
            member_id,
        ),
        *_say(
            (member_id != "") & ~member_id.str.fullmatch(MEMBER_ID),
            "the member id ? is none; it accepts 1 to 64 letters, digits and . _ : @ / -",
            member_id,
        ),
        *_say(
            (status != "") & ~status.isin(STATUSES),
            f"the status ? is none; it accepts {', '.join(STATUSES)}, or nothing: ACTIVE. If the column "
            "means something else, call it something else",
            cells["subscription_status"],
        ),
        *_say(
            (visible != "") & ~visible.isin(list(WORDS)),
            "? does not say whether the member is visible; it accepts yes or no, or nothing: yes",
            cells["leaderboard_visible"],
        ),
        *_say_again("the Discord account", discord_id),
        *_say_again("the member id", member_id.where(member_id != "")),
    ]
    names = cells["discord_username"]
    members = pd.DataFrame(
        {
            "line": cells.index.astype("int64"),
            "member_id": member_id.where(member_id != "").array,
            "discord_id": discord_id.array,
            "discord_username": clean_names(names).where(names != "").array,
            "subscription_status": status.where(status != "").array,
            "leaderboard_visible": visible.map(WORDS).astype("boolean").array,
        }
    )
    bad = {line for line, _said in problems}
    return members[~members["line"].isin(bad)].reset_index(drop=True), problems


def _judge_discord_ids(texts: pd.Series) -> tuple[pd.Series, Problems]:
    """Read ids as people and spreadsheets write them: plain, '123, ="123", <@123>."""
    seen = texts.str.replace(INVISIBLE, "", regex=True).str.strip()
    bare = seen.str.replace(r"^(?:'|=\"|<@!?)|(?:\"|>)$", "", regex=True)
    is_damaged = bare.str.fullmatch(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]{15,}[.,]0*")
    is_id = bare.str.fullmatch(SNOWFLAKE) & ~(
        (bare.str.len() == len(LARGEST_ID)) & (bare > LARGEST_ID)
    )
    is_cut = is_id & bare.str[DIGITS_KEPT:].str.fullmatch("0+")
    if is_cut.sum() < 2 or is_cut.sum() <= ROUNDED_SHARE * is_id.sum():
        is_cut &= False
    problems = [
        *_say(is_damaged | is_cut, f"the Discord id ? {ROUNDED}", texts),
        *_say(
            (bare != "") & ~is_id & ~is_damaged,
            "? is no Discord id; it accepts the 17 to 19 digits of an account (in Discord: Developer "
            "Mode on, right click, Copy User ID)",
            texts,
        ),
    ]
    numbers = np.where(is_id, bare, "0").astype("int64")
    return pd.Series(numbers, texts.index, dtype="Int64").where(is_id), problems


def _say(is_wrong: pd.Series, sentence: str, cells: pd.Series | None = None) -> Problems:
    """The sentence for each wrong line, with its cell for the question mark."""
    lines = is_wrong.index[is_wrong.to_numpy(dtype=bool)]
    if cells is None:
        return [(int(line), sentence) for line in lines]
    before, after = sentence.split("?", 1)
    shown = cells[lines].map(lambda cell: f"{before}“{clean_name(cell, SHOWN)}”{after}")
    return [*zip(lines.tolist(), shown.tolist(), strict=True)]


def _say_again(what: str, values: pd.Series) -> Problems:
    """Name the line that has a value first, for each that has it again. NA is no value."""
    lines = values.index.to_series()
    first = lines.groupby(values).transform("first")
    again = first[first.notna() & (first != lines)].astype("int64")
    return [
        (line, f"{what} is that of line {before} again; it accepts each once")
        for line, before in zip(again.index.tolist(), again.tolist(), strict=True)
    ]
