"""What boards on which few move are put together from: pieces of pages, and who arrives."""

import numpy as np
import pandas as pd

from trc_pipelines.leaderboards.ranking import rank_boards

BOARD = ["day", "board"]
ROW = [*BOARD, "account_id"]
# Ranks on a page, as the database packs them.
PAGE = 1_000


def find_moves(before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell who leaves their place on a board, and who arrives at another, or on the board.

    Args:
        before: day, board, account_id, score, reached_at, rank, as ranked.
        now: day, board, account_id, member_id, score, reached_at, as they should be.

    Returns:
        The rows of each that are not the same in the other.
    """
    same = before.merge(now, on=[*ROW, "score", "reached_at"])[ROW]
    stays = pd.MultiIndex.from_frame(same)
    leaving, arriving = (
        frame[~pd.MultiIndex.from_frame(frame[ROW]).isin(stays)] for frame in (before, now)
    )
    return leaving.reset_index(drop=True), arriving.reset_index(drop=True)


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


def find_pages(arriving: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Find the pages between whose first members those who arrive belong.

    Args:
        arriving: day, board, account_id, member_id, score, reached_at.
        pages: day, board, first_rank, and member_id, score, reached_at of the first member, whose
            place says nothing where member_id is missing.

    Returns:
        arriving in the order of its boards, with number, 0, 1, 2 …, first_page and last_page.
    """
    known = pages[pages["member_id"].notna() | (pages["first_rank"] == 1)]
    columns = [*BOARD, "member_id", "score", "reached_at"]
    both = pd.concat([arriving[[*columns, "account_id"]], known[[*columns, "first_rank"]]])
    # A page whose first member is not known is the first one, and ahead of all.
    boards = both.groupby(BOARD).ngroup()
    both = rank_boards(
        both.rename(columns={"board": "name"}).assign(
            board=boards, member_id=both["member_id"].fillna("")
        )
    )
    by_board = both.groupby("board")["first_rank"]
    both["first_page"] = by_board.ffill().fillna(1)
    both["last_page"] = by_board.bfill() - 1
    both["last_page"] = both["last_page"].fillna(np.iinfo("int32").max)
    found = both[both["first_rank"].isna()].drop(columns=["rank", "first_rank", "board"])
    found = found.rename(columns={"name": "board"})
    return found.assign(number=np.arange(len(found))).astype(
        {"account_id": "int64", "first_page": "int64", "last_page": "int64"}
    )


def find_pieces(leaving: pd.DataFrame, arriving: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Find what the pages that change are put together from.

    Args:
        leaving: day, board, rank.
        arriving: day, board, account_id, score, reached_at, in the order of their boards, and
            rank_ahead, the last rank before them as it was, 0 for none.
        pages: day, board, first_rank, members, as they stand.

    Returns:
        In order of rank: day, board, first_rank of the page, rank, number of ranks, and either
        source_rank, first_place and last_place on the page that stands, or account_id, score and
        reached_at of who arrives. A page nobody is left on has one piece with no ranks.
    """
    boards = pd.concat([leaving[BOARD], arriving[BOARD]]).drop_duplicates()
    pages = pages[[*BOARD, "first_rank", "members"]].merge(boards, on=BOARD)
    cuts = pd.concat(
        [
            boards.assign(ahead=0, is_new=False),
            leaving[BOARD].assign(ahead=leaving["rank"], is_new=False),
            arriving[[*BOARD, "account_id", "score", "reached_at"]].assign(
                ahead=arriving["rank_ahead"], is_new=True
            ),
        ],
        ignore_index=True,
    ).sort_values([*BOARD, "ahead", "is_new"], kind="stable", ignore_index=True)
    # Behind each who leaves or arrives some stay as they are, up to the next.
    by_board = cuts.groupby(BOARD)
    sizes = pages.groupby(BOARD, as_index=False)["members"].sum()
    last = cuts[BOARD].merge(sizes, on=BOARD, how="left")["members"].fillna(0)
    next_ahead = by_board["ahead"].shift(-1)
    is_next_new = by_board["is_new"].shift(-1, fill_value=False)
    until = (next_ahead - ~is_next_new).fillna(last).astype("int64")
    cuts["stay"] = until - cuts["ahead"]
    cuts["rank"] = by_board["stay"].cumsum() - cuts["stay"] + by_board["is_new"].cumsum()
    new = cuts[cuts["is_new"]].assign(ranks=1)
    runs = cuts.assign(old=cuts["ahead"] + 1, ranks=cuts["stay"])
    runs["rank"] += 1
    runs = runs.loc[runs["ranks"] > 0, [*BOARD, "rank", "old", "ranks"]]
    runs = _split(_split(runs, "rank"), "old")
    runs["source_rank"] = _first_rank(runs["old"])
    runs["first_place"] = runs["old"] - runs["source_rank"] + 1
    runs["last_place"] = runs["first_place"] + runs["ranks"] - 1
    pieces = pd.concat([runs.drop(columns="old"), new.drop(columns=["ahead", "is_new", "stay"])])
    pieces["first_rank"] = _first_rank(pieces["rank"])
    page = [*BOARD, "first_rank"]
    pieces = pieces.merge(pages, on=page, how="outer").fillna({"rank": 0, "ranks": 0})
    is_alone = ~pieces.duplicated(page, keep=False)
    # Who is alone on a page that there was not has no page they are from: not equal, and not missing.
    is_in_place = (pieces["source_rank"] == pieces["first_rank"]).fillna(False).astype(bool)
    is_as_it_was = is_alone & is_in_place & (pieces["ranks"] == pieces["members"])
    whole = {"rank": "int64", "ranks": "int64"}
    optional = dict.fromkeys(
        ["source_rank", "first_place", "last_place", "account_id", "score"], "Int64"
    )
    changed: pd.DataFrame = pieces[~is_as_it_was].drop(columns="members").astype(whole | optional)
    return changed.sort_values([*BOARD, "rank"], ignore_index=True)


def _split(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """Split runs of ranks where a page ends: ranks as they will be, or as they are."""
    first = (runs[key] - 1) // PAGE
    last = (runs[key] + runs["ranks"] - 2) // PAGE
    parts = runs.loc[runs.index.repeat(last - first + 1)]
    page = first.loc[parts.index] + parts.groupby(level=0).cumcount()
    begin = (page * PAGE + 1 - parts[key]).clip(lower=0)
    end = (page * PAGE + PAGE + 1 - parts[key]).clip(upper=parts["ranks"])
    return parts.assign(
        rank=parts["rank"] + begin, old=parts["old"] + begin, ranks=end - begin
    ).reset_index(drop=True)


def _first_rank(ranks: pd.Series) -> pd.Series:
    return (ranks - 1) // PAGE * PAGE + 1
