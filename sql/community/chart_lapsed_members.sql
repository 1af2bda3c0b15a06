-- Who was active once and is not any more, by how long ago that was.
SELECT b.days_since, count(m.member_id) AS members, coalesce(sum(m.points), 0)::bigint AS points
FROM (
    VALUES (1, '14–29', 14, 29), (2, '30–59', 30, 59), (3, '60–89', 60, 89), (4, '90–179', 90, 179), (5, '180+', 180, NULL)
) AS b (position, days_since, from_days, to_days)
LEFT JOIN community.lapsed_members AS m
    ON b.from_days <= m.days_since AND (b.to_days IS NULL OR b.to_days >= m.days_since)
GROUP BY b.position, b.days_since
ORDER BY b.position
