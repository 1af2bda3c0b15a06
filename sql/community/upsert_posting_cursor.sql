-- $1: highest transaction id posted.
INSERT INTO community.posting_cursors AS c (source, last_id)
VALUES ('point_transactions', $1)
ON CONFLICT (source) DO UPDATE SET last_id = greatest(c.last_id, excluded.last_id)
