"""The bankroll ledger and the balances: written by settlement, the weekly reset, and corrections."""

from trc_pipelines.betting.steps.bankroll_weekly_history import bankroll_weekly_history
from trc_pipelines.betting.steps.game_settlements import game_settlements
from trc_pipelines.jobs.contract import Relation

bankroll_ledger = Relation(
    "betting.bankroll_ledger",
    "One row per movement of a balance, in cents. Append-only; written by settlement, reset and corrections.",
    deps=[game_settlements, bankroll_weekly_history],
)
bankrolls = Relation(
    "betting.bankrolls",
    "One row per user: the balance, which is the sum of the ledger. The app creates the row.",
    deps=[bankroll_ledger],
)
