-- A board as it stands now; an earlier day's does not replace a later one's, and an unchanged one nothing.
-- $1: domain, $2: board, $3: day, $4: first day of its period, $5: members, $6: version.
INSERT INTO leaderboards.boards AS b (domain, board, day, period_start, members, version)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (domain, board) DO UPDATE SET
    day = excluded.day,
    period_start = excluded.period_start,
    members = excluded.members,
    version = excluded.version,
    computed_at = excluded.computed_at
WHERE excluded.day >= b.day AND excluded.version <> b.version
