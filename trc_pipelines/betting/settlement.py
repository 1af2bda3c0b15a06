"""What settling a game and settling it again have in common: grade bets, claim them, publish results."""

import pandas as pd

from trc_pipelines.betting.publishing import notify, record
from trc_pipelines.betting.rules.grading import grade_bets
from trc_pipelines.jobs.contract import Work

OUTCOMES = ("won", "lost", "push", "cancelled")
NO_BANKROLL = "the user has no bankroll"
# What a claim compares: every field that grading, paying or publishing used.
READ = [
    "bet_id", "user_id", "game_id", "bet_type", "bet_details", "stake", "odds", "potential_win",
    "is_tail", "is_fade", "original_pick_id", "created_at", "old_status", "old_payout", "old_net",
    "game_status", "home_team", "away_team", "home_score", "away_score", "commence_time",
    "completed_at",
]  # fmt: skip
DECIDED = ["outcome", "payout", "net"]


def grade(work: Work, bets: pd.DataFrame) -> pd.DataFrame:
    """Grade bets by the settings of this run."""
    graded = bets.join(grade_bets(bets, live_bets=work.settings.live_bets))
    graded["problem"] = graded["problem"].fillna(
        pd.Series(NO_BANKROLL, bets.index, dtype="str").where(~bets["has_bankroll"])
    )
    return graded


def claim(work: Work, graded: pd.DataFrame, *, is_correction: bool) -> pd.DataFrame:
    """Decide the bets that still are what was graded: optimistic concurrency.

    A bet is not locked while it is graded. The statement compares every field that was read of the
    bet and its game, and leaves alone what somebody changed meanwhile.

    Returns:
        The bets that were decided, with decided_at, balance (the user's) and reversals (how often
        their settlement was taken back).
    """
    work.transaction.stage("staged_outcomes", graded[READ + DECIDED])
    claimed = work.transaction.read(
        "betting/claim_bets", as_of=work.as_of, is_correction=is_correction
    )
    work.transaction.execute("betting/insert_pick_authors")
    return graded.merge(claimed, on="bet_id", validate="one_to_one")


def count(decided: pd.DataFrame, *, left_pending: int) -> dict[str, int]:
    """Count the decided bets of a game by outcome, with what was staked on them and their net."""
    outcomes = {outcome: int((decided["outcome"] == outcome).sum()) for outcome in OUTCOMES}
    return outcomes | {
        "bets": len(decided),
        "staked": int(decided["stake"].sum()),
        "net": int(decided["net"].sum()),
        "left_pending": left_pending,
    }


def result_of(bets: pd.DataFrame) -> dict[str, str | int | None]:
    """Find the result that bets of one game were graded by."""
    game = bets.iloc[0]
    scores = {name: game[name] for name in ("home_score", "away_score")}
    return {"status": game["game_status"]} | {
        name: None if pd.isna(score) else int(score) for name, score in scores.items()
    }


def settlement_keys(bets: pd.DataFrame) -> pd.Series:
    """Source keys of settlements by bet: NULL in the first round of a bet.

    Args:
        bets: bet_id (unique), reversals (how often its settlement was taken back).
    """
    keys = "settlement:" + bets["bet_id"] + ":" + (bets["reversals"] + 1).astype("str")
    return keys.where(bets["reversals"] > 0).set_axis(bets["bet_id"])


def publish_results(work: Work, bets: pd.DataFrame, event_type: str, rounds: pd.Series) -> None:
    """Notify users and record events of what became of bets, once for each round of a bet.

    Args:
        bets: with outcome. What was before is in old_status and old_net.
        rounds: which settlement of each bet this is, from 1.
    """
    outcome, is_correction = bets["outcome"], event_type == "BetResettled"
    decided = outcome.isin(["won", "lost"])
    followed = pd.Series("bet_", bets.index).mask(decided & bets["is_tail"], "tail_")
    prefix = followed.mask(decided & bets["is_fade"], "fade_")
    what = bets[["bet_id", "game_id", "stake", "payout", "net"]].assign(reason=bets["void_reason"])
    if is_correction:
        what = what.assign(previous_outcome=bets["old_status"], previous_net=bets["old_net"])
    keys = _round_keys(bets["bet_id"], rounds)
    notify(
        work.transaction,
        bets["user_id"],
        (prefix + outcome).mask(outcome == "pending", "system"),
        what.assign(what="bet_corrected") if is_correction else what,
        dedupe_keys=("correction:" if is_correction else "bet:") + keys,
        at=work.as_of,
    )
    payloads = what.assign(user_id=bets["user_id"], outcome=outcome)
    payloads = payloads.assign(round=rounds) if is_correction else payloads
    record(work, event_type, payloads, keys)


def _round_keys(ids: pd.Series, rounds: pd.Series) -> pd.Series:
    """Name rounds by what they are of, the first of them by its id alone."""
    return ids.where(rounds == 1, ids + ":" + rounds.astype("str"))
