"""The bankroll ledger and the balances: written by settlement, the weekly reset, and corrections."""

from dataclasses import replace

from trc_pipelines.betting import relations
from trc_pipelines.betting.steps.bankroll_weekly_history import bankroll_weekly_history
from trc_pipelines.betting.steps.game_settlements import game_settlements
from trc_pipelines.jobs.contract import Relation

bankroll_ledger = Relation(
    "betting.bankroll_ledger",
    "One row per movement of a balance, in cents. Append-only; written by settlement, reset and corrections.",
    deps=[game_settlements, bankroll_weekly_history],
)
bankrolls = replace(relations.bankrolls, deps=[bankroll_ledger])
