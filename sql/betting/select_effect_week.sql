-- The newest week for which badges were calculated or effects unlocked; NULL before the first.
SELECT
    greatest(
        (SELECT max(a.week_start) FROM betting.user_effect_access AS a),
        (SELECT max(u.week_start) FROM betting.user_badges AS u)
    ) AS week_start
