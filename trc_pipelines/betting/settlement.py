"""What settling games and settling one again have in common: a unit of bets is read, graded and claimed."""

import pandas as pd

from trc_pipelines.betting.ledger import LEDGER
from trc_pipelines.betting.rules.grading import grade_bets
from trc_pipelines.jobs.contract import Work

OUTCOMES = ("won", "lost", "push", "cancelled")
NO_BANKROLL = "the user has no bankroll"


def begin_unit(work: Work) -> None:
    """Let nobody else move balances until the unit is done: what is read from here on is what is moved."""
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    work.transaction.execute("betting/drop_unit")


def grade(work: Work, bets: pd.DataFrame) -> pd.DataFrame:
    """Grade bets by the settings of this run."""
    graded = bets.join(grade_bets(bets, live_bets=work.settings.live_bets))
    graded["problem"] = graded["problem"].fillna(
        pd.Series(NO_BANKROLL, bets.index, dtype="str").where(~bets["has_bankroll"])
    )
    return graded


def claim(work: Work, graded: pd.DataFrame) -> None:
    """Decide the bets of `unit_bets` that still are what was graded: optimistic concurrency.

    A bet is not locked while it is graded. The statement compares every field that was read of the
    bet and its game, and leaves alone what somebody changed meanwhile. What was decided is in
    `unit_results`.

    Args:
        graded: bet_no, outcome, payout, net, void_reason.
    """
    outcomes = graded[["bet_no", "outcome", "payout", "net", "void_reason"]]
    work.transaction.stage("staged_outcomes", outcomes)
    work.transaction.execute("betting/claim_bets", as_of=work.as_of)
    work.transaction.execute("betting/insert_pick_authors")
