"""The quiz domain: lives, streaks with protections, sessions, boards of XP."""
