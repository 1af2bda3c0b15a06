-- Where points come from, month by month.
SELECT
    date_trunc('month', l.effective_on)::date AS month,
    l.action,
    count(*) AS entries,
    sum(l.points) AS points
FROM community.point_ledger AS l
GROUP BY date_trunc('month', l.effective_on)::date, l.action
ORDER BY month ASC, points DESC
