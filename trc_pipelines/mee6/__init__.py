"""The MEE6 leaderboard API: one client and the shapes it returns.

What a reading means for points, and whether to believe it, is decided by the community domain.
"""
