-- What people ask of the community. Counts of days and weeks are kept by the step daily_growth; the rest is read as it stands.

CREATE OR REPLACE VIEW community.daily_activity AS
SELECT
    g.day,
    g.active_members,
    g.weekly_active_members,
    g.monthly_active_members,
    g.active_members::double precision / nullif(g.monthly_active_members, 0) AS stickiness,
    g.xp_gained,
    g.points,
    coalesce(d.is_sync_enabled IS FALSE, FALSE)
    OR EXISTS (
        SELECT 1 FROM operations.cut_overs AS c
        WHERE c.domain = 'community' AND (g.day + 1)::timestamp AT TIME ZONE 'UTC' <= c.cut_over_at
    )
    OR EXISTS (
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE
            s.status = 'accepted'
            AND s.sync_id > extract(EPOCH FROM g.day::timestamp)::bigint + 82800
            AND s.sync_id <= extract(EPOCH FROM g.day::timestamp)::bigint + 86400
    ) AS is_observed
FROM community.daily_growth AS g
LEFT JOIN community.days AS d ON g.day = d.day;
COMMENT ON VIEW community.daily_activity IS 'One row per UTC day: who was active, in a week and a month of days to it, and what was gained. The last day may still be open.';
COMMENT ON COLUMN community.daily_activity.day IS 'UTC day.';
COMMENT ON COLUMN community.daily_activity.active_members IS 'Members active on the day (DAU).';
COMMENT ON COLUMN community.daily_activity.weekly_active_members IS 'Members active on at least one of the 7 days to it (WAU).';
COMMENT ON COLUMN community.daily_activity.monthly_active_members IS 'Members active on at least one of the 30 days to it (MAU).';
COMMENT ON COLUMN community.daily_activity.stickiness IS 'DAU / MAU, from 0 to 1; NULL without anybody active.';
COMMENT ON COLUMN community.daily_activity.xp_gained IS 'XP gained on the day.';
COMMENT ON COLUMN community.daily_activity.points IS 'Points of the day, corrections included.';
COMMENT ON COLUMN community.daily_activity.is_observed IS 'Whether missing activity means anything: false on a day whose last hour was not read.';

CREATE OR REPLACE VIEW community.weekly_activity AS
WITH members AS (
    SELECT
        c.week,
        sum(c.active_members)::bigint AS active_members,
        coalesce(sum(c.active_members) FILTER (WHERE c.week = c.cohort_week), 0)::bigint AS new_members
    FROM community.weekly_cohorts AS c
    GROUP BY c.week
),

gains AS (
    SELECT
        date_trunc('week', g.day)::date AS week,
        sum(g.xp_gained)::bigint AS xp_gained,
        sum(g.points)::bigint AS points
    FROM community.daily_growth AS g
    GROUP BY date_trunc('week', g.day)::date
)

SELECT
    s.week,
    coalesce(m.active_members, 0) AS active_members,
    coalesce(m.new_members, 0) AS new_members,
    s.xp_gained,
    s.points
FROM gains AS s
LEFT JOIN members AS m ON s.week = m.week;
COMMENT ON VIEW community.weekly_activity IS 'One row per ISO week: who was active on any of its days, and what was gained.';
COMMENT ON COLUMN community.weekly_activity.week IS 'Its Monday.';
COMMENT ON COLUMN community.weekly_activity.active_members IS 'Members active on at least one of its days.';
COMMENT ON COLUMN community.weekly_activity.new_members IS 'Of those, members never active before.';
COMMENT ON COLUMN community.weekly_activity.xp_gained IS 'XP gained.';
COMMENT ON COLUMN community.weekly_activity.points IS 'Points, corrections included.';

CREATE OR REPLACE VIEW community.growth_accounting AS
WITH counted AS (
    SELECT
        g.*,
        sum(g.new_members) OVER days AS members_ever,
        CASE WHEN lag(g.day) OVER days = g.day - 1 THEN lag(g.new_members) OVER days END AS new_before,
        CASE WHEN lag(g.day) OVER days = g.day - 1 THEN lag(g.current_members) OVER days END AS current_before,
        CASE WHEN lag(g.day) OVER days = g.day - 1 THEN lag(g.reactivated_members) OVER days END AS reactivated_before,
        CASE WHEN lag(g.day) OVER days = g.day - 1 THEN lag(g.resurrected_members) OVER days END AS resurrected_before
    FROM community.daily_growth AS g
    WINDOW days AS (ORDER BY g.day)
)

