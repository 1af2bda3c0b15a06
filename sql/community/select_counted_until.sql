-- The last day whose growth was counted; NULL before the first.
SELECT max(g.day) AS day FROM community.daily_growth AS g
