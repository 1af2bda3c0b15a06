"""Badges: every threshold just under and at, ties, Sundays, and an independent model in loops."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.betting.rules.badges import (
    CALCULATORS,
    Week,
    diff_badges,
    is_week_over,
    latest_sunday,
    tier_of,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
INSTANT = "datetime64[us, UTC]"
SETTLED = {
    "user_id": "str",
    "bet_id": "str",
    "status": "str",
    "net": "Int64",
    "is_tail": "bool",
    "is_fade": "bool",
    "created_at": INSTANT,
    "settled_at": INSTANT,
}
LETTERS = {"W": "won", "L": "lost", "P": "push", "C": "cancelled", "O": "pending"}


def settled(
    user: str, letters: str, *, net: int = 0, is_tail: bool = False, is_fade: bool = False
) -> list[dict]:
    """A user's bets, one settled an hour after the other: W, L, P (push) or C (cancelled)."""
    return [
        {
            "user_id": user,
            "bet_id": f"{user}{i:03}",
            "status": LETTERS[letter],
            "net": net,
            "is_tail": is_tail,
            "is_fade": is_fade,
            "created_at": MONDAY,
            "settled_at": MONDAY + timedelta(hours=i),
        }
        for i, letter in enumerate(letters)
    ]


def statuses(users: dict[str, str]) -> list[dict]:
    """Rows of user and status, from letters; O is pending."""
    return [
        {"user_id": user, "status": LETTERS[letter]}
        for user, letters in users.items()
        for letter in letters
    ]


def week(
    bets: list[dict] = [],  # noqa: B006
    *,
    placed: list[dict] = [],  # noqa: B006
    posted: list[str] = [],  # noqa: B006
    sunday: list[dict] = [],  # noqa: B006
) -> Week:
    by_status = {"user_id": "str", "status": "str"}
    return Week(
        settled=pd.DataFrame(bets, columns=list(SETTLED)).astype(SETTLED),
        placed=(
            pd.DataFrame(placed, columns=list(by_status))
            .astype(by_status)
            .value_counts(sort=False)
            .reset_index(name="bets")
        ),
        posted=pd.Series(posted, dtype="str"),
        sunday=pd.DataFrame(sunday, columns=list(by_status)).astype(by_status),
    )


def holders(badge: str, of: Week) -> list[str]:
    return CALCULATORS[badge](of).index.tolist()


def test_badges_are_in_the_order_of_the_table() -> None:
    assert list(CALCULATORS) == [
        "hot_streak",
        "profit_king",
        "riding_wave",
        "sharp",
        "fade_god",
        "most_active",
        "ghost",
        "sunday_sweep",
    ]


@pytest.mark.parametrize("badge", CALCULATORS)
def test_nobody_holds_a_badge_in_an_empty_week(badge: str) -> None:
    assert holders(badge, week()) == []


@pytest.mark.parametrize(
    ("letters", "is_held"),
    [
        ("WW", False),
        ("WWW", True),
        ("WWLW", False),
        ("LWWW", True),
        ("WWWL", True),
        ("WPWCW", True),
        ("WWPPCC", False),
        ("WWLPW", False),
        ("PPP", False),
        ("CCC", False),
    ],
)
def test_three_wins_in_a_row_are_a_hot_streak(letters: str, is_held: bool) -> None:
    assert holders("hot_streak", week(settled("a", letters))) == ["a"] * is_held


def test_a_hot_streak_is_of_one_user() -> None:
    bets = settled("a", "WW") + settled("b", "WW") + settled("c", "WWW") + settled("d", "LW")
    assert holders("hot_streak", week(bets)) == ["c"]


@pytest.mark.parametrize("key", ["settled_at", "created_at", "bet_id"])
def test_settlement_then_placing_then_id_order_a_streak(key: str) -> None:
    keys = ["settled_at", "created_at", "bet_id"]
    # Places of three wins and a loss. Keys before the one that decides are equal, those after it
    # say the opposite.
    middle, last = (0, 1, 3, 2), (0, 1, 2, 3)
    for decides, opposite, expected in ((middle, last, []), (last, middle, ["a"])):
        bets = settled("a", "WWWL")
        for i, name in enumerate(keys):
            rank = i - keys.index(key)
            places = decides if rank == 0 else opposite if rank > 0 else (0, 0, 0, 0)
            for bet, place in zip(bets, places, strict=True):
                bet[name] = str(place) if name == "bet_id" else MONDAY + timedelta(hours=place)
        for start in range(4):
            assert holders("hot_streak", week(bets[start:] + bets[:start])) == expected


