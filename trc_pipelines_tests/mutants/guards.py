"""Guards of the database, and who must notice when one is gone.

Each is taken away alone: from a copy of `sql/`, of which a database is made, on which the tests run
that must notice. One that nobody misses guards nothing, or is not tested.
"""

from dataclasses import dataclass

from trc_pipelines_tests.edits import Edit

OPERATIONS = "sql/migrations/0001_operations.sql"
LEADERBOARDS = "sql/migrations/0002_leaderboards.sql"
COMMUNITY = "sql/migrations/0003_community.sql"
QUIZ = "sql/migrations/0004_quiz.sql"
BETTING = "sql/migrations/0005_betting.sql"
QUIZ_PORTS, BETTING_PORTS = "sql/ports/quiz.sql", "sql/ports/betting.sql"

PROMISES = "faults/test_promises.py"
EVENTS, RESTORES = "jobs/test_events.py", "jobs/test_restores.py"
APPEND_ONLY, ROLES = "faults/test_append_only.py", "faults/test_roles.py"


@dataclass(frozen=True)
class Guard(Edit):
    """A text of `sql/` that keeps something from happening.

    Attributes:
        tests: below `trc_pipelines_tests`, of which one at least must fail without it.
    """

    tests: str


def _trigger(name: str, file: str, tests: str) -> Guard:
    return Guard(
        f"trigger {name}", file, f"ENABLE ALWAYS TRIGGER {name};", f"DISABLE TRIGGER {name};", tests
    )


def _check(name: str, file: str, condition: str) -> Guard:
    """Where a named CHECK stands with its condition, nothing is checked."""
    return Guard(f"constraint {name}", file, condition, "CHECK (TRUE)", PROMISES)


def _unique(index: str, file: str) -> Guard:
    return Guard(
        f"unique {index}", file, f"CREATE UNIQUE INDEX {index}", f"CREATE INDEX {index}", PROMISES
    )


