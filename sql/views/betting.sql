-- What people ask of the betting app, over its own tables and what the step daily_totals counts of the past. Money is in whole cents, and a bet belongs to the day and week in which it was settled.

CREATE OR REPLACE VIEW betting.daily_activity AS
WITH since AS (
    SELECT coalesce(max(t.day) + 1, '-infinity') AS day FROM betting.daily_totals AS t
),

seen AS (
    SELECT
        b.user_id,
        (b.created_at AT TIME ZONE 'UTC')::date AS day,
        count(*) AS bets,
        sum(b.stake) AS wagered,
        lead((b.created_at AT TIME ZONE 'UTC')::date) OVER (PARTITION BY b.user_id ORDER BY (b.created_at AT TIME ZONE 'UTC')::date) AS next_day
    FROM betting.bets AS b
    WHERE
        b.status <> 'cancelled'
        AND b.created_at >= (SELECT (n.day - 29)::timestamp AT TIME ZONE 'UTC' FROM since AS n)
    GROUP BY b.user_id, (b.created_at AT TIME ZONE 'UTC')::date
),

days AS (
    SELECT g.day::date AS day
    FROM (
        SELECT least(min(s.day), (SELECT nullif(n.day, '-infinity') FROM since AS n)) AS first_day, max(s.day) AS last_day
        FROM seen AS s
    ) AS r
    CROSS JOIN LATERAL generate_series(r.first_day::timestamp, r.last_day::timestamp, interval '1 day') AS g (day)
),

-- A user counts from a day with a bet on, until the next one or until the window is over.
changes AS (
    SELECT s.day, count(*) AS bettors, sum(s.bets) AS bets, sum(s.wagered) AS wagered, count(*) AS weekly, count(*) AS monthly
    FROM seen AS s
    GROUP BY s.day
    UNION ALL
    SELECT least(s.day + 7, s.next_day), 0, 0, 0, -count(*), 0 FROM seen AS s
    GROUP BY least(s.day + 7, s.next_day)
    UNION ALL
    SELECT least(s.day + 30, s.next_day), 0, 0, 0, 0, -count(*) FROM seen AS s
    GROUP BY least(s.day + 30, s.next_day)
),

counted AS (
    SELECT
        d.day,
        coalesce(sum(c.bettors), 0)::bigint AS bettors,
        (sum(coalesce(sum(c.weekly), 0)) OVER (ORDER BY d.day))::bigint AS weekly_bettors,
        (sum(coalesce(sum(c.monthly), 0)) OVER (ORDER BY d.day))::bigint AS monthly_bettors,
        coalesce(sum(c.bets), 0)::bigint AS bets,
        coalesce(sum(c.wagered), 0)::bigint AS wagered
    FROM days AS d
    LEFT JOIN changes AS c ON d.day = c.day
    GROUP BY d.day
)

SELECT t.day, t.bettors, t.weekly_bettors, t.monthly_bettors, t.bets, t.wagered FROM betting.daily_totals AS t
UNION ALL
SELECT c.day, c.bettors, c.weekly_bettors, c.monthly_bettors, c.bets, c.wagered FROM counted AS c
WHERE c.day >= (SELECT n.day FROM since AS n);
COMMENT ON VIEW betting.daily_activity IS 'One row per UTC day from the first bet on: who placed bets. Cancelled ones count as not placed. The past is counted every night, the last two days as they stand.';
COMMENT ON COLUMN betting.daily_activity.day IS 'UTC day on which they were placed.';
COMMENT ON COLUMN betting.daily_activity.bettors IS 'Users who placed a bet.';
COMMENT ON COLUMN betting.daily_activity.weekly_bettors IS 'On at least one of the 7 days to it.';
COMMENT ON COLUMN betting.daily_activity.monthly_bettors IS 'On at least one of the 30 days to it.';
COMMENT ON COLUMN betting.daily_activity.bets IS 'Bets placed.';
COMMENT ON COLUMN betting.daily_activity.wagered IS 'Their stakes, in cents.';

