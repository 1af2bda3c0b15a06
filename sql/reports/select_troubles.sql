-- What needs a look: open incidents, and checks that do not hold and are none yet. No parameters.
SELECT 'incident' AS part, i.subject || ' ' || i.kind AS what, i.message, i.opened_at AS since
FROM operations.incidents AS i
WHERE i.closed_at IS NULL
UNION ALL
SELECT
    'check', c.table_name || ' ' || replace(c.check_name, '_', ' ') || ' does not hold',
    'To see which rows, and whether it holds again: trc verify', c.since
FROM operations.check_results AS c
WHERE
    c.has_passed IS FALSE
    AND NOT EXISTS (
        SELECT 1 FROM operations.incidents AS i
        WHERE i.closed_at IS NULL AND i.subject = c.table_name || '.' || c.check_name
    )
ORDER BY part DESC, since ASC, what ASC