@pytest.mark.parametrize(("net", "is_held"), [(-1, False), (0, False), (1, True)])
def test_the_profit_of_a_king_is_above_zero(net: int, is_held: bool) -> None:
    assert holders("profit_king", week(settled("a", "W", net=net))) == ["a"] * is_held


def test_the_highest_sum_is_king_and_equals_share() -> None:
    bets = (
        settled("c", "WW", net=50)
        + settled("a", "W", net=100)
        + settled("b", "W", net=500)
        + settled("b", "L", net=-401)
    )
    assert holders("profit_king", week(bets)) == ["a", "c"]


@pytest.mark.parametrize(
    ("badge", "flag", "other"),
    [("riding_wave", "is_tail", "is_fade"), ("fade_god", "is_fade", "is_tail")],
)
def test_most_tails_or_fades_won_from_three(badge: str, flag: str, other: str) -> None:
    assert holders(badge, week(settled("a", "WWLPC", **{flag: True}))) == []
    assert holders(badge, week(settled("a", "WWW", **{other: True}))) == []
    three = settled("b", "WWWLLL", **{flag: True}) + settled("a", "WLWW", **{flag: True})
    assert holders(badge, week(three + settled("c", "WW", **{flag: True}))) == ["a", "b"]
    assert holders(badge, week(three + settled("c", "WWWW", **{flag: True}))) == ["c"]


@pytest.mark.parametrize(
    ("letters", "is_held"),
    [
        ("W" * 9, False),
        ("W" * 9 + "PC", False),
        ("W" * 9 + "L", True),
        ("W" * 6 + "L" * 4, True),
        ("W" * 5 + "L" * 5, False),
        ("W" * 59 + "L" * 41, False),
        ("W" * 60 + "L" * 40, True),
        ("W" * 599 + "L" * 400, False),
        ("W" * 6 + "L" * 4 + "P" * 50, True),
    ],
)
def test_a_sharp_user_wins_60_percent_of_10_decided(letters: str, is_held: bool) -> None:
    assert holders("sharp", week(settled("a", letters))) == ["a"] * is_held


def test_the_best_rate_is_sharp_then_who_decided_more_then_all() -> None:
    better, more, less = "W" * 9 + "L" * 3, "W" * 14 + "L" * 6, "W" * 7 + "L" * 3
    few = settled("z", "W" * 9)
    assert holders("sharp", week(few + settled("a", better) + settled("b", more))) == ["a"]
    assert holders("sharp", week(few + settled("a", less) + settled("b", more))) == ["b"]
    both = settled("c", more) + settled("a", less) + settled("b", more)
    assert holders("sharp", week(few + both)) == ["b", "c"]


@pytest.mark.parametrize(
    ("letters", "is_held"),
    [("O" * 19, False), ("O" * 19 + "C" * 9, False), ("O" * 16 + "WLPO", True)],
)
def test_twenty_bets_placed_are_active(letters: str, is_held: bool) -> None:
    assert holders("most_active", week(placed=statuses({"a": letters}))) == ["a"] * is_held


def test_the_most_bets_placed_are_shared() -> None:
    placed = statuses({"b": "O" * 21, "c": "O" * 20, "a": "W" * 21, "d": "O" * 20 + "CC"})
    assert holders("most_active", week(placed=placed)) == ["a", "b"]


def test_a_ghost_posted_and_placed_no_bet() -> None:
    placed = statuses({"b": "O", "c": "C", "d": "CW", "e": "L"})
    posted = ["d", "c", "b", "a", "a"]
    assert holders("ghost", week(placed=placed, posted=posted)) == ["a", "c"]
    assert holders("ghost", week(posted=["b", "a"])) == ["a", "b"]
    assert holders("ghost", week(placed=placed)) == []


@pytest.mark.parametrize(
    ("letters", "is_held"),
    [
        ("WW", False),
        ("WWP", False),
        ("WWC", False),
        ("WWW", True),
        ("WWWPC", True),
        ("WWWL", False),
        ("WWWO", False),
        ("LLL", False),
    ],
)
def test_a_sweep_of_sunday_is_three_wins_and_nothing_else_decided_or_open(
    letters: str, is_held: bool
) -> None:
    of_others = {"0": "WWW", "z": "LO"}
    swept = holders("sunday_sweep", week(sunday=statuses(of_others | {"a": letters})))
    assert swept == ["0"] + ["a"] * is_held


