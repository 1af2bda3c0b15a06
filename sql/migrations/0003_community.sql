-- The community domain: Discord XP becomes points, streaks and leaderboards.

CREATE SCHEMA IF NOT EXISTS community;
COMMENT ON SCHEMA community IS 'Discord XP, points, streaks and leaderboards of the community.';

INSERT INTO operations.app_relations (schema_name, relation_name) VALUES
('community', 'members'), ('community', 'point_actions'), ('community', 'point_transactions');

-- What earns points, where the table is ours.
DO $$
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'community.point_actions'::regclass) = 'r' THEN
        INSERT INTO community.point_actions (action, points) VALUES
        ('discord_activity', 1),
        ('benchmark_submission', 50),
        ('resource_download', 5),
        ('intro_completed', 25),
        ('admin_adjustment', 0)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- Who is who. What is kept for good refers to accounts and says nothing of whose they are.

CREATE TABLE community.accounts (
    account_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT accounts_pkey PRIMARY KEY,
    member_id text COLLATE "C" NOT NULL,
    discord_id bigint,
    erased_at timestamptz,
    CONSTRAINT accounts_erased_check CHECK (erased_at IS NULL OR discord_id IS NULL)
);
CREATE UNIQUE INDEX accounts_identity_idx ON community.accounts (member_id, discord_id)
NULLS NOT DISTINCT WHERE erased_at IS NULL;
COMMENT ON TABLE community.accounts IS 'One row per member, and one per member and Discord account that was linked to them. The only one that says whose facts are: emptied when a person is erased.';
COMMENT ON COLUMN community.accounts.account_id IS 'Key of ours; entries, deltas and archived ranks refer to it.';
COMMENT ON COLUMN community.accounts.member_id IS 'The member, by the app''s key; erased-<n> of who was erased, n being their first account.';
COMMENT ON COLUMN community.accounts.discord_id IS 'The Discord account whose XP counts; NULL for what a member has otherwise, and of who was erased; below 0 for one that has passed to somebody who was erased.';
COMMENT ON COLUMN community.accounts.erased_at IS 'When the person was erased.';

CREATE TABLE community.erasures (
    erasure_id uuid CONSTRAINT erasures_pkey PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    reason text NOT NULL CONSTRAINT erasures_reason_check CHECK (reason ~ '\S'),
    hash_key text NOT NULL,
    digests text[] NOT NULL
);
COMMENT ON TABLE community.erasures IS 'One row per person who was erased. Append-only; the same is in erasures.jsonl of TRC_HOME, for backups that are restored.';
COMMENT ON COLUMN community.erasures.erasure_id IS 'Key.';
COMMENT ON COLUMN community.erasures.erased_at IS 'When.';
COMMENT ON COLUMN community.erasures.reason IS 'Why; it names nobody.';
COMMENT ON COLUMN community.erasures.hash_key IS 'Key of the digests, in hexadecimal.';
COMMENT ON COLUMN community.erasures.digests IS 'Keyed digests of the member id and the Discord ids: who has one of them is never stored again.';

CREATE TABLE community.removed_members (
    member_id text COLLATE "C" CONSTRAINT removed_members_pkey PRIMARY KEY,
    discord_id bigint,
    removed_at timestamptz NOT NULL
);
COMMENT ON TABLE community.removed_members IS 'One row per member that trc members remove ended, where the table of members is ours.';
COMMENT ON COLUMN community.removed_members.member_id IS 'Whose points those in the ledger are.';
COMMENT ON COLUMN community.removed_members.discord_id IS 'Account that is not enrolled from the leaderboard again.';
COMMENT ON COLUMN community.removed_members.removed_at IS 'When.';

-- Readings of the MEE6 leaderboard.

CREATE TABLE community.mee6_syncs (
    sync_id bigint CONSTRAINT mee6_syncs_pkey PRIMARY KEY,
    synced_at timestamptz NOT NULL,
    guild_id bigint NOT NULL,
    status text NOT NULL CONSTRAINT mee6_syncs_status_check
    CHECK (status IN ('failed', 'staged', 'quarantined', 'accepted', 'discarded')),
    attempts integer NOT NULL DEFAULT 1,
    requested_count integer NOT NULL DEFAULT 0,
    found_count integer NOT NULL DEFAULT 0,
    missing_count integer NOT NULL DEFAULT 0,
    pages integer NOT NULL DEFAULT 0,
    requests integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    xp_rate double precision NOT NULL DEFAULT 1 CONSTRAINT mee6_syncs_xp_rate_check CHECK (xp_rate >= 0),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    error text,
    audit jsonb NOT NULL DEFAULT '{}',
    run_id text NOT NULL,
    is_rebaseline boolean NOT NULL DEFAULT FALSE,
    reviewed_at timestamptz,
    reviewed_by text,
    review_reason text,
    deltas_at timestamptz,
    posted_at timestamptz,
    whole_sync_id bigint,
    CONSTRAINT mee6_syncs_whole_check
    CHECK (whole_sync_id IS NULL OR (whole_sync_id < sync_id AND status IN ('staged', 'accepted'))),
    CONSTRAINT mee6_syncs_sync_id_check CHECK (sync_id = extract(EPOCH FROM synced_at)),
    CONSTRAINT mee6_syncs_review_check
    CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (review_reason IS NULL)),
    CONSTRAINT mee6_syncs_reason_check CHECK (review_reason ~ '\S'),
    CONSTRAINT mee6_syncs_rebaseline_check
    CHECK (NOT is_rebaseline OR (status = 'accepted' AND reviewed_at IS NOT NULL)),
    CONSTRAINT mee6_syncs_deltas_check CHECK (deltas_at IS NULL OR status = 'accepted'),
    CONSTRAINT mee6_syncs_posted_check CHECK (posted_at IS NULL OR deltas_at IS NOT NULL)
);
CREATE INDEX mee6_syncs_undelta_idx ON community.mee6_syncs (sync_id) WHERE status = 'accepted' AND deltas_at IS NULL;
CREATE INDEX mee6_syncs_unposted_idx ON community.mee6_syncs (sync_id) WHERE deltas_at IS NOT NULL AND posted_at IS NULL;
CREATE INDEX mee6_syncs_accepted_idx ON community.mee6_syncs (sync_id) WHERE status = 'accepted';
COMMENT ON TABLE community.mee6_syncs IS 'One row per reading of the MEE6 leaderboard, and how far it has travelled.';
COMMENT ON COLUMN community.mee6_syncs.sync_id IS 'Logical time as Unix seconds: the same slot is the same sync.';
COMMENT ON COLUMN community.mee6_syncs.synced_at IS 'Logical time. The sync covers activity after the previous one, up to and including this instant.';
COMMENT ON COLUMN community.mee6_syncs.guild_id IS 'Discord guild that was read.';
COMMENT ON COLUMN community.mee6_syncs.status IS 'failed, staged (written, not judged), quarantined (waits for a person), accepted or discarded. Only accepted syncs feed anything.';
COMMENT ON COLUMN community.mee6_syncs.attempts IS 'How often this slot was tried.';
COMMENT ON COLUMN community.mee6_syncs.requested_count IS 'Linked members looked for.';
COMMENT ON COLUMN community.mee6_syncs.found_count IS 'Linked members found on the board.';
COMMENT ON COLUMN community.mee6_syncs.missing_count IS 'Linked members not on the board, its end was seen. Requested, neither found nor missing: not confirmed.';
COMMENT ON COLUMN community.mee6_syncs.pages IS 'Pages of the board that were read.';
COMMENT ON COLUMN community.mee6_syncs.requests IS 'HTTP requests sent, retries included.';
COMMENT ON COLUMN community.mee6_syncs.duplicates IS 'Players seen twice because the board moved between pages.';
COMMENT ON COLUMN community.mee6_syncs.xp_rate IS 'XP multiplier set in the guild.';
COMMENT ON COLUMN community.mee6_syncs.started_at IS 'Wall-clock time of the first request.';
COMMENT ON COLUMN community.mee6_syncs.finished_at IS 'Wall-clock time after the last response.';
COMMENT ON COLUMN community.mee6_syncs.error IS 'Why it failed.';
COMMENT ON COLUMN community.mee6_syncs.audit IS 'Figures and findings of the audit.';
COMMENT ON COLUMN community.mee6_syncs.run_id IS 'Run that wrote it.';
COMMENT ON COLUMN community.mee6_syncs.is_rebaseline IS 'Accepted as a new beginning: its figures are baselines, no points either way.';
COMMENT ON COLUMN community.mee6_syncs.reviewed_at IS 'When a person decided about it.';
COMMENT ON COLUMN community.mee6_syncs.reviewed_by IS 'By which way: cli or ui.';
COMMENT ON COLUMN community.mee6_syncs.review_reason IS 'Why, in that person''s words.';
COMMENT ON COLUMN community.mee6_syncs.deltas_at IS 'When its XP deltas were written.';
COMMENT ON COLUMN community.mee6_syncs.posted_at IS 'When its points were posted to the ledger.';
COMMENT ON COLUMN community.mee6_syncs.whole_sync_id IS 'The whole reading that this one and the accepted ones between are kept as changes of; NULL: it is kept whole.';

