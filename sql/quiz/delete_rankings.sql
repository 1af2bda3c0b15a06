-- Rows of :board that change, and those of :gone, players who had left when it was read: who leaves only now is
-- ranked among the others, who would not close up. They are deleted and inserted, not updated, so that the rank
-- can be unique without deferring the constraint.
-- Staged: staged_rankings(user_id)
DELETE FROM quiz.leaderboard_rankings AS r
WHERE
    r.board = :board
    AND (r.user_id IN (SELECT s.user_id FROM staged_rankings AS s) OR r.user_id = any(:gone::text[]))