def test_a_bet_that_does_not_say_whether_it_is_a_tail_is_none() -> None:
    of = week(settled("a", "WWW", is_tail=True))
    of.settled["is_tail"] = pd.Series([True, True, None], dtype="boolean")
    assert holders("riding_wave", of) == []


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("as_of", "zone", "start", "end"),
    [
        ("2026-03-04T12:00", "UTC", "2026-03-01T00:00", "2026-03-02T00:00"),
        ("2026-03-07T23:59", "UTC", "2026-03-01T00:00", "2026-03-02T00:00"),
        ("2026-03-08T00:00", "UTC", "2026-03-08T00:00", "2026-03-09T00:00"),
        ("2026-03-08T23:59", "UTC", "2026-03-08T00:00", "2026-03-09T00:00"),
        ("2026-03-09T00:00", "UTC", "2026-03-08T00:00", "2026-03-09T00:00"),
        # Saturday evening there; clocks go forward on the 8th, which has 23 hours.
        ("2026-03-08T04:59", NEW_YORK, "2026-03-01T05:00", "2026-03-02T05:00"),
        ("2026-03-08T05:00", NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00"),
        ("2026-03-09T03:59", NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00"),
        ("2026-03-14T12:00", NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00"),
        # Clocks go back on the 1st, which has 25 hours.
        ("2026-11-01T03:59", NEW_YORK, "2026-10-25T04:00", "2026-10-26T04:00"),
        ("2026-11-01T04:00", NEW_YORK, "2026-11-01T04:00", "2026-11-02T05:00"),
        ("2026-11-02T04:59", NEW_YORK, "2026-11-01T04:00", "2026-11-02T05:00"),
        # There midnight of the 8th does not exist: the day begins at 1.
        ("2026-03-08T04:59", "America/Havana", "2026-03-01T05:00", "2026-03-02T05:00"),
        ("2026-03-08T05:00", "America/Havana", "2026-03-08T05:00", "2026-03-09T04:00"),
    ],
)
def test_the_latest_sunday_is_the_one_that_has_begun_there(
    as_of: str, zone: str, start: str, end: str
) -> None:
    instants = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (as_of, start, end)]
    found = latest_sunday(instants[0], ZoneInfo(zone))
    assert found == tuple(instants[1:])
    assert [instant.tzinfo for instant in found] == [UTC, UTC]


def test_a_sunday_may_be_asked_for_at_any_offset() -> None:
    as_of = datetime(2026, 3, 7, 23, 0, tzinfo=ZoneInfo("America/New_York"))
    assert latest_sunday(as_of, ZoneInfo("UTC"))[0] == datetime(2026, 3, 8, tzinfo=UTC)


def pairs(rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["badge", "user_id"], dtype="str")


PAIRS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abc")), max_size=12)


@given(PAIRS, PAIRS)
def test_the_difference_of_badges_is_the_difference_of_sets(
    held: list[tuple[str, str]], earned: list[tuple[str, str]]
) -> None:
    new, lost = diff_badges(pairs(held), pairs(earned).assign(since=1))
    assert list(new.columns) == list(lost.columns) == ["badge", "user_id"]
    assert list(new.itertuples(index=False, name=None)) == sorted(set(earned) - set(held))
    assert list(lost.itertuples(index=False, name=None)) == sorted(set(held) - set(earned))
    assert set(new.dtypes.astype(str)) == set(lost.dtypes.astype(str)) == {"str"}
    assert list(new.index) == list(range(len(new)))


def test_badges_open_tiers() -> None:
    counts = pd.Series([0, 1, 2, 3, 8], index=list("abcde"))
    tiers = tier_of(counts)
    assert tiers.to_dict() == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2}
    assert tiers.dtype == "int64"
    assert tier_of(counts.astype("Int64")).tolist() == [0, 1, 1, 2, 2]
    assert tier_of(counts[:0]).empty


def top(values: dict[str, int | Fraction], at_least: int | Fraction) -> set[str]:
    best = max(values.values(), default=0)
    return {user for user, value in values.items() if value == best >= at_least}


