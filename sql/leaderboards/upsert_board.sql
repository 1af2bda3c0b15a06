-- A board as it stands now. An earlier day's does not replace a later one's, and an unchanged one nothing.
-- Movement counts from the day before: so a version is the board's and, after the slash, that of its day
-- before as far as it is known, and changes with either. :period_start is NULL for a board without an end.
INSERT INTO leaderboards.boards AS b (domain, board, day, period_start, members, version)
VALUES (:domain, :board, :day, :period_start, :members, :version || '/')
ON CONFLICT (domain, board) DO UPDATE SET
    day = greatest(b.day, excluded.day),
    period_start = excluded.period_start,
    members = CASE WHEN excluded.day < b.day THEN b.members ELSE excluded.members END,
    version = CASE excluded.day - b.day
        WHEN -1 THEN split_part(b.version, '/', 1) || '/' || :version
        WHEN 0 THEN excluded.version || split_part(b.version, '/', 2)
        WHEN 1
            THEN
                excluded.version
                || CASE WHEN excluded.period_start IS NOT DISTINCT FROM b.period_start THEN split_part(b.version, '/', 1) ELSE '' END
        ELSE excluded.version
    END,
    computed_at = excluded.computed_at
WHERE CASE
    WHEN excluded.day >= b.day THEN split_part(b.version, '/', 1) <> :version
    WHEN excluded.day = b.day - 1 AND excluded.period_start IS NOT DISTINCT FROM b.period_start
        THEN split_part(b.version, '/', 2) <> :version
    ELSE FALSE
END