CREATE OR REPLACE VIEW betting.bets_by_type AS
SELECT
    date_trunc('week', b.settled_at AT TIME ZONE 'UTC')::date AS week,
    operations.shown_name(b.bet_type) AS bet_type,
    count(*) AS bets,
    count(*) FILTER (WHERE b.status = 'won') AS won,
    count(*) FILTER (WHERE b.status = 'lost') AS lost,
    count(*) FILTER (WHERE b.status = 'push') AS pushed,
    sum(b.stake)::bigint AS wagered,
    sum(b.net)::bigint AS net,
    sum(b.net)::double precision / nullif(sum(b.stake), 0) AS roi
FROM betting.bets AS b
WHERE b.status IN ('won', 'lost', 'push')
GROUP BY date_trunc('week', b.settled_at AT TIME ZONE 'UTC')::date, b.bet_type;
COMMENT ON VIEW betting.bets_by_type IS 'One row per ISO week and type of bet: what became of those settled in it, for the users. Without cancelled bets, which were never at risk.';
COMMENT ON COLUMN betting.bets_by_type.week IS 'Monday of the week of their settlement.';
COMMENT ON COLUMN betting.bets_by_type.bet_type IS 'spread, total, moneyline …, made harmless.';
COMMENT ON COLUMN betting.bets_by_type.bets IS 'Bets settled.';
COMMENT ON COLUMN betting.bets_by_type.won IS 'Won.';
COMMENT ON COLUMN betting.bets_by_type.lost IS 'Lost.';
COMMENT ON COLUMN betting.bets_by_type.pushed IS 'Came back.';
COMMENT ON COLUMN betting.bets_by_type.wagered IS 'Stakes, in cents.';
COMMENT ON COLUMN betting.bets_by_type.net IS 'What they moved the balances by, in cents.';
COMMENT ON COLUMN betting.bets_by_type.roi IS 'net by wagered; NULL when nothing was.';

CREATE OR REPLACE VIEW betting.hold_by_week AS
SELECT
    date_trunc('week', b.settled_at AT TIME ZONE 'UTC')::date AS week,
    count(*) AS bets,
    sum(b.stake)::bigint AS wagered,
    coalesce(sum(b.payout), 0)::bigint AS returned,
    1 - coalesce(sum(b.payout), 0)::double precision / nullif(sum(b.stake), 0) AS hold
FROM betting.bets AS b
WHERE b.status IN ('won', 'lost', 'push')
GROUP BY date_trunc('week', b.settled_at AT TIME ZONE 'UTC')::date;
COMMENT ON VIEW betting.hold_by_week IS 'One row per ISO week: what the house kept of the bets settled in it. Without cancelled bets.';
COMMENT ON COLUMN betting.hold_by_week.week IS 'Monday of the week of their settlement.';
COMMENT ON COLUMN betting.hold_by_week.bets IS 'Bets settled.';
COMMENT ON COLUMN betting.hold_by_week.wagered IS 'Stakes, in cents.';
COMMENT ON COLUMN betting.hold_by_week.returned IS 'Payouts, stakes included, in cents.';
COMMENT ON COLUMN betting.hold_by_week.hold IS '1 − returned / wagered: negative when users won; NULL when nothing was wagered.';

CREATE OR REPLACE VIEW betting.open_exposure AS
SELECT
    b.game_id,
    g.commence_time AS starts_at,
    count(*) AS bets,
    sum(b.stake)::bigint AS staked,
    sum(
        b.stake + coalesce(
            b.potential_win,
            CASE
                WHEN b.odds >= 100 THEN div(b.stake::numeric * b.odds, 100)
                WHEN b.odds <= -100 THEN div(b.stake::numeric * 100, -b.odds)
            END
        )
    )::bigint AS potential_payout
FROM betting.bets AS b
LEFT JOIN betting.games AS g ON b.game_id = g.id
WHERE b.status = 'pending'
GROUP BY b.game_id, g.commence_time;
COMMENT ON VIEW betting.open_exposure IS 'One row per game with pending bets: what is at stake on it.';
COMMENT ON COLUMN betting.open_exposure.game_id IS 'Game.';
COMMENT ON COLUMN betting.open_exposure.starts_at IS 'When it begins; NULL where the app has no such game.';
COMMENT ON COLUMN betting.open_exposure.bets IS 'Pending bets.';
COMMENT ON COLUMN betting.open_exposure.staked IS 'Their stakes, in cents.';
COMMENT ON COLUMN betting.open_exposure.potential_payout IS 'What would be paid if all of them were won, stakes included, in cents: more than can be, where bets exclude each other.';

