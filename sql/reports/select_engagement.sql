-- The page of a day, if it is kept.
SELECT r.html, r.as_of FROM reports.engagement AS r
WHERE r.day = :day
