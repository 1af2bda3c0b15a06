-- The days' boards are written again.
DELETE FROM community.ranking_pages
WHERE day BETWEEN :first_day AND :last_day
