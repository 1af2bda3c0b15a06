-- The first day on which a bet was placed that counts, up to :last_day; NULL when none was.
SELECT min(b.created_at AT TIME ZONE 'UTC')::date AS first_day
FROM betting.bets AS b
WHERE b.status <> 'cancelled' AND b.created_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
