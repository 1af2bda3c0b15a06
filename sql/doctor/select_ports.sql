-- The functions through which jobs write, with what they do and as whom.
SELECT
    n.nspname || '.' || p.proname AS port,
    p.prosrc AS body,
    CASE WHEN p.prosecdef THEN pg_get_userbyid(p.proowner)::text ELSE coalesce(r.rolname::text, current_user::text) END AS acts_as
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
LEFT JOIN pg_roles AS r ON 'role=' || r.rolname = any(p.proconfig)
WHERE n.nspname || '.' || p.proname IN (SELECT json_array_elements_text(:ports::json))
