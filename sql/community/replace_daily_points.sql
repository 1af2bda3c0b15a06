-- Make days from :first_day to :last_day what is staged, touching only rows that differ, and count them by day.
-- What counts members by day follows those that changed.
-- Staged: staged_daily_points(member_id, day, discord_points, contribution_points, adjustment_points, points,
-- xp_gained, is_active, last_active_at)
WITH gone AS (
    DELETE FROM community.daily_points AS p
    WHERE
        p.day BETWEEN :first_day AND :last_day
        AND NOT EXISTS (
            SELECT 1 FROM staged_daily_points AS s
            WHERE s.member_id = p.member_id AND s.day = p.day
        )
    RETURNING p.day
),

written AS (
    INSERT INTO community.daily_points AS p (
        member_id, day, discord_points, contribution_points, adjustment_points, points,
        xp_gained, is_active, last_active_at
    )
    SELECT
        s.member_id, s.day, s.discord_points, s.contribution_points, s.adjustment_points, s.points,
        s.xp_gained, s.is_active, s.last_active_at
    FROM staged_daily_points AS s
    ON CONFLICT (day, member_id) DO UPDATE
        SET
            discord_points = excluded.discord_points,
            contribution_points = excluded.contribution_points,
            adjustment_points = excluded.adjustment_points,
            points = excluded.points,
            xp_gained = excluded.xp_gained,
            is_active = excluded.is_active,
            last_active_at = excluded.last_active_at
        WHERE
        (
            p.discord_points, p.contribution_points, p.adjustment_points,
            p.xp_gained, p.is_active, p.last_active_at
        ) IS DISTINCT FROM (
            excluded.discord_points, excluded.contribution_points, excluded.adjustment_points,
            excluded.xp_gained, excluded.is_active, excluded.last_active_at
        )
    RETURNING p.day
),

marked AS (
    UPDATE community.days AS d SET is_growth_stale = TRUE
    WHERE
        NOT d.is_growth_stale
        AND (d.day IN (SELECT g.day FROM gone AS g) OR d.day IN (SELECT w.day FROM written AS w))
)

SELECT
    c.day,
    count(*) AS rows_written
FROM (
    SELECT g.day FROM gone AS g
    UNION ALL
    SELECT w.day FROM written AS w
) AS c
GROUP BY c.day
