"""From a reading of the MEE6 leaderboard to snapshot rows.

A leaderboard may have a million players: what is here works on whole columns, and finds an account by a
binary search.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FIGURES = {"last_xp": "xp", "last_level": "level", "last_message_count": "message_count"}
Flags = npt.NDArray[np.bool_]


def recall_accounts(
    accounts: pd.DataFrame, states: pd.DataFrame, missing: pd.DataFrame
) -> pd.DataFrame:
    """Join linked accounts with what the last accepted sync knew of them, in order of discord_id.

    Args:
        accounts: discord_id, member_id. An account that two members claim is contested.
        states: discord_id (unique), member_id, xp, is_present, last_sync_id, level, message_count,
            is_linked, is_confirmed. What is known of an account counts for the member it was linked
            to, and for nobody else.
        missing: discord_id of accounts that were looked for in vain not long ago.

    Returns:
        discord_id int64, member_id, last_xp, is_present, changed_sync_id, last_level,
        last_message_count, was_linked and was_confirmed (NULL: nothing known), is_contested,
        is_sought (worth reading the full leaderboard).
    """
    accounts = accounts.astype({"discord_id": "int64"}).sort_values("discord_id", ignore_index=True)
    is_contested = _is_shared(accounts["discord_id"])
    if is_contested.any():
        accounts = accounts.drop_duplicates(ignore_index=True)
        is_contested = _is_shared(accounts["discord_id"])
    known = _locate(states["discord_id"], accounts["discord_id"])
    owners = states["member_id"].array.take(known, allow_fill=True)
    is_same = pd.Series(owners == accounts["member_id"].array).fillna(value=False)
    known = np.where(is_same.to_numpy(dtype=bool), known, -1)

    def recall(name: str) -> Any:
        return states[name].convert_dtypes().array.take(known, allow_fill=True)

    return accounts.assign(
        last_xp=recall("xp"),
        is_present=recall("is_present"),
        changed_sync_id=recall("last_sync_id"),
        last_level=recall("level"),
        last_message_count=recall("message_count"),
        was_linked=recall("is_linked"),
        was_confirmed=recall("is_confirmed"),
        is_contested=is_contested,
        is_sought=~accounts["discord_id"].isin(missing["discord_id"]),
    )


def build_snapshot(
    accounts: pd.DataFrame, players: pd.DataFrame, sync_id: int, *, is_complete: bool
) -> pd.DataFrame:
    """Make one row per linked account, in the order of `accounts`.

    Args:
        accounts: linked accounts: discord_id (unique), member_id, is_contested.
        players: the leaderboard: discord_id (unique), xp, level, message_count. Players who are not
            linked are dropped here and kept nowhere.
        is_complete: whether the leaderboard was read to its end: only then is absent who is not on it.

    Returns:
        sync_id, discord_id, member_id, xp (0 when not present), level, message_count, is_present
        (NULL: not confirmed either way, as for contested accounts).
    """
    is_contested = accounts["is_contested"].to_numpy(dtype=bool)
    found = np.where(is_contested, -1, _locate(players["discord_id"], accounts["discord_id"]))
    present = found >= 0
    is_present = pd.array(present, dtype="boolean")
    is_present[~present & (is_contested | (not is_complete))] = pd.NA

    def figures(name: str, dtype: Any) -> Any:
        return players[name].astype(dtype).array.take(found, allow_fill=True)

    return pd.DataFrame(
        {
            "sync_id": sync_id,
            "discord_id": accounts["discord_id"].to_numpy(),
            "member_id": accounts["member_id"].array,
            "xp": figures("xp", "Int64").fillna(0),
            "level": figures("level", "Int32"),
            "message_count": figures("message_count", "Int64"),
            "is_present": is_present,
        }
    )


def find_changes(accounts: pd.DataFrame, snapshot: pd.DataFrame) -> Flags:
    """Tell which rows of a snapshot differ from what is known, so that the others need not be kept.

    Args:
        accounts: as `recall_accounts` gives them.
        snapshot: as built by `build_snapshot` of the same accounts.
    """
    is_known = accounts["was_linked"].fillna(value=False).to_numpy(dtype=bool)
    was_confirmed = accounts["was_confirmed"].fillna(value=False).to_numpy(dtype=bool)
    was_present = accounts["is_present"].fillna(value=False).to_numpy(dtype=bool)
    is_confirmed = snapshot["is_present"].notna().to_numpy(dtype=bool)
    is_present = snapshot["is_present"].fillna(value=False).to_numpy(dtype=bool)
    is_equal = np.ones(len(accounts), dtype=bool)
    for last, now in FIGURES.items():
        before, after = accounts[last], snapshot[now]
        same = (before == after).fillna(value=False) | (before.isna() & after.isna())
        is_equal &= same.to_numpy(dtype=bool)
    # Who is not on the leaderboard has no figures, and who is not confirmed not even that.
    is_same = (was_present == is_present) & (is_equal | ~is_present)
    is_kept: Flags = ~(is_known & (was_confirmed == is_confirmed) & (is_same | ~is_confirmed))
    return is_kept


def find_unlinked(
    accounts: pd.DataFrame,
    states: pd.DataFrame,
    unconfirmed: pd.DataFrame,
    linked: pd.Series,
    sync_id: int,
) -> pd.DataFrame:
    """Make a row for each account that the last accepted reading had and this one has not.

    Args:
        accounts: as `recall_accounts` gives them, those of this reading.
        states: discord_id, member_id, is_linked: what is known.
        unconfirmed: discord_id, member_id of accounts that reading did not confirm, known or not.
        linked: discord_id of the accounts of this reading.

    Returns:
        Columns of `community.mee6_leaderboard_snapshot`.
    """
    # Nearly always everybody is found again, and then nobody has to be looked for.
    if accounts["was_linked"].sum() == states["is_linked"].sum():
        states = states.iloc[:0]
    gone = [
        rows[(_locate(linked, rows["discord_id"]) < 0) & rows["is_linked"].to_numpy(dtype=bool)]
        for rows in (states, unconfirmed.assign(is_linked=True))
    ]
    rows: pd.DataFrame = pd.concat(gone)[["discord_id", "member_id"]].drop_duplicates("discord_id")
    return rows.assign(sync_id=sync_id, xp=0, is_linked=False)


def _locate(ids: pd.Series, wanted: pd.Series) -> npt.NDArray[np.int64]:
    """Find the position of each wanted id among ids that are unique; -1 where it is not there."""
    keys, looked_for = ids.to_numpy(dtype="int64"), wanted.to_numpy(dtype="int64")
    if not len(keys):
        return np.full(len(looked_for), -1)
    order = np.argsort(keys)
    at = order[np.minimum(np.searchsorted(keys[order], looked_for), len(keys) - 1)]
    found: npt.NDArray[np.int64] = np.where(keys[at] == looked_for, at, -1)
    return found


def _is_shared(ids: pd.Series) -> Flags:
    """Tell which of the ids, in order, are there more than once."""
    is_next = np.diff(ids.to_numpy()) == 0
    is_shared = np.zeros(len(ids), dtype=bool)
    is_shared[1:] = is_next
    is_shared[:-1] |= is_next
    return is_shared
