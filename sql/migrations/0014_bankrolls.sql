-- Corrections and adjustments of bankrolls; write-offs that are taken back.

ALTER TABLE betting.bankroll_ledger ADD COLUMN source_key text COLLATE "C";
ALTER TABLE betting.bankroll_ledger ADD COLUMN corrects_entry_id bigint;
ALTER TABLE betting.bankroll_ledger
DROP CONSTRAINT bankroll_ledger_kind_check,
DROP CONSTRAINT bankroll_ledger_source_check,
ADD CONSTRAINT bankroll_ledger_kind_check CHECK (
    kind IN (
        'opening', 'bet_settled', 'reversal', 'weekly_reset', 'write_off', 'write_off_reversal',
        'promotion', 'deposit', 'correction'
    )
),
ADD CONSTRAINT bankroll_ledger_source_check CHECK (
    CASE
        WHEN kind = 'bet_settled' THEN bet_id IS NOT NULL AND week_start IS NULL
        WHEN kind = 'reversal'
            THEN bet_id IS NOT NULL AND week_start IS NULL AND source_key IS NOT NULL AND corrects_entry_id IS NOT NULL
        WHEN kind = 'weekly_reset' THEN week_start IS NOT NULL AND bet_id IS NULL
        WHEN kind IN ('write_off', 'write_off_reversal') THEN bet_id IS NULL AND (week_start IS NULL) <> (game_id IS NULL)
        WHEN kind = 'opening' THEN bet_id IS NULL AND week_start IS NULL AND game_id IS NULL
        ELSE bet_id IS NULL AND week_start IS NULL AND game_id IS NULL AND source_key IS NOT NULL
    END
    AND (kind <> 'write_off' OR amount > 0) AND (kind <> 'write_off_reversal' OR amount < 0)
);
COMMENT ON COLUMN betting.bankroll_ledger.kind IS
'opening: the balance the app began with; bet_settled: net of a bet; reversal: a wrong result taken back; '
'weekly_reset: to the week''s target; write_off: what a balance of 0 could not pay; '
'write_off_reversal: a write-off the balance can pay after all; promotion, deposit, correction: by hand.';
COMMENT ON COLUMN betting.bankroll_ledger.source_key IS 'What a correction or an adjustment comes from, once each; NULL for what is unique by bet or week.';
COMMENT ON COLUMN betting.bankroll_ledger.corrects_entry_id IS 'First settlement of the bet, in whose place a correction counts; NULL for what corrects nothing.';
COMMENT ON COLUMN betting.bankroll_ledger.week_start IS 'Monday of the week that the reset began, or to which what a reset wrote off belongs.';
COMMENT ON COLUMN betting.bankroll_ledger.effective_at IS 'When it counts: the settlement, also for its correction while the week is open; the boundary of the week.';
-- A bet is settled once in each round; the first has no source key.
DROP INDEX betting.bankroll_ledger_bet_idx;
CREATE UNIQUE INDEX bankroll_ledger_bet_idx ON betting.bankroll_ledger (bet_id) WHERE kind = 'bet_settled' AND source_key IS NULL;
CREATE UNIQUE INDEX bankroll_ledger_source_idx ON betting.bankroll_ledger (source_key) WHERE source_key IS NOT NULL;
CREATE INDEX bankroll_ledger_corrected_idx ON betting.bankroll_ledger (bet_id) WHERE bet_id IS NOT NULL AND source_key IS NOT NULL;

-- What an entry had before gives the digest it had before: NULL adds nothing.
CREATE FUNCTION betting.digest_entry(
    entry_id bigint, user_id uuid, kind text, amount bigint, balance_after bigint,
    bet_id uuid, game_id text, week_start date, effective_at timestamptz, source_key text, corrects_entry_id bigint
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    convert_to(
        concat_ws(
            '|', entry_id, user_id, kind, amount, balance_after, coalesce(bet_id::text, '-'),
            coalesce(week_start::text, '-'), extract(EPOCH FROM effective_at),
            'c' || corrects_entry_id, 's' || length(source_key), source_key, coalesce('=' || game_id, '-')
        ), 'UTF8'
    )
);
COMMENT ON FUNCTION betting.digest_entry(bigint, uuid, text, bigint, bigint, uuid, text, date, timestamptz, text, bigint) IS 'Digest of what an entry says.';
CREATE OR REPLACE FUNCTION betting.chain_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO betting.ledger_batches (first_entry_id, last_entry_id, entries, digest)
    SELECT
        min(i.entry_id), max(i.entry_id), count(*),
        operations.chain_digest(
            (SELECT b.digest FROM betting.ledger_batches AS b ORDER BY b.batch_id DESC LIMIT 1),
            string_agg(
                betting.digest_entry(
                    i.entry_id, i.user_id, i.kind, i.amount, i.balance_after, i.bet_id, i.game_id, i.week_start, i.effective_at,
                    i.source_key, i.corrects_entry_id
                ),
                ''::bytea ORDER BY i.entry_id
            )
        )
    FROM inserted AS i
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
DROP FUNCTION betting.digest_entry(bigint, uuid, text, bigint, bigint, uuid, text, date, timestamptz);

