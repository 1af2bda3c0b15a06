-- The moment that was recorded for a domain; none before it was decided.
SELECT c.cut_over_at
FROM operations.cut_overs AS c
WHERE c.domain = :domain