SELECT
    c.day,
    c.new_members,
    c.current_members,
    c.reactivated_members,
    c.resurrected_members,
    c.weekly_active_members - c.active_members AS at_risk_weekly_members,
    c.monthly_active_members - c.weekly_active_members AS at_risk_monthly_members,
    (c.members_ever - c.monthly_active_members)::bigint AS dormant_members,
    c.new_returned::double precision / nullif(c.new_before, 0) AS nurr,
    c.current_returned::double precision / nullif(c.current_before, 0) AS curr,
    c.reactivated_returned::double precision / nullif(c.reactivated_before, 0) AS rurr,
    c.resurrected_returned::double precision / nullif(c.resurrected_before, 0) AS surr
FROM counted AS c;
COMMENT ON VIEW community.growth_accounting IS 'One row per UTC day: everybody who was ever active, by when (Duolingo''s growth model). New, current, reactivated and resurrected were active on the day, the others not.';
COMMENT ON COLUMN community.growth_accounting.day IS 'UTC day.';
COMMENT ON COLUMN community.growth_accounting.new_members IS 'Active for the first time.';
COMMENT ON COLUMN community.growth_accounting.current_members IS 'Active, and on at least one of the 7 days before.';
COMMENT ON COLUMN community.growth_accounting.reactivated_members IS 'Active, after 7 to 29 days away.';
COMMENT ON COLUMN community.growth_accounting.resurrected_members IS 'Active, after 30 days away or more.';
COMMENT ON COLUMN community.growth_accounting.at_risk_weekly_members IS 'Not active, but on one of the 6 days before (at-risk WAU).';
COMMENT ON COLUMN community.growth_accounting.at_risk_monthly_members IS 'Last active 7 to 29 days before (at-risk MAU).';
COMMENT ON COLUMN community.growth_accounting.dormant_members IS 'Last active 30 days before, or longer ago.';
COMMENT ON COLUMN community.growth_accounting.nurr IS 'New user retention rate: share of the new of the day before who came back on the day; NULL without any.';
COMMENT ON COLUMN community.growth_accounting.curr IS 'Current user retention rate: the same of the current of the day before.';
COMMENT ON COLUMN community.growth_accounting.rurr IS 'Reactivated user retention rate: the same of the reactivated.';
COMMENT ON COLUMN community.growth_accounting.surr IS 'Resurrected user retention rate: the same of the resurrected.';

CREATE OR REPLACE VIEW community.retention_cohorts AS
WITH weeks AS (
    SELECT DISTINCT date_trunc('week', g.day)::date AS week FROM community.daily_growth AS g
),

cohorts AS (
    SELECT c.cohort_week, c.active_members AS cohort_members
    FROM community.weekly_cohorts AS c
    WHERE c.week = c.cohort_week
)

SELECT
    h.cohort_week,
    ((w.week - h.cohort_week) / 7)::bigint AS weeks_since,
    h.cohort_members,
    coalesce(c.active_members, 0) AS active_members,
    coalesce(c.active_members, 0)::double precision / nullif(h.cohort_members, 0) AS retention
FROM cohorts AS h
INNER JOIN weeks AS w ON h.cohort_week <= w.week
LEFT JOIN community.weekly_cohorts AS c ON h.cohort_week = c.cohort_week AND w.week = c.week;
COMMENT ON VIEW community.retention_cohorts IS 'One row per week of first activity and week since: how many of those who began then were active. The last week may still be open.';
COMMENT ON COLUMN community.retention_cohorts.cohort_week IS 'Monday of the week in which they were first active.';
COMMENT ON COLUMN community.retention_cohorts.weeks_since IS '0 is that week itself.';
COMMENT ON COLUMN community.retention_cohorts.cohort_members IS 'How many began then.';
COMMENT ON COLUMN community.retention_cohorts.active_members IS 'How many of them were active so many weeks later.';
COMMENT ON COLUMN community.retention_cohorts.retention IS 'Their share, from 0 to 1.';

