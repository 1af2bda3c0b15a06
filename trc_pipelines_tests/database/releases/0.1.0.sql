-- A little of everything that must outlive an upgrade, as 0.1.0 wrote it.

INSERT INTO operations.job_executions (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_at, executed_by
) VALUES ('member_sync', 'r1', '2026-03-04 12:00Z', 'succeeded', TRUE, '2 of 2', 2, 5, '{}', '2026-03-04 12:00Z', 'cli');
INSERT INTO operations.domain_events (event_type, dedupe_key, payload, occurred_at, run_id)
VALUES ('LeaderboardReset', 'community:weekly:2026-03-02', '{}', '2026-03-09Z', 'r1');
INSERT INTO operations.alerts (dedupe_key, severity, title, body, is_for_people, created_at)
VALUES ('stale:member_sync', 'error', 'late', 'look', TRUE, '2026-03-04 12:00Z');
INSERT INTO operations.alert_deliveries (alert_id, channel, attempts)
SELECT a.alert_id, 'sentry', 1 FROM operations.alerts AS a;

INSERT INTO leaderboards.archived_rankings (domain, board, period_start, rank, member_id, score)
VALUES ('community', 'weekly', '2026-03-02', 1, '1', 27),
('quiz', 'weekly', '2026-03-02', 1, '00000000-0000-0000-0000-000000000001', 5);
INSERT INTO leaderboards.closed_periods (domain, board, period_start, period_end, period, members, run_id)
VALUES ('community', 'weekly', '2026-03-02', '2026-03-09', '2026-W10', 1, 'r1'),
('quiz', 'weekly', '2026-03-02', '2026-03-09', '2026-W10', 1, 'r1');

INSERT INTO community.members (member_id, discord_id) VALUES ('ann', 1001);
INSERT INTO community.accounts (member_id, discord_id) VALUES ('ann', NULL), ('ann', 1001);
INSERT INTO community.erasures (erasure_id, erased_at, reason, hash_key, digests)
VALUES ('00000000-0000-0000-0000-000000000004', '2026-03-04Z', 'asked', 'ab', '{cd}');
INSERT INTO community.point_transactions (member_id, action, points) VALUES ('ann', 'intro_completed', 25);
INSERT INTO community.mee6_syncs (
    sync_id, synced_at, guild_id, status, started_at, finished_at, run_id, deltas_at, posted_at
) VALUES (1772625600, to_timestamp(1772625600), 1, 'accepted', '2026-03-04Z', '2026-03-04Z', 'r1', '2026-03-04Z', '2026-03-04Z');
SELECT community.ensure_snapshot_partition('2026-03-04');
INSERT INTO community.mee6_leaderboard_snapshot (sync_id, discord_id, member_id, xp, is_present)
VALUES (1772625600, 1001, 'ann', 1250, TRUE);
INSERT INTO community.xp_deltas (
    sync_id, account_id, kind, is_flagged, xp_total, xp_delta, baseline_xp, carry_before, whole, carry_after
) VALUES (1772625600, 2, 'change', FALSE, 1250, 250, 1000, 0, 2, 50);
INSERT INTO community.point_ledger (
    account_id, action, points, effective_at, effective_on, source_key, sync_id, metadata, run_id
) VALUES (2, 'discord_activity', 2, '2026-03-04 12:00Z', '2026-03-04', 'sync:1772625600:2', 1772625600, '{}', 'r1'),
(1, 'intro_completed', 25, '2026-03-04 12:30Z', '2026-03-04', 'transaction:1', NULL, '{}', 'r1');
INSERT INTO community.daily_points (
    member_id, day, discord_points, contribution_points, adjustment_points, points, xp_gained, is_active, last_active_at
) VALUES ('ann', '2026-03-04', 2, 25, 0, 27, 250, TRUE, '2026-03-04 12:30Z');
INSERT INTO community.daily_streaks (member_id, day, is_active, current_streak, longest_streak, last_active_on)
VALUES ('ann', '2026-03-04', TRUE, 1, 1, '2026-03-04');
INSERT INTO community.streak_lengths (day, length, reached, standing) VALUES ('2026-03-04', 1, 1, 1);

INSERT INTO operations.cut_overs (domain, cut_over_at, run_id) VALUES ('another', '2026-03-02Z', 'r1');

INSERT INTO quiz.users (id, username) VALUES ('00000000-0000-0000-0000-000000000001', 'bob');
INSERT INTO quiz.xp_events (user_id, amount, earned_at, source)
VALUES ('00000000-0000-0000-0000-000000000001', 5, '2026-03-04Z', 'quiz');
INSERT INTO quiz.counted_xp (board, period_start, member_id, events, score)
VALUES ('weekly', '2026-03-02', '00000000-0000-0000-0000-000000000001', 1, 5);
INSERT INTO quiz.lives (user_id, current_lives) VALUES ('00000000-0000-0000-0000-000000000001', 3);
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, run_id) VALUES ('2026-03-04', 0, 1, 'r1');
INSERT INTO quiz.streak_evaluations (user_id, evaluated_on, outcome, streak_before, protections_left, last_quiz_at, run_id)
VALUES ('00000000-0000-0000-0000-000000000001', '2026-03-04', 'broken', 3, 0, '2026-03-01Z', 'r1');

INSERT INTO betting.users (id, username) VALUES ('00000000-0000-0000-0000-000000000002', 'cat');
INSERT INTO betting.bankrolls (user_id, balance) VALUES ('00000000-0000-0000-0000-000000000002', 100500);
INSERT INTO betting.bets (id, user_id, game_id, bet_type, stake, odds, status, payout, net, settled_at)
VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000002', 'g1', 'moneyline', 500, 100, 'won', 1000, 500, '2026-03-04Z');
INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, bet_id, game_id, effective_at, run_id)
VALUES ('00000000-0000-0000-0000-000000000002', 'opening', 100000, 100000, NULL, NULL, '2026-03-03Z', 'r1'),
('00000000-0000-0000-0000-000000000002', 'bet_settled', 500, 100500, '00000000-0000-0000-0000-000000000003', 'g1', '2026-03-04Z', 'r1');
INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id)
VALUES ('00000000-0000-0000-0000-000000000002', 'sharp', '2026-03-02', 'earned', '2026-03-04Z', 'r1');

INSERT INTO reports.engagement (day, as_of, html, bytes, digest, sentences, member_ids, run_id)
VALUES ('2026-03-04', '2026-03-04 12:30Z', '<p>', 3, 'ab', '{One.,Two.,Three.}', '{ann}', 'r1');
INSERT INTO reports.weekly_posts (domain, week_start, members, posted_at, run_id)
VALUES ('community', '2026-03-02', 1, '2026-03-09Z', 'r1');
