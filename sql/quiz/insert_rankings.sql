-- $1: board, $2: logical time.
INSERT INTO quiz.leaderboard_rankings (board, user_id, rank, score, reached_at, ranked_at)
SELECT $1, s.user_id::uuid, s.rank, s.score, s.reached_at, $2
FROM staged_rankings AS s
