"""What rules cannot compute without: values that an app's rows must have when they are read."""

from collections.abc import Mapping, Sequence

import pandas as pd

from trc_pipelines.jobs.contract import JobError
from trc_pipelines.words import counted

MOST_NAMED = 3


def require_values(
    rows: pd.DataFrame, key: str, columns: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Refuse rows that lack a value: what is computed of them would be wrong, or fail without a word.

    Args:
        rows: read from an app's relations.
        key: the column that names a row.
        columns: those that may not be NULL, by the relation they are of.

    Returns:
        The same rows.

    Raises:
        JobError: a value is missing; all are named by relation, column, number and first keys.
    """
    missing = {
        f"{relation}.{column}": rows.loc[rows[column].isna(), key]
        for relation, names in columns.items()
        for column in names
    }
    found = [_describe(column, key, keys) for column, keys in missing.items() if len(keys)]
    if found:
        raise JobError(
            f"{'; '.join(found)}. A value is needed there: give these rows one in the app or in its "
            "view, then run it again. Nothing was changed."
        )
    return rows


def _describe(column: str, key: str, keys: pd.Series) -> str:
    first = [*keys.head(MOST_NAMED).astype("str").str[:64]]
    more = [] if len(keys) == len(first) else ["…"]
    return f"{column} is NULL in {counted(len(keys), 'rows')} ({key} {', '.join(first + more)})"
