-- Make the members' streaks from :first_day to :last_day what is staged, touching only rows that differ. OFFSET has
-- each row looked up by its key: all rows of the days are many more.
-- Staged: staged_streaks(member_id, day, is_active, current_streak, longest_streak, last_active_on)
WITH left_over AS (
    SELECT f.day, f.member_id
    FROM unnest(:member_ids::text[]) AS m (member_id)
    CROSS JOIN generate_series(0, :last_day::date - :first_day::date) AS g (days)
    CROSS JOIN
        LATERAL (
            SELECT p.day, p.member_id
            FROM community.daily_streaks AS p
            WHERE p.day = :first_day::date + g.days AND p.member_id = m.member_id
            OFFSET 0
        ) AS f
    WHERE
        NOT EXISTS (
            SELECT 1 FROM staged_streaks AS s
            WHERE s.member_id = f.member_id AND s.day = f.day
        )
),

gone AS (
    DELETE FROM community.daily_streaks AS p
    USING left_over AS f
    WHERE p.day = f.day AND p.member_id = f.member_id
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
