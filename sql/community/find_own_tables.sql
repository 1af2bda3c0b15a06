-- Whether what the app writes stands here, in tables made for it. Of a view over its own tables nothing is removed.
SELECT m.relkind = 'r' AS has_members, t.relkind = 'r' AS has_awards
FROM pg_class AS m
CROSS JOIN pg_class AS t
WHERE m.oid = 'community.members'::regclass AND t.oid = 'community.point_transactions'::regclass
