"""What must be append-only, and what must be refused there."""

# What must be append-only, and a column of text in it. The catalogue test finds what is missing here.
APPEND_ONLY = {
    "operations.cut_overs": "run_id",
    "community.point_ledger": "action",
    "community.ledger_batches": "digest",
    "community.xp_deltas": "kind",
    "community.erasures": "reason",
    "leaderboards.archived_rankings": "member_id",
    "leaderboards.closed_periods": "run_id",
    "reports.weekly_posts": "run_id",
    "quiz.evaluated_days": "run_id",
    "quiz.streak_evaluations": "run_id",
    "betting.bankroll_ledger": "run_id",
    "betting.ledger_batches": "digest",
    "betting.bankroll_weekly_history": "run_id",
    "betting.reset_weeks": "run_id",
    "betting.badge_history": "run_id",
    "betting.game_corrections": "run_id",
    "betting.bankroll_adjustments": "run_id",
    "betting.badge_weeks": "run_id",
}
CHANGES = [
    "UPDATE {table} SET {column} = 'eve'",
    "UPDATE {table} SET {column} = 'eve' WHERE FALSE",
    "DELETE FROM {table}",
    "DELETE FROM ONLY {table} WHERE {column} = 'ann'",
    "TRUNCATE {table}",
    "TRUNCATE {table} RESTART IDENTITY CASCADE",
    "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
    "MERGE INTO {table} AS t USING (SELECT 'ann' AS m) AS s ON t.{column} = s.m WHEN MATCHED THEN DELETE",
]
