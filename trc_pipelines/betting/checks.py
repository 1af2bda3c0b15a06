"""What must always be true of the betting tables. Each sentence has its SQL in `sql/betting`."""

from trc_pipelines.jobs.checks import HOURLY, Check

CHECKS = [
    Check(
        "betting.game_settlements",
        "every_settled_bet_is_in_the_ledger",
        "Every bet that was decided has one entry, of its net, and no pending bet has any.",
        every=HOURLY,
        remedy="A bet was changed around its settlement. To settle it by its game, and pay what is "
        "right: trc games resettle GAME --reason TEXT. One that has no entry (settled is NULL) was "
        "never settled: make it pending in the app, the next settlement decides it.",
    ),
    Check(
        "betting.game_settlements",
        "paid_wins_match_the_odds",
        "What a won bet paid is what its odds give, to the cent.",
        every=HOURLY,
        remedy="If stake, odds or potential_win of a bet is wrong, put it right in the app. Then, to pay "
        "what is right: trc games resettle GAME --reason TEXT.",
    ),
    Check(
        "betting.game_settlements",
        "results_stand_as_settled",
        "No game has another result than the one by which its bets were settled.",
        every=HOURLY,
        remedy="If the result is right now: trc games resettle GAME --reason TEXT, which reverses "
        "what was paid by the other one. If it is wrong, put it back in the app.",
    ),
    Check(
        "betting.game_settlements",
        "no_bet_is_stuck",
        "No bet is pending on a game that was over an hour before the last settlement.",
        every=HOURLY,
        remedy="The message of the last game_settlement says why. Mend the bet or the game in the "
        "app, then: trc run game_settlement. To give the stakes back, set the game to cancelled.",
    ),
    Check(
        "betting.bankroll_ledger",
        "ledger_sums_match_balances",
        "Every balance is the sum of its entries, and the last of them says so.",
        every=HOURLY,
        remedy="A balance was changed around the ledger. To put it back to what the ledger says: "
        "trc bankroll restore USER --reason TEXT. What the user is owed: trc bankroll adjust.",
    ),
    Check(
        "betting.bankroll_ledger",
        "ledger_is_as_it_was_written",
        "The entries of every batch still give the digest that was taken when they were written.",
        remedy="History was edited. See docs/operators.md, Checks, before anything else is written.",
    ),
    Check(
        "betting.bankroll_ledger",
        "every_entry_is_in_the_chain",
        "No entry came into the ledger around its chain of digests.",
        remedy="History was edited. See docs/operators.md, Checks, before anything else is written.",
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
        every=HOURLY,
    ),
    Check(
        "betting.user_stats",
        "statistics_add_up",
        "Counts, money and days of all periods of a user say the same.",
    ),
]
