-- Figures of the streaks of days from :first_day to :last_day, from what is counted of them already.
SELECT
    l.day,
    coalesce(sum(l.standing) FILTER (WHERE l.length > 0), 0)::bigint AS streaks_standing,
    coalesce(sum(l.reached) FILTER (WHERE l.length > 0), 0)::bigint AS streaks_extended,
    coalesce(sum(l.reached) FILTER (WHERE l.length = 0), 0)::bigint AS streaks_broken,
    sum(l.standing)::bigint AS rows,
    max(l.length) AS weekdays_of_the_longest
FROM community.streak_lengths AS l
WHERE l.day BETWEEN :first_day AND :last_day
GROUP BY l.day
