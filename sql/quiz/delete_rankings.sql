-- Rows of :board that change, and those of players who left. They are deleted and inserted, not updated, so
-- that the rank can be unique without deferring the constraint.
-- Staged: staged_rankings(user_id)
WITH present AS (
    SELECT u.id FROM quiz.users AS u
    WHERE u.deleted_at IS NULL
)

DELETE FROM quiz.leaderboard_rankings AS r
WHERE
    r.board = :board
    AND (
        r.user_id IN (SELECT s.user_id FROM staged_rankings AS s)
        OR r.user_id NOT IN (SELECT p.id FROM present AS p)
    )
