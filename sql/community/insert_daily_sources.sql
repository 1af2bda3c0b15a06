-- Where the points of :days come from.
INSERT INTO community.daily_sources (day, action, entries, points)
SELECT l.effective_on, l.action, count(*), sum(l.points)
FROM community.point_ledger AS l
WHERE l.effective_on = any(:days::date[])
GROUP BY l.effective_on, l.action
