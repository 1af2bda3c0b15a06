"""Which rows of a board of the quiz change."""

import pandas as pd

from trc_pipelines.quiz.rules.ranks import rank_players

AT = pd.Timestamp("2026-03-04 12:00", tz="UTC")
COLUMNS = [
    "member_id",
    "score",
    "reached_at",
    "standing_rank",
    "standing_score",
    "standing_reached_at",
]
TYPES = {
    "score": "int64",
    "reached_at": "datetime64[us, UTC]",
    "standing_rank": "Int64",
    "standing_score": "Int64",
    "standing_reached_at": "datetime64[us, UTC]",
}


def rank(*rows: tuple) -> tuple[list, list]:
    """Names in order of rank, and each row that changed: name, rank, score."""
    ranked, changed = rank_players("global", pd.DataFrame(rows, columns=COLUMNS).astype(TYPES))
    assert (ranked["board"] == "global").all()
    assert list(changed.columns) == ["user_id", "rank", "score", "reached_at"]
    told = changed[["user_id", "rank", "score"]].astype(object)
    return list(ranked["member_id"]), told.where(told.notna(), None).values.tolist()


def test_a_row_that_stands_as_it_is_ranked_is_no_change() -> None:
    assert rank(("ann", 9, AT, 1, 9, AT), ("bob", 0, None, None, 0, None)) == (["ann"], [])


def test_who_has_no_row_yet_gets_one_without_a_rank_as_long_as_there_is_no_xp() -> None:
    rows = [("ann", 1, AT, None, None, None), ("bob", 0, None, None, None, None)]
    assert rank(*rows) == (["ann"], [["ann", 1, 1], ["bob", None, 0]])


def test_a_row_changes_with_its_rank_its_score_or_its_time() -> None:
    later = AT + pd.Timedelta(minutes=1)
    assert rank(("ann", 9, AT, 2, 9, AT))[1] == [["ann", 1, 9]]
    assert rank(("ann", 9, AT, 1, 8, AT))[1] == [["ann", 1, 9]]
    assert rank(("ann", 9, later, 1, 9, AT))[1] == [["ann", 1, 9]]
    assert rank(("ann", 9, AT, 1, 9, None))[1] == [["ann", 1, 9]]
    assert rank(("ann", 0, None, 1, 0, None))[1] == [["ann", None, 0]]
