-- A failed slot may be read again; one that was judged is left alone by the status trigger.
INSERT INTO community.mee6_syncs AS s (
    sync_id, synced_at, guild_id, status, requested_count, found_count, missing_count,
    pages, requests, duplicates, xp_rate, started_at, finished_at, error, run_id,
    whole_sync_id
)
VALUES (:sync_id, to_timestamp(:sync_id::bigint), :guild_id, :status, :requested_count, :found_count, :missing_count, :pages, :requests, :duplicates, :xp_rate, :started_at, :finished_at, :error, :run_id, :whole_sync_id)
ON CONFLICT (sync_id) DO UPDATE SET
    guild_id = excluded.guild_id,
    status = excluded.status,
    attempts = s.attempts + 1,
    requested_count = excluded.requested_count,
    found_count = excluded.found_count,
    missing_count = excluded.missing_count,
    pages = excluded.pages,
    requests = excluded.requests,
    duplicates = excluded.duplicates,
    xp_rate = excluded.xp_rate,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at,
    error = excluded.error,
    run_id = excluded.run_id,
    whole_sync_id = excluded.whole_sync_id