CREATE TABLE community.mee6_blocks (
    blocked_at timestamptz CONSTRAINT mee6_blocks_pkey PRIMARY KEY,
    blocked_until timestamptz NOT NULL,
    CONSTRAINT mee6_blocks_order_check CHECK (blocked_until > blocked_at)
);
COMMENT ON TABLE community.mee6_blocks IS 'One row per rate limit (429) that outlasted a run. Syncs inside a block are skipped, since asking again prolongs it.';
COMMENT ON COLUMN community.mee6_blocks.blocked_at IS 'When the API refused.';
COMMENT ON COLUMN community.mee6_blocks.blocked_until IS 'No request is sent before this time.';

CREATE TABLE community.mee6_leaderboard_snapshot (
    sync_id bigint NOT NULL,
    discord_id bigint NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    xp bigint NOT NULL CONSTRAINT mee6_leaderboard_snapshot_xp_check CHECK (xp >= 0),
    level integer,
    message_count bigint,
    is_present boolean,
    is_linked boolean NOT NULL DEFAULT TRUE,
    CONSTRAINT mee6_leaderboard_snapshot_pkey PRIMARY KEY (sync_id, discord_id)
) PARTITION BY RANGE (sync_id);
COMMENT ON TABLE community.mee6_leaderboard_snapshot IS 'One row per sync and linked member of whom something changed, as read; the first sync of a day has all. Put together: whole_readings. Kept for some days.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.sync_id IS 'The reading.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.discord_id IS 'Discord account.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.member_id IS 'Member the account was linked to at that time.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.xp IS 'Total XP on the board; 0 when absent.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.level IS 'MEE6 level.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.message_count IS 'Messages counted by MEE6.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.is_present IS 'On the board; FALSE: not on it, its end was seen; NULL: not confirmed either way in this reading, what was known stands.';
COMMENT ON COLUMN community.mee6_leaderboard_snapshot.is_linked IS 'FALSE: of an account that was linked at the sync before and is not any more.';

CREATE TABLE community.missing_accounts (
    discord_id bigint CONSTRAINT missing_accounts_pkey PRIMARY KEY,
    searched_sync_id bigint NOT NULL
);
COMMENT ON TABLE community.missing_accounts IS 'One row per linked account that was looked for in vain: the whole board is not read for it again for some hours.';
COMMENT ON COLUMN community.missing_accounts.discord_id IS 'Discord account.';
COMMENT ON COLUMN community.missing_accounts.searched_sync_id IS 'The last accepted sync that looked for it to the end of the board, or of its time.';

-- XP gained between readings.

CREATE TABLE community.xp_deltas (
    sync_id bigint NOT NULL,
    account_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT xp_deltas_kind_check
    CHECK (kind IN ('baseline', 'absent', 'joined', 'change', 'unlinked')),
    is_flagged boolean NOT NULL,
    xp_total bigint,
    xp_delta bigint,
    baseline_xp bigint,
    carry_before bigint NOT NULL,
    whole bigint NOT NULL,
    carry_after bigint NOT NULL,
    CONSTRAINT xp_deltas_pkey PRIMARY KEY (sync_id, account_id),
    CONSTRAINT xp_deltas_carry_check CHECK (carry_before + coalesce(xp_delta, 0) = 100 * whole + carry_after),
    CONSTRAINT xp_deltas_remainder_check CHECK (carry_after BETWEEN -99 AND 99),
    CONSTRAINT xp_deltas_baseline_check CHECK (kind NOT IN ('baseline', 'absent', 'unlinked') OR xp_delta IS NULL),
    CONSTRAINT xp_deltas_present_check CHECK ((kind IN ('absent', 'unlinked')) = (xp_total IS NULL))
);
COMMENT ON TABLE community.xp_deltas IS 'One row per linked account and accepted sync in which something changed: a baseline, XP, or presence. Append-only.';
COMMENT ON COLUMN community.xp_deltas.sync_id IS 'The reading at which the change was seen.';
COMMENT ON COLUMN community.xp_deltas.account_id IS 'Member and Discord account, in community.accounts.';
COMMENT ON COLUMN community.xp_deltas.kind IS 'baseline: first figure, nothing awarded; absent: off the board; joined: first seen after an absence; change: of XP or presence; unlinked: counting ends.';
COMMENT ON COLUMN community.xp_deltas.is_flagged IS 'Taken as baseline because so much XP cannot be gained in the time elapsed.';
COMMENT ON COLUMN community.xp_deltas.xp_total IS 'XP on the board; NULL when absent or unlinked.';
COMMENT ON COLUMN community.xp_deltas.xp_delta IS 'XP gained since the last present reading, negative when XP was removed; NULL for baseline and absent.';
COMMENT ON COLUMN community.xp_deltas.baseline_xp IS 'XP from which this account is counted; NULL before it was ever present.';
COMMENT ON COLUMN community.xp_deltas.carry_before IS 'XP not yet turned into points, before this row.';
COMMENT ON COLUMN community.xp_deltas.whole IS 'Whole hundreds of XP this row pays (negative: takes back).';
COMMENT ON COLUMN community.xp_deltas.carry_after IS 'XP not yet turned into points, after this row; |carry| < 100.';

