"""Statistics of settled bets: by hand for what is easily got wrong, by a slow model for the rest."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.betting.rules.statistics import NO_BASES, Bases, summarise_bets
from trc_pipelines.calendar import WEEK
from trc_pipelines_tests.betting.statistics_model import COLUMN_TYPES, modelled_rows
from trc_pipelines_tests.budget import examples

BET_TYPES = {
    "bet_id": "str",
    "user_id": "str",
    "author_id": "str",
    "status": "str",
    "stake": "int64",
    "payout": "int64",
    "net": "int64",
    "is_tail": "bool",
    "is_fade": "bool",
    "team": "str",
    "created_at": "datetime64[us, UTC]",
    "settled_at": "datetime64[us, UTC]",
}
BALANCE_TYPES = {
    "user_id": "str",
    "entry_id": "int64",
    "effective_at": "datetime64[us, UTC]",
    "balance_after": "int64",
}
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)  # of Sunday to Monday
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def bet(status: str = "won", settled_at: datetime = NOON, **known: object) -> dict:
    """Ann's bet of a dollar at even odds, but for what is said of it."""
    stake = known.get("stake", 100)
    payout = known.get("payout", {"won": 2 * stake, "lost": 0}.get(status, stake))
    return {
        "bet_id": "bet",
        "user_id": "ann",
        "author_id": None,
        "status": status,
        "stake": stake,
        "payout": payout,
        "net": payout - stake,
        "is_tail": False,
        "is_fade": False,
        "team": None,
        "created_at": NOON - HOUR,
        "settled_at": settled_at,
    } | known


def frame_of_bets(bets: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(bets, columns=list(BET_TYPES)).astype(BET_TYPES)


def frame_of_balances(entries: list[tuple]) -> pd.DataFrame:
    """Entries are (user_id, effective_at, balance_after)."""
    rows = [(user, number, at, after) for number, (user, at, after) in enumerate(entries)]
    return pd.DataFrame(rows, columns=list(BALANCE_TYPES)).astype(BALANCE_TYPES)


def rows_of(frame: pd.DataFrame) -> list[dict]:
    """Rows as Python values, None for NULL."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def summarise_at_once(bets: pd.DataFrame, balances: pd.DataFrame) -> pd.DataFrame:
    """The summary of everything, without bases."""
    return summarise_bets(bets, others(bets), balances, NO_BASES, MIDNIGHT.date())[0]


def others(bets: pd.DataFrame) -> pd.DataFrame:
    """Bets on others' picks, as their authors'."""
    of_others = bets["author_id"].notna() & (bets["author_id"] != bets["user_id"])
    return bets[of_others].drop(columns="user_id").rename(columns={"author_id": "user_id"})


def summarise(bets: list[dict], entries: list[tuple] = ()) -> list[dict]:
    return rows_of(summarise_at_once(frame_of_bets(bets), frame_of_balances(entries)))


def ever(bets: list[dict], entries: list[tuple] = (), user: str = "ann") -> dict:
    """The user's row of all time."""
    rows = summarise(bets, entries)
    (row,) = (row for row in rows if (row["user_id"], row["period"]) == (user, "all_time"))
    return row


def starts(rows: list[dict], period: str) -> list[str]:
    return [f"{row['period_start']:%Y-%m-%d}" for row in rows if row["period"] == period]


def in_a_row(statuses: str) -> list[dict]:
    """One bet an hour, by the initials of won, lost, push, cancelled."""
    names = {"w": "won", "l": "lost", "p": "push", "c": "cancelled"}
    return [bet(names[initial], NOON + i * HOUR) for i, initial in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "current", "best", "worst"),
    [
        ("w", 1, 1, 0),
        ("l", -1, 0, 1),
        ("wwl", -1, 2, 1),
        ("lllww", 2, 2, 3),
        ("wpcw", 2, 2, 0),
        ("wlpc", -1, 1, 1),
        ("wwwlw", 1, 3, 1),
        ("pc", 0, 0, 0),
    ],
)
def test_wins_count_up_and_losses_down_while_push_and_cancelled_do_nothing(
    statuses: str, current: int, best: int, worst: int
) -> None:
    row = ever(in_a_row(statuses))
    assert row["current_streak"] == current
    assert (row["best_win_streak"], row["worst_loss_streak"]) == (best, worst)


