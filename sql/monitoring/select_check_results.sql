-- What every check found when it was last evaluated. No parameters.
SELECT
    r.table_name,
    r.check_name,
    coalesce(r.evaluated_at, r.known_since) AS checked_at,
    r.evaluated_at,
    r.since,
    r.has_passed,
    r.violations_count,
    r.first_violations::text AS first_violations
FROM operations.check_results AS r
ORDER BY r.table_name, r.check_name
