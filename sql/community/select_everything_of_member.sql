-- Everything that is stored about a member, each row as JSON; texts where :pattern finds who it is.
WITH own AS (
    SELECT a.account_id, a.discord_id FROM community.accounts AS a
    WHERE a.member_id = :member_id AND a.erased_at IS NULL
)

SELECT 'community.members' AS relation, to_jsonb(t)::text AS content FROM community.members AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.accounts', to_jsonb(t)::text FROM community.accounts AS t
WHERE t.account_id IN (SELECT o.account_id FROM own AS o)
UNION ALL
SELECT 'community.point_transactions', to_jsonb(t)::text FROM community.point_transactions AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.rejected_transactions', to_jsonb(t)::text FROM community.rejected_transactions AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.removed_members', to_jsonb(t)::text FROM community.removed_members AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.mee6_leaderboard_snapshot', to_jsonb(t)::text FROM community.mee6_leaderboard_snapshot AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.missing_accounts', to_jsonb(t)::text FROM community.missing_accounts AS t
WHERE t.discord_id IN (SELECT o.discord_id FROM own AS o)
UNION ALL
SELECT 'community.xp_deltas', to_jsonb(t)::text FROM community.xp_deltas AS t
WHERE t.account_id IN (SELECT o.account_id FROM own AS o)
UNION ALL
SELECT 'community.xp_states', to_jsonb(t)::text FROM community.xp_states AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.point_ledger', to_jsonb(t)::text FROM community.point_ledger AS t
WHERE t.account_id IN (SELECT o.account_id FROM own AS o)
UNION ALL
SELECT 'community.member_points', to_jsonb(t)::text FROM community.member_points AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.daily_points', to_jsonb(t)::text FROM community.daily_points AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.member_activity', to_jsonb(t)::text FROM community.member_activity AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.daily_streaks', to_jsonb(t)::text FROM community.daily_streaks AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.late_members', to_jsonb(t)::text FROM community.late_members AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.leaderboard_rankings', to_jsonb(t)::text FROM community.leaderboard_rankings AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.leaderboard_archive', to_jsonb(t)::text FROM community.leaderboard_archive AS t
WHERE t.member_id = :member_id
UNION ALL
SELECT 'community.mee6_syncs', jsonb_build_object('sync_id', t.sync_id, 'review_reason', t.review_reason)::text
FROM community.mee6_syncs AS t
WHERE t.review_reason ~ :pattern
UNION ALL
SELECT 'operations.job_executions', to_jsonb(t)::text FROM operations.job_executions AS t
WHERE concat_ws(' ', t.message, t.details) ~ :pattern
UNION ALL
SELECT 'operations.check_results', to_jsonb(t)::text FROM operations.check_results AS t
WHERE t.first_violations::text ~ :pattern
UNION ALL
SELECT 'operations.incidents', to_jsonb(t)::text FROM operations.incidents AS t
WHERE t.message ~ :pattern
UNION ALL
SELECT 'operations.alerts', (to_jsonb(t) - 'image')::text FROM operations.alerts AS t
WHERE concat_ws(' ', t.title, t.body, t.tags, t.failures) ~ :pattern
UNION ALL
SELECT 'operations.domain_events', to_jsonb(t)::text FROM operations.domain_events AS t
WHERE t.payload::text ~ :pattern
UNION ALL
SELECT 'reports.engagement', jsonb_build_object('day', t.day, 'names', :member_id)::text
FROM reports.engagement AS t
WHERE :member_id = any(t.member_ids)
