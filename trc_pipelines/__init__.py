"""Community engagement pipelines: Discord XP becomes points, streaks and leaderboards."""
