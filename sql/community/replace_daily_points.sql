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
    RETURNING p.day, p.member_id
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
    RETURNING p.day, p.member_id
),

changed AS (
    SELECT g.day, g.member_id FROM gone AS g
    UNION ALL
    SELECT w.day, w.member_id FROM written AS w
),

marked AS (
    UPDATE community.days AS d SET is_growth_stale = TRUE
    WHERE NOT d.is_growth_stale AND d.day IN (SELECT c.day FROM changed AS c)
),

-- Who changed on a day of which streaks or boards were made.
noted AS (
    INSERT INTO community.late_members AS l (member_id, streaks_from, boards_from)
    SELECT w.member_id, min(w.day), min(w.day)
    FROM changed AS w
    WHERE
        w.day <= (
            SELECT max(d.day) FROM community.days AS d
            WHERE NOT (d.is_streaks_due_for_all AND d.is_boards_due_for_all)
        )
    GROUP BY w.member_id
    ORDER BY w.member_id
    ON CONFLICT (member_id) DO UPDATE SET
        streaks_from = least(l.streaks_from, excluded.streaks_from),
        boards_from = least(l.boards_from, excluded.boards_from)
)

SELECT
    c.day,
    count(*) AS rows_written
FROM changed AS c
GROUP BY c.day
