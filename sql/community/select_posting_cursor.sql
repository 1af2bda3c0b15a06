-- How far the app's awards were looked at, and when all of them last were.
SELECT c.last_at, c.last_id, c.swept_on
FROM community.posting_cursors AS c
WHERE c.source = 'point_transactions'