-- Without WITH, so that of members left out by LIMIT no streak is looked for.
CREATE OR REPLACE VIEW community.lapsed_members AS
SELECT
    a.member_id,
    a.last_active_on,
    ((SELECT max(g.day) FROM community.daily_growth AS g) - a.last_active_on)::bigint AS days_since,
    coalesce(p.total, 0) AS points,
    coalesce(
        -- One that stands has a row of the last day, any other one of the day on which it ended.
        (
            SELECT s.longest_streak FROM community.daily_streaks AS s
            INNER JOIN (
                SELECT max(d.day) AS day FROM community.days AS d
                WHERE d.streaks_at IS NOT NULL
            ) AS c ON s.day = c.day
            WHERE s.member_id = a.member_id
        ),
        (
            SELECT s.longest_streak FROM community.daily_streaks AS s
            WHERE s.member_id = a.member_id AND s.current_streak = 0
            ORDER BY s.day DESC
            LIMIT 1
        ),
        0
    )::bigint AS longest_streak
FROM community.member_activity AS a
LEFT JOIN community.member_points AS p ON a.member_id = p.member_id
WHERE
    a.last_active_on <= (SELECT max(g.day) FROM community.daily_growth AS g) - 14
    AND EXISTS (
        SELECT 1 FROM community.members AS m
        WHERE m.member_id = a.member_id
    );
COMMENT ON VIEW community.lapsed_members IS 'One row per member who was active, and not for 14 days.';
COMMENT ON COLUMN community.lapsed_members.member_id IS 'Member; who left or was erased is not here.';
COMMENT ON COLUMN community.lapsed_members.last_active_on IS 'Last day active.';
COMMENT ON COLUMN community.lapsed_members.days_since IS 'Days since then, up to the last day that was counted.';
COMMENT ON COLUMN community.lapsed_members.points IS 'Balance.';
COMMENT ON COLUMN community.lapsed_members.longest_streak IS 'Longest streak of weekdays ever.';

CREATE OR REPLACE VIEW community.streak_distribution AS
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
),

standing AS (
    SELECT s.current_streak, count(*) AS members
    FROM community.daily_streaks AS s
    INNER JOIN community.members AS m ON s.member_id = m.member_id AND m.subscription_status IN ('ACTIVE', 'TRIALING')
    WHERE s.current_streak > 0 AND s.day = (SELECT c.last_day FROM computed AS c)
    GROUP BY s.current_streak
)

SELECT s.current_streak::bigint AS current_streak, s.members
FROM standing AS s
UNION ALL
SELECT 0, count(*) - (SELECT coalesce(sum(s.members), 0) FROM standing AS s)::bigint
FROM community.members AS m
WHERE m.subscription_status IN ('ACTIVE', 'TRIALING')
HAVING count(*) > (SELECT coalesce(sum(s.members), 0) FROM standing AS s);
COMMENT ON VIEW community.streak_distribution IS 'One row per length of a streak: how many members who are ACTIVE or TRIALING stand at it, as last computed.';
COMMENT ON COLUMN community.streak_distribution.current_streak IS 'Weekdays in a row; 0: no streak.';
COMMENT ON COLUMN community.streak_distribution.members IS 'How many stand there.';

CREATE OR REPLACE VIEW community.streak_survival AS
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
),

reached AS (
    SELECT l.length, sum(l.reached)::bigint AS reached
    FROM community.streak_lengths AS l
    GROUP BY l.length
),

running AS (
    SELECT l.length, l.standing
    FROM community.streak_lengths AS l
    WHERE l.day = (SELECT c.last_day FROM computed AS c)
)

SELECT
    r.length::bigint AS length,
    r.reached,
    coalesce(n.reached, 0)::double precision / nullif(r.reached - coalesce(o.standing, 0), 0) AS survived
FROM reached AS r
LEFT JOIN reached AS n ON r.length + 1 = n.length
LEFT JOIN running AS o ON r.length = o.length
WHERE r.length > 0 AND r.reached > 0;
COMMENT ON VIEW community.streak_survival IS 'One row per length that a streak ever reached: how many did, and the share that went on. Those that still stand at it are left out of the share.';
COMMENT ON COLUMN community.streak_survival.length IS 'Weekdays in a row.';
COMMENT ON COLUMN community.streak_survival.reached IS 'Streaks that reached it.';
COMMENT ON COLUMN community.streak_survival.survived IS 'Share of those over or beyond it that reached one day more; NULL while all of them still stand there.';

