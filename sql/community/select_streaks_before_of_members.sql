-- What stood before day :first_day, of the members. Who has no row of the day before has a streak of 0 since the
-- latest row that says so.
SELECT
    m.member_id,
    y.current_streak,
    coalesce(y.longest_streak, l.longest_streak) AS longest_streak,
    coalesce(y.last_active_on, l.last_active_on) AS last_active_on
FROM unnest(:member_ids::text[]) AS m (member_id)
LEFT JOIN community.daily_streaks AS y ON m.member_id = y.member_id AND y.day = :first_day::date - 1
LEFT JOIN LATERAL (
    SELECT s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = m.member_id AND s.day < :first_day::date AND s.current_streak = 0 AND y.member_id IS NULL
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
ORDER BY m.member_id