CREATE TABLE community.xp_states (
    discord_id bigint CONSTRAINT xp_states_pkey PRIMARY KEY,
    member_id text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    last_sync_id bigint NOT NULL,
    is_present boolean NOT NULL,
    is_never_present boolean NOT NULL,
    xp bigint,
    baseline_xp bigint,
    whole_total bigint NOT NULL,
    carry bigint NOT NULL,
    level integer,
    message_count bigint,
    is_linked boolean NOT NULL DEFAULT TRUE,
    confirmed_sync_id bigint,
    CONSTRAINT xp_states_carry_check
    CHECK (100 * whole_total + carry = coalesce(xp - baseline_xp, 0)),
    CONSTRAINT xp_states_remainder_check CHECK (carry BETWEEN -99 AND 99),
    CONSTRAINT xp_states_present_check CHECK (NOT is_present OR xp IS NOT NULL)
) WITH (fillfactor = 80);
COMMENT ON TABLE community.xp_states IS 'One row per linked account: where its XP stood after its last change. A projection of xp_deltas.';
COMMENT ON COLUMN community.xp_states.discord_id IS 'Discord account.';
COMMENT ON COLUMN community.xp_states.member_id IS 'Member the account counts for; another member starts a new baseline.';
COMMENT ON COLUMN community.xp_states.account_id IS 'The two together, in community.accounts.';
COMMENT ON COLUMN community.xp_states.last_sync_id IS 'Sync of its last row in xp_deltas.';
COMMENT ON COLUMN community.xp_states.is_present IS 'Whether it was on the board at its last change.';
COMMENT ON COLUMN community.xp_states.is_never_present IS 'Whether the account was linked all along and has never been on the board, whoever it was linked to.';
COMMENT ON COLUMN community.xp_states.xp IS 'XP at the last present reading; NULL when never present.';
COMMENT ON COLUMN community.xp_states.baseline_xp IS 'XP from which it is counted.';
COMMENT ON COLUMN community.xp_states.whole_total IS 'Whole hundreds paid since the baseline.';
COMMENT ON COLUMN community.xp_states.carry IS 'XP not yet turned into points.';
COMMENT ON COLUMN community.xp_states.level IS 'MEE6 level, as last read.';
COMMENT ON COLUMN community.xp_states.message_count IS 'Messages counted by MEE6, as last read.';
COMMENT ON COLUMN community.xp_states.is_linked IS 'Whether it was linked at the last accepted sync.';
COMMENT ON COLUMN community.xp_states.confirmed_sync_id IS 'The last sync that confirmed whether it is on the board, where later ones did not; NULL: the last one did.';

-- Points.

CREATE TABLE community.posting_cursors (
    source text CONSTRAINT posting_cursors_pkey PRIMARY KEY,
    last_at timestamptz,
    last_id text COLLATE "C",
    swept_on date
);
COMMENT ON TABLE community.posting_cursors IS 'One row per table of the app that flows into the ledger: how far it has been read.';
COMMENT ON COLUMN community.posting_cursors.source IS 'The app''s table.';
COMMENT ON COLUMN community.posting_cursors.last_at IS 'Rows up to this time and key are looked at once a day, later ones at every posting; NULL: all.';
COMMENT ON COLUMN community.posting_cursors.last_id IS 'Key up to which, among those of that time.';
COMMENT ON COLUMN community.posting_cursors.swept_on IS 'UTC day on which all rows were last looked at.';

-- Awards of the app that wait for a person.
CREATE TABLE community.rejected_transactions (
    transaction_id text COLLATE "C" CONSTRAINT rejected_transactions_pkey PRIMARY KEY,
    reason text NOT NULL,
    member_id text COLLATE "C",
    points bigint,
    first_seen_at timestamptz NOT NULL
);
COMMENT ON TABLE community.rejected_transactions IS 'One row per award of the app that is set aside now. It is looked at again at every posting, and leaves when it is mended or gone.';
COMMENT ON COLUMN community.rejected_transactions.transaction_id IS 'The award, by the app''s key; empty when it has none.';
COMMENT ON COLUMN community.rejected_transactions.reason IS 'Why it is not posted, or no longer what was posted.';
COMMENT ON COLUMN community.rejected_transactions.member_id IS 'Whose it is, as the app says.';
COMMENT ON COLUMN community.rejected_transactions.points IS 'Points, as the app says.';
COMMENT ON COLUMN community.rejected_transactions.first_seen_at IS 'When it was set aside.';

CREATE TABLE community.point_ledger (
    entry_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT point_ledger_pkey PRIMARY KEY,
    account_id bigint NOT NULL,
    action text NOT NULL,
    points bigint NOT NULL CONSTRAINT point_ledger_points_check CHECK (points <> 0),
    effective_at timestamptz NOT NULL,
    effective_on date NOT NULL,
    source_key text COLLATE "C" NOT NULL CONSTRAINT point_ledger_source_key_key UNIQUE,
    sync_id bigint,
    metadata jsonb NOT NULL,
    -- An entry is as old as its insertion, not as the transaction that waited for the lock.
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    run_id text NOT NULL,
    CONSTRAINT point_ledger_effective_on_check CHECK (
        effective_on = (
            (effective_at - CASE WHEN sync_id IS NULL THEN interval '0' ELSE interval '1 microsecond' END)
            AT TIME ZONE 'UTC'
        )::date
    )
);
CREATE INDEX point_ledger_effective_on_idx ON community.point_ledger (effective_on);
COMMENT ON TABLE community.point_ledger IS 'One row per award or correction of points. Append-only; a correction is a new entry.';
COMMENT ON COLUMN community.point_ledger.entry_id IS 'Key, in the order of recording.';
COMMENT ON COLUMN community.point_ledger.account_id IS 'Whose points, in community.accounts. With the member: community.member_entries.';
COMMENT ON COLUMN community.point_ledger.action IS 'What earned them: discord_activity, or an action of the app.';
COMMENT ON COLUMN community.point_ledger.points IS 'Points, never 0; negative for a deduction.';
COMMENT ON COLUMN community.point_ledger.effective_at IS 'When they were earned.';
COMMENT ON COLUMN community.point_ledger.effective_on IS 'UTC day they count for: a sync of 00:00 belongs to the day that just ended.';
COMMENT ON COLUMN community.point_ledger.source_key IS 'What they are for; awarded once.';
COMMENT ON COLUMN community.point_ledger.sync_id IS 'Sync they come from; NULL for transactions of the app.';
COMMENT ON COLUMN community.point_ledger.metadata IS 'Evidence, such as the XP delta. What an app adds to its awards stays in its table.';
COMMENT ON COLUMN community.point_ledger.recorded_at IS 'When the entry was written.';
COMMENT ON COLUMN community.point_ledger.run_id IS 'Run that wrote it.';

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

CREATE TABLE community.member_points (
    member_id text COLLATE "C" CONSTRAINT member_points_pkey PRIMARY KEY,
    account_id bigint NOT NULL,
    total bigint NOT NULL,
    last_active_at timestamptz,
    week_start date,
    week_points bigint NOT NULL DEFAULT 0,
    week_at timestamptz,
    month_start date,
    month_points bigint NOT NULL DEFAULT 0,
    month_at timestamptz
) WITH (fillfactor = 80);
COMMENT ON TABLE community.member_points IS 'One row per member with entries: their sum, and that of a week and a month. Kept by the ledger itself, in the transaction of the entries.';
COMMENT ON COLUMN community.member_points.member_id IS 'Member.';
COMMENT ON COLUMN community.member_points.account_id IS 'The account of their first entries, in community.accounts, by which boards refer to the member; it stays.';
COMMENT ON COLUMN community.member_points.total IS 'Sum of the member''s entries; may be negative.';
COMMENT ON COLUMN community.member_points.last_active_at IS 'Latest time at which the member earned points (adjustments by an admin do not count).';
COMMENT ON COLUMN community.member_points.week_start IS 'Monday of the latest week for which the member has entries.';
COMMENT ON COLUMN community.member_points.week_points IS 'Sum of the member''s entries that count for that week.';
COMMENT ON COLUMN community.member_points.week_at IS 'As last_active_at, of that week.';
COMMENT ON COLUMN community.member_points.month_start IS 'First of the latest month for which the member has entries.';
COMMENT ON COLUMN community.member_points.month_points IS 'Sum of the member''s entries that count for that month.';
COMMENT ON COLUMN community.member_points.month_at IS 'As last_active_at, of that month.';

CREATE TYPE community.member_figures AS (
    member_id text,
    total_points bigint,
    current_streak integer,
    last_active_at timestamptz
);
COMMENT ON TYPE community.member_figures IS 'What an app shows of a member itself. A streak is NULL while none was computed.';

-- What people look at, day by day.

