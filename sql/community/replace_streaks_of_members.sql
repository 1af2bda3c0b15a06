-- Make the members' streaks from :first_day to :last_day what is staged, touching only rows that differ. Each is
-- looked up by its key: all rows of the days are many more.
-- Staged: staged_streaks(member_id, day, is_active, current_streak, longest_streak, last_active_on)
WITH gone AS (
    DELETE FROM community.daily_streaks AS p
    USING
        unnest(:member_ids::text[]) AS m (member_id),
        generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
    WHERE
        p.member_id = m.member_id AND p.day = g.day::date
        AND NOT EXISTS (
            SELECT 1 FROM staged_streaks AS s
            WHERE s.member_id = p.member_id AND s.day = p.day
        )
    RETURNING p.day
),

written AS (
    INSERT INTO community.daily_streaks AS p (
        member_id, day, is_active, current_streak, longest_streak, last_active_on
    )
    SELECT s.member_id, s.day, s.is_active, s.current_streak, s.longest_streak, s.last_active_on
    FROM staged_streaks AS s
    ON CONFLICT (day, member_id) DO UPDATE
        SET
            is_active = excluded.is_active,
            current_streak = excluded.current_streak,
            longest_streak = excluded.longest_streak,
            last_active_on = excluded.last_active_on
        WHERE
        (
            p.is_active, p.current_streak, p.longest_streak, p.last_active_on
        ) IS DISTINCT FROM (
            excluded.is_active, excluded.current_streak, excluded.longest_streak, excluded.last_active_on
        )
    RETURNING p.day
)

SELECT c.day, count(*) AS rows_written
FROM (
    SELECT g.day FROM gone AS g
    UNION ALL
    SELECT w.day FROM written AS w
) AS c
GROUP BY c.day
