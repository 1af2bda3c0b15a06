-- Figures of the days from :first_day to :last_day that were computed.
SELECT
    c.day,
    c.active_members,
    c.points,
    c.xp_gained,
    c.member_days AS rows
FROM community.counted_days AS c
WHERE c.day BETWEEN :first_day AND :last_day