CREATE TABLE community.days (
    day date CONSTRAINT days_pkey PRIMARY KEY,
    is_points_stale boolean NOT NULL DEFAULT TRUE,
    is_streaks_stale boolean NOT NULL DEFAULT TRUE,
    is_boards_stale boolean NOT NULL DEFAULT TRUE,
    is_growth_stale boolean NOT NULL DEFAULT TRUE,
    streaks_at timestamptz,
    is_sync_enabled boolean,
    is_streaks_imported boolean NOT NULL DEFAULT FALSE,
    is_streaks_due_for_all boolean NOT NULL DEFAULT TRUE,
    is_boards_due_for_all boolean NOT NULL DEFAULT TRUE,
    CONSTRAINT days_imported_check CHECK (NOT (is_streaks_imported AND is_streaks_stale))
);
COMMENT ON TABLE community.days IS 'One row per UTC day with data or results: what must be computed again because something arrived since.';
COMMENT ON COLUMN community.days.day IS 'UTC day.';
COMMENT ON COLUMN community.days.is_points_stale IS 'XP or entries of that day arrived after daily_points was computed.';
COMMENT ON COLUMN community.days.is_streaks_stale IS 'daily_streaks may not be what follows: that day or one before it changed since, or the day was still open.';
COMMENT ON COLUMN community.days.is_boards_stale IS 'leaderboard_rankings may not be what follows: entries of that day or one before it came since.';
COMMENT ON COLUMN community.days.is_growth_stale IS 'Whether rows of daily_points changed since growth was counted.';
COMMENT ON COLUMN community.days.streaks_at IS 'When streaks were last computed; NULL never.';
COMMENT ON COLUMN community.days.is_streaks_imported IS 'Streaks were taken over at the cut-over, and stand whatever comes late.';
COMMENT ON COLUMN community.days.is_streaks_due_for_all IS 'Whether streaks are next computed for everybody: never were, or while it was open, or all are concerned. If stale otherwise, late_members says whose.';
COMMENT ON COLUMN community.days.is_boards_due_for_all IS 'Whether boards are next ranked as a whole: never were, or while the day was open, or many changed. If stale otherwise, late_members says who moves.';
COMMENT ON COLUMN community.days.is_sync_enabled IS 'Whether the MEE6 sync was switched on when the day ended; NULL: not recorded yet.';

CREATE TABLE community.late_members (
    member_id text COLLATE "C" CONSTRAINT late_members_pkey PRIMARY KEY,
    streaks_from date,
    boards_from date
);
COMMENT ON TABLE community.late_members IS 'One row per member of whom days changed after streaks or boards were made of them. Emptied as they are made again.';
COMMENT ON COLUMN community.late_members.member_id IS 'Member.';
COMMENT ON COLUMN community.late_members.streaks_from IS 'First day whose streaks may not follow from daily_points any more; NULL: none.';
COMMENT ON COLUMN community.late_members.boards_from IS 'First day on whose boards the member may stand elsewhere; NULL: none.';

CREATE TABLE community.daily_points (
    member_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    discord_points bigint NOT NULL,
    contribution_points bigint NOT NULL,
    adjustment_points bigint NOT NULL,
    points bigint NOT NULL,
    xp_gained bigint NOT NULL,
    is_active boolean NOT NULL,
    last_active_at timestamptz,
    CONSTRAINT daily_points_pkey PRIMARY KEY (day, member_id),
    CONSTRAINT daily_points_sum_check CHECK (points = discord_points + contribution_points + adjustment_points),
    CONSTRAINT daily_points_xp_check CHECK (xp_gained >= 0)
);
COMMENT ON TABLE community.daily_points IS 'One row per member per day with XP or entries.';
COMMENT ON COLUMN community.daily_points.member_id IS 'Member.';
COMMENT ON COLUMN community.daily_points.day IS 'UTC day.';
COMMENT ON COLUMN community.daily_points.discord_points IS 'Points from Discord activity.';
COMMENT ON COLUMN community.daily_points.contribution_points IS 'Points the app awarded.';
COMMENT ON COLUMN community.daily_points.adjustment_points IS 'Points an admin gave or took (admin_adjustment).';
COMMENT ON COLUMN community.daily_points.points IS 'All points of the day.';
COMMENT ON COLUMN community.daily_points.xp_gained IS 'Sum of the positive XP deltas.';
COMMENT ON COLUMN community.daily_points.is_active IS 'At least one XP gain or point-earning action; 80 XP are activity though they pay no whole point yet.';
COMMENT ON COLUMN community.daily_points.last_active_at IS 'Latest time points were earned that day.';

CREATE TABLE community.counted_days (
    day date CONSTRAINT counted_days_pkey PRIMARY KEY,
    last_sync_id bigint NOT NULL,
    last_entry_id bigint NOT NULL,
    active_members bigint NOT NULL,
    points bigint NOT NULL,
    xp_gained bigint NOT NULL,
    member_days bigint NOT NULL
);
COMMENT ON TABLE community.counted_days IS 'One row per day of daily_points: what it was computed with, so that only what came since is added, and what it has.';
COMMENT ON COLUMN community.counted_days.day IS 'UTC day.';
COMMENT ON COLUMN community.counted_days.last_sync_id IS 'XP of syncs up to this one is counted.';
COMMENT ON COLUMN community.counted_days.last_entry_id IS 'Entries up to this one are counted.';
COMMENT ON COLUMN community.counted_days.active_members IS 'Members active on the day.';
COMMENT ON COLUMN community.counted_days.points IS 'Points of the day.';
COMMENT ON COLUMN community.counted_days.xp_gained IS 'XP gained on the day.';
COMMENT ON COLUMN community.counted_days.member_days IS 'Rows of daily_points.';

CREATE TABLE community.daily_streaks (
    member_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    is_active boolean NOT NULL,
    current_streak integer NOT NULL,
    longest_streak integer NOT NULL,
    last_active_on date,
    CONSTRAINT daily_streaks_pkey PRIMARY KEY (day, member_id),
    CONSTRAINT daily_streaks_range_check CHECK (current_streak BETWEEN 0 AND longest_streak)
);
-- What a member is looked up by: who has no row of a day has a streak of 0, which began with such a row. A key by member
-- would have every day's rows written all over what a year has left.
CREATE INDEX daily_streaks_ended_idx ON community.daily_streaks (member_id, day) WHERE current_streak = 0;
COMMENT ON TABLE community.daily_streaks IS 'One row per member per day on which the member was active or a streak stood, and on the day it broke. No row: streak 0.';
COMMENT ON COLUMN community.daily_streaks.member_id IS 'Member, whatever the subscription: the view current_streaks shows the published ones.';
COMMENT ON COLUMN community.daily_streaks.day IS 'UTC day.';
COMMENT ON COLUMN community.daily_streaks.is_active IS 'Whether the member was active that day.';
COMMENT ON COLUMN community.daily_streaks.current_streak IS 'Consecutive active weekdays up to that day; weekends carry it.';
COMMENT ON COLUMN community.daily_streaks.longest_streak IS 'Longest streak up to that day.';
COMMENT ON COLUMN community.daily_streaks.last_active_on IS 'Last active day, weekends included.';

