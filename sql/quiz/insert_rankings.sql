-- Rows of a board that changed; the old ones are deleted already.
INSERT INTO quiz.leaderboard_rankings (board, user_id, rank, score, reached_at, ranked_at)
SELECT :board, s.user_id::uuid, s.rank, s.score, s.reached_at, :as_of
FROM staged_rankings AS s
