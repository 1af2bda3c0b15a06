"""Boards on which few move are what ranking all of them gives, and pages far from them are not looked at."""

import numpy as np
import pandas as pd
import pytest

from trc_pipelines.community.rules import late_boards
from trc_pipelines.community.rules.late_boards import (
    BOARD,
    ROW,
    find_moves,
    find_stretches,
    leave_out_trimmed,
)
from trc_pipelines.leaderboards.ranking import rank_boards

SIZE = 10
DAY = pd.Timestamp("2026-03-04")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_boards, "PAGE", SIZE)


def scores_of(rng: np.random.Generator, members: int, most: int, name: str = "m") -> pd.DataFrame:
    """A board in which many have equal scores, and some the same time too."""
    return pd.DataFrame(
        {
            "day": DAY,
            "board": "weekly",
            "member_id": pd.Series(
                [f"{name}{number:04}" for number in range(members)], dtype="str"
            ),
            "score": pd.array(rng.integers(1, most, members), dtype="Int64"),
            "reached_at": pd.to_datetime(rng.integers(0, 3, members), unit="h", utc=True).where(
                rng.random(members) < 0.9
            ),
        }
    )


def rank(scores: pd.DataFrame, first_rank: int = 1) -> pd.DataFrame:
    ranked = rank_boards(scores)
    ranked["rank"] += first_rank - 1
    return ranked.assign(first_rank=(ranked["rank"] - 1) // SIZE * SIZE + 1)


def pages_of(board: pd.DataFrame) -> pd.DataFrame:
    return board.groupby([*BOARD, "first_rank"], as_index=False).agg(
        members=("score", "size"), best_score=("score", "max"), least_score=("score", "min")
    )


def exchange(
    board: pd.DataFrame, stretches: pd.DataFrame, leaving: pd.DataFrame, arriving: pd.DataFrame
) -> pd.DataFrame:
    """What exchange_ranking_pages does."""
    gone = set(leaving["member_id"])
    for stretch in stretches.itertuples():
        inside = board["first_rank"].between(stretch.first_rank, stretch.last_rank)
        stays = board[inside & ~board["member_id"].isin(gone)]
        comes = arriving[arriving["stretch"] == stretch.stretch]
        rows = pd.concat([stays, comes])[[*ROW, "score", "reached_at"]]
        board = pd.concat([board[~inside], rank(rows, stretch.first_rank)])
    return board.sort_values("rank", ignore_index=True)


@pytest.mark.parametrize("seed", range(40))
def test_a_board_on_which_few_moved_is_what_ranking_all_of_it_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = scores_of(rng, int(rng.integers(0, 120)), int(rng.choice([3, 30, 1000])))
    now = before.copy()
    moved = rng.random(len(now)) < rng.choice([0.02, 0.2])
    now.loc[moved, "score"] += rng.integers(-3, 30, int(moved.sum()))
    if rng.random() < 0.6:
        now = now[rng.random(len(now)) > 0.03]
    new = scores_of(rng, int(rng.integers(0, 3)), 30, "n")
    now = pd.concat([now, new], ignore_index=True)
    board = rank(before)
    late = set(before["member_id"][moved]) | (set(before["member_id"]) ^ set(now["member_id"]))
    leaving, arriving = find_moves(
        board[board["member_id"].isin(late)], now[now["member_id"].isin(late)]
    )
    moves = find_stretches(leaving, arriving, pages_of(board))
    reached = exchange(board, *moves)
    expected = rank(now)
    assert reached["member_id"].tolist() == expected["member_id"].tolist()
    assert reached["rank"].tolist() == expected["rank"].tolist()


def test_a_move_of_a_few_places_takes_the_pages_between_them_alone() -> None:
    board = rank(scores_of(np.random.default_rng(1), 100, 2).assign(score=range(100, 0, -1)))
    one = board[board["score"] == 55]
    leaving, arriving = find_moves(one, one.assign(score=one["score"] + 12))
    stretches, _, _ = find_stretches(leaving, arriving, pages_of(board))
    assert stretches[["first_rank", "last_rank"]].to_numpy().tolist() == [[31, 41]]


def test_behind_the_ranks_that_were_kept_nothing_moves_and_within_them_all_is_ranked() -> None:
    board = rank(scores_of(np.random.default_rng(1), 10, 2).assign(score=range(30, 20, -1)))
    trimmed = pages_of(board)
    unknown = board.head(2).assign(member_id=["far", "near"], score=[20, 22])[
        [*ROW, "score", "reached_at"]
    ]
    none = board.head(0)
    leaving, arriving, whole = leave_out_trimmed(none, unknown.head(1), trimmed)
    assert (len(leaving), len(arriving), whole) == (0, 0, [])
    leaving, arriving, whole = leave_out_trimmed(none, unknown, trimmed)
    assert (len(leaving), len(arriving), whole) == (0, 0, [DAY])
