-- Make the members' streaks from :first_day to :last_day what is staged, touching only rows that differ.
-- Staged: staged_streaks(member_id, day, is_active, current_streak, longest_streak, last_active_on)
WITH gone AS (
    DELETE FROM community.daily_streaks AS p
    WHERE
        p.member_id = any(:member_ids::text[]) AND p.day BETWEEN :first_day AND :last_day
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
    ON CONFLICT (member_id, day) DO UPDATE
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
