"""Boards on which few move are what ranking all of them gives, and pages far from them are not looked at."""

import numpy as np
import pandas as pd
import pytest

from trc_pipelines.community.rules import late_boards
from trc_pipelines.community.rules.late_boards import (
    BOARD,
    find_moves,
    find_pages,
    find_pieces,
    leave_out_trimmed,
)
from trc_pipelines.leaderboards.ranking import rank_boards

SIZE = 10
DAY = pd.Timestamp("2026-03-04")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_boards, "PAGE", SIZE)


def scores_of(rng: np.random.Generator, members: int, most: int, first: int = 0) -> pd.DataFrame:
    """A board in which many have equal scores, and some the same time too; ids tell no age."""
    accounts = rng.permutation(members) + first
    return pd.DataFrame(
        {
            "day": DAY,
            "board": "weekly",
            "account_id": accounts,
            "member_id": pd.Series([f"m{number:04}" for number in range(members)], dtype="str")
            + pd.Series(accounts).astype("str"),
            "score": pd.array(rng.integers(1, most, members), dtype="Int64"),
            "reached_at": pd.to_datetime(rng.integers(0, 3, members), unit="h", utc=True).where(
                rng.random(members) < 0.9
            ),
        }
    )


def rank(scores: pd.DataFrame) -> pd.DataFrame:
    """A board as the database has it, whose integers may be missing."""
    ranked = rank_boards(scores).astype({"rank": "Int64"})
    return ranked.assign(first_rank=(ranked["rank"] - 1) // SIZE * SIZE + 1)


def pages_of(board: pd.DataFrame, unknown: float = 0) -> pd.DataFrame:
    """Pages as select_ranking_pages has them; of a share of their first members no name is known."""
    pages = board.groupby([*BOARD, "first_rank"], as_index=False).agg(
        members=("score", "size"),
        score=("score", "first"),
        reached_at=("reached_at", lambda times: times.iloc[0]),
        member_id=("member_id", "first"),
        least_score=("score", "min"),
    )
    pages = pages.astype({"members": "Int64"})
    is_unknown = np.random.default_rng(len(board)).random(len(pages)) < unknown
    return pages.assign(member_id=pages["member_id"].mask(is_unknown))


def ranks_ahead(board: pd.DataFrame, arriving: pd.DataFrame) -> pd.Series:
    """What select_ranks_ahead gives."""
    found = []
    for row in arriving.itertuples():
        looked_at = board[board["first_rank"].between(row.first_page, row.last_page)]
        one = arriving[arriving["number"] == row.number].assign(account_id=-1)
        order = rank_boards(pd.concat([looked_at, one]).drop(columns="rank"))["account_id"].tolist()
        ahead = order[: order.index(-1)]
        found.append(looked_at.loc[looked_at["account_id"].isin(ahead), "rank"].max())
    return pd.Series(found, index=arriving.index, dtype="Int64").fillna(0).astype("int64")


def exchange(board: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    """What exchange_ranking_pages does: the accounts of each page."""
    pages = {first: rows["account_id"].tolist() for first, rows in board.groupby("first_rank")}
    changed: dict[int, list[int]] = {}
    for piece in pieces.itertuples():
        page = changed.setdefault(piece.first_rank, [])
        if piece.ranks == 0:
            continue
        if pd.isna(piece.account_id):
            page += pages[piece.source_rank][piece.first_place - 1 : piece.last_place]
        else:
            page.append(piece.account_id)
    reached = pages | changed
    return pd.DataFrame(
        [(first, account) for first in sorted(reached) for account in reached[first]],
        columns=["first_rank", "account_id"],
    )


def move(board: pd.DataFrame, now: pd.DataFrame, late: set, unknown: float = 0) -> pd.DataFrame:
    pages = pages_of(board, unknown)
    leaving, arriving = find_moves(
        board[board["account_id"].isin(late)], now[now["account_id"].isin(late)]
    )
    arriving = find_pages(arriving, pages)
    arriving = arriving.assign(rank_ahead=ranks_ahead(board, arriving))
    return find_pieces(leaving, arriving, pages)


@pytest.mark.parametrize("seed", range(40))
def test_a_board_on_which_few_moved_is_what_ranking_all_of_it_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = scores_of(rng, int(rng.integers(0, 120)), int(rng.choice([3, 30, 1000])))
    now = before.copy()
    moved = rng.random(len(now)) < rng.choice([0.02, 0.2])
    now.loc[moved, "score"] += rng.integers(-3, 30, int(moved.sum()))
    if rng.random() < 0.6:
        now = now[rng.random(len(now)) > rng.choice([0.03, 0.3])]
    new = scores_of(rng, int(rng.integers(0, 3)), 30, 1_000)
    now = pd.concat([now, new], ignore_index=True)
    board = rank(before)
    late = set(before["account_id"][moved]) | (set(before["account_id"]) ^ set(now["account_id"]))
    reached = exchange(board, move(board, now, late, unknown=rng.choice([0, 0.5])))
    expected = rank(now)
    assert reached["account_id"].tolist() == expected["account_id"].tolist()
    assert reached["first_rank"].tolist() == expected["first_rank"].tolist()


@pytest.mark.parametrize("late", [1, 2, SIZE + 1])
def test_who_arrives_on_a_board_that_nobody_was_on_is_on_it(late: int) -> None:
    board = rank(scores_of(np.random.default_rng(late), late, 30))
    reached = exchange(board.head(0), move(board.head(0), board, set(board["account_id"])))
    assert reached["account_id"].tolist() == board["account_id"].tolist()


def test_a_move_of_a_few_places_takes_the_pages_between_them_alone() -> None:
    board = rank(scores_of(np.random.default_rng(1), 100, 2).assign(score=range(200, 0, -2)))
    one = board[board["score"] == 110]
    pieces = move(board, one.assign(score=one["score"] + 25), set(one["account_id"]))
    assert pieces[["first_rank", "source_rank", "first_place", "last_place"]].fillna(
        0
    ).to_numpy().tolist() == [
        [31, 31, 1, 3], [31, 0, 0, 0], [31, 31, 4, 9],
        [41, 31, 10, 10], [41, 41, 1, 5], [41, 41, 7, 10],
    ]  # fmt: skip


def test_behind_the_ranks_that_were_kept_nothing_moves_and_within_them_all_is_ranked() -> None:
    board = rank(scores_of(np.random.default_rng(1), 10, 2).assign(score=range(30, 20, -1)))
    trimmed = pages_of(board)
    unknown = board.head(2).assign(account_id=[11, 12], score=[20, 22])
    none = board.head(0)
    leaving, arriving, whole = leave_out_trimmed(none, unknown.head(1), trimmed)
    assert (len(leaving), len(arriving), whole) == (0, 0, [])
    leaving, arriving, whole = leave_out_trimmed(none, unknown, trimmed)
    assert (len(leaving), len(arriving), whole) == (0, 0, [DAY])


def test_who_arrives_at_the_last_score_that_was_kept_has_the_day_ranked_as_a_whole() -> None:
    trimmed = pd.DataFrame({"day": [1, 2], "board": "weekly", "least_score": [50, 50]})
    trimmed = trimmed.astype({"least_score": "Int64"})
    leaving = pd.DataFrame({"day": [1, 4], "board": "weekly", "account_id": [9, 8], "rank": [1, 2]})
    arriving = pd.DataFrame(
        {
            "day": [2, 2, 3, 1, 4],
            "board": "weekly",
            "account_id": range(5),
            "score": [50, 49, 1, 49, 7],
        }
    )
    some, others, whole = late_boards.leave_out_trimmed(leaving, arriving, trimmed)
    assert whole == [1, 2]
    assert some["day"].tolist() == [4]
    # Boards that were not trimmed take whoever comes.
    assert others["day"].tolist() == [3, 4]


def test_behind_the_last_score_that_was_kept_nobody_arrives() -> None:
    trimmed = pd.DataFrame({"day": [2], "board": "weekly", "least_score": [50]})
    arriving = pd.DataFrame({"day": [2], "board": "weekly", "account_id": 1, "score": [49]})
    leaving = arriving[:0].assign(rank=1)
    some, others, whole = late_boards.leave_out_trimmed(leaving, arriving, trimmed)
    assert (len(some), len(others), whole) == (0, 0, [])


def history(seed: int, name: str, first: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A board whose last page has one rank, seven on it who are late, and what five of them have now."""
    rng = np.random.default_rng(seed)
    before = scores_of(rng, 51 if first else 61, 30, first).assign(board=name)
    late = before.sample(7, random_state=seed)
    now = late[2:].assign(score=late["score"][2:] + rng.integers(-9, 9, 5))
    board = rank(before)
    return board, board[board["account_id"].isin(late["account_id"])], now


@pytest.mark.parametrize("seed", range(5))
def test_boards_that_change_at_once_do_not_see_each_other(seed: int) -> None:
    one, other = history(seed, "monthly", 0), history(seed + 100, "weekly", 1_000)
    together = tuple(pd.concat(both, ignore_index=True) for both in zip(one, other, strict=True))

    def pieces_of(board: pd.DataFrame, late: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
        leaving, arriving = find_moves(late, now)
        for moving in (leaving, arriving):
            assert list(moving.index) == list(range(len(moving)))
            assert "index" not in moving
        pages = pages_of(board)
        arriving = find_pages(arriving, pages)
        ahead = [
            ranks_ahead(board[board["board"] == name], some)
            for name, some in arriving.groupby("board")
        ]
        return find_pieces(leaving, arriving.assign(rank_ahead=pd.concat(ahead)), pages)

    pieces = pieces_of(*together)
    apart = pd.concat([pieces_of(*one), pieces_of(*other)], ignore_index=True)
    pd.testing.assert_frame_equal(pieces, apart)
    assert set(pieces.columns) == {
        *(*BOARD, "first_rank", "rank", "ranks", "source_rank", "first_place", "last_place"),
        *("account_id", "score", "reached_at"),
    }
    # A piece is as long as what is cut out of a page; who arrives is one; the last page is left by all.
    is_empty = (pieces["ranks"] == 0).to_numpy()
    cut = (pieces["last_place"] - pieces["first_place"] + 1).fillna(1).mask(is_empty, 0)
    assert pieces["ranks"].tolist() == cut.tolist()
    assert pieces.loc[is_empty, ["first_rank", "rank"]].to_numpy().tolist() == [[61, 0], [51, 0]]


LAST = np.iinfo("int32").max


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("a", "k", "u"), [(1, 0), (1, 10), (11, 20), (21, LAST)]),
        (("a", None, "u"), [(1, 0), (1, 20), (1, 20), (21, LAST)]),
        ((None, "k", None), [(1, 0), (1, 10), (11, LAST), (11, LAST)]),
    ],
)
def test_who_arrives_is_looked_for_between_the_pages_whose_first_members_are_known(
    names: tuple[str | None, ...], found: list[tuple[int, int]]
) -> None:
    first_of_pages = pd.DataFrame(
        {"day": DAY, "board": "weekly", "first_rank": [1, 11, 21], "score": [100, 80, 60]}
    ).assign(member_id=pd.Series(names, dtype="str"), reached_at=pd.Timestamp(DAY, tz="UTC"))
    arriving = pd.DataFrame(
        {"day": DAY, "board": "weekly", "account_id": range(4), "score": [50, 70, 90, 110]}
    ).assign(member_id=list("wxyz"), reached_at=pd.Timestamp(DAY, tz="UTC"))
    pages = find_pages(arriving, first_of_pages)
    assert pages["account_id"].tolist() == [3, 2, 1, 0]
    assert pages["number"].tolist() == [0, 1, 2, 3]
    assert list(zip(pages["first_page"], pages["last_page"], strict=True)) == found