-- A row for each rank would be 300,000 a day at 100,000 members, exchanged every hour. Whole pages are a thousandth of
-- that: a board is exchanged by exchanging rows, which nobody has to wait for, and a rank is where it stands.
CREATE TABLE community.ranking_pages (
    day date NOT NULL,
    board text COLLATE "C" NOT NULL CONSTRAINT ranking_pages_board_check CHECK (board ~ '^[a-z]+$'),
    first_rank integer NOT NULL CONSTRAINT ranking_pages_first_rank_check CHECK (first_rank % 1000 = 1 AND first_rank > 0),
    period_start date,
    account_ids bigint[] NOT NULL,
    scores bigint[] NOT NULL,
    reached_at timestamptz[] NOT NULL,
    CONSTRAINT ranking_pages_pkey PRIMARY KEY (day, board, first_rank),
    CONSTRAINT ranking_pages_period_check CHECK ((board = 'global') = (period_start IS NULL)),
    CONSTRAINT ranking_pages_size_check CHECK (
        cardinality(account_ids) BETWEEN 1 AND 1000
        AND cardinality(scores) = cardinality(account_ids) AND cardinality(reached_at) = cardinality(account_ids)
        AND array_position(account_ids, NULL) IS NULL AND array_position(scores, NULL) IS NULL
    )
);
-- To look for what repeats in keys costs more than it finds.
ALTER TABLE community.ranking_pages ALTER COLUMN account_ids SET STORAGE EXTERNAL;
COMMENT ON TABLE community.ranking_pages IS 'One row per day, board and thousand ranks, as packed. Unpacked: leaderboard_rankings. Kept whole for some days and as each week ended; of the others the first thousand.';
COMMENT ON COLUMN community.ranking_pages.day IS 'UTC day.';
COMMENT ON COLUMN community.ranking_pages.board IS 'global (all time), or a board with periods: weekly (since Monday), monthly (since the 1st).';
COMMENT ON COLUMN community.ranking_pages.first_rank IS 'Rank of the first member of the page: 1, 1001, 2001 …';
COMMENT ON COLUMN community.ranking_pages.period_start IS 'First day of the period; NULL for the global board.';
COMMENT ON COLUMN community.ranking_pages.account_ids IS 'Members, in order of rank, by member_points.account_id.';
COMMENT ON COLUMN community.ranking_pages.scores IS 'Points of each in the board''s period.';
COMMENT ON COLUMN community.ranking_pages.reached_at IS 'Latest point-earning time of each in the period.';

-- What views for analysts are made of: counts, small enough to be read at once.

CREATE TABLE community.member_activity (
    member_id text COLLATE "C" CONSTRAINT member_activity_pkey PRIMARY KEY,
    first_active_on date NOT NULL,
    last_active_on date NOT NULL,
    CONSTRAINT member_activity_order_check CHECK (first_active_on <= last_active_on)
) WITH (fillfactor = 80);
CREATE INDEX member_activity_first_idx ON community.member_activity (first_active_on);
COMMENT ON TABLE community.member_activity IS 'One row per member who was ever active: the first day and the last. A projection of daily_points.';
COMMENT ON COLUMN community.member_activity.member_id IS 'Member.';
COMMENT ON COLUMN community.member_activity.first_active_on IS 'First day active.';
COMMENT ON COLUMN community.member_activity.last_active_on IS 'Last day active.';

CREATE TABLE community.daily_growth (
    day date CONSTRAINT daily_growth_pkey PRIMARY KEY,
    active_members bigint NOT NULL,
    weekly_active_members bigint NOT NULL,
    monthly_active_members bigint NOT NULL,
    new_members bigint NOT NULL,
    current_members bigint NOT NULL,
    reactivated_members bigint NOT NULL,
    resurrected_members bigint NOT NULL,
    new_returned bigint NOT NULL,
    current_returned bigint NOT NULL,
    reactivated_returned bigint NOT NULL,
    resurrected_returned bigint NOT NULL,
    xp_gained bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT daily_growth_sum_check
    CHECK (active_members = new_members + current_members + reactivated_members + resurrected_members),
    CONSTRAINT daily_growth_windows_check
    CHECK (active_members <= weekly_active_members AND weekly_active_members <= monthly_active_members)
);
COMMENT ON TABLE community.daily_growth IS 'One row per UTC day: how many members were active on it, by when they were before, and in the days to it.';
COMMENT ON COLUMN community.daily_growth.day IS 'UTC day; the last one may be open.';
COMMENT ON COLUMN community.daily_growth.active_members IS 'Members active on the day.';
COMMENT ON COLUMN community.daily_growth.weekly_active_members IS 'Members active on at least one of the 7 days to it.';
COMMENT ON COLUMN community.daily_growth.monthly_active_members IS 'Members active on at least one of the 30 days to it.';
COMMENT ON COLUMN community.daily_growth.new_members IS 'Active for the first time.';
COMMENT ON COLUMN community.daily_growth.current_members IS 'Active, and on at least one of the 7 days before.';
COMMENT ON COLUMN community.daily_growth.reactivated_members IS 'Active, after 7 to 29 days away.';
COMMENT ON COLUMN community.daily_growth.resurrected_members IS 'Active, after 30 days away or more.';
COMMENT ON COLUMN community.daily_growth.new_returned IS 'New ones of the day before who are active on the day.';
COMMENT ON COLUMN community.daily_growth.current_returned IS 'Current ones of the day before who are.';
COMMENT ON COLUMN community.daily_growth.reactivated_returned IS 'Reactivated ones of the day before who are.';
COMMENT ON COLUMN community.daily_growth.resurrected_returned IS 'Resurrected ones of the day before who are.';
COMMENT ON COLUMN community.daily_growth.xp_gained IS 'XP gained on the day.';
COMMENT ON COLUMN community.daily_growth.points IS 'Points of the day.';

CREATE TABLE community.weekly_cohorts (
    cohort_week date NOT NULL,
    week date NOT NULL,
    active_members bigint NOT NULL CONSTRAINT weekly_cohorts_active_check CHECK (active_members > 0),
    CONSTRAINT weekly_cohorts_pkey PRIMARY KEY (week, cohort_week),
    CONSTRAINT weekly_cohorts_order_check CHECK (cohort_week <= week)
);
COMMENT ON TABLE community.weekly_cohorts IS 'One row per ISO week and week of first activity of whom was active in it.';
COMMENT ON COLUMN community.weekly_cohorts.cohort_week IS 'Monday of the week in which they were first active.';
COMMENT ON COLUMN community.weekly_cohorts.week IS 'Monday of the week in which they were active.';
COMMENT ON COLUMN community.weekly_cohorts.active_members IS 'How many.';

CREATE TABLE community.weekly_concentration (
    week date CONSTRAINT weekly_concentration_pkey PRIMARY KEY,
    members bigint NOT NULL CONSTRAINT weekly_concentration_members_check CHECK (members > 0),
    points bigint NOT NULL,
    top_1_percent_points bigint NOT NULL,
    top_10_percent_points bigint NOT NULL
);
COMMENT ON TABLE community.weekly_concentration IS 'One row per ISO week with points: how much of them went to those with most.';
COMMENT ON COLUMN community.weekly_concentration.week IS 'Its Monday.';
COMMENT ON COLUMN community.weekly_concentration.members IS 'Members with points above 0.';
COMMENT ON COLUMN community.weekly_concentration.points IS 'Their points, adjustments included.';
COMMENT ON COLUMN community.weekly_concentration.top_1_percent_points IS 'Points of the 1 % with most, at least one member.';
COMMENT ON COLUMN community.weekly_concentration.top_10_percent_points IS 'Points of the 10 % with most, at least one member.';

CREATE TABLE community.daily_sources (
    day date NOT NULL,
    action text COLLATE "C" NOT NULL,
    entries bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT daily_sources_pkey PRIMARY KEY (day, action)
);
COMMENT ON TABLE community.daily_sources IS 'One row per UTC day and action with entries: where points come from.';
COMMENT ON COLUMN community.daily_sources.day IS 'UTC day for which they count.';
COMMENT ON COLUMN community.daily_sources.action IS 'What earned them.';
COMMENT ON COLUMN community.daily_sources.entries IS 'Entries of the ledger.';
COMMENT ON COLUMN community.daily_sources.points IS 'Their sum.';

