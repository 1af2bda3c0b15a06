"""Who is a member where no app says so: imported from a file, enrolled from the leaderboard, removed.

All of it writes `community.members`, and only where that is a table of ours. Where it is a view over an
app's tables the members are the app's.
"""

from datetime import datetime

import pandas as pd

from trc_pipelines.community.erasures import find_erased
from trc_pipelines.community.relations import members
from trc_pipelines.community.rules.members import Problems, read_member_file
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.names import clean_name, clean_names
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

HOW_TO_BEGIN = (
    "trc members enroll --from-board makes everyone on the leaderboard a member, "
    "trc members import FILE.csv those of a list"
)

WAS_ERASED = "is somebody who was erased, for good; it accepts nobody who was (trc members erase)"


class MemberFileError(JobError):
    """A file cannot be imported. `problems`: of each bad line its number and what is wrong with it."""

    def __init__(self, problems: Problems) -> None:
        lines = len({line for line, _said in problems})
        super().__init__(
            f"{counted(lines, 'lines')} cannot be imported, and nothing was "
            "written; mend them and import the file again"
        )
        self.problems = problems


def find_other_owner(transaction: Transaction) -> str | None:
    """Say whose members they are when `community.members` is not a table of ours."""
    found = transaction.read_row("community/select_membership") or {}
    if found["is_ours"]:
        return None
    over = f" over {found['read_from']}" if found["read_from"] else ""
    return f"community.members is a view of {found['owner_name']}{over}: its members are the app's"


def require_own_members(transaction: Transaction) -> None:
    """Make sure that members may be written here.

    Raises:
        JobError: they are an app's.
    """
    if whose := find_other_owner(transaction):
        raise JobError(f"{whose}, and nothing was changed; add and remove them there")


def import_members(transaction: Transaction, data: bytes) -> str:
    """Make members of the lines of a file, all of them or none. The same file twice changes nothing.

    Returns:
        One line about it.

    Raises:
        MemberFileError: lines that cannot be meant so.
        JobError: the members are an app's.
    """
    require_own_members(transaction)
    transaction.execute("jobs/lock_step", table=members.table)
    read = read_member_file(data)
    problems = read.problems
    if not read.members.empty:
        transaction.stage("staged_members", read.members)
        conflicts = transaction.read_rows("community/select_import_conflicts")
        erased = read.members.loc[
            find_erased(transaction, read.members[["member_id", "discord_id"]]), "line"
        ]
        problems = sorted(
            [
                *problems,
                *[_explain(**conflict) for conflict in conflicts],
                *[(int(line), WAS_ERASED) for line in erased],
            ]
        )
    if problems:
        raise MemberFileError(problems)
    done = transaction.read_row("community/import_members") or {}
    transaction.execute("community/forget_removed_members")
    columns = ", ".join(
        f"{ours.replace('_', ' ')} from “{its}”" for ours, its in read.columns.items()
    )
    relinked = (
        f", {done['relinked']:,} of them with another Discord account, which counts from now on"
        if done["relinked"]
        else ""
    )
    return (
        f"{done['added']:,} added, {done['changed']:,} changed{relinked}, "
        f"{done['unchanged']:,} as they were ({columns})"
    )


def _explain(line: int, linked_to: str | None, first_line: int) -> tuple[int, str]:
    if linked_to is None:
        return line, f"is the member of line {first_line} again; it accepts each once"
    return line, (
        f"the Discord account is linked to the member {clean_name(linked_to)} already; give that member "
        "id or none, or remove that member first: trc members remove"
    )


def enroll_players(
    transaction: Transaction, players: pd.DataFrame, *, min_level: int
) -> pd.DataFrame:
    """Make members of the players whose account nobody has, with their names.

    Args:
        players: the leaderboard, with names: discord_id, level, username.
        min_level: 0 takes also players whose level is not known.

    Returns:
        discord_id, member_id of the new ones.
    """
    transaction.execute("jobs/lock_step", table=members.table)
    high = players[players["level"].fillna(0) >= min_level]
    high = high[~find_erased(transaction, high[["discord_id"]])]
    names = clean_names(high["username"]).where(high["username"].notna())
    transaction.stage("staged_players", high[["discord_id"]].assign(discord_username=names.array))
    return transaction.read("community/enroll_players")


def remove_member(transaction: Transaction, member: str, now: datetime) -> str:
    """End a membership. Points stay in the ledger, and in the weeks and months that are closed.

    Args:
        member: the member's id, or the Discord account's.

    Returns:
        One line about it.

    Raises:
        JobError: there is no such member, or the members are an app's.
    """
    require_own_members(transaction)
    transaction.execute("jobs/lock_step", table=members.table)
    removed = transaction.read_row("community/remove_member", id=member, now=now)
    if removed is None:
        raise JobError(
            f"{clean_name(member)} is no member; it accepts an id of trc members list, "
            "the member's or the Discord account's"
        )
    return (
        f"{removed['member_id']} is no longer a member: no XP counts, and the boards show nobody there "
        f"with their next ranking. What stays: {counted(removed['points'], 'points')} in the ledger "
        "and in closed weeks; "
        "an import of the same Discord id brings the member back to them"
    )


def list_members(transaction: Transaction) -> pd.DataFrame:
    """List the members, best first.

    Raises:
        JobError: the members are an app's.
    """
    require_own_members(transaction)
    return transaction.read("community/select_members")


def advise(transaction: Transaction, settings: Settings) -> str | None:
    """Say what to do while no member has a Discord account, None when there is one."""
    found = transaction.read_row("community/select_membership") or {}
    if found["is_anybody_linked"]:
        return None
    if whose := find_other_owner(transaction):
        return f"no member has a Discord account yet, so no XP counts; {whose}"
    if settings.members_from_board:
        return (
            "nobody is a member yet; MEMBERS_FROM_BOARD makes everyone on the leaderboard one, with the "
            "next reading that is accepted"
        )
    return f"nobody is a member yet, so no XP counts: {HOW_TO_BEGIN}"
