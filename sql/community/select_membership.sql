-- Whose community.members is, and whether anybody is linked. A table is ours, a view is an app's.
SELECT
    c.relkind = 'r' AS is_ours,
    pg_get_userbyid(c.relowner)::text AS owner_name,
    (
        SELECT string_agg(DISTINCT d.refobjid::regclass::text, ', ')
        FROM pg_rewrite AS r
        INNER JOIN pg_depend AS d
            ON
                r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
        WHERE r.ev_class = c.oid
    ) AS read_from,
    exists(
        SELECT 1 FROM community.members AS m
        WHERE m.discord_id IS NOT NULL
    ) AS is_anybody_linked
FROM pg_class AS c
WHERE c.oid = 'community.members'::regclass