CREATE TABLE community.streak_lengths (
    day date NOT NULL,
    length integer NOT NULL,
    reached bigint NOT NULL,
    standing bigint NOT NULL,
    CONSTRAINT streak_lengths_pkey PRIMARY KEY (day, length)
);
COMMENT ON TABLE community.streak_lengths IS 'One row per UTC day and length of a streak, 0 included: how many rows of daily_streaks have it.';
COMMENT ON COLUMN community.streak_lengths.day IS 'UTC day.';
COMMENT ON COLUMN community.streak_lengths.length IS 'Weekdays in a row; 0: none.';
COMMENT ON COLUMN community.streak_lengths.reached IS 'Streaks that became so long on the day; of length 0, those that broke.';
COMMENT ON COLUMN community.streak_lengths.standing IS 'Streaks that were so long at its end; of length 0, members who were active or whose streak broke.';

-- Readings are accepted in order, and kept while they are needed.

CREATE FUNCTION community.guard_sync_status() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (old.status, new.status) NOT IN (
        ('failed', 'failed'), ('failed', 'staged'),
        ('staged', 'quarantined'), ('staged', 'accepted'),
        ('quarantined', 'accepted'), ('quarantined', 'discarded'), ('accepted', 'accepted'),
        ('discarded', 'discarded')
    ) THEN
        RAISE EXCEPTION 'sync % cannot go from % to %', old.sync_id, old.status, new.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF old.status = 'quarantined' AND new.review_reason IS NULL THEN
        RAISE EXCEPTION 'sync % leaves quarantine only with a reason', old.sync_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- A reason that names somebody who is erased is emptied, and none is ever rewritten.
    IF old.status IN ('accepted', 'discarded') AND (
        new.is_rebaseline <> old.is_rebaseline
        OR (new.review_reason IS DISTINCT FROM old.review_reason AND new.review_reason IS DISTINCT FROM '(erased)')
    ) THEN
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
COMMENT ON FUNCTION community.guard_sync_status() IS 'What has been accepted stays accepted, in order; what failed must be read again.';

