-- $1: day.
DELETE FROM community.leaderboard_rankings
WHERE day = $1