CREATE OR REPLACE VIEW community.points_by_source AS
SELECT
    p.grain,
    date_trunc(p.grain, s.day)::date AS period_start,
    operations.shown_name(s.action) AS action,
    sum(s.entries)::bigint AS entries,
    sum(s.points)::bigint AS points
FROM community.daily_sources AS s
CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p (grain)
GROUP BY p.grain, date_trunc(p.grain, s.day)::date, s.action;
COMMENT ON VIEW community.points_by_source IS 'One row per day, week or month and action: where points come from.';
COMMENT ON COLUMN community.points_by_source.grain IS 'day, week or month: name one.';
COMMENT ON COLUMN community.points_by_source.period_start IS 'First day of it.';
COMMENT ON COLUMN community.points_by_source.action IS 'What earned them, or took them away, made harmless.';
COMMENT ON COLUMN community.points_by_source.entries IS 'Entries of the ledger.';
COMMENT ON COLUMN community.points_by_source.points IS 'Their sum.';

CREATE OR REPLACE VIEW community.point_concentration AS
SELECT
    c.week,
    c.members,
    c.points,
    c.top_1_percent_points::double precision / nullif(c.points, 0) AS top_1_percent_share,
    c.top_10_percent_points::double precision / nullif(c.points, 0) AS top_10_percent_share
FROM community.weekly_concentration AS c;
COMMENT ON VIEW community.point_concentration IS 'One row per ISO week: how much of the points went to few. Adjustments count, and who is not above 0 then is left out.';
COMMENT ON COLUMN community.point_concentration.week IS 'Its Monday.';
COMMENT ON COLUMN community.point_concentration.members IS 'Members with points above 0 in the week.';
COMMENT ON COLUMN community.point_concentration.points IS 'Their points, adjustments included; more than all points of the week where others lost some.';
COMMENT ON COLUMN community.point_concentration.top_1_percent_share IS 'Share of the 1 % with most, at least one member.';
COMMENT ON COLUMN community.point_concentration.top_10_percent_share IS 'Share of the 10 % with most, at least one member.';

CREATE OR REPLACE VIEW community.rank_movement AS
SELECT
    p.day,
    p.board,
    r.member_id,
    r.rank::bigint AS rank,
    r.rank_before::bigint AS rank_before,
    (r.rank_before - r.rank)::bigint AS movement
FROM community.ranking_pages AS p
CROSS JOIN LATERAL community.compare_ranks(p.day, p.board) AS r
WHERE p.first_rank = 1;
COMMENT ON VIEW community.rank_movement IS 'One row per day, board and ranked member: the rank, and that of the day before. Name a day: all days are all boards. Where only a thousand are kept, movement is among them.';
COMMENT ON COLUMN community.rank_movement.day IS 'UTC day.';
COMMENT ON COLUMN community.rank_movement.board IS 'global, weekly or monthly.';
COMMENT ON COLUMN community.rank_movement.member_id IS 'Member who was on it.';
COMMENT ON COLUMN community.rank_movement.rank IS '1 is best.';
COMMENT ON COLUMN community.rank_movement.rank_before IS 'Rank a day before, on the board of the same period; NULL: not on it, or not kept.';
COMMENT ON COLUMN community.rank_movement.movement IS 'Ranks won; negative: lost.';

CREATE OR REPLACE VIEW community.top_gainers AS
WITH last_days AS (
    SELECT date_trunc('week', p.day)::date AS week, max(p.day) AS day
    FROM community.ranking_pages AS p
    WHERE p.board = 'weekly' AND p.first_rank = 1
    GROUP BY date_trunc('week', p.day)::date
)

SELECT
    l.week,
    row_number() OVER (PARTITION BY l.week ORDER BY t.rank) AS place,
    a.member_id,
    operations.shown_name(m.discord_username) AS name,
    t.score AS points
