-- Quarantined syncs wait for a person, whose decision and reason are kept.

ALTER TABLE community.mee6_syncs
ADD COLUMN is_rebaseline boolean NOT NULL DEFAULT FALSE,
ADD COLUMN reviewed_at timestamptz,
ADD COLUMN reviewed_by text,
ADD COLUMN review_reason text,
DROP CONSTRAINT mee6_syncs_status_check,
ADD CONSTRAINT mee6_syncs_status_check
CHECK (status IN ('failed', 'staged', 'quarantined', 'accepted', 'discarded')),
ADD CONSTRAINT mee6_syncs_review_check
CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (review_reason IS NULL)),
ADD CONSTRAINT mee6_syncs_reason_check CHECK (review_reason ~ '\S'),
ADD CONSTRAINT mee6_syncs_rebaseline_check
CHECK (NOT is_rebaseline OR (status = 'accepted' AND reviewed_at IS NOT NULL));
COMMENT ON COLUMN community.mee6_syncs.status IS 'failed, staged (written, not judged), quarantined (waits for a person), accepted or discarded. Only accepted syncs feed anything.';
COMMENT ON COLUMN community.mee6_syncs.is_rebaseline IS 'Accepted as a new beginning: its figures are baselines, no points either way.';
COMMENT ON COLUMN community.mee6_syncs.reviewed_at IS 'When a person decided about it.';
COMMENT ON COLUMN community.mee6_syncs.reviewed_by IS 'By which way: cli or ui.';
COMMENT ON COLUMN community.mee6_syncs.review_reason IS 'Why, in that person''s words.';

CREATE OR REPLACE FUNCTION community.guard_sync_status() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (old.status, new.status) NOT IN (
        ('failed', 'failed'), ('failed', 'staged'),
        ('staged', 'quarantined'), ('staged', 'accepted'),
        ('quarantined', 'accepted'), ('quarantined', 'discarded'), ('accepted', 'accepted')
    ) THEN
        RAISE EXCEPTION 'sync % cannot go from % to %', old.sync_id, old.status, new.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF old.status = 'quarantined' AND new.review_reason IS NULL THEN
        RAISE EXCEPTION 'sync % leaves quarantine only with a reason', old.sync_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF old.status = 'accepted' AND (new.is_rebaseline, new.review_reason) IS DISTINCT FROM (old.is_rebaseline, old.review_reason) THEN
        RAISE EXCEPTION 'sync % was decided before', old.sync_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF new.status = 'accepted' AND old.status <> 'accepted' AND EXISTS (
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted' AND s.sync_id > new.sync_id
    ) THEN
        RAISE EXCEPTION 'sync % cannot be accepted: a newer one has been', new.sync_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
