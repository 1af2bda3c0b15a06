-- Lines of a file that cannot become members beside those there are: the account is another member's already, or
-- two lines are one member, one by its id, one by its account.
-- Staged: staged_members(line, member_id, discord_id)
WITH removed AS (
    SELECT DISTINCT ON (r.discord_id) r.discord_id, r.member_id
    FROM community.removed_members AS r
    ORDER BY r.discord_id ASC, r.removed_at DESC
),

resolved AS (
    SELECT
        s.line,
        coalesce(s.member_id, l.member_id, r.member_id) AS member_id,
        CASE WHEN s.member_id <> l.member_id THEN l.member_id END AS linked_to
    FROM staged_members AS s
    LEFT JOIN community.members AS l ON s.discord_id = l.discord_id
    LEFT JOIN removed AS r ON s.discord_id = r.discord_id
),

counted AS (
    SELECT
        r.line,
        r.member_id,
        r.linked_to,
        min(r.line) OVER (PARTITION BY r.member_id) AS first_line
    FROM resolved AS r
)

SELECT
    c.line,
    c.linked_to,
    c.first_line
FROM counted AS c
WHERE c.linked_to IS NOT NULL OR (c.member_id IS NOT NULL AND c.line <> c.first_line)
ORDER BY c.line
