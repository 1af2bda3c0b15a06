-- Members with a longer streak than they had active weekdays.
WITH weekdays AS (
    SELECT p.member_id, count(*) AS active_weekdays
    FROM community.daily_points AS p
    WHERE p.is_active AND extract(ISODOW FROM p.day) < 6
    GROUP BY p.member_id
),

longest AS (
    SELECT s.member_id, max(s.longest_streak) AS longest_streak
    FROM community.daily_streaks AS s
    GROUP BY s.member_id
)

SELECT l.member_id, l.longest_streak, coalesce(w.active_weekdays, 0) AS active_weekdays
FROM longest AS l
LEFT JOIN weekdays AS w ON l.member_id = w.member_id
WHERE l.longest_streak > coalesce(w.active_weekdays, 0)
ORDER BY l.member_id
