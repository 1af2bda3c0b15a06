"""What must always be true of the community's tables. Each sentence has its SQL in `sql/community`."""

from trc_pipelines.jobs.checks import HOURLY, Check

CHECKS = [
    Check(
        "community.xp_deltas",
        "carries_account_for_all_xp",
        "100 · Σ whole + carry = xp − baseline, for every account since its baseline.",
    ),
    Check(
        "community.point_ledger",
        "ledger_sums_match_balances",
        "Every balance is the sum of its entries, and every entry is in a balance.",
        every=HOURLY,
        remedy="A balance was changed around the ledger: put it back to ledger_sum.",
    ),
    Check(
        "community.point_ledger",
        "running_totals_match_the_ledger",
        "What members have of the latest week and month is the sum of the entries that count for it.",
        remedy="A balance was changed around the ledger: put it back to what the ledger gives.",
    ),
    Check(
        "community.point_ledger",
        "ledger_is_as_it_was_written",
        "The entries of every batch still give the digest that was taken when they were written.",
        remedy="History was edited. See docs/operators.md, Checks, before anything else is written.",
    ),
    Check(
        "community.point_ledger",
        "every_entry_is_in_the_chain",
        "No entry came into the ledger around its chain of digests.",
        remedy="History was edited. See docs/operators.md, Checks, before anything else is written.",
    ),
    Check(
        "community.point_ledger",
        "only_accepted_syncs_are_posted",
        "No entry and no delta refers to a sync that was not accepted.",
    ),
    Check(
        "community.point_ledger",
        "app_transactions_are_posted",
        "Every award of the app is in the ledger or set aside, once all were looked at.",
    ),
    Check(
        "community.daily_points",
        "days_sum_to_the_ledger",
        "The points of every computed day are the ledger's entries of that day.",
    ),
    Check(
        "community.daily_points",
        "day_figures_match_the_members",
        "The figures kept of every day are what its members have of it.",
        remedy="Materialise daily_points of that day: it is counted again.",
    ),
    Check(
        "community.daily_streaks",
        "no_streak_exceeds_its_weekdays",
        "No streak is longer than the number of weekdays on which the member was active.",
    ),
    Check(
        "community.daily_streaks",
        "streaks_follow_activity",
        "Every streak of a day that is not marked stale follows from the day before and its activity.",
    ),
    Check(
        "community.daily_streaks",
        "streak_figures_match_the_members",
        "The lengths kept of every day's streaks are those of its members.",
        remedy="Materialise daily_streaks from that day to the last as one range: they are counted again.",
    ),
    Check(
        "community.leaderboard_rankings",
        "board_scores_match_the_ledger",
        "Every score of a day that is not marked stale is what the ledger holds.",
    ),
    Check(
        "community.leaderboard_rankings",
        "ranks_are_a_permutation",
        "Ranks are 1, 2, 3 … without gap or tie, follow the scores, and name nobody twice.",
    ),
    Check(
        "community.leaderboard_archive",
        "archived_scores_match_the_ledger",
        "The archive of a closed period is what the ledger held for it when it was closed.",
    ),
    Check(
        "community.leaderboard_archive",
        "archives_are_complete",
        "Every closed period has as many ranks as it was closed with, 1, 2, 3 … by score.",
    ),
]