def test_a_streak_begins_anew_with_every_period_and_user() -> None:
    bets = [
        bet(settled_at=MIDNIGHT - TICK),
        bet(settled_at=MIDNIGHT),
        bet(settled_at=MIDNIGHT, user_id="bob"),
    ]
    assert [(row["user_id"], row["period"], row["current_streak"]) for row in summarise(bets)] == [
        ("ann", "all_time", 2),
        ("ann", "day", 1),
        ("ann", "day", 1),
        ("ann", "week", 1),
        ("ann", "week", 1),
        ("bob", "all_time", 1),
        ("bob", "day", 1),
        ("bob", "week", 1),
    ]


@pytest.mark.parametrize(
    ("won", "lost"),
    [
        ({"settled_at": NOON + TICK, "bet_id": "a"}, {"bet_id": "b", "created_at": NOON}),
        ({"created_at": NOON - HOUR + TICK, "bet_id": "a"}, {"bet_id": "b"}),
        ({"bet_id": "b"}, {"bet_id": "a"}),
    ],
)
def test_settlement_then_creation_then_id_say_which_bet_came_last(won: dict, lost: dict) -> None:
    bets = [bet("won", **won), bet("lost", **lost)]
    assert ever(bets)["current_streak"] == ever(bets[::-1])["current_streak"] == 1


def test_nothing_decided_has_no_rates() -> None:
    row = ever([bet("cancelled")])
    assert row["bets"] == row["cancelled"] == 1
    nothing = ("win_rate", "roi", "biggest_win", "biggest_loss", "average_stake", "favourite_team")
    assert [row[name] for name in nothing] == [None] * len(nothing)
    row = ever([bet("push")])
    assert (row["win_rate"], row["roi"], row["average_stake"]) == (None, 0.0, 100)


def test_a_cancelled_bet_was_never_at_risk() -> None:
    row = ever([bet(), bet("push", stake=51), bet("lost", stake=50), bet("cancelled", stake=9_999)])
    assert (row["bets"], row["wagered"], row["returned"], row["net"]) == (4, 201, 251, 50)
    assert (row["win_rate"], row["roi"], row["average_stake"]) == (0.5, 50 / 201, 67)


def test_what_comes_back_without_anything_at_risk_has_no_rate() -> None:
    row = ever([bet("cancelled", payout=150)])
    assert (row["net"], row["wagered"], row["roi"]) == (50, 0, None)


def test_biggest_are_the_net_of_won_and_lost_bets() -> None:
    row = ever([bet(stake=10), bet(stake=70), bet("lost", stake=30), bet("lost", stake=20)])
    assert (row["biggest_win"], row["biggest_loss"]) == (70, -30)
    row = ever([bet("lost")])
    assert (row["biggest_win"], row["biggest_loss"]) == (None, -100)


def test_a_week_turns_between_sunday_and_monday() -> None:
    rows = summarise([bet(settled_at=MIDNIGHT - TICK), bet(settled_at=MIDNIGHT)])
    assert starts(rows, "day") == ["2026-03-08", "2026-03-09"]
    assert starts(rows, "week") == ["2026-03-02", "2026-03-09"]
    assert [row["period_start"] for row in rows if row["period"] == "all_time"] == [None]


def test_a_week_goes_on_across_the_end_of_a_year() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    rows = summarise([bet(settled_at=new_year - TICK), bet("lost", new_year)])
    assert starts(rows, "day") == ["2026-12-31", "2027-01-01"]
    assert starts(rows, "week") == ["2026-12-28"]
    assert rows[-1]["bets"] == 2


def test_the_day_of_a_bet_is_the_day_of_its_settlement() -> None:
    created_at = NOON - timedelta(days=30)
    rows = summarise([bet(created_at=created_at)])
    assert starts(rows, "day") == ["2026-03-04"]
    assert {row["last_bet_at"] for row in rows} == {created_at}
    assert {row["last_settled_at"] for row in rows} == {NOON}


def test_a_perfect_day_has_a_win_and_no_loss() -> None:
    day = timedelta(days=1)
    bets = [
        bet("cancelled", NOON - HOUR),
        bet("won", NOON),
        bet("push", NOON + HOUR),
        bet("won", NOON + day),
        bet("lost", NOON + day),
        bet("push", NOON + 2 * day),
        bet("won", NOON + 7 * day),
        bet("won", NOON + 7 * day),
    ]
    rows = summarise(bets)
    found = {
        period: [row["perfect_days"] for row in rows if row["period"] == period]
        for period in ("all_time", "day", "week")
    }
    assert found == {"all_time": [2], "day": [1, 0, 0, 1], "week": [1, 1]}


