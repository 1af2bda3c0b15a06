-- Tables of :schemas, the largest first: rows as the planner knows them, bytes with indexes, and by how many rows a day
-- they grew since the server counts. Partitions are one table.
WITH counted AS (
    SELECT
        greatest(
            extract(
                EPOCH FROM clock_timestamp() - coalesce(
                    (
                        SELECT d.stats_reset FROM pg_stat_database AS d
                        WHERE d.datname = current_database()
                    ),
                    (SELECT min(j.first_seen_at) FROM operations.jobs AS j)
                )
            )::double precision / 86400,
            1
        ) AS days
)

SELECT
    coalesce(pg_partition_root(s.relid), s.relid)::regclass::text AS relation,
    sum(greatest(c.reltuples, 0))::bigint AS rows,
    sum(pg_total_relation_size(s.relid))::bigint AS bytes,
    sum(s.n_tup_ins - s.n_tup_del)::double precision / min(t.days) AS rows_a_day
FROM pg_stat_user_tables AS s
INNER JOIN pg_class AS c ON s.relid = c.oid
CROSS JOIN counted AS t
WHERE s.schemaname = any(:schemas::text[])
GROUP BY coalesce(pg_partition_root(s.relid), s.relid)
HAVING sum(pg_total_relation_size(s.relid)) > 0
ORDER BY bytes DESC, relation ASC
