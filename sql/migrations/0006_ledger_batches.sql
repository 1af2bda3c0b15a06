-- The ledger keeps a chain of digests: whoever edits an old entry, with whatever rights, breaks it.

-- An entry is as old as its insertion, not as the transaction that waited for the lock.
ALTER TABLE community.point_ledger ALTER COLUMN recorded_at SET DEFAULT statement_timestamp();

CREATE TABLE community.ledger_batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_batches_pkey PRIMARY KEY,
    first_entry_id bigint NOT NULL,
    last_entry_id bigint NOT NULL,
    entries bigint NOT NULL CONSTRAINT ledger_batches_entries_check CHECK (entries > 0),
    digest text NOT NULL CONSTRAINT ledger_batches_digest_key UNIQUE,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
COMMENT ON TABLE community.ledger_batches IS 'One row per insertion into the ledger: a digest of its entries and of the batch before. Append-only.';
COMMENT ON COLUMN community.ledger_batches.batch_id IS 'Key, in the order of recording.';
COMMENT ON COLUMN community.ledger_batches.first_entry_id IS 'First entry of the batch.';
COMMENT ON COLUMN community.ledger_batches.last_entry_id IS 'Last entry of the batch; no other batch has entries between the two.';
COMMENT ON COLUMN community.ledger_batches.entries IS 'How many entries.';
COMMENT ON COLUMN community.ledger_batches.digest IS 'SHA-256 over the digest of the batch before and the digests of the entries.';
COMMENT ON COLUMN community.ledger_batches.recorded_at IS 'When.';

-- STABLE, as what it calls is: only so is it inlined, which halves its cost.
CREATE FUNCTION community.digest_entry(
    entry_id bigint, member_id text, action text, points bigint, effective_at timestamptz, source_key text
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    convert_to(
        -- With lengths: "a|b" and "c" must not read as "a" and "b|c".
        concat_ws(
            '|', entry_id, length(member_id), member_id, length(action), action,
            points, extract(EPOCH FROM effective_at), source_key
        ), 'UTF8'
    )
);
COMMENT ON FUNCTION community.digest_entry(bigint, text, text, bigint, timestamptz, text) IS 'Digest of what an entry says.';

CREATE FUNCTION community.chain_digest(previous text, entries bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(sha256(convert_to(coalesce(previous, ''), 'UTF8') || entries), 'hex');
COMMENT ON FUNCTION community.chain_digest(text, bytea) IS 'Digest of a batch: of the one before, and of its entries'' digests in order.';

-- What is there already becomes batches of at most a hundred thousand entries.
DO $$
DECLARE
    low bigint := 0;
    high bigint;
BEGIN
    LOOP
        SELECT max(e.entry_id) INTO high
        FROM (SELECT l.entry_id FROM community.point_ledger AS l WHERE l.entry_id > low ORDER BY l.entry_id LIMIT 100000) AS e;
        EXIT WHEN high IS NULL;
        INSERT INTO community.ledger_batches (first_entry_id, last_entry_id, entries, digest)
        SELECT
            min(l.entry_id), high, count(*),
            community.chain_digest(
                (SELECT b.digest FROM community.ledger_batches AS b ORDER BY b.batch_id DESC LIMIT 1),
                string_agg(
                    community.digest_entry(l.entry_id, l.member_id, l.action, l.points, l.effective_at, l.source_key),
                    ''::bytea ORDER BY l.entry_id
                )
            )
        FROM community.point_ledger AS l
        WHERE l.entry_id > low AND l.entry_id <= high;
        low := high;
    END LOOP;
END
$$;

CREATE FUNCTION community.lock_ledger() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('community.point_ledger', 0));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.lock_ledger() IS 'Statement trigger: one writer at a time, the lock of the posting step, so that batches follow each other.';
CREATE TRIGGER point_ledger_locked BEFORE INSERT ON community.point_ledger
FOR EACH STATEMENT EXECUTE FUNCTION community.lock_ledger();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_locked;

CREATE FUNCTION community.chain_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO community.ledger_batches (first_entry_id, last_entry_id, entries, digest)
    SELECT
        min(i.entry_id), max(i.entry_id), count(*),
        community.chain_digest(
            (SELECT b.digest FROM community.ledger_batches AS b ORDER BY b.batch_id DESC LIMIT 1),
            string_agg(
                community.digest_entry(i.entry_id, i.member_id, i.action, i.points, i.effective_at, i.source_key),
                ''::bytea ORDER BY i.entry_id
            )
        )
    FROM inserted AS i
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.chain_entries() IS 'Statement trigger of the ledger: adds a batch to the chain of digests.';
CREATE TRIGGER point_ledger_chained AFTER INSERT ON community.point_ledger
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION community.chain_entries();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_chained;

CREATE TRIGGER ledger_batches_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON community.ledger_batches
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.ledger_batches ENABLE ALWAYS TRIGGER ledger_batches_append_only;
