"""From a reading of the MEE6 leaderboard to snapshot rows."""

import pandas as pd


def recall_accounts(
    accounts: pd.DataFrame, states: pd.DataFrame, missing: pd.DataFrame
) -> pd.DataFrame:
    """Join linked accounts with what the last accepted sync knew of them, in order of discord_id.

    Args:
        accounts: discord_id, member_id. An account that two members claim is contested.
        states: discord_id (unique), member_id, xp, is_present, last_sync_id. What is known of an
            account counts for the member it was linked to, and for nobody else.
        missing: discord_id of accounts that were looked for in vain not long ago.

    Returns:
        discord_id int64, member_id, last_xp, is_present and changed_sync_id (NULL: nothing known),
        is_contested, is_sought (worth reading the full leaderboard).
    """
    accounts = (
        accounts.astype({"discord_id": "int64"})
        .drop_duplicates()
        .sort_values("discord_id", ignore_index=True)
    )
    known = pd.Index(states["discord_id"].to_numpy(dtype="int64")).get_indexer(
        accounts["discord_id"]
    )
    recalled = states.reindex(known)  # -1, nothing known, is no label: NULL
    is_same = recalled["member_id"].to_numpy() == accounts["member_id"].to_numpy()
    return accounts.assign(
        last_xp=recalled["xp"].where(is_same).array,
        is_present=recalled["is_present"].where(is_same).array,
        changed_sync_id=recalled["last_sync_id"].where(is_same).array,
        is_contested=accounts.duplicated("discord_id", keep=False),
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
    counted = players[~players["discord_id"].isin(accounts.loc[is_contested, "discord_id"])]
    found = counted.set_index("discord_id").reindex(accounts["discord_id"].to_numpy())
    present = found["xp"].notna().to_numpy()
    return pd.DataFrame(
        {
            "sync_id": sync_id,
            "discord_id": accounts["discord_id"].to_numpy(),
            "member_id": accounts["member_id"].array,
            "xp": found["xp"].astype("Int64").fillna(0).array,
            "level": found["level"].astype("Int32").array,
            "message_count": found["message_count"].astype("Int64").array,
            "is_present": pd.array(present, dtype="boolean"),
        }
    ).assign(
        is_present=lambda rows: rows["is_present"].mask(
            ~present & (is_contested | (not is_complete))
        )
    )
