"""Betting: content, bankrolls, settlement, badges, statistics, cleanup."""
