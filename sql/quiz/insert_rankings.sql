-- Rows of a board that changed; the old ones are deleted already.
-- Staged: staged_rankings(user_id, rank, score, reached_at)
INSERT INTO quiz.leaderboard_rankings (board, user_id, rank, score, reached_at, ranked_at)
SELECT :board, s.user_id, s.rank, s.score, s.reached_at, :as_of
FROM staged_rankings AS s
