-- What statistics are made of now; who has no settled bets any more, and others have none on their picks, goes.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
WITH gone AS (
    DELETE FROM betting.stats_sources AS k
    USING staged_users AS s
    WHERE k.user_id = s.user_id AND s.folded_digest = 0 AND s.open_digest = 0
)

INSERT INTO betting.stats_sources AS k (user_id, folded_digest, open_digest)
SELECT s.user_id, s.folded_digest, s.open_digest
FROM staged_users AS s
WHERE s.folded_digest <> 0 OR s.open_digest <> 0
ON CONFLICT (user_id) DO UPDATE
    SET folded_digest = excluded.folded_digest, open_digest = excluded.open_digest
    WHERE (k.folded_digest, k.open_digest) <> (excluded.folded_digest, excluded.open_digest)
