"""Grading: what a finished game makes of its bets, in whole cents and whole millionths of a point."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.betting.rules.odds import profit_at_odds

POINT = 1_000_000
HIGHEST_SCORE = 1_000_000_000
# Cents one bet may stake or win. Millions of such bets keep every sum far from 64 bits.
MOST_CENTS = 10**12
# As many digits as keep every sum of scores and lines, in millionths, far from 64 bits.
_LINE = r"\A(?:\+(?=[0-9]))?(-?[0-9]{1,9})(?:\.([0-9]{1,6}))?\Z"


def grade_bets(bets: pd.DataFrame, *, live_bets: bool = False) -> pd.DataFrame:
    """Grade every bet by its game.

    A bet is void, whatever else is wrong with it, when its game is cancelled or it was placed at
    or after the beginning of the game. Any other bet that cannot be graded beyond doubt stays
    pending, with the reason. The reasons never repeat what a bet says: that is hostile text.

    Args:
        bets: bet_id, bet_type, team, line, total_type (text), stake, odds, potential_win (the
            profit, NULL: by the odds), created_at, game_status, home_team, away_team, home_score,
            away_score, commence_time, completed_at (NULL: not known). Money in cents.
        live_bets: bets may be placed until the end of the game.

    Returns:
        On the same index: outcome (won, lost, push, cancelled, NULL: stays pending), payout (what
        comes back, stake included) and net (what the balance moves by) in cents, NULL when
        pending, problem (why it is, otherwise NULL) and void_reason (why it is void, otherwise
        NULL). A void bet without a proper stake pays 0.
    """
    bet_type, status = bets["bet_type"], bets["game_status"]
    is_spread, is_total = bet_type == "spread", bet_type == "total"
    is_on_team = is_spread | (bet_type == "moneyline")
    team, home, away = (_fold(bets[name]) for name in ("team", "home_team", "away_team"))
    total_type = _fold(bets["total_type"])
    line = _millionths(bets["line"])
    stake, potential_win = bets["stake"].astype("Int64"), bets["potential_win"].astype("Int64")
    home_score, away_score = bets["home_score"].astype("Int64"), bets["away_score"].astype("Int64")
    has_scores = home_score.between(0, HIGHEST_SCORE) & away_score.between(0, HIGHEST_SCORE)
    is_for = (is_on_team & (team == home)) | (is_total & (total_type == "over"))
    is_against = (is_on_team & (team == away)) | (is_total & (total_type == "under"))

    # What home leads by, or the total exceeds its line by; `edge` is the same as the bet sees it.
    lead = (home_score + away_score.where(is_total, -away_score)) * POINT
    lead -= line.where(is_total, 0)
    edge = lead.where(is_for, -lead) + line.where(is_spread, 0)
    profit = potential_win.where(potential_win.notna(), profit_at_odds(stake, bets["odds"]))

    is_over = _known((status == "completed") & (bets["created_at"] >= bets["completed_at"]))
    has_begun = _known((status == "completed") & (bets["created_at"] >= bets["commence_time"]))
    voids = {
        "the game was cancelled": _known(status == "cancelled"),
        "the game was over when it was placed": is_over,
        "the game had begun when it was placed": has_begun & (not live_bets),
    }
    void = np.select(list(voids.values()), range(1, len(voids) + 1), default=0)
    is_void = void > 0
    problems: dict[str, pd.Series] = {
        "the game must be completed or cancelled": status != "completed",
        f"the game's scores must both be from 0 to {HIGHEST_SCORE}": ~has_scores.fillna(False),
        "created_at must be known: it may have been placed too late": bets["created_at"].isna(),
        "bet_type must be spread, total or moneyline": ~(is_on_team | is_total),
        "the game's home_team and away_team must differ": is_on_team & (home == away),
        "team must be the game's home_team or away_team": is_on_team & ~(is_for | is_against),
        "total_type must be over or under": is_total & ~(is_for | is_against),
        "line must be a decimal number, at most 9 digits before the point and 6 after it": (
            (is_spread | is_total) & line.isna()
        ),
        f"stake must be from 1 to {MOST_CENTS} cents": ~stake.between(1, MOST_CENTS).fillna(False),
        "potential_win must not be negative": potential_win < 0,
        f"won, but potential_win and odds tell no profit of at most {MOST_CENTS} cents": (
            (edge > 0) & ~(profit <= MOST_CENTS).fillna(False)
        ),
    }
    # 0 is no problem; of several the first counts.
    problem = np.select(
        [is_void, *(_known(found) for found in problems.values())], range(len(problems) + 1)
    )
    is_pending = problem > 0
    won, lost = (_known(side) & ~is_void for side in (edge > 0, edge < 0))
    outcome = np.select([is_pending, is_void, won, lost], range(4), default=4)
    net = profit.where(won, (-stake).where(lost, 0)).mask(is_pending)
    return pd.DataFrame(
        {
            "outcome": _texts([None, "cancelled", "won", "lost", "push"], outcome, bets.index),
            "payout": stake.fillna(0).clip(lower=0) + net,
            "net": net,
            "problem": _texts([None, *problems], problem, bets.index),
            "void_reason": _texts([None, *voids], void, bets.index),
        }
    )


def _known(condition: pd.Series) -> npt.NDArray[np.bool_]:
    """Where a condition holds. NULL does not."""
    return condition.to_numpy(dtype=bool, na_value=False)


def _fold(texts: pd.Series) -> pd.Series:
    """Texts trimmed and case-folded (str), each distinct one once: names repeat."""
    codes, distinct = pd.factorize(texts)
    return _texts([*(text.strip().casefold() for text in distinct), None], codes, texts.index)


def _texts(texts: list[str | None], codes: npt.NDArray[np.integer], index: pd.Index) -> pd.Series:
    """The text of each code, its position in the list (-1: the last), as `str`."""
    return pd.Series(texts, dtype="str").take(codes).set_axis(index)


def _millionths(lines: pd.Series) -> pd.Series:
    """Decimal numbers in millionths (Int64), NULL where the text is not one."""
    codes, distinct = pd.factorize(lines)
    parts = pd.Series([*distinct, None], dtype="str").str.extract(_LINE)
    # Six decimals without their point are a whole number of millionths.
    digits = parts[0] + parts[1].fillna("").str.pad(6, side="right", fillchar="0")
    return digits.astype("Int64").take(codes).set_axis(lines.index)