-- Partitions belong to the owner, whichever login makes or drops them.
CREATE FUNCTION community.ensure_snapshot_partition(for_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    partition_name text := 'mee6_leaderboard_snapshot_' || to_char(for_day, 'YYYYMMDD');
    first_id bigint := extract(EPOCH FROM for_day::timestamp AT TIME ZONE 'UTC');
BEGIN
    IF to_regclass('community.' || partition_name) IS NULL THEN
        -- Attached, not created in place: that would wait for everybody who reads the table.
        EXECUTE format(
            'CREATE TABLE community.%I (LIKE community.mee6_leaderboard_snapshot INCLUDING ALL)', partition_name
        );
        EXECUTE format(
            'ALTER TABLE community.mee6_leaderboard_snapshot ATTACH PARTITION community.%I FOR VALUES FROM (%s) TO (%s)',
            partition_name, first_id, first_id + 86400
        );
        EXECUTE format('GRANT SELECT ON community.%I TO trc_app, trc_analyst', partition_name);
    END IF;
END
$$;
COMMENT ON FUNCTION community.ensure_snapshot_partition(date) IS 'Creates the partition that holds the syncs of one UTC day, if it is missing.';

CREATE FUNCTION community.drop_snapshot_partitions(before_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    -- A reading that is not worked off, or waits for a person, is not lost with its day.
    needed_from date := (
        SELECT min((s.synced_at AT TIME ZONE 'UTC')::date) FROM community.mee6_syncs AS s
        WHERE (s.status = 'accepted' AND s.deltas_at IS NULL)
            OR (s.status = 'quarantined' AND NOT EXISTS (
                SELECT 1 FROM community.mee6_syncs AS a WHERE a.status = 'accepted' AND a.sync_id > s.sync_id
            ))
    );
    partition_name text;
    dropped integer := 0;
BEGIN
    FOR partition_name IN
        SELECT c.relname FROM pg_inherits AS i
        INNER JOIN pg_class AS c ON i.inhrelid = c.oid
        WHERE i.inhparent = 'community.mee6_leaderboard_snapshot'::regclass
            -- As text: the planner may ask this of other tables first, whose names are no dates.
            AND right(c.relname, 8) < to_char(least(before_day, needed_from), 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE community.%I', partition_name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION community.drop_snapshot_partitions(date) IS 'Drops the readings of whole days before the given one; how many days.';

-- What is derived from readings: from accepted ones only, into a ledger with a chain of digests.

CREATE FUNCTION community.refuse_unaccepted_syncs() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    refused bigint;
BEGIN
    SELECT min(i.sync_id) INTO refused
    FROM (SELECT DISTINCT inserted.sync_id FROM inserted WHERE inserted.sync_id IS NOT NULL) AS i
    LEFT JOIN community.mee6_syncs AS s ON i.sync_id = s.sync_id AND s.status = 'accepted'
    WHERE s.sync_id IS NULL;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'sync % is not accepted: nothing may be derived from it', refused
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.refuse_unaccepted_syncs() IS 'Statement trigger: refuses rows that refer to a sync nobody accepted.';

-- STABLE, as what it calls is: only so is it inlined, which halves its cost.
CREATE FUNCTION community.digest_entry(
    entry_id bigint, account_id bigint, action text, points bigint, effective_at timestamptz, source_key text
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    convert_to(
        -- With lengths: "a|b" and "c" must not read as "a" and "b|c".
        concat_ws(
            '|', entry_id, account_id, length(action), action,
            points, extract(EPOCH FROM effective_at), source_key
        ), 'UTF8'
    )
);
COMMENT ON FUNCTION community.digest_entry(bigint, bigint, text, bigint, timestamptz, text) IS 'Digest of what an entry says. Of whom, by an account alone: who that is may be erased.';

CREATE FUNCTION community.chain_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO community.ledger_batches (first_entry_id, last_entry_id, entries, digest)
    SELECT
        min(i.entry_id), max(i.entry_id), count(*),
        operations.chain_digest(
            (SELECT b.digest FROM community.ledger_batches AS b ORDER BY b.batch_id DESC LIMIT 1),
            string_agg(
                community.digest_entry(i.entry_id, i.account_id, i.action, i.points, i.effective_at, i.source_key),
                ''::bytea ORDER BY i.entry_id
            )
        )
    FROM inserted AS i
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.chain_entries() IS 'Statement trigger of the ledger: adds a batch to the chain of digests.';

CREATE FUNCTION community.add_to_member_points() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    period record;
BEGIN
    -- Of one week and month at a time, and hardly ever of more than one.
    FOR period IN
        SELECT
            date_trunc('week', d.day::timestamp)::date AS week_start,
            date_trunc('month', d.day::timestamp)::date AS month_start,
            min(d.day) AS first_day,
            max(d.day) AS last_day
        FROM (SELECT DISTINCT i.effective_on AS day FROM inserted AS i) AS d
        GROUP BY 1, 2
        ORDER BY 3
    LOOP
        INSERT INTO community.member_points AS m (
            member_id, account_id, total, last_active_at,
            week_start, week_points, week_at, month_start, month_points, month_at
        )
        SELECT
            e.member_id, e.account_id, e.points, e.earned_at,
            period.week_start, e.points, e.earned_at, period.month_start, e.points, e.earned_at
        FROM (
            SELECT
                a.member_id,
                min(a.account_id) AS account_id,
                sum(i.points) AS points,
                max(i.effective_at) FILTER (WHERE i.points > 0 AND i.action <> 'admin_adjustment') AS earned_at
            FROM inserted AS i
            INNER JOIN community.accounts AS a ON i.account_id = a.account_id
            WHERE i.effective_on BETWEEN period.first_day AND period.last_day
            GROUP BY a.member_id
        ) AS e
        ORDER BY e.member_id
        ON CONFLICT (member_id) DO UPDATE SET
            total = m.total + excluded.total,
            last_active_at = greatest(m.last_active_at, excluded.last_active_at),
            -- A later period begins with what it has, an earlier one changes nothing any more.
            week_start = greatest(m.week_start, excluded.week_start),
            week_points = CASE
                WHEN m.week_start > excluded.week_start THEN m.week_points
                WHEN m.week_start = excluded.week_start THEN m.week_points + excluded.week_points
                ELSE excluded.week_points
            END,
            week_at = CASE
                WHEN m.week_start > excluded.week_start THEN m.week_at
                WHEN m.week_start = excluded.week_start THEN greatest(m.week_at, excluded.week_at)
                ELSE excluded.week_at
            END,
            month_start = greatest(m.month_start, excluded.month_start),
            month_points = CASE
                WHEN m.month_start > excluded.month_start THEN m.month_points
                WHEN m.month_start = excluded.month_start THEN m.month_points + excluded.month_points
                ELSE excluded.month_points
            END,
            month_at = CASE
                WHEN m.month_start > excluded.month_start THEN m.month_at
                WHEN m.month_start = excluded.month_start THEN greatest(m.month_at, excluded.month_at)
                ELSE excluded.month_at
            END;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.add_to_member_points() IS 'Statement trigger of the ledger: balances, and what boards are made from, move with the entries, in key order so that writers cannot deadlock.';

-- What is computed day by day is computed again when something arrives late.

CREATE FUNCTION community.mark_days_stale(changed_days date[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Locked in order of day, as who computes a range locks them.
    PERFORM 1 FROM community.days AS d
    WHERE d.day >= (SELECT min(c.day) FROM unnest(changed_days) AS c (day))
    ORDER BY d.day
    FOR UPDATE;
    INSERT INTO community.days (day)
    SELECT DISTINCT c.day FROM unnest(changed_days) AS c (day)
    ORDER BY c.day
    ON CONFLICT (day) DO UPDATE SET
        is_points_stale = TRUE, is_streaks_stale = NOT community.days.is_streaks_imported, is_boards_stale = TRUE;
    UPDATE community.days AS d SET is_streaks_stale = NOT d.is_streaks_imported, is_boards_stale = TRUE
    WHERE
        d.day > (SELECT min(c.day) FROM unnest(changed_days) AS c (day))
        AND NOT ((d.is_streaks_stale OR d.is_streaks_imported) AND d.is_boards_stale);
END
$$;
COMMENT ON FUNCTION community.mark_days_stale(date[]) IS 'XP or entries of these days arrived: they must be computed again, and streaks and boards of all days after them. Whose, is noted with the points.';

CREATE FUNCTION community.mark_observed_day() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    read_day date := ((new.synced_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date;
    ends_at bigint := extract(EPOCH FROM read_day::timestamp)::bigint + 86400;
BEGIN
    IF new.sync_id > ends_at - 3600 AND NOT EXISTS (
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted' AND s.sync_id <> new.sync_id AND s.sync_id > ends_at - 3600 AND s.sync_id <= ends_at
    ) THEN
        PERFORM 1 FROM community.days AS d WHERE d.day >= read_day ORDER BY d.day FOR UPDATE;
        UPDATE community.days AS d SET is_streaks_stale = TRUE, is_streaks_due_for_all = TRUE
        WHERE
            d.day >= read_day AND d.streaks_at IS NOT NULL AND NOT d.is_streaks_imported
            AND NOT (d.is_streaks_stale AND d.is_streaks_due_for_all);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.mark_observed_day() IS 'Row trigger of the syncs: with the first accepted reading of its last hour a day becomes observed, and streaks may break.';

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER mee6_syncs_status BEFORE UPDATE ON community.mee6_syncs
FOR EACH ROW EXECUTE FUNCTION community.guard_sync_status();
ALTER TABLE community.mee6_syncs ENABLE ALWAYS TRIGGER mee6_syncs_status;
CREATE TRIGGER mee6_syncs_kept BEFORE DELETE OR TRUNCATE ON community.mee6_syncs
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.mee6_syncs ENABLE ALWAYS TRIGGER mee6_syncs_kept;
CREATE TRIGGER mee6_syncs_observed AFTER UPDATE ON community.mee6_syncs
FOR EACH ROW WHEN (new.status = 'accepted' AND old.status <> 'accepted')
EXECUTE FUNCTION community.mark_observed_day();
ALTER TABLE community.mee6_syncs ENABLE ALWAYS TRIGGER mee6_syncs_observed;

CREATE TRIGGER xp_deltas_accepted AFTER INSERT ON community.xp_deltas
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION community.refuse_unaccepted_syncs();
ALTER TABLE community.xp_deltas ENABLE ALWAYS TRIGGER xp_deltas_accepted;
CREATE TRIGGER xp_deltas_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON community.xp_deltas
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.xp_deltas ENABLE ALWAYS TRIGGER xp_deltas_append_only;

CREATE TRIGGER point_ledger_balances AFTER INSERT ON community.point_ledger
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION community.add_to_member_points();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_balances;
CREATE TRIGGER point_ledger_accepted AFTER INSERT ON community.point_ledger
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION community.refuse_unaccepted_syncs();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_accepted;
CREATE TRIGGER point_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON community.point_ledger
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_append_only;
CREATE TRIGGER point_ledger_locked BEFORE INSERT ON community.point_ledger
FOR EACH STATEMENT EXECUTE FUNCTION operations.lock_ledger();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_locked;
CREATE TRIGGER point_ledger_chained AFTER INSERT ON community.point_ledger
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION community.chain_entries();
ALTER TABLE community.point_ledger ENABLE ALWAYS TRIGGER point_ledger_chained;

CREATE TRIGGER erasures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON community.erasures
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.erasures ENABLE ALWAYS TRIGGER erasures_append_only;

CREATE TRIGGER ledger_batches_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON community.ledger_batches
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE community.ledger_batches ENABLE ALWAYS TRIGGER ledger_batches_append_only;

-- Views for analysts and apps.

CREATE VIEW community.whole_readings AS
SELECT s.sync_id, r.discord_id, r.member_id, r.xp, r.level, r.message_count, r.is_present
FROM community.mee6_syncs AS s
CROSS JOIN
    LATERAL (
        SELECT DISTINCT ON (p.discord_id)
            p.discord_id, p.member_id, p.xp, p.level, p.message_count, p.is_present, p.is_linked
        FROM community.mee6_leaderboard_snapshot AS p
        WHERE
            p.sync_id BETWEEN coalesce(s.whole_sync_id, s.sync_id) AND s.sync_id
            AND (
                p.sync_id = s.sync_id
                OR p.sync_id IN (
                    SELECT a.sync_id FROM community.mee6_syncs AS a
                    WHERE a.status = 'accepted'
                )
            )
        ORDER BY p.discord_id ASC, p.sync_id DESC
    ) AS r
WHERE r.is_linked;
COMMENT ON VIEW community.whole_readings IS 'One row per linked member per kept sync, as read: of a sync kept as changes, its whole reading with what changed since. Ask for one sync at a time.';
COMMENT ON COLUMN community.whole_readings.sync_id IS 'The reading.';
COMMENT ON COLUMN community.whole_readings.discord_id IS 'Discord account.';
COMMENT ON COLUMN community.whole_readings.member_id IS 'Member the account was linked to at that time.';
COMMENT ON COLUMN community.whole_readings.xp IS 'Total XP on the board; 0 when absent.';
COMMENT ON COLUMN community.whole_readings.level IS 'MEE6 level.';
COMMENT ON COLUMN community.whole_readings.message_count IS 'Messages counted by MEE6.';
COMMENT ON COLUMN community.whole_readings.is_present IS 'On the board; FALSE: not on it, its end was seen; NULL: not confirmed either way in this reading, what was known stands.';

CREATE VIEW community.discord_activity AS
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
FROM community.whole_readings AS r
INNER JOIN community.mee6_syncs AS s ON r.sync_id = s.sync_id AND s.status = 'accepted'
LEFT JOIN community.accounts AS a
    ON r.member_id = a.member_id AND r.discord_id = a.discord_id AND a.erased_at IS NULL
LEFT JOIN community.xp_deltas AS d ON r.sync_id = d.sync_id AND a.account_id = d.account_id;
COMMENT ON VIEW community.discord_activity IS 'One row per member per kept, accepted sync.';

CREATE VIEW community.member_entries AS
SELECT
    l.entry_id,
    a.member_id,
    l.action,
    l.points,
    l.effective_at,
    l.effective_on,
    l.source_key,
    l.sync_id,
    l.metadata,
    l.recorded_at,
    l.run_id
FROM community.point_ledger AS l
INNER JOIN community.accounts AS a ON l.account_id = a.account_id;
COMMENT ON VIEW community.member_entries IS 'One row per entry of the ledger, and whose it is: erased-<n> of who was erased.';

CREATE VIEW community.current_streaks AS
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
)

SELECT
    m.member_id,
    operations.shown_name(m.discord_username) AS discord_username,
    CASE WHEN l.day >= computed.last_day THEN l.current_streak ELSE 0 END AS current_streak,
    coalesce(l.longest_streak, 0) AS longest_streak,
    l.last_active_on,
    computed.last_day AS computed_through
FROM community.members AS m
CROSS JOIN computed
LEFT JOIN LATERAL (
    SELECT s.day, s.current_streak, s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = m.member_id
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
WHERE m.subscription_status IN ('ACTIVE', 'TRIALING');
COMMENT ON VIEW community.current_streaks IS 'One row per member who is ACTIVE or TRIALING: the streak as last computed.';

CREATE AGGREGATE community.join_arrays (anycompatiblearray)(sfunc = array_cat, stype = anycompatiblearray);
COMMENT ON AGGREGATE community.join_arrays (anycompatiblearray) IS 'One array of several, in order.';
GRANT EXECUTE ON FUNCTION community.join_arrays(anycompatiblearray) TO trc_app;

-- Unpacked in the select list, side by side: as fast as a table of these rows, where functions in FROM take twice that.
CREATE VIEW community.leaderboard_rankings AS
SELECT
    r.day,
    r.board,
    r.rank,
    a.member_id,
    r.score,
    r.reached_at,
    r.period_start
FROM (
    SELECT
        p.day,
        p.board,
        generate_series(p.first_rank, p.first_rank + cardinality(p.account_ids) - 1) AS rank,
        unnest(p.account_ids) AS account_id,
        unnest(p.scores) AS score,
        unnest(p.reached_at) AS reached_at,
        p.period_start
    FROM community.ranking_pages AS p
) AS r
-- Every account is there, and where nobody asks for the member none is looked up.
LEFT JOIN community.accounts AS a ON r.account_id = a.account_id;
COMMENT ON VIEW community.leaderboard_rankings IS 'One row per day, board and ranked member: the day''s last state of each board. Name a day. For how long: ranking_pages.';
COMMENT ON COLUMN community.leaderboard_rankings.day IS 'UTC day.';
COMMENT ON COLUMN community.leaderboard_rankings.board IS 'global (all time), or a board with periods: weekly (since Monday), monthly (since the 1st).';
COMMENT ON COLUMN community.leaderboard_rankings.rank IS '1 is best; unique: score, then latest point-earning time, then member id.';
COMMENT ON COLUMN community.leaderboard_rankings.member_id IS 'Member, ACTIVE or TRIALING, who agreed to be shown.';
COMMENT ON COLUMN community.leaderboard_rankings.score IS 'Points in the board''s period.';
COMMENT ON COLUMN community.leaderboard_rankings.reached_at IS 'Latest point-earning time in the period.';
COMMENT ON COLUMN community.leaderboard_rankings.period_start IS 'First day of the period; NULL for the global board.';

-- Right after a ranking nothing is known of its pages. Left to the planner, everyone is compared with everyone, or all
-- are sorted by name. Of the day before nothing is unpacked but who stood where.
CREATE FUNCTION community.compare_ranks(of_day date, of_board text)
RETURNS TABLE (
    rank integer, member_id text, score bigint, reached_at timestamptz, period_start date, rank_before integer
)
LANGUAGE sql STABLE ROWS 1000
SET enable_nestloop = off SET enable_mergejoin = off SET max_parallel_workers_per_gather = 0
AS $$
    SELECT r.rank, a.member_id, r.score, r.reached_at, r.period_start, b.rank
    FROM (
        SELECT
            p.period_start,
            generate_series(p.first_rank, p.first_rank + cardinality(p.account_ids) - 1) AS rank,
            unnest(p.account_ids) AS account_id,
            unnest(p.scores) AS score,
            unnest(p.reached_at) AS reached_at
        FROM community.ranking_pages AS p
        WHERE p.day = of_day AND p.board = of_board
    ) AS r
    INNER JOIN community.accounts AS a ON r.account_id = a.account_id
    LEFT JOIN (
        SELECT
            p.period_start,
            generate_series(p.first_rank, p.first_rank + cardinality(p.account_ids) - 1) AS rank,
            unnest(p.account_ids) AS account_id
        FROM community.ranking_pages AS p
        WHERE p.day = of_day - 1 AND p.board = of_board
    ) AS b ON r.account_id = b.account_id AND r.period_start IS NOT DISTINCT FROM b.period_start;
$$;
COMMENT ON FUNCTION community.compare_ranks(date, text) IS 'A board of a day, and where each stood on it the day before: NULL if not on it, or in another period.';
GRANT EXECUTE ON FUNCTION community.compare_ranks(date, text) TO trc_app, trc_analyst;

CREATE VIEW community.current_leaderboards AS
SELECT
    p.board,
    r.rank,
    r.member_id,
    operations.shown_name(m.discord_username) AS discord_username,
    r.score,
    r.reached_at,
    r.period_start,
    p.day,
    r.rank_before AS rank_yesterday,
    r.rank_before - r.rank AS movement
FROM community.ranking_pages AS p
CROSS JOIN LATERAL community.compare_ranks(p.day, p.board) AS r
INNER JOIN community.members AS m ON r.member_id = m.member_id
WHERE p.first_rank = 1 AND p.day = (SELECT max(l.day) FROM community.ranking_pages AS l);
COMMENT ON VIEW community.current_leaderboards IS 'One row per board and rank: the boards as last computed. Movement since yesterday: up is positive, NULL is new on the board of this period.';

CREATE VIEW community.leaderboard_archive AS
SELECT
    a.board,
    a.period,
    a.period_start,
    a.period_end,
    a.rank,
    m.member_id,
    a.score,
    a.reached_at,
    a.closed_at
FROM leaderboards.archive AS a
INNER JOIN community.accounts AS m ON a.member_id::bigint = m.account_id
WHERE a.domain = 'community';
COMMENT ON VIEW community.leaderboard_archive IS 'One row per closed week or month and rank: final standings, as they were when the period closed.';
COMMENT ON COLUMN community.leaderboard_archive.board IS 'A board with periods: weekly, monthly.';
COMMENT ON COLUMN community.leaderboard_archive.period IS 'ISO week (2026-W53) or month (2026-12).';
COMMENT ON COLUMN community.leaderboard_archive.period_start IS 'First day of the period.';
COMMENT ON COLUMN community.leaderboard_archive.period_end IS 'First day after it.';
COMMENT ON COLUMN community.leaderboard_archive.rank IS '1 is best; unique.';
COMMENT ON COLUMN community.leaderboard_archive.member_id IS 'Member, ACTIVE or TRIALING at the close, who agreed to be shown; erased-<n> of who was erased since.';
COMMENT ON COLUMN community.leaderboard_archive.score IS 'Points in the period.';
COMMENT ON COLUMN community.leaderboard_archive.reached_at IS 'Latest point-earning time in the period.';
COMMENT ON COLUMN community.leaderboard_archive.closed_at IS 'When the period was closed.';
