-- How many players have how much XP.
SELECT
    CASE
        WHEN x.xp_to IS NULL THEN x.xp_from || '+'
        WHEN x.xp_from = x.xp_to THEN x.xp_from::text
        ELSE x.xp_from || '–' || x.xp_to
    END AS xp,
    x.players
FROM quiz.xp_distribution AS x
ORDER BY x.xp_from
