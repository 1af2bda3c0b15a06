-- What a closed week is remembered for, from its archive: most points, biggest gains on the week before, longest streaks. Names of members who agree to be shown, now.
WITH shown AS (
    SELECT m.member_id, operations.shown_name(m.discord_username) AS name
    FROM community.members AS m
    WHERE m.leaderboard_visible AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.discord_username ~ '\S'
),

winners AS (
    SELECT a.rank, a.member_id, a.score
    FROM community.leaderboard_archive AS a
    WHERE a.board = 'weekly' AND a.period_start = :week_start::date
),

before AS (
    SELECT a.member_id, a.score
    FROM community.leaderboard_archive AS a
    WHERE a.board = 'weekly' AND a.period_start = :week_start::date - 7
),

figures AS (
    SELECT 'winners' AS part, w.member_id, w.score AS figure, w.rank AS tie
    FROM winners AS w
    UNION ALL
    SELECT 'gainers', w.member_id, w.score - coalesce(b.score, 0), w.rank
    FROM winners AS w
    LEFT JOIN before AS b ON w.member_id = b.member_id
    WHERE EXISTS (SELECT 1 FROM before)
    UNION ALL
    SELECT 'streaks', s.member_id, s.current_streak, s.longest_streak
    FROM community.daily_streaks AS s
    WHERE s.day = :week_start::date + 6
),

placed AS (
    SELECT
        f.part,
        row_number() OVER (PARTITION BY f.part ORDER BY f.figure DESC, f.tie ASC, f.member_id ASC) AS place,
        s.member_id,
        s.name,
        f.figure
    FROM figures AS f
    INNER JOIN shown AS s ON f.member_id = s.member_id
    WHERE f.figure > 0
)

SELECT p.part, p.place, p.member_id, p.name, p.figure
FROM placed AS p
WHERE p.place <= 5
ORDER BY p.part, p.place
