"""Who facts are about: a key of ours, in the one table that says who that is (`community.accounts`)."""

import pandas as pd

from trc_pipelines.database.connection import Transaction


def find_accounts(transaction: Transaction, people: pd.DataFrame) -> pd.Series:
    """Find the keys of members, or of members and their Discord accounts. Who is new gets one.

    Args:
        people: member_id, and discord_id where it is about a Discord account of theirs.

    Returns:
        The keys, in the order of `people`.
    """
    names = ["member_id", "discord_id"]
    wanted = people.reindex(columns=names).astype({"member_id": "str", "discord_id": "Int64"})
    if wanted.empty:
        return pd.Series([], dtype="int64")
    transaction.stage("staged_accounts", wanted.drop_duplicates())
    transaction.execute("community/insert_accounts")
    known = transaction.read("community/select_accounts").astype({"discord_id": "Int64"})
    keys: pd.Series = wanted.merge(known, how="left", on=names)["account_id"].astype("int64")
    return keys.set_axis(people.index)
