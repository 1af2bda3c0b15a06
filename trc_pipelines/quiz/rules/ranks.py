"""How players are ranked, and which rows of a board that changes."""

import pandas as pd

from trc_pipelines.leaderboards.ranking import rank_boards


def rank_players(board: str, scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank a board, and find what of it is not as it stood.

    Args:
        scores: every player: member_id, score, reached_at, and the row that stands for them:
            standing_rank, standing_score, standing_reached_at (NULL: none).

    Returns:
        The ranked players as `rank_boards` gives them, and the rows that changed: user_id, rank,
        score, reached_at. Players without XP are on the board, with no rank.
    """
    scores = scores.assign(board=board)
    has_xp = scores["score"] > 0
    ranked = rank_boards(scores[has_xp])
    unranked = scores[~has_xp]
    unranked = unranked.assign(rank=pd.Series(pd.NA, unranked.index, dtype="Int64"))
    everyone = pd.concat([ranked.astype({"rank": "Int64"}), unranked])
    is_as_it_was = (
        everyone["standing_score"].notna()
        & _same(everyone["rank"], everyone["standing_rank"])
        & _same(everyone["score"], everyone["standing_score"])
        & _same(everyone["reached_at"], everyone["standing_reached_at"])
    )
    changed = everyone.loc[~is_as_it_was, ["member_id", "rank", "score", "reached_at"]]
    return ranked, changed.rename(columns={"member_id": "user_id"})


def _same(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left == right).fillna(False) | (left.isna() & right.isna())
