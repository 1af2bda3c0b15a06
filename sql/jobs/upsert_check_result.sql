-- What a check found; :first_violations are the keys of the first rows that break it. Of two evaluations at
-- once the later one counts.
INSERT INTO operations.check_results AS r (
    table_name, check_name, known_since, evaluated_at, since, has_passed, violations_count, first_violations
)
VALUES (:table, :name, :now, :now, :now, :violations_count::bigint = 0, :violations_count, :first_violations::jsonb)
ON CONFLICT (table_name, check_name) DO UPDATE SET
    evaluated_at = excluded.evaluated_at,
    since = CASE WHEN r.has_passed = excluded.has_passed THEN r.since ELSE excluded.since END,
    has_passed = excluded.has_passed,
    violations_count = excluded.violations_count,
    first_violations = excluded.first_violations
WHERE r.evaluated_at IS NULL OR r.evaluated_at <= excluded.evaluated_at
