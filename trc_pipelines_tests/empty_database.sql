-- Every table without the rows that a test wrote, and numbers from the beginning. Those in which the
-- migrations wrote rows (trc.seeded) stay as they are. Append-only tables have to be told that they may.
DO $$
DECLARE
    filled regclass[] := ARRAY(
        SELECT c.oid
        FROM pg_class AS c
        WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND pg_relation_size(c.oid) > 0
            AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
            AND c.oid::regclass::text <> ALL (current_setting('trc.seeded')::text[])
    );
    guards text[] := ARRAY(
        SELECT format('ALTER TABLE %s %%s TRIGGER %I', t.tgrelid::regclass, t.tgname)
        FROM pg_trigger AS t
        WHERE t.tgrelid = ANY (filled) AND t.tgenabled = 'A' AND t.tgtype & 32 <> 0
    );
    guard text;
BEGIN
    IF filled <> '{}' THEN
        FOREACH guard IN ARRAY guards LOOP
            EXECUTE format(guard, 'DISABLE');
        END LOOP;
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ');
        FOREACH guard IN ARRAY guards LOOP
            EXECUTE format(guard, 'ENABLE ALWAYS');
        END LOOP;
    END IF;
    PERFORM setval(s.seqrelid, s.seqstart, FALSE)
    FROM pg_sequence AS s
    WHERE pg_sequence_last_value(s.seqrelid) IS NOT NULL;
END
$$
