-- Who placed bets on the days from :first_day to :last_day, and in a week and a month of days to each.
WITH seen AS (
    SELECT
        b.user_id,
        (b.created_at AT TIME ZONE 'UTC')::date AS day,
        count(*) AS bets,
        sum(b.stake) AS wagered,
        lead((b.created_at AT TIME ZONE 'UTC')::date) OVER (PARTITION BY b.user_id ORDER BY (b.created_at AT TIME ZONE 'UTC')::date) AS next_day
    FROM betting.bets AS b
    WHERE
        b.status <> 'cancelled'
        AND b.created_at >= (:first_day::date - 29)::timestamp AT TIME ZONE 'UTC'
        AND b.created_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY b.user_id, (b.created_at AT TIME ZONE 'UTC')::date
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
        d.day::date AS day,
        coalesce(sum(c.bettors), 0)::bigint AS bettors,
        (sum(coalesce(sum(c.weekly), 0)) OVER (ORDER BY d.day))::bigint AS weekly_bettors,
        (sum(coalesce(sum(c.monthly), 0)) OVER (ORDER BY d.day))::bigint AS monthly_bettors,
        coalesce(sum(c.bets), 0)::bigint AS bets,
        coalesce(sum(c.wagered), 0)::bigint AS wagered
    FROM generate_series(:first_day::timestamp - interval '29 days', :last_day::timestamp, interval '1 day') AS d (day)
    LEFT JOIN changes AS c ON d.day = c.day
    GROUP BY d.day
)

INSERT INTO betting.daily_totals (day, bettors, weekly_bettors, monthly_bettors, bets, wagered)
SELECT c.day, c.bettors, c.weekly_bettors, c.monthly_bettors, c.bets, c.wagered
FROM counted AS c
WHERE c.day >= :first_day::date