def test_the_favourite_team_has_most_bets_and_among_equals_comes_first() -> None:
    def favourite(*teams: str | None) -> str | None:
        return ever([bet(team=team) for team in teams])["favourite_team"]

    assert favourite("Bears", "Colts", "Colts") == "Colts"
    assert favourite("Colts", "Bears", "Colts", "Bears", "Ants") == "Bears"
    assert favourite("ants", "Zebras", "Émus") == "Zebras"
    assert favourite(None, None, "Bears") == "Bears"
    assert favourite(None) is None
    assert ever([bet("cancelled", team="Bears")])["favourite_team"] is None


def test_tails_and_fades_are_told_apart() -> None:
    bets = [
        bet(stake=1),
        bet(stake=20, is_tail=True, author_id="bob"),
        bet("lost", stake=300, is_fade=True, author_id="bob"),
    ]
    row = ever(bets)
    assert (row["tail_net"], row["fade_net"], row["net"]) == (20, -300, -279)


def test_others_bets_on_a_pick_count_for_its_author_and_own_ones_do_not() -> None:
    bets = [
        bet(author_id="ann", is_tail=True),
        bet("lost", user_id="bob", author_id="ann", stake=7, is_tail=True),
        bet(user_id="cid", author_id="ann", stake=30, is_fade=True),
    ]
    assert ever(bets)["others_net"] == 23
    assert ever(bets)["bets"] == 1
    assert ever(bets, user="bob")["others_net"] == 0


def test_an_author_without_bets_has_rows_of_the_others_bets() -> None:
    rows = summarise([bet(user_id="bob", author_id="ann")])
    own = [row for row in rows if row["user_id"] == "ann"]
    assert [row["period"] for row in own] == ["all_time", "day", "week"]
    for row in own:
        assert (row["bets"], row["others_net"], row["current_streak"]) == (0, 100, 0)
        assert (row["last_bet_at"], row["last_settled_at"], row["win_rate"]) == (None, None, None)


def test_balances_are_the_extremes_of_the_period_and_make_no_row() -> None:
    entries = [
        ("ann", MIDNIGHT - timedelta(days=30), 900),
        ("ann", MIDNIGHT - timedelta(days=2), 40),
        ("ann", MIDNIGHT - TICK, 50),
        ("ann", MIDNIGHT - 2 * TICK, 70),
        ("ann", MIDNIGHT, -60),
        ("bob", MIDNIGHT, 1_000),
    ]
    rows = summarise([bet(settled_at=MIDNIGHT - TICK)], entries)
    assert [(row["period"], row["balance_high"], row["balance_low"]) for row in rows] == [
        ("all_time", 900, -60),
        ("day", 70, 50),
        ("week", 70, 40),
    ]
    row = ever([bet()], entries[-1:])
    assert (row["balance_high"], row["balance_low"]) == (None, None)


@pytest.mark.parametrize("bets", [[], [bet()], [bet("cancelled", author_id="bob")]])
def test_types_do_not_depend_on_the_rows(bets: list[dict]) -> None:
    summary = summarise_at_once(frame_of_bets(bets), frame_of_balances([]))
    assert {name: str(dtype) for name, dtype in summary.dtypes.items()} == COLUMN_TYPES
    assert list(summary) == list(COLUMN_TYPES)
    assert summary.empty == (not bets)


def test_rows_are_numbered_in_their_order() -> None:
    summary = summarise_at_once(
        frame_of_bets([bet(user_id="bob"), bet(bet_id="b")]), frame_of_balances([])
    )
    assert summary["user_id"].tolist() == ["ann"] * 3 + ["bob"] * 3
    assert list(summary.index) == [0, 1, 2, 3, 4, 5]


def bases_of(bets: list[dict], bases: Bases, week_start: date) -> Bases:
    frame = frame_of_bets(bets)
    return summarise_bets(frame, others(frame), frame_of_balances([]), bases, week_start)[1]


@pytest.mark.parametrize(
    ("before", "after", "first", "current"),
    [("l", "l", -2, -2), ("wl", "l", 1, -2), ("lw", "w", -1, 2), ("p", "l", -1, -1)],
)
def test_a_base_knows_the_run_it_begins_with_and_the_one_it_ends_with(
    before: str, after: str, first: int, current: int
) -> None:
    week_later = [one | {"settled_at": one["settled_at"] + WEEK} for one in in_a_row(after)]
    bases = bases_of(in_a_row(before), NO_BASES, MIDNIGHT.date())
    totals = bases_of(week_later, bases, (MIDNIGHT + WEEK).date()).totals
    assert totals[["first_streak", "current_streak"]].values.tolist() == [[first, current]]


