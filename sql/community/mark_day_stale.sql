-- $1: UTC day of which XP has arrived.
SELECT community.mark_days_stale(ARRAY[$1::date])::text AS marked
