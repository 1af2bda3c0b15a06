-- All days are counted again: what came late, or was cancelled, belongs to one of them.
DELETE FROM betting.daily_totals
