"""What must always be true of the betting tables; each sentence has its SQL in `sql/betting`."""

from trc_pipelines.operations.checks import Check

CHECKS = [
    Check(
        "betting.game_settlements",
        "every_settled_bet_is_in_the_ledger",
        "Every bet that was decided has one entry, of its net, and no pending bet has any.",
    ),
    Check(
        "betting.game_settlements",
        "paid_wins_match_the_odds",
        "What a won bet paid is what its odds give, to the cent.",
    ),
    Check(
        "betting.game_settlements",
        "results_stand_as_settled",
        "No game has another result than the one by which its bets were settled.",
    ),
    Check(
        "betting.game_settlements",
        "no_bet_is_stuck",
        "No bet is pending on a game that was over an hour before the last settlement.",
    ),
    Check(
        "betting.bankroll_ledger",
        "ledger_sums_match_balances",
        "Every balance is the sum of its entries, and the last of them says so.",
    ),
    Check(
        "betting.bankroll_ledger",
        "ledger_is_as_it_was_written",
        "The entries of every batch still give the digest that was taken when they were written.",
    ),
    Check(
        "betting.bankroll_ledger",
        "every_entry_is_in_the_chain",
        "No entry came into the ledger around its chain of digests.",
    ),
    Check(
        "betting.bankroll_weekly_history",
        "every_closed_week_was_reset",
        "Every archived week has its entry in the ledger, and the other way round.",
    ),
    Check(
        "betting.user_badges",
        "badges_follow_their_history",
        "Who holds a badge earned it last, and who does not lost it last.",
    ),
    Check(
        "betting.user_effect_access",
        "tiers_follow_badges",
        "Every tier is that of the badges counted for it.",
    ),
    Check(
        "betting.user_stats",
        "statistics_add_up",
        "Counts, money and days of all periods of a user say the same.",
    ),
]
