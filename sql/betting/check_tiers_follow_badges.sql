-- Users whose tier of effects is not that of the badges counted for it.
SELECT a.user_id, a.badges, a.tier
FROM betting.user_effect_access AS a
WHERE a.tier <> CASE WHEN a.badges >= 3 THEN 2 WHEN a.badges >= 1 THEN 1 ELSE 0 END
ORDER BY a.user_id
