-- Figures of days whose streaks stand as they are: those that were taken over at the cut-over.
SELECT
    s.day,
    count(*) FILTER (WHERE s.current_streak > 0) AS streaks_standing,
    count(*) FILTER (WHERE s.is_active AND extract(ISODOW FROM s.day) < 6) AS streaks_extended,
    count(*) FILTER (WHERE NOT s.is_active AND s.current_streak = 0) AS streaks_broken,
    count(*) AS rows,
    max(s.current_streak) AS weekdays_of_the_longest
FROM community.daily_streaks AS s
WHERE s.day BETWEEN :first_day AND :last_day
GROUP BY s.day