def test_who_had_nothing_before_the_week_has_no_base() -> None:
    assert bases_of([bet()], NO_BASES, NOON.date() - timedelta(days=2)).totals.empty
    assert len(bases_of([bet()], NO_BASES, MIDNIGHT.date()).totals) == 1


def test_frames_as_the_database_gives_them_will_do() -> None:
    bets, balances = frame_of_bets(in_a_row("wwlpc")), frame_of_balances([("ann", NOON, 5)])
    nullable = bets.astype(dict.fromkeys(["stake", "payout", "net"], "Int64")).astype(
        {"is_tail": "boolean", "is_fade": "boolean"}
    )
    pd.testing.assert_frame_equal(
        summarise_at_once(nullable, balances.astype({"balance_after": "Int64"})),
        summarise_at_once(bets, balances),
    )


USERS = ["ann", "Bob", "bob", "Émile"]
TEAMS = [None, "Ants", "ants", "Zebras", "Émus"]
MOMENTS = st.builds(
    lambda base, hours, ticks: base + hours * HOUR + ticks * TICK,
    st.sampled_from([MIDNIGHT, datetime(2027, 1, 1, tzinfo=UTC)]),
    st.sampled_from([-24 * 7, -24, -12, 0, 12]),
    st.sampled_from([-1, 0]),
)
BETS = st.lists(
    st.builds(
        bet,
        status=st.sampled_from(["won", "lost", "push", "cancelled", "won", "lost"]),
        settled_at=MOMENTS,
        bet_id=st.uuids().map(str),
        user_id=st.sampled_from(USERS),
        author_id=st.sampled_from([None, *USERS, "Zoë"]),
        stake=st.integers(1, 10_000),
        is_tail=st.booleans(),
        is_fade=st.booleans(),
        team=st.sampled_from(TEAMS),
        created_at=MOMENTS,
    ),
    max_size=25,
    unique_by=lambda drawn: drawn["bet_id"],
)
ENTRIES = st.lists(
    st.tuples(st.sampled_from([*USERS, "Zoë", "nobody"]), MOMENTS, st.integers(-500, 500)),
    max_size=12,
)


@given(BETS, ENTRIES)
def test_any_history_is_summarised_as_if_bet_by_bet(bets: list[dict], entries: list[tuple]) -> None:
    assert summarise(bets, entries) == modelled_rows(bets, entries)


@given(BETS, ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(bets: list, entries: list, dice: Random) -> None:
    bets_frame, balances_frame = frame_of_bets(bets), frame_of_balances(entries)
    shuffled = [
        frame.iloc[dice.sample(range(len(frame)), len(frame))]
        for frame in (bets_frame, balances_frame)
    ]
    pd.testing.assert_frame_equal(
        summarise_at_once(*shuffled), summarise_at_once(bets_frame, balances_frame)
    )


MONDAYS = [date(2026, 3, 2), date(2026, 3, 9), date(2026, 12, 28), date(2027, 1, 4)]


@given(BETS, ENTRIES, st.sets(st.sampled_from(MONDAYS)))
@settings(max_examples=examples(25))
def test_bases_go_on_wherever_a_history_is_split(
    bets: list[dict], entries: list[tuple], mondays: set[date]
) -> None:
    all_bets, all_balances = frame_of_bets(bets), frame_of_balances(entries)
    bases, rows = NO_BASES, []
    for begin, end in pairwise([date.min, *sorted(mondays), date.max]):
        first, last = (pd.Timestamp(day).tz_localize("UTC").as_unit("us") for day in (begin, end))
        settled, effective = all_bets["settled_at"], all_balances["effective_at"]
        # Who has no base yet has all there is.
        is_new = ~all_balances["user_id"].isin(bases.totals["user_id"])
        piece = all_bets[(settled >= first) & (settled < last)]
        summary, bases = summarise_bets(
            piece,
            others(piece),
            all_balances[((effective >= first) | is_new) & (effective < last)],
            bases,
            end,
        )
        rows = [row for row in rows if row["period"] != "all_time"] + rows_of(summary)
    assert sorted(rows, key=_named) == sorted(summarise(bets, entries), key=_named)


def _named(row: dict) -> str:
    return f"{row['user_id']} {row['period']} {row['period_start']}"