CREATE OR REPLACE VIEW betting.available_balances AS
WITH pending AS (
    SELECT b.user_id, sum(b.stake)::bigint AS pending_stakes FROM betting.bets AS b
    WHERE b.status = 'pending'
    GROUP BY b.user_id
)

SELECT
    k.user_id,
    k.balance,
    coalesce(p.pending_stakes, 0) AS pending_stakes,
    k.balance - coalesce(p.pending_stakes, 0) AS available
FROM betting.bankrolls AS k
LEFT JOIN pending AS p ON k.user_id = p.user_id;
COMMENT ON VIEW betting.available_balances IS 'One row per bankroll: the balance less what is at stake. A stake leaves the balance when the bet is lost, so this is what an app must not let users bet beyond.';
COMMENT ON COLUMN betting.available_balances.user_id IS 'User.';
COMMENT ON COLUMN betting.available_balances.balance IS 'Cents, as settlement left it.';
COMMENT ON COLUMN betting.available_balances.pending_stakes IS 'Cents at stake in pending bets.';
COMMENT ON COLUMN betting.available_balances.available IS 'balance − pending_stakes; below 0 when an app took bets beyond it.';

CREATE OR REPLACE VIEW betting.current_badges AS
SELECT
    b.user_id,
    operations.shown_name(u.username) AS name,
    b.badge,
    operations.shown_name(coalesce(t.title, b.badge)) AS title,
    b.earned_at AS since,
    b.evidence
FROM betting.user_badges AS b
INNER JOIN betting.users AS u ON b.user_id = u.id AND u.deleted_at IS NULL
LEFT JOIN betting.badges AS t ON b.badge = t.badge
WHERE
    b.lost_at IS NULL
    AND b.week_start = greatest(
        (SELECT max(a.week_start) FROM betting.user_effect_access AS a),
        (SELECT max(n.week_start) FROM betting.user_badges AS n)
    );
COMMENT ON VIEW betting.current_badges IS 'One row per badge held in the week that was judged last, and why. Who left is not here.';
COMMENT ON COLUMN betting.current_badges.user_id IS 'Who holds it.';
COMMENT ON COLUMN betting.current_badges.name IS 'Name, made harmless.';
COMMENT ON COLUMN betting.current_badges.badge IS 'Badge.';
COMMENT ON COLUMN betting.current_badges.title IS 'What people read, made harmless.';
COMMENT ON COLUMN betting.current_badges.since IS 'When it was earned, the last time if it was lost in between.';
COMMENT ON COLUMN betting.current_badges.evidence IS 'The figures that earned it, as they were then.';

CREATE OR REPLACE VIEW betting.settlement_latency AS
SELECT
    l.day,
    count(*) AS games,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY l.minutes) AS median_minutes,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY l.minutes) AS p90_minutes,
    max(l.minutes) AS longest_minutes
FROM (
    SELECT
        (s.settled_at AT TIME ZONE 'UTC')::date AS day,
        (extract(EPOCH FROM s.settled_at - g.completed_at) / 60)::double precision AS minutes
    FROM betting.game_settlements AS s
    INNER JOIN betting.games AS g ON s.game_id = g.id AND g.completed_at IS NOT NULL
) AS l
GROUP BY l.day;
COMMENT ON VIEW betting.settlement_latency IS 'One row per UTC day: how long after a game was over its bets were settled, for games that say when.';
COMMENT ON COLUMN betting.settlement_latency.day IS 'UTC day of the settlement.';
COMMENT ON COLUMN betting.settlement_latency.games IS 'Games settled.';
COMMENT ON COLUMN betting.settlement_latency.median_minutes IS 'Median, in minutes.';
COMMENT ON COLUMN betting.settlement_latency.p90_minutes IS 'Nine of ten took no longer.';
COMMENT ON COLUMN betting.settlement_latency.longest_minutes IS 'The longest.';
