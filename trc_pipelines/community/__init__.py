"""The community domain: Discord XP becomes points, streaks and leaderboards."""