GUARDS = [
    # Events: each told once, to each follower once, in order, after what is older and still open.
    Guard("followers: two workers take turns", OPERATIONS,
          "WHERE f.follower = follower_name FOR UPDATE;", "WHERE f.follower = follower_name;", EVENTS),
    Guard("followers: what is older can still commit", OPERATIONS,
          "AND (e.epoch < current_epoch OR e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()))", "", EVENTS),
    Guard("followers: what came with a dump is committed", OPERATIONS, "e.epoch < current_epoch OR ", "", RESTORES),
    Guard("followers: in the order of transactions", OPERATIONS,
          "(e.epoch, e.transaction_id, e.event_id) > (place.epoch, place.transaction_id, place.event_id)",
          "e.event_id > place.event_id", EVENTS),
    Guard("epoch: one more after a restore", OPERATIONS, "coalesce(max(k.epoch) + 1, 0)", "coalesce(max(k.epoch), 0)",
          RESTORES),
    Guard("epoch: places of followers count too", OPERATIONS, "SELECT f.epoch FROM operations.event_followers AS f",
          "SELECT NULL::integer AS epoch", RESTORES),
    _trigger("domain_events_fixed", OPERATIONS, EVENTS),
    _trigger("domain_events_announced", OPERATIONS, EVENTS),
    Guard("events: told once", "sql/jobs/insert_domain_events.sql", "ON CONFLICT (dedupe_key) DO NOTHING", "", EVENTS),
    # Who may do what.
    Guard("rights: our functions are not for everybody", OPERATIONS,
          "EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', item.signature);", "", ROLES),
    Guard("rights: an app writes its own tables alone", OPERATIONS,
          "IF item.is_of_app AND item.relkind = 'r' THEN", "IF item.relkind = 'r' THEN", ROLES),
    # One at a time.
    Guard("locks: one run writes a table", "sql/jobs/lock_step.sql",
          "SELECT pg_advisory_xact_lock(hashtextextended(:table, 0))", "SELECT :table::text", "faults/test_concurrency.py"),
    Guard("locks: one run reads MEE6", "sql/jobs/lock_session.sql",
          "pg_advisory_lock(hashtextextended(:table, 1))", ":table::text", "community/test_readings.py"),
    Guard("locks: one run writes a day", "sql/jobs/lock_days.sql",
          "SELECT pg_advisory_xact_lock(hashtextextended(:table || ':' || g.day::date, 0))", "SELECT NULL",
          "community/test_days_at_once.py"),
    Guard("alerts: queued once", "sql/monitoring/insert_alert.sql", "ON CONFLICT (dedupe_key) DO NOTHING", "", PROMISES),
    # Boards: closed once, and then as they are.
    _trigger("archived_rankings_append_only", LEADERBOARDS, APPEND_ONLY),
    _trigger("archived_rankings_closed", LEADERBOARDS, "community/test_closing.py"),
    _trigger("closed_periods_append_only", LEADERBOARDS, APPEND_ONLY),
    Guard("boards: an unchanged one keeps its version", "sql/leaderboards/upsert_board.sql",
          "WHEN excluded.day >= b.day THEN split_part(b.version, '/', 1) <> :version",
          "WHEN excluded.day >= b.day THEN :version::text IS NOT NULL", "leaderboards/test_cache.py"),
    Guard("boards: an earlier day replaces no later one", "sql/leaderboards/upsert_board.sql",
          "day = greatest(b.day, excluded.day)", "day = excluded.day", "leaderboards/test_cache.py"),
    _check("closed_periods_order_check", LEADERBOARDS, "CHECK (period_end > period_start)"),
    # The community: readings in order, from accepted ones only, every award once.
    _trigger("mee6_syncs_status", COMMUNITY, APPEND_ONLY),
    Guard("syncs: quarantine is left with a reason", COMMUNITY,
          "IF old.status = 'quarantined' AND new.review_reason IS NULL THEN", "IF FALSE THEN", PROMISES),
    Guard("syncs: none is accepted after a newer one", COMMUNITY,
          "WHERE s.status = 'accepted' AND s.sync_id > new.sync_id", "WHERE FALSE", PROMISES),
    Guard("syncs: a reading that waits is not dropped", COMMUNITY, "to_char(least(before_day, needed_from), 'YYYYMMDD')",
          "to_char(before_day, 'YYYYMMDD')", "community/test_reviews.py"),
    _trigger("mee6_syncs_kept", COMMUNITY, APPEND_ONLY),
    _trigger("mee6_syncs_observed", COMMUNITY, PROMISES),
    _trigger("xp_deltas_accepted", COMMUNITY, PROMISES),
    _trigger("xp_deltas_append_only", COMMUNITY, APPEND_ONLY),
    _trigger("point_ledger_balances", COMMUNITY, APPEND_ONLY),
    _trigger("point_ledger_accepted", COMMUNITY, PROMISES),
    _trigger("point_ledger_append_only", COMMUNITY, APPEND_ONLY),
    _trigger("point_ledger_locked", COMMUNITY, PROMISES),
    _trigger("point_ledger_chained", COMMUNITY, "faults/test_tampering.py"),
    _trigger("erasures_append_only", COMMUNITY, APPEND_ONLY),
    Guard("ledger: every award once", "sql/community/insert_entries.sql", "ON CONFLICT (source_key) DO NOTHING", "", PROMISES),
    _check("xp_deltas_carry_check", COMMUNITY, "CHECK (carry_before + coalesce(xp_delta, 0) = 100 * whole + carry_after)"),
    _check("xp_states_carry_check", COMMUNITY, "CHECK (100 * whole_total + carry = coalesce(xp - baseline_xp, 0))"),
    _check("point_ledger_points_check", COMMUNITY, "CHECK (points <> 0)"),
    _check("daily_points_sum_check", COMMUNITY,
           "CHECK (points = discord_points + contribution_points + adjustment_points)"),
    _check("daily_streaks_range_check", COMMUNITY, "CHECK (current_streak BETWEEN 0 AND longest_streak)"),
    _check("mee6_syncs_posted_check", COMMUNITY, "CHECK (posted_at IS NULL OR deltas_at IS NOT NULL)"),
    # The quiz: what the app does meanwhile stands.
    Guard("lives: a life that was spent meanwhile", QUIZ_PORTS, "AND l.current_lives = g.current_lives", "",
          "quiz/test_lives.py"),
    Guard("lives: a maximum that changed meanwhile", QUIZ_PORTS, "AND l.max_lives = g.max_lives", "", "quiz/test_lives.py"),
    Guard("lives: a deadline that moved meanwhile", QUIZ_PORTS, "AND l.next_regen_at IS NOT DISTINCT FROM g.due_at", "",
          "quiz/test_lives.py"),
    Guard("lives: no deadline is a deadline too", QUIZ_PORTS, "l.next_regen_at IS NOT DISTINCT FROM g.due_at",
          "l.next_regen_at = g.due_at", "quiz/test_lives.py"),
    Guard("streaks: one that grew meanwhile", QUIZ_PORTS, "AND p.current_streak = j.current_streak", "",
          "quiz/test_streaks.py"),
    Guard("streaks: a protection that was bought meanwhile", QUIZ_PORTS,
          "AND p.protections_remaining = j.protections_remaining", "", "quiz/test_streaks.py"),
    Guard("streaks: a quiz that was played meanwhile", QUIZ_PORTS, "AND p.last_quiz_at = j.last_quiz_at", "",
          "quiz/test_streaks.py"),
    Guard("sessions: one that ended meanwhile", QUIZ_PORTS, "AND q.status = 'active'", "", "quiz/test_sessions.py"),
    Guard("sessions: one that began anew meanwhile", QUIZ_PORTS, "AND q.started_at = s.started_at", "",
          "quiz/test_sessions.py"),
    Guard("sessions: time that was given meanwhile", QUIZ_PORTS, "AND q.expires_at IS NOT DISTINCT FROM s.expires_at", "",
          "quiz/test_sessions.py"),
    _trigger("evaluated_days_append_only", QUIZ, "quiz/test_streaks.py"),
    _trigger("streak_evaluations_append_only", QUIZ, "quiz/test_streaks.py"),
    _trigger("life_regenerations_fixed", QUIZ, "quiz/test_lives.py"),
    _trigger("counted_xp_fixed", QUIZ, PROMISES),
    _check("leaderboard_rankings_unranked_check", QUIZ, "CHECK ((rank IS NULL) = (score <= 0))"),
    # Bets and the money: by what they are when they are paid, once, and never below 0.
    Guard("bets: a game that changed meanwhile", BETTING_PORTS,
          "(s.game_status, s.home_team, s.away_team, s.home_score, s.away_score, s.commence_time, s.completed_at)",
          "(g.status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time, g.completed_at)",
          "betting/test_changes_while_settling.py"),
    Guard("bets: a stake that changed meanwhile", BETTING_PORTS,
          "s.user_id, s.game_id, s.bet_type, s.bet_details, s.stake,",
          "s.user_id, s.game_id, s.bet_type, s.bet_details, b.stake,", "betting/test_changes_while_settling.py"),
    Guard("bets: one that was decided meanwhile", BETTING_PORTS, "s.created_at, s.old_status, s.old_payout, s.old_net",
          "s.created_at, b.status, b.payout, b.net", "betting/test_changes_while_settling.py"),
    Guard("bets: a result that differs settles no further bet", "sql/betting/claim_bets.sql",
          "WHERE NOT b.has_other_result", "", "betting/test_changes_while_settling.py"),
    Guard("bets: what the ledger has settled is settled", "sql/betting/stage_pending_bets.sql",
          "f.settlements + r.settlements > r.reversals AS is_settled", "FALSE AS is_settled", "betting/test_corrections.py"),
    Guard("bets: told once", "sql/betting/insert_settlement_events.sql", "ON CONFLICT (dedupe_key) DO NOTHING", "",
          "betting/test_settlement_rounds.py"),
    Guard("notifications: once for a key", BETTING_PORTS, "ON CONFLICT (user_id, dedupe_key) DO NOTHING", "", PROMISES),
    Guard("content: a post that was deleted meanwhile", BETTING_PORTS,
          "i.content_type = 'post' AND p.id = i.content_id AND p.deleted_at IS NULL",
          "i.content_type = 'post' AND p.id = i.content_id", "betting/test_content.py"),
    Guard("content: a post that lives longer meanwhile", BETTING_PORTS, "AND p.expires_at IS NOT DISTINCT FROM i.expires_at",
          "", "betting/test_content.py"),
    Guard("content: a story that was restored meanwhile", BETTING_PORTS,
          "s.id = i.content_id AND s.deleted_at <= until", "s.id = i.content_id", "betting/test_content.py"),
    _unique("bankroll_ledger_bet_idx", BETTING),
    _unique("bankroll_ledger_source_idx", BETTING),
    _unique("bankroll_ledger_reset_idx", BETTING),
    _unique("bankroll_ledger_opening_idx", BETTING),
    _check("bankroll_ledger_balance_check", BETTING, "CHECK (balance_after >= 0)"),
    _check("bankroll_weekly_history_net_check", BETTING, "CHECK (opening + net + adjustments = closing)"),
    _trigger("bankroll_ledger_locked", BETTING, PROMISES),
    _trigger("bankroll_ledger_append_only", BETTING, APPEND_ONLY),
    _trigger("bankroll_ledger_chained", BETTING, "betting/test_resets.py"),
    _trigger("reset_weeks_append_only", BETTING, "betting/test_resets.py"),
    _trigger("game_corrections_append_only", BETTING, APPEND_ONLY),
]  # fmt: skip
