-- Functions in views are called as whoever reads the view, also where its tables are read as its owner.
SELECT DISTINCT
    r.ev_class::bigint AS view_id,
    p.oid::regprocedure::text AS signature,
    pg_get_userbyid(p.proowner)::text AS owner
FROM pg_rewrite AS r
INNER JOIN pg_depend AS d
    ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid AND d.refclassid = 'pg_catalog.pg_proc'::regclass
INNER JOIN pg_proc AS p ON d.refobjid = p.oid
WHERE NOT has_function_privilege(p.oid, 'EXECUTE')
