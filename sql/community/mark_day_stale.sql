-- XP of this UTC day has arrived: what is built on it must be built again.
SELECT community.mark_days_stale(ARRAY[:day::date])::text AS marked
