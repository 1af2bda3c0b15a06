-- Archived scores that the ledger, as it was when the period closed, does not give.
SELECT a.period, a.board, a.rank, a.member_id, a.score, coalesce(s.score, 0) AS ledger_score
FROM community.leaderboard_archive AS a
LEFT JOIN LATERAL (
    SELECT sum(l.points)::bigint AS score
    FROM community.member_entries AS l
    WHERE
        l.member_id = a.member_id
        AND l.effective_on >= a.period_start AND l.effective_on < a.period_end
        AND l.recorded_at <= a.closed_at
) AS s ON TRUE
WHERE a.score <> coalesce(s.score, 0)
ORDER BY a.period_start, a.board, a.rank