ALTER TABLE betting.bankroll_weekly_history ADD COLUMN adjustments bigint NOT NULL DEFAULT 0;
ALTER TABLE betting.bankroll_weekly_history
DROP CONSTRAINT bankroll_weekly_history_net_check,
ADD CONSTRAINT bankroll_weekly_history_net_check CHECK (opening + net + adjustments = closing);
COMMENT ON COLUMN betting.bankroll_weekly_history.net IS 'What bets made of it: settlements, corrections of weeks closed before, write-offs.';
COMMENT ON COLUMN betting.bankroll_weekly_history.adjustments IS 'What was adjusted by hand: promotions, deposits, corrections.';

CREATE TABLE betting.game_corrections (
    game_id text COLLATE "C" NOT NULL,
    round integer NOT NULL CONSTRAINT game_corrections_round_check CHECK (round >= 2),
    was text NOT NULL,
    is_now text NOT NULL,
    bets integer NOT NULL,
    net bigint NOT NULL,
    reason text NOT NULL CONSTRAINT game_corrections_reason_check CHECK (reason ~ '\S'),
    corrected_by text NOT NULL,
    corrected_at timestamptz NOT NULL,
    run_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT game_corrections_pkey PRIMARY KEY (game_id, round)
);
COMMENT ON TABLE betting.game_corrections IS 'One row per settlement of a game that was corrected by a person. Append-only.';
COMMENT ON COLUMN betting.game_corrections.game_id IS 'Game.';
COMMENT ON COLUMN betting.game_corrections.round IS 'Which settlement of the game this is; the first needs no correction.';
COMMENT ON COLUMN betting.game_corrections.was IS 'Result by which its bets had been settled.';
COMMENT ON COLUMN betting.game_corrections.is_now IS 'Result by which they were settled instead.';
COMMENT ON COLUMN betting.game_corrections.bets IS 'Bets of which anything changed.';
COMMENT ON COLUMN betting.game_corrections.net IS 'Cents by which they moved balances, before write-offs.';
COMMENT ON COLUMN betting.game_corrections.reason IS 'Why.';
COMMENT ON COLUMN betting.game_corrections.corrected_by IS 'Who did it.';
COMMENT ON COLUMN betting.game_corrections.corrected_at IS 'Logical time.';
COMMENT ON COLUMN betting.game_corrections.run_id IS 'Run that did it.';
COMMENT ON COLUMN betting.game_corrections.recorded_at IS 'When it was written.';
CREATE TRIGGER game_corrections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.game_corrections
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.game_corrections ENABLE ALWAYS TRIGGER game_corrections_append_only;

CREATE TABLE betting.bankroll_adjustments (
    adjustment_key text COLLATE "C" CONSTRAINT bankroll_adjustments_pkey PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT bankroll_adjustments_kind_check CHECK (kind IN ('promotion', 'deposit', 'correction')),
    amount bigint NOT NULL CONSTRAINT bankroll_adjustments_amount_check CHECK (amount <> 0 AND (amount > 0 OR kind = 'correction')),
    reason text NOT NULL CONSTRAINT bankroll_adjustments_reason_check CHECK (reason ~ '\S'),
    adjusted_by text NOT NULL,
    adjusted_at timestamptz NOT NULL,
    run_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
COMMENT ON TABLE betting.bankroll_adjustments IS 'One row per adjustment of a bankroll by a person, and why. Append-only.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjustment_key IS 'Idempotency key: the same adjustment is made once.';
COMMENT ON COLUMN betting.bankroll_adjustments.user_id IS 'Whose bankroll.';
COMMENT ON COLUMN betting.bankroll_adjustments.kind IS 'promotion, deposit or correction.';
COMMENT ON COLUMN betting.bankroll_adjustments.amount IS 'Cents; only a correction takes away.';
COMMENT ON COLUMN betting.bankroll_adjustments.reason IS 'Why.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjusted_by IS 'Who did it.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjusted_at IS 'Logical time.';
COMMENT ON COLUMN betting.bankroll_adjustments.run_id IS 'Run that did it.';
COMMENT ON COLUMN betting.bankroll_adjustments.recorded_at IS 'When it was written.';
CREATE TRIGGER bankroll_adjustments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.bankroll_adjustments
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.bankroll_adjustments ENABLE ALWAYS TRIGGER bankroll_adjustments_append_only;

COMMENT ON COLUMN betting.bankrolls.balance IS 'Cents; the app sets the first, from then on only settlement, correction, adjustment and reset move it.';
COMMENT ON COLUMN betting.games.commence_time IS 'When it begins; bets placed from then on are void, unless live bets are taken.';
COMMENT ON COLUMN betting.games.completed_at IS 'When it was over; no bet placed from then on counts.';
