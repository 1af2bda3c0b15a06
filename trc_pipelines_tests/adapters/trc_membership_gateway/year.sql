-- A year of the gateway, from 2025-03-03 (a Monday) up to and including 2026-03-01, the same whenever it is made.
-- Chances are digests of what they are about, in percent.

CREATE FUNCTION pg_temp.chance(about text, of bigint DEFAULT 100) RETURNS bigint LANGUAGE sql AS
'SELECT (hashtextextended(about, 7) & 9007199254740991) % of';
CREATE FUNCTION pg_temp.cuid(about text) RETURNS text LANGUAGE sql AS $$SELECT 'c' || substr(md5(about), 1, 24)$$;

INSERT INTO "PointConfig" (id, action, points, label, "updatedAt")
SELECT pg_temp.cuid(c.action), c.action, c.points, initcap(c.action), '2025-03-01'
FROM (
    VALUES ('discord_activity', 1), ('benchmark_submission', 50), ('resource_download', 5), ('intro_completed', 25)
) AS c (action, points);

INSERT INTO "Member" (
    id, "discordId", "discordUsername", email, "subscriptionStatus", "leaderboardVisible", "createdAt", "updatedAt"
)
SELECT
    pg_temp.cuid('m' || n),
    CASE
        WHEN n <= 40 THEN (1000000000000000000 + n * 7919)::text
        ELSE (ARRAY[
            '', 'not linked', '12345678901234567890123', '1000000000000007919', ' 1000000000000039595', '0042', '9999999999999999999',
            '-5', '1e18', '١٢٣'
        ])[n - 40]
    END,
    'nick ' || n,
    n || '@example.org',
    (
        CASE WHEN n % 9 < 6 THEN 'ACTIVE' ELSE (ARRAY['TRIALING', 'PAST_DUE', 'CANCELLED', 'NONE'])[1 + n % 4] END
    )::"SubscriptionStatus",
    n % 11 > 0,
    '2025-03-01',
    '2025-03-01'
FROM generate_series(1, 60) AS n;

-- On a working day a member is there with a chance of their own, on a weekend less often.
CREATE TEMPORARY TABLE visits AS
SELECT n, d::date AS day
FROM generate_series(1, 60) AS n
CROSS JOIN generate_series('2025-03-03'::timestamp, '2026-03-01'::timestamp, '1 day') AS d
WHERE
    pg_temp.chance('is there' || n || d::date)
    < 40 + pg_temp.chance('how often' || n, 60) - CASE WHEN extract(ISODOW FROM d) > 5 THEN 30 ELSE 0 END;

INSERT INTO "PointTransaction" (id, "memberId", action, points, metadata, "createdAt")
SELECT
    pg_temp.cuid(concat(a.action, v.n, v.day, a.time_ms)),
    pg_temp.cuid('m' || v.n),
    a.action,
    a.points,
    CASE a.action WHEN 'discord_activity' THEN jsonb_build_object('xpDelta', a.points * 100) END,
    v.day + a.time_ms * interval '1 millisecond'
FROM visits AS v
CROSS JOIN LATERAL (
    SELECT
        'discord_activity' AS action,
        1 + pg_temp.chance('points' || v.n || v.day || k, 12) AS points,
        pg_temp.chance('when' || v.n || v.day || k, 86400000) AS time_ms
    FROM generate_series(1, 1 + pg_temp.chance('how many' || v.n || v.day, 3)) AS k
    UNION ALL
    SELECT 'resource_download', 5, pg_temp.chance('download at' || v.n || v.day, 86400000)
    WHERE pg_temp.chance('download' || v.n || v.day) < 20
    UNION ALL
    -- As the day begins, and as it ends.
    SELECT 'benchmark_submission', 50, CASE WHEN v.n % 2 = 0 THEN 0 ELSE 86399999 END
    WHERE pg_temp.chance('benchmark' || v.n || v.day) < 2
) AS a;

-- Adjustments are no activity: they fall on any day, and many are deductions.
INSERT INTO "PointTransaction" (id, "memberId", action, points, "createdAt")
SELECT
    pg_temp.cuid(concat('adjustment', n, d)),
    pg_temp.cuid('m' || n),
    'admin_adjustment',
    pg_temp.chance('by' || n || d, 101) - 50,
    d + interval '11 hours'
FROM generate_series(1, 60) AS n
CROSS JOIN generate_series('2025-03-03'::timestamp, '2026-03-01'::timestamp, '1 day') AS d
WHERE pg_temp.chance('adjusted' || n || d) < 1;

INSERT INTO "PointTransaction" (id, "memberId", action, points, "createdAt")
SELECT pg_temp.cuid('intro' || n), pg_temp.cuid('m' || n), 'intro_completed', 25, '2025-03-04 10:00'
FROM generate_series(1, 60, 2) AS n;
