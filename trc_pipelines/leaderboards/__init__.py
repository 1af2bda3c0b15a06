"""Boards of any domain: periods and ranking. Knows frames and dates, no domain and no tables."""
