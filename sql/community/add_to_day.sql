-- Add to a day what arrived since it was computed: XP of syncs after :counted_sync_id, entries after
-- :counted_entry_id. Both only ever grow, so this is what computing the day again would give (rules/activity.py).
WITH cut_over AS MATERIALIZED (
    SELECT max(c.cut_over_at) AS cut_over_at FROM operations.cut_overs AS c
    WHERE c.domain = 'community'
),

entries AS (
    SELECT
        a.member_id,
        l.action,
        l.points,
        l.effective_at,
        -- Before the cut-over an old job of the app counted days, by any positive entry.
        l.points > 0 AND (l.action <> 'admin_adjustment' OR coalesce(l.effective_at < c.cut_over_at, FALSE)) AS is_earning
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    CROSS JOIN cut_over AS c
    WHERE l.entry_id > :counted_entry_id AND l.entry_id <= :last_entry_id AND l.effective_on = :day
),

facts AS (
    SELECT
        a.member_id,
        0::bigint AS discord_points,
        0::bigint AS contribution_points,
        0::bigint AS adjustment_points,
        d.xp_delta AS xp_gained,
        TRUE AS is_active,
        NULL::timestamptz AS active_at
    FROM community.xp_deltas AS d
    INNER JOIN community.accounts AS a ON d.account_id = a.account_id
    WHERE
        d.sync_id > greatest(:counted_sync_id, extract(EPOCH FROM :day::date)::bigint)
        AND d.sync_id <= least(:last_sync_id, extract(EPOCH FROM :day::date + 1)::bigint)
        AND d.xp_delta > 0
    UNION ALL
    SELECT
        e.member_id,
        CASE WHEN e.action = 'discord_activity' THEN e.points ELSE 0 END,
        CASE WHEN e.action NOT IN ('discord_activity', 'admin_adjustment') THEN e.points ELSE 0 END,
        CASE WHEN e.action = 'admin_adjustment' THEN e.points ELSE 0 END,
        0,
        e.is_earning,
        CASE WHEN e.is_earning THEN e.effective_at END
    FROM entries AS e
),

written AS (
    INSERT INTO community.daily_points AS p (
        member_id, day, discord_points, contribution_points, adjustment_points, points,
        xp_gained, is_active, last_active_at
    )
    SELECT
        f.member_id,
        :day::date,
        sum(f.discord_points)::bigint,
        sum(f.contribution_points)::bigint,
        sum(f.adjustment_points)::bigint,
        sum(f.discord_points + f.contribution_points + f.adjustment_points)::bigint,
        sum(f.xp_gained)::bigint,
        bool_or(f.is_active),
        max(f.active_at)
    FROM facts AS f
    GROUP BY f.member_id
    ORDER BY f.member_id
    ON CONFLICT (day, member_id) DO UPDATE
        SET
            discord_points = p.discord_points + excluded.discord_points,
            contribution_points = p.contribution_points + excluded.contribution_points,
            adjustment_points = p.adjustment_points + excluded.adjustment_points,
            points = p.points + excluded.points,
            xp_gained = p.xp_gained + excluded.xp_gained,
            is_active = p.is_active OR excluded.is_active,
            last_active_at = greatest(p.last_active_at, excluded.last_active_at)
    RETURNING p.day, p.member_id
),

-- What counts members by day follows those that changed.
marked AS (
    UPDATE community.days AS d SET is_growth_stale = TRUE
    WHERE d.day = :day AND NOT d.is_growth_stale AND EXISTS (SELECT 1 FROM written)
),

-- Who changed on a day of which streaks or boards were made.
noted AS (
    INSERT INTO community.late_members AS l (member_id, streaks_from, boards_from)
    SELECT w.member_id, min(w.day), min(w.day)
    FROM written AS w
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

SELECT count(*) AS changed FROM written
