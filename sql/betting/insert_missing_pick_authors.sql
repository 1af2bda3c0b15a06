-- Who made the picks that settled bets follow, those settled from :since or, when :is_whole, all: where that was said after the settlement.
INSERT INTO betting.pick_authors (post_id, user_id)
SELECT DISTINCT p.id, p.user_id
FROM betting.bets AS b
INNER JOIN betting.posts AS p ON b.original_pick_id = p.id
WHERE
    b.original_pick_id IS NOT NULL AND b.status <> 'pending'
    AND (:is_whole OR b.settled_at >= :since)
    AND NOT EXISTS (
        SELECT 1 FROM betting.pick_authors AS a
        WHERE a.post_id = b.original_pick_id
    )
ON CONFLICT (post_id) DO NOTHING
