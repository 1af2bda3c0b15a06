-- The day's boards are written anew.
DELETE FROM community.leaderboard_rankings
WHERE day = :day
