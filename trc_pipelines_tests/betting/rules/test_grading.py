"""Grading: every cell of the table, hostile fields, and an independent model in fractions."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.betting.rules.grading import HIGHEST_SCORE, MOST_CENTS, grade_bets

LARGEST = 2**63 - 1
TICK = timedelta.resolution
END = datetime(2026, 3, 8, 21, 30, tzinfo=UTC)
TEXTS = ["bet_id", "bet_type", "team", "line", "total_type"]
GAME_TEXTS = ["game_status", "home_team", "away_team"]
NUMBERS = ["stake", "odds", "potential_win", "home_score", "away_score"]
TYPES = {
    **dict.fromkeys(TEXTS + GAME_TEXTS, "str"),
    **dict.fromkeys(NUMBERS, "Int64"),
    **dict.fromkeys(["created_at", "commence_time", "completed_at"], "datetime64[us, UTC]"),
}


def bet(**fields: object) -> dict:
    """A moneyline bet on the home team, which won 24:17, with what differs."""
    return {
        "bet_id": "b",
        "bet_type": "moneyline",
        "team": "Hawks",
        "line": None,
        "total_type": None,
        "stake": 1_000,
        "odds": -110,
        "potential_win": 909,
        "created_at": END - timedelta(hours=4),
        "game_status": "completed",
        "home_team": "Hawks",
        "away_team": "Owls",
        "home_score": 24,
        "away_score": 17,
        "commence_time": END - timedelta(hours=3),
        "completed_at": END,
    } | fields


def spread(team: str | None, line: str | None, **fields: object) -> dict:
    return bet(bet_type="spread", team=team, line=line, **fields)


def total(total_type: str | None, line: str | None, **fields: object) -> dict:
    return bet(bet_type="total", team=None, total_type=total_type, line=line, **fields)


def frame(bets: list[dict]) -> pd.DataFrame:
    columns = {name: [one[name] for one in bets] for name in TYPES}
    return pd.DataFrame({name: pd.Series(columns[name], dtype=TYPES[name]) for name in TYPES})


def grades(bets: list[dict]) -> list[tuple]:
    """Rows of (outcome, payout, net, problem), None for NULL."""
    graded = grade_bets(frame(bets))
    assert graded.dtypes.astype(str).to_dict() == {
        "outcome": "str",
        "payout": "Int64",
        "net": "Int64",
        "problem": "str",
        "void_reason": "str",
    }
    assert (graded["void_reason"].notna() == (graded["outcome"] == "cancelled")).all()
    return [
        tuple(None if pd.isna(value) else value for value in row[:4])
        for row in graded.itertuples(index=False)
    ]


def outcome(one: dict) -> str | None:
    return grades([one])[0][0]


def assert_pending(one: dict, problem: str) -> None:
    ((result, payout, net, text),) = grades([one])
    assert (result, payout, net) == (None, None, None)
    assert problem in text


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (spread("Hawks", "-6.5"), "won"),
        (spread("Hawks", "-7"), "push"),
        (spread("Hawks", "-7.0"), "push"),
        (spread("Hawks", "-7.000001"), "lost"),
        (spread("Hawks", "-6.999999"), "won"),
        (spread("Hawks", "-7.5"), "lost"),
        (spread("Hawks", "+3"), "won"),
        (spread("Hawks", "0"), "won"),
        (spread("Owls", "6.5"), "lost"),
        (spread("Owls", "7"), "push"),
        (spread("Owls", "+7"), "push"),
        (spread("Owls", "7.5"), "won"),
        (spread("Owls", "-0.5"), "lost"),
        (spread("Owls", "-0.5", away_score=24), "lost"),
        (spread("Owls", "+0.5", away_score=24), "won"),
        (spread("Owls", "-0", away_score=24), "push"),
        (total("over", "40.5"), "won"),
        (total("over", "41"), "push"),
        (total("over", "41.5"), "lost"),
        (total("under", "40.5"), "lost"),
        (total("under", "41.000000"), "push"),
        (total("under", "41.5"), "won"),
        (total(" OVER ", "40.999999"), "won"),
        (total("Under", "41.000001"), "won"),
        (bet(team="Hawks"), "won"),
        (bet(team="Owls"), "lost"),
        (bet(team="Hawks", away_score=24), "push"),
        (bet(team="Owls", away_score=24), "push"),
        (bet(team="Owls", away_score=25), "won"),
        (bet(home_score=0, away_score=0), "push"),
        (bet(line="nonsense", total_type="nonsense"), "won"),
        (total("over", "1", home_team="Hawks", away_team="Hawks"), "won"),
    ],
)
def test_the_score_and_the_line_decide(one: dict, expected: str) -> None:
    assert outcome(one) == expected


@pytest.mark.parametrize(
    ("one", "payout", "net"),
    [
        (bet(team="Hawks"), 1_909, 909),
        (bet(team="Hawks", potential_win=0), 1_000, 0),
        (bet(team="Owls"), 0, -1_000),
        (bet(away_score=24), 1_000, 0),
        (bet(game_status="cancelled"), 1_000, 0),
        # The stored profit is paid though the odds say another, and though they say none.
        (bet(potential_win=5), 1_005, 5),
        (bet(potential_win=5, odds=None), 1_005, 5),
        (bet(potential_win=None), 1_909, 909),
        (bet(potential_win=None, stake=600, odds=-300), 800, 200),
        # Who did not win needs no profit.
        (bet(team="Owls", potential_win=None, odds=None), 0, -1_000),
        (bet(away_score=24, potential_win=None, odds=None), 1_000, 0),
    ],
)
def test_payout_is_gross_and_net_is_signed(one: dict, payout: int, net: int) -> None:
    assert grades([one])[0][1:] == (payout, net, None)


def test_a_cancelled_game_voids_whatever_else_is_wrong() -> None:
    nothing = dict.fromkeys(TYPES) | {"game_status": "cancelled"}
    assert grades([nothing]) == [("cancelled", 0, 0, None)]
    assert grades([nothing | {"stake": 50}]) == [("cancelled", 50, 0, None)]
    assert grades([nothing | {"stake": -50}]) == [("cancelled", 0, 0, None)]


BEGIN = END - timedelta(hours=3)


@pytest.mark.parametrize(
    ("created_at", "completed_at", "live_bets", "expected"),
    [
        (BEGIN - TICK, END, False, None),
        (BEGIN, END, False, "the game had begun when it was placed"),
        (END - TICK, None, False, "the game had begun when it was placed"),
        (END, END, False, "the game was over when it was placed"),
        (END - TICK, END, True, None),
        (END, END, True, "the game was over when it was placed"),
        (END + timedelta(days=1), None, True, None),
    ],
)
def test_a_bet_placed_once_the_game_began_is_void_or_where_live_bets_are_taken_once_it_ended(
    created_at: datetime, completed_at: datetime | None, live_bets: bool, expected: str | None
) -> None:
    late = frame([bet(created_at=created_at, completed_at=completed_at)])
    (graded,) = grade_bets(late, live_bets=live_bets).to_dict("records")
    assert graded["outcome"] == ("cancelled" if expected else "won")
    assert (graded["void_reason"] if expected else None) == expected


def test_a_late_bet_is_void_whatever_else_is_wrong() -> None:
    late = bet(created_at=END, team=None, bet_type=None, home_score=None, potential_win=-1)
    assert grades([late]) == [("cancelled", 1_000, 0, None)]


@pytest.mark.parametrize("status", ["live", "scheduled", "postponed", "Completed", "", None])
def test_a_game_that_is_not_over_decides_nothing(status: str | None) -> None:
    assert_pending(bet(game_status=status, created_at=END), "completed or cancelled")


@pytest.mark.parametrize("score", [None, -1, HIGHEST_SCORE + 1, LARGEST, -(2**63)])
@pytest.mark.parametrize("side", ["home_score", "away_score"])
def test_a_score_that_cannot_be_stays_pending(side: str, score: int | None) -> None:
    assert_pending(bet(**{side: score}), f"from 0 to {HIGHEST_SCORE}")


@pytest.mark.parametrize("bet_type", ["parlay", "Spread", " total", "", None])
def test_an_unknown_bet_type_stays_pending(bet_type: str | None) -> None:
    assert_pending(bet(bet_type=bet_type), "spread, total or moneyline")


@pytest.mark.parametrize("team", ["Robins", "Hawk", "Haw ks", "", " ", "home", None])
@pytest.mark.parametrize("bet_type", ["spread", "moneyline"])
def test_a_team_that_does_not_play_stays_pending(bet_type: str, team: str | None) -> None:
    assert_pending(bet(bet_type=bet_type, team=team, line="1"), "home_team or away_team")


@pytest.mark.parametrize(
    ("team", "home_team"),
    [
        ("  hAWKS\t", "Hawks"),
        ("Hawks", " HAWKS "),
        ("STRASSE", "Straße"),
        ("\u00a0Straße\u2003", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_a_team_is_known_trimmed_and_case_folded(team: str, home_team: str) -> None:
    assert outcome(bet(team=team, home_team=home_team)) == "won"


@pytest.mark.parametrize("away_team", ["Hawks", " hawks "])
def test_a_game_of_a_team_against_itself_stays_pending(away_team: str) -> None:
    assert_pending(bet(away_team=away_team), "must differ")


def test_a_game_without_teams_stays_pending() -> None:
    assert_pending(bet(home_team=None, away_team=None, team=None), "home_team or away_team")


@pytest.mark.parametrize("total_type", ["ober", "overs", "", None])
def test_a_total_that_is_neither_over_nor_under_stays_pending(total_type: str | None) -> None:
    assert_pending(total(total_type, "41"), "over or under")


@pytest.mark.parametrize(
    "line",
    [
        *[None, "", "-", "+", ".", ".5", "5.", "--5", "+-5", "5,5", "5.5.5", " 5", "5 ", "5\n"],
        *["1e3", "0x5", "٥", "½", "nan", "inf", "Infinity", "1_000", "5\x00"],
        *["1.0000000", "1234567890", "9" * 100, "-7.5; DROP TABLE bets"],
    ],
)
def test_a_line_that_is_not_a_decimal_number_stays_pending(line: str | None) -> None:
    assert_pending(spread("Hawks", line), "decimal number")
    assert_pending(total("over", line), "decimal number")


@pytest.mark.parametrize("stake", [None, 0, -1, -(2**63), MOST_CENTS + 1, LARGEST])
def test_a_stake_that_is_none_stays_pending(stake: int | None) -> None:
    for team in ("Hawks", "Owls"):
        assert_pending(bet(stake=stake, team=team), "stake must be from 1 to 1000000000000 cents")


@pytest.mark.parametrize("team", ["Hawks", "Owls"])
def test_a_negative_profit_stays_pending(team: str) -> None:
    assert_pending(bet(potential_win=-1, team=team), "potential_win must not be negative")


@pytest.mark.parametrize(
    "fields",
    [
        {"potential_win": None, "odds": None},
        {"potential_win": None, "odds": 99},
        {"potential_win": None, "odds": 300, "stake": MOST_CENTS // 2},
        {"potential_win": LARGEST},
        {"potential_win": MOST_CENTS + 1},
        # Won by a millionth of a point.
        {"potential_win": None, "odds": None, "bet_type": "spread", "line": "-6.999999"},
    ],
)
def test_a_win_without_a_profit_that_fits_stays_pending(fields: dict) -> None:
    assert_pending(bet(**fields), "no profit of at most 1000000000000 cents")


def test_the_largest_values_are_exact() -> None:
    most = "999999999.999999"
    assert outcome(spread("Hawks", f"-{most}", home_score=HIGHEST_SCORE, away_score=0)) == "won"
    assert outcome(spread("Owls", most, home_score=HIGHEST_SCORE, away_score=0)) == "lost"
    scores = {"home_score": HIGHEST_SCORE, "away_score": HIGHEST_SCORE}
    assert outcome(total("over", f"-{most}", **scores)) == "won"
    assert outcome(total("under", most, **scores)) == "lost"
    assert grades([bet(potential_win=MOST_CENTS, stake=MOST_CENTS)])[0][:3] == (
        "won", 2 * MOST_CENTS, MOST_CENTS,
    )  # fmt: skip
    assert grades([bet(team="Owls", stake=MOST_CENTS)])[0][:3] == ("lost", 0, -MOST_CENTS)


def test_a_cent_may_be_staked() -> None:
    assert grades([bet(stake=1, potential_win=1)]) == [("won", 2, 1, None)]


def test_a_problem_never_repeats_what_the_bet_says() -> None:
    hostile = "<script>\u202e%s"
    for one in (
        bet(bet_type=hostile),
        bet(team=hostile),
        total(hostile, "1"),
        total("over", hostile),
        bet(game_status=hostile),
        bet(home_team=hostile, away_team=hostile),
    ):
        assert re.fullmatch(r"[\w ,.']+", grades([one])[0][3])


def test_no_bets_have_no_grades() -> None:
    assert grades([]) == []
    assert grade_bets(frame([bet()])[:0]).empty


def test_grades_keep_the_index_and_do_not_touch_the_bets() -> None:
    bets = frame([bet(), bet(team="Owls"), bet(away_score=24)]).set_axis([7, 7, 3])
    before = bets.copy()
    assert list(grade_bets(bets)["outcome"].items()) == [(7, "won"), (7, "lost"), (3, "push")]
    pd.testing.assert_frame_equal(bets, before)


def test_texts_that_are_all_missing_may_be_objects() -> None:
    bets = frame([spread(None, None)] * 2).astype(dict.fromkeys(["team", "line"], object))
    assert grade_bets(bets)["problem"].notna().all()


def grade_one(one: dict) -> tuple:
    """(outcome, payout, net) of a bet by the table, in fractions and unbounded integers."""
    pending = (None, None, None)
    stake = one["stake"] or 0
    completed, placed = one["completed_at"], one["created_at"]
    is_late = placed >= one["commence_time"] or (completed is not None and placed >= completed)
    if one["game_status"] == "cancelled" or is_late:
        return ("cancelled", max(stake, 0), 0)
    home, away = one["home_score"], one["away_score"]
    if None in (home, away) or not (0 <= home <= 10**9 and 0 <= away <= 10**9):
        return pending
    if not 0 < stake <= 10**12:
        return pending
    names = [one[name] and one[name].strip().casefold() for name in ("home_team", "away_team")]
    team = one["team"] and one["team"].strip().casefold()
    line = one["line"]
    is_number = line is not None and re.fullmatch(r"[+-]?[0-9]{1,9}([.][0-9]{1,6})?", line)
    if one["bet_type"] == "total":
        total_type = (one["total_type"] or "").strip().casefold()
        if total_type not in ("over", "under") or not is_number:
            return pending
        edge = (home + away - Fraction(line)) * (1 if total_type == "over" else -1)
    elif one["bet_type"] in ("spread", "moneyline"):
        if names[0] == names[1] or team is None or team not in names:
            return pending
        edge = Fraction(home - away if team == names[0] else away - home)
        if one["bet_type"] == "spread":
            if not is_number:
                return pending
            edge += Fraction(line)
    else:
        return pending
    profit = one["potential_win"]
    if profit is not None and profit < 0:
        return pending
    if edge == 0:
        return ("push", stake, 0)
    if edge < 0:
        return ("lost", 0, -stake)
    if profit is None:
        odds = one["odds"]
        if odds is None or not 100 <= abs(odds) <= LARGEST // 100:
            return pending
        profit = stake * odds // 100 if odds > 0 else stake * 100 // -odds
    return ("won", stake + profit, profit) if profit <= 10**12 else pending


names = st.sampled_from(["Hawks", "hawks ", "OWLS", "Straße", "STRASSE", "", "Owls", None])
scores = st.integers(0, 4) | st.sampled_from([None, -1, 10**9, 10**9 + 1, LARGEST, -(2**63)])
lines = (
    st.integers(-16, 16).map(lambda halves: f"{halves / 2:+g}")
    | st.decimals(-5, 5, places=6).map(str)
    | st.sampled_from([None, "-0", "1.0000000", "999999999.999999", "-1e1", "x", "3\n"])
)
money = st.integers(-1, 400) | st.none() | st.integers(-(2**63), LARGEST)
random_bets = st.fixed_dictionaries(
    {
        "bet_id": st.just("b"),
        "bet_type": st.sampled_from(["spread", "total", "moneyline"] * 3 + ["Spread", None]),
        "team": names,
        "line": lines,
        "total_type": st.sampled_from(["over", "under", " Over", "UNDER ", "o", None]),
        "stake": st.integers(1, 400) | money,
        "odds": st.sampled_from([-110, 250, -300, 99, None]) | st.integers(-(2**63), LARGEST),
        "potential_win": money,
        "created_at": st.integers(-9, 1).map(lambda hours: END + timedelta(hours=hours)),
        "game_status": st.sampled_from(["completed"] * 9 + ["cancelled"]),
        "home_team": names,
        "away_team": names,
        "home_score": scores,
        "away_score": scores,
        "commence_time": st.sampled_from([END - timedelta(hours=3), END]),
        "completed_at": st.sampled_from([END, None]),
    }
)


@given(st.lists(random_bets, max_size=20))
def test_grades_are_what_fractions_say(bets: list[dict]) -> None:
    for one, (result, payout, net, problem) in zip(bets, grades(bets), strict=True):
        assert (result, payout, net) == grade_one(one)
        assert (problem is None) == (result is not None)


@given(st.lists(random_bets, min_size=1, max_size=10), st.randoms())
def test_a_bet_is_graded_the_same_in_any_company(bets: list[dict], random: Random) -> None:
    graded = grade_bets(frame(bets))
    order = list(range(len(bets)))
    random.shuffle(order)
    shuffled = grade_bets(frame([bets[i] for i in order]))
    pd.testing.assert_frame_equal(shuffled, graded.iloc[order].reset_index(drop=True))
