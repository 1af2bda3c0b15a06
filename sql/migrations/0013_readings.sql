-- What is read of MEE6: who was not looked for in a reading, who is worth the whole board, who was unlinked.

ALTER TABLE community.mee6_leaderboard_snapshot ALTER COLUMN is_present DROP NOT NULL;
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.is_present IS 'On the board; FALSE: not on it, its end was seen; NULL: not confirmed either way in this reading, what was known stands.';
COMMENT ON COLUMN community.mee6_syncs.missing_count IS 'Linked members not on the board, its end was seen. Requested, neither found nor missing: not confirmed.';

CREATE TABLE community.missing_accounts (
    discord_id bigint CONSTRAINT missing_accounts_pkey PRIMARY KEY,
    searched_sync_id bigint NOT NULL
);
COMMENT ON TABLE community.missing_accounts IS 'One row per linked account that was looked for in vain: the whole board is not read for it again for some hours.';
COMMENT ON COLUMN community.missing_accounts.discord_id IS 'Discord account.';
COMMENT ON COLUMN community.missing_accounts.searched_sync_id IS 'The last accepted sync that looked for it to the end of the board, or of its time.';

ALTER TABLE community.xp_deltas
DROP CONSTRAINT xp_deltas_kind_check,
ADD CONSTRAINT xp_deltas_kind_check CHECK (kind IN ('baseline', 'absent', 'joined', 'change', 'unlinked')),
DROP CONSTRAINT xp_deltas_baseline_check,
ADD CONSTRAINT xp_deltas_baseline_check CHECK (kind NOT IN ('baseline', 'absent', 'unlinked') OR xp_delta IS NULL),
DROP CONSTRAINT xp_deltas_present_check,
ADD CONSTRAINT xp_deltas_present_check CHECK ((kind IN ('absent', 'unlinked')) = (xp_total IS NULL));
COMMENT ON COLUMN community.xp_deltas.kind IS 'baseline: first figure, nothing awarded; absent: off the board; joined: first seen after an absence; change: of XP or presence; unlinked: counting ends.';
COMMENT ON COLUMN community.xp_deltas.xp_total IS 'XP on the board; NULL when absent or unlinked.';
COMMENT ON COLUMN community.xp_states.is_never_present IS 'Whether the account was linked all along and has never been on the board, whoever it was linked to.';

CREATE OR REPLACE VIEW community.discord_activity AS
SELECT
    r.member_id,
    r.discord_id,
    s.sync_id,
    s.synced_at,
    'MESSAGE' AS activity_type,
    r.is_present,
    CASE WHEN d.sync_id IS NULL AND r.is_present AND s.deltas_at IS NOT NULL THEN 0 ELSE d.xp_delta END AS xp_delta,
    CASE WHEN r.is_present IS NOT NULL THEN r.xp END AS xp_total,
    r.level,
    r.message_count
FROM community.mee6_leaderboard_snapshot AS r
INNER JOIN community.mee6_syncs AS s ON r.sync_id = s.sync_id AND s.status = 'accepted'
LEFT JOIN community.xp_deltas AS d ON r.sync_id = d.sync_id AND r.discord_id = d.discord_id;
