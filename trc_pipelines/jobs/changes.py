"""What a dry run would write, row for row, as it stands just before it is rolled back."""

from collections.abc import Mapping, Sequence

import pandas as pd

from trc_pipelines.database.connection import Transaction

# By table, the columns that name a row; () for those of its primary key.
Tables = Mapping[str, Sequence[str]]
COLUMNS = ["table", "changes", "change", "key", "before", "after"]


def keep_rows(transaction: Transaction, tables: Tables) -> None:
    """Keep the rows of tables aside as they are now. What is no table of the database has none."""
    for table in tables:
        transaction.execute("jobs/keep_rows", table=table)


def find_changes(transaction: Transaction, tables: Tables, most: int) -> pd.DataFrame:
    """Find what became of rows since they were kept aside.

    Args:
        most: so many rows of each table.

    Returns:
        table, changes (rows of that table that changed, listed or not), change (insert, update,
        delete), and as JSON the key and the columns that differ, before and after.
    """
    found = [
        transaction.read(
            "jobs/find_changes", table=table, key_columns=list(key) or None, most=most
        ).assign(table=table)
        for table, key in tables.items()
    ]
    changes = pd.concat([pd.DataFrame(columns=COLUMNS), *found], ignore_index=True)[COLUMNS]
    return changes.astype("object").where(changes.notna(), None)
