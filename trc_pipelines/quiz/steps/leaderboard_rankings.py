"""The boards of the quiz as they stand."""

from datetime import date

import pandas as pd

from trc_pipelines.calendar import board_starts, midnight
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.quiz.relations import NAME, player_progress, users, xp_events
from trc_pipelines.quiz.rules.ranks import rank_players


@step(NAME, deps=[xp_events, player_progress, users], max_age_minutes=65, is_level=True)
def leaderboard_rankings(work: Work) -> Result:
    """One row per board (global, weekly, monthly) and player: the boards as they stand.

    Global counts XP of a lifetime, the others XP earned in their period up to the tick. Among equals
    who earned last comes first, then the lower id. Who has no XP has no rank. Only rows that changed
    are written, and an older tick does not undo a newer one.
    """
    newest = work.transaction.read_value("quiz/select_ranked_at")
    if newest and work.as_of < newest:
        return Result(0, notes=[f"the boards stand for {newest:%Y-%m-%dT%H:%M:%SZ} already"])
    day = work.as_of.date()
    starts = board_starts(day)
    players, rewritten = {}, 0
    for board, start in starts.items():
        scores = _read_scores(work, board, start)
        is_present = scores["is_present"].astype("bool")
        ranked, changed = rank_players(board, scores[is_present])
        gone = scores.loc[~is_present, "member_id"].tolist()
        work.transaction.stage("staged_rankings", changed)
        work.transaction.execute("quiz/delete_rankings", board=board, gone=gone)
        work.transaction.execute("quiz/insert_rankings", board=board, as_of=work.as_of)
        record_boards(work.transaction, NAME, day, ranked, {board: start})
        players[f"players_on_the_{board}_board"] = len(ranked)
        rewritten += len(changed)
    return Result(
        affected=rewritten,
        details=players | {"ranks_rewritten": rewritten},
        rows_written=rewritten,
    )


def _read_scores(work: Work, board: str, start: date | None) -> pd.DataFrame:
    if start is None:
        return work.transaction.read("quiz/select_lifetime_scores")
    return work.transaction.read(
        "quiz/select_board_scores",
        begins_at=midnight(start),
        as_of=work.as_of,
        board=board,
    )