FROM last_days AS l
INNER JOIN community.ranking_pages AS p ON l.day = p.day AND p.board = 'weekly' AND p.first_rank = 1
CROSS JOIN LATERAL unnest(p.account_ids[:100], p.scores[:100]) WITH ORDINALITY AS t (account_id, score, rank)
INNER JOIN community.accounts AS a ON t.account_id = a.account_id
INNER JOIN community.members AS m
    ON a.member_id = m.member_id AND m.leaderboard_visible AND m.subscription_status IN ('ACTIVE', 'TRIALING');
COMMENT ON VIEW community.top_gainers IS 'One row per ISO week and place: who gained most, of the first hundred of the weekly board as it last stood. Who hides today is not here, nor who is not ACTIVE or TRIALING.';
COMMENT ON COLUMN community.top_gainers.week IS 'Its Monday.';
COMMENT ON COLUMN community.top_gainers.place IS '1 is best, among those shown.';
COMMENT ON COLUMN community.top_gainers.member_id IS 'Member.';
COMMENT ON COLUMN community.top_gainers.name IS 'Name, made harmless.';
COMMENT ON COLUMN community.top_gainers.points IS 'Points in the week.';

CREATE OR REPLACE VIEW community.reading_quality AS
WITH readings AS (
    SELECT ((s.synced_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date AS day, s.synced_at, s.status, s.requests
    FROM community.mee6_syncs AS s
),

span AS (
    SELECT min(r.synced_at) AS begins_at, max(r.synced_at) AS ends_at, min(r.day) AS first_day, max(r.day) AS last_day
    FROM readings AS r
),

-- Every day from the first reading to the last, and of those two only as much as was.
days AS (
    SELECT
        g.day::date AS day,
        greatest(g.day AT TIME ZONE 'UTC', b.begins_at) AS begins_at,
        least((g.day + interval '1 day') AT TIME ZONE 'UTC', b.ends_at) AS ends_at
    FROM span AS b
    CROSS JOIN LATERAL generate_series(b.first_day::timestamp, b.last_day::timestamp, interval '1 day') AS g (day)
),

moments AS (
    SELECT r.day, r.synced_at AS moment FROM readings AS r
    WHERE r.status = 'accepted'
    UNION
    SELECT d.day, d.begins_at FROM days AS d
    UNION
    SELECT d.day, d.ends_at FROM days AS d
),

stretches AS (
    SELECT m.day, extract(EPOCH FROM m.moment - lag(m.moment) OVER (PARTITION BY m.day ORDER BY m.moment)) / 60 AS minutes
    FROM moments AS m
),

longest AS (
    SELECT s.day, max(s.minutes) AS minutes, count(*) FILTER (WHERE s.minutes > 30) AS gaps
    FROM stretches AS s
    GROUP BY s.day
)

SELECT
    d.day,
    count(r.synced_at) AS syncs,
    count(*) FILTER (WHERE r.status = 'accepted') AS accepted,
    count(*) FILTER (WHERE r.status = 'quarantined') AS quarantined,
    count(*) FILTER (WHERE r.status = 'failed') AS failed,
    l.gaps,
    coalesce(l.minutes, 0)::double precision AS longest_gap_minutes,
    coalesce(sum(r.requests), 0)::bigint AS requests
FROM days AS d
INNER JOIN longest AS l ON d.day = l.day
LEFT JOIN readings AS r ON d.day = r.day
GROUP BY d.day, l.gaps, l.minutes;
COMMENT ON VIEW community.reading_quality IS 'One row per UTC day from the first reading to the last: how well the leaderboard was read. A reading of 00:00 belongs to the day that ended.';
COMMENT ON COLUMN community.reading_quality.day IS 'UTC day.';
COMMENT ON COLUMN community.reading_quality.syncs IS 'Readings.';
COMMENT ON COLUMN community.reading_quality.accepted IS 'Readings that count.';
COMMENT ON COLUMN community.reading_quality.quarantined IS 'Readings that wait for a person, or waited in vain.';
COMMENT ON COLUMN community.reading_quality.failed IS 'Readings that brought nothing.';
COMMENT ON COLUMN community.reading_quality.gaps IS 'Stretches of more than 30 minutes without an accepted reading, each cut at midnight.';
COMMENT ON COLUMN community.reading_quality.longest_gap_minutes IS 'The longest stretch between accepted readings, cut at midnight.';
COMMENT ON COLUMN community.reading_quality.requests IS 'Requests made to MEE6.';