def model(of: Week) -> dict[str, set[str]]:
    """Every badge by the table, bet by bet."""
    bets = of.settled.to_dict("records")
    bets.sort(key=lambda bet: (bet["settled_at"], bet["created_at"], bet["bet_id"]))
    run, best_run = Counter(), Counter()
    net, tails, fades, won, decided = (Counter() for _ in range(5))
    for bet in bets:
        user = bet["user_id"]
        net[user] += bet["net"]
        if bet["status"] in ("won", "lost"):
            is_won = bet["status"] == "won"
            run[user] = run[user] + 1 if is_won else 0
            best_run[user] = max(best_run[user], run[user])
            decided[user] += 1
            won[user] += is_won
            tails[user] += is_won and bet["is_tail"]
            fades[user] += is_won and bet["is_fade"]
    rates = {user: Fraction(won[user], n) for user, n in decided.items() if n >= 10}
    sharpest = top(rates, Fraction(3, 5))
    placed: Counter[str] = Counter()
    for row in of.placed.to_dict("records"):
        if row["status"] != "cancelled":
            placed[row["user_id"]] += row["bets"]
    sundays = defaultdict(list)
    for bet in of.sunday.to_dict("records"):
        sundays[bet["user_id"]].append(bet["status"])
    return {
        "hot_streak": {user for user, wins in best_run.items() if wins >= 3},
        "profit_king": top(net, 1),
        "riding_wave": top(tails, 3),
        "sharp": top({user: decided[user] for user in sharpest}, 0),
        "fade_god": top(fades, 3),
        "most_active": top(placed, 20),
        "ghost": {user for user in of.posted if not placed[user]},
        "sunday_sweep": {
            user
            for user, found in sundays.items()
            if found.count("won") >= 3 and not {"lost", "pending"} & set(found)
        },
    }


# Letters are drawn by the run, so that thresholds of ten and twenty are reached and shared.
users = st.sampled_from(["a", "b", "c"])
runs = st.tuples(st.sampled_from("WWWLPC"), st.integers(1, 7))
row_runs = st.lists(
    st.tuples(users, runs, st.booleans(), st.booleans(), st.integers(-3, 3)), max_size=12
)
status_runs = st.lists(
    st.tuples(users, st.sampled_from("WWWWLPCO"), st.integers(1, 12)), max_size=8
)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    bets = []
    for user, (letter, length), is_tail, is_fade, net in draw(row_runs):
        bets += settled(user, letter * length, net=net, is_tail=is_tail, is_fade=is_fade)
    ids = draw(st.permutations(range(len(bets))))
    hour = st.integers(0, 2).map(lambda hours: MONDAY + timedelta(hours=hours))
    for bet, i in zip(bets, ids, strict=True):
        bet.update(bet_id=f"{i:03}", settled_at=draw(hour), created_at=draw(hour))
    placed, sunday = (
        [row for user, letter, n in draw(status_runs) for row in statuses({user: letter * n})]
        for _ in range(2)
    )
    posted = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5))
    return week(bets, placed=placed, posted=posted, sunday=sunday)


@given(weeks(), st.integers(0, 99))
def test_badges_are_what_a_loop_over_bets_says_in_any_order(of: Week, seed: int) -> None:
    shuffled = Week(
        **{name: rows.sample(frac=1, random_state=seed) for name, rows in vars(of).items()}
    )
    expected = {badge: sorted(users) for badge, users in model(of).items()}
    for some in (of, shuffled):
        assert {badge: holders(badge, some) for badge in CALCULATORS} == expected


@pytest.mark.parametrize(
    ("after", "pending", "is_over"),
    [
        (timedelta(microseconds=-1), 0, False),
        (timedelta(0), 0, True),
        (timedelta(0), 1, False),
        (timedelta(days=1, microseconds=-1), 1, False),
        (timedelta(days=1), 1, True),
    ],
)
def test_a_week_is_judged_for_the_last_time_when_its_games_are_settled_or_a_day_later(
    after: timedelta, pending: int, is_over: bool
) -> None:
    assert is_week_over(MONDAY, pending, MONDAY + after) is is_over


def test_what_makes_a_ghost_is_told_in_figures() -> None:
    told = CALCULATORS["ghost"](week(posted=["b", "a", "b"])).to_dict("index")
    assert told == {"a": {"posts": 1, "bets_placed": 0}, "b": {"posts": 2, "bets_placed": 0}}
