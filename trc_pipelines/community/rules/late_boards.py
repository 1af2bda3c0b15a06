"""Which stretches of a board are ranked again when few of those on it move."""

import numpy as np
import pandas as pd

BOARD = ["day", "board"]
ROW = [*BOARD, "member_id"]
# Ranks on a page, as the database packs them.
PAGE = 1_000
TO_THE_END = np.iinfo("int32").max


def find_moves(before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell who leaves their place on a board, and who arrives at another, or on the board.

    Args:
        before: day, board, member_id, score, reached_at, as ranked; first_rank, of their page.
        now: day, board, member_id, score, reached_at, as they should be.

    Returns:
        The rows of each that are not the same in the other.
    """
    same = before.merge(now, on=[*ROW, "score", "reached_at"])[ROW]
    stays = pd.MultiIndex.from_frame(same)
    leaving, arriving = (
        frame[~pd.MultiIndex.from_frame(frame[ROW]).isin(stays)] for frame in (before, now)
    )
    return leaving.reset_index(drop=True), arriving.reset_index(drop=True)


def find_stretches(
    leaving: pd.DataFrame, arriving: pd.DataFrame, pages: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Find the pages to rank again, so that nobody else moves from one stretch to another.

    Who stays on a board moves within the pages between both places. Where somebody goes or is new,
    all ranks behind are others.

    Args:
        leaving: day, board, member_id, first_rank of the page they stand on.
        arriving: day, board, member_id, score.
        pages: day, board, first_rank, best_score, least_score, in order of first_rank.

    Returns:
        The stretches (stretch, day, board, first_rank, last_rank), no two of a board with a page in
        common, and leaving and arriving with the number of theirs.
    """
    goals = arriving[[*ROW, "score"]].merge(pages, on=BOARD, how="left")
    # Equal scores may fill several pages: all of them are taken.
    reached = goals["first_rank"].where(goals["least_score"] <= goals["score"])
    passed = goals["first_rank"].where(goals["best_score"] >= goals["score"])
    ends = (
        goals.assign(first=reached.astype("Float64"), last=passed.astype("Float64"))
        .groupby(ROW, as_index=False)
        .agg(first=("first", "min"), last=("last", "max"))
    )
    ends[["first", "last"]] = pd.DataFrame(
        {"first": ends[["first", "last"]].min(axis=1), "last": ends[["first", "last"]].max(axis=1)}
    ).fillna(1)
    places = pd.concat(
        [ends, leaving[ROW].assign(first=leaving["first_rank"], last=leaving["first_rank"])]
    )
    moves = places.groupby(ROW, as_index=False).agg(
        first=("first", "min"), last=("last", "max"), places=("first", "size")
    )
    moves["last"] = moves["last"].mask(moves["places"] == 1, TO_THE_END)
    moves = moves.astype({"first": "int64", "last": "int64"})
    moves = moves.sort_values([*BOARD, "first"], ignore_index=True)
    behind = moves.groupby(BOARD)["last"].cummax().groupby([moves[key] for key in BOARD]).shift()
    moves["stretch"] = (behind.isna() | (moves["first"] > behind)).cumsum()
    stretches = moves.groupby("stretch", as_index=False).agg(
        day=("day", "first"),
        board=("board", "first"),
        first_rank=("first", "min"),
        last_rank=("last", "max"),
    )
    numbers = moves[[*ROW, "stretch"]]
    return stretches, leaving.merge(numbers, on=ROW), arriving.merge(numbers, on=ROW)


def leave_out_trimmed(
    leaving: pd.DataFrame, arriving: pd.DataFrame, trimmed: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[pd.Timestamp]]:
    """Leave out what happens behind the ranks that were kept, and days on which it does not.

    Args:
        trimmed: day, board, least_score, of boards of which only the first ranks were kept.

    Returns:
        leaving and arriving without them, and days that must be ranked as a whole: somebody moves
        within the ranks that were kept, and who is next to them is not known.
    """
    goals = arriving.merge(trimmed[[*BOARD, "least_score"]], on=BOARD, how="left")
    is_behind = (goals["score"] < goals["least_score"]).fillna(False).to_numpy(dtype=bool)
    arriving = arriving[~is_behind]
    moved = pd.concat([leaving[BOARD], arriving[BOARD]]).merge(trimmed[BOARD], on=BOARD)
    whole = moved["day"].unique()
    return (
        leaving[~leaving["day"].isin(whole)],
        arriving[~arriving["day"].isin(whole)],
        sorted(whole),
    )
