-- XP of a period as it stands while the period closes. What is earned from :begins_at up to, not including,
-- :ends_at belongs to the period that begins on :period_start.
INSERT INTO quiz.counted_xp (board, period_start, member_id, events, score, reached_at)
SELECT :board, :period_start, e.user_id, count(*), sum(e.amount)::bigint, max(e.earned_at) FILTER (WHERE e.amount > 0)
FROM quiz.xp_events AS e
INNER JOIN quiz.users AS u ON e.user_id = u.id
WHERE e.earned_at >= :begins_at AND e.earned_at < :ends_at
GROUP BY e.user_id
