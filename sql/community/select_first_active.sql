-- Who was active for the first time on days from :first_day to :last_day.
SELECT a.member_id, a.first_active_on AS day
FROM community.member_activity AS a
WHERE a.first_active_on BETWEEN :first_day AND :last_day
