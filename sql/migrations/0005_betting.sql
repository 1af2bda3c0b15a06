-- The betting domain: content that expires, bankrolls, settlement, badges, statistics, media.
-- Money is in whole cents throughout.

CREATE SCHEMA IF NOT EXISTS betting;
COMMENT ON SCHEMA betting IS 'A social betting app: bets and their settlement, bankrolls, badges, statistics, content that expires.';

INSERT INTO operations.app_relations (schema_name, relation_name)
SELECT 'betting', r.relation_name
FROM unnest(ARRAY[
    'users', 'games', 'chats', 'chat_members', 'pick_actions', 'reports', 'badges',
    'reactions', 'story_views', 'message_reads',
    'bets', 'bankrolls', 'posts', 'stories', 'messages', 'comments', 'notifications',
    'media_references'
]) AS r (relation_name);

-- The badges there are, where the table is ours.
DO $$
BEGIN
    IF (SELECT c.relkind FROM pg_class AS c WHERE c.oid = 'betting.badges'::regclass) = 'r' THEN
        INSERT INTO betting.badges (badge, title, description) VALUES
        ('hot_streak', 'Hot streak', 'Three wins in a row'),
        ('profit_king', 'Profit king', 'The most profit of the week'),
        ('riding_wave', 'Riding the wave', 'The most tails won, three or more'),
        ('sharp', 'Sharp', 'The best win rate over ten bets or more, 60 % or better'),
        ('fade_god', 'Fade god', 'The most fades won, three or more'),
        ('most_active', 'Most active', 'The most bets placed, twenty or more'),
        ('ghost', 'Ghost', 'Posted this week and placed no bet'),
        ('sunday_sweep', 'Sunday sweep', 'Three or more NFL games of Sunday, all won')
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- Written by the jobs: settlement.

CREATE TABLE betting.game_settlements (
    game_id text COLLATE "C" CONSTRAINT game_settlements_pkey PRIMARY KEY,
    status text NOT NULL,
    home_score integer,
    away_score integer,
    bets integer NOT NULL,
    won integer NOT NULL,
    lost integer NOT NULL,
    push integer NOT NULL,
    cancelled integer NOT NULL,
    staked bigint NOT NULL,
    net bigint NOT NULL,
    left_pending integer NOT NULL,
    settled_at timestamptz NOT NULL,
    run_id text NOT NULL
);
COMMENT ON TABLE betting.game_settlements IS 'One row per game whose bets were settled, and by which result.';
COMMENT ON COLUMN betting.game_settlements.game_id IS 'Game.';
COMMENT ON COLUMN betting.game_settlements.status IS 'completed or cancelled, as it was then.';
COMMENT ON COLUMN betting.game_settlements.home_score IS 'Score by which bets were graded.';
COMMENT ON COLUMN betting.game_settlements.away_score IS 'Score by which bets were graded.';
COMMENT ON COLUMN betting.game_settlements.bets IS 'Bets settled.';
COMMENT ON COLUMN betting.game_settlements.won IS 'Bets won.';
COMMENT ON COLUMN betting.game_settlements.lost IS 'Bets lost.';
COMMENT ON COLUMN betting.game_settlements.push IS 'Bets that came back.';
COMMENT ON COLUMN betting.game_settlements.cancelled IS 'Void bets.';
COMMENT ON COLUMN betting.game_settlements.staked IS 'Cents staked on them.';
COMMENT ON COLUMN betting.game_settlements.net IS 'Cents they moved balances by, before write-offs.';
COMMENT ON COLUMN betting.game_settlements.left_pending IS 'Bets that could not be graded when it was last looked at.';
COMMENT ON COLUMN betting.game_settlements.settled_at IS 'Logical time at which it was first settled.';
COMMENT ON COLUMN betting.game_settlements.run_id IS 'Run that last settled bets of it.';

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

CREATE TABLE betting.bankroll_adjustments (
    adjustment_key text COLLATE "C" CONSTRAINT bankroll_adjustments_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CONSTRAINT bankroll_adjustments_kind_check
    CHECK (kind IN ('promotion', 'deposit', 'correction', 'restoration')),
    amount bigint NOT NULL CONSTRAINT bankroll_adjustments_amount_check
    CHECK (kind = 'restoration' OR (amount <> 0 AND (amount > 0 OR kind = 'correction'))),
    reason text NOT NULL CONSTRAINT bankroll_adjustments_reason_check CHECK (reason ~ '\S'),
    adjusted_by text NOT NULL,
    adjusted_at timestamptz NOT NULL,
    run_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
COMMENT ON TABLE betting.bankroll_adjustments IS 'One row per adjustment of a bankroll by a person, and why. Append-only.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjustment_key IS 'Idempotency key: the same adjustment is made once.';
COMMENT ON COLUMN betting.bankroll_adjustments.user_id IS 'Whose bankroll.';
COMMENT ON COLUMN betting.bankroll_adjustments.kind IS 'promotion, deposit or correction; restoration: a balance changed around the ledger was put back.';
COMMENT ON COLUMN betting.bankroll_adjustments.amount IS 'Cents the balance moved by; a promotion or deposit takes nothing away.';
COMMENT ON COLUMN betting.bankroll_adjustments.reason IS 'Why.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjusted_by IS 'Who did it.';
COMMENT ON COLUMN betting.bankroll_adjustments.adjusted_at IS 'Logical time.';
COMMENT ON COLUMN betting.bankroll_adjustments.run_id IS 'Run that did it.';
COMMENT ON COLUMN betting.bankroll_adjustments.recorded_at IS 'When it was written.';

CREATE TABLE betting.bankroll_ledger (
    entry_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT bankroll_ledger_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CONSTRAINT bankroll_ledger_kind_check CHECK (
        kind IN (
            'opening', 'bet_settled', 'reversal', 'weekly_reset', 'write_off', 'write_off_reversal',
            'promotion', 'deposit', 'correction', 'restoration'
        )
    ),
    amount bigint NOT NULL,
    balance_after bigint NOT NULL CONSTRAINT bankroll_ledger_balance_check CHECK (balance_after >= 0),
    bet_id text COLLATE "C",
    game_id text COLLATE "C",
    week_start date,
    source_key text COLLATE "C",
    corrects_entry_id bigint,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    run_id text NOT NULL,
    CONSTRAINT bankroll_ledger_source_check CHECK (
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
    )
);
COMMENT ON TABLE betting.bankroll_ledger IS 'One row per movement of a balance, in cents. Append-only; the sum of a user''s entries is the balance.';
COMMENT ON COLUMN betting.bankroll_ledger.entry_id IS 'Key, in the order of recording.';
COMMENT ON COLUMN betting.bankroll_ledger.user_id IS 'Whose balance.';
COMMENT ON COLUMN betting.bankroll_ledger.kind IS
'opening: the balance the app began with; bet_settled: net of a bet; reversal: a wrong result taken back; '
'weekly_reset: to the week''s target; write_off: what a balance of 0 could not pay; '
'write_off_reversal: a write-off the balance can pay after all; promotion, deposit, correction: by hand; '
'restoration: the balance had been changed around the ledger; 0, unless a weekly reset came in between.';
COMMENT ON COLUMN betting.bankroll_ledger.amount IS 'Cents.';
COMMENT ON COLUMN betting.bankroll_ledger.balance_after IS 'Cents then.';
COMMENT ON COLUMN betting.bankroll_ledger.bet_id IS 'The bet that was settled.';
COMMENT ON COLUMN betting.bankroll_ledger.game_id IS 'The game whose settlement was written off, or settled the bet.';
COMMENT ON COLUMN betting.bankroll_ledger.week_start IS 'Monday of the week that the reset began, or to which what a reset wrote off belongs.';
COMMENT ON COLUMN betting.bankroll_ledger.source_key IS 'What a correction or an adjustment comes from, once each; NULL for what is unique by bet or week.';
COMMENT ON COLUMN betting.bankroll_ledger.corrects_entry_id IS 'First settlement of the bet, in whose place a correction counts; NULL for what corrects nothing.';
COMMENT ON COLUMN betting.bankroll_ledger.effective_at IS 'When it counts: the settlement, also for its correction while the week is open; the boundary of the week.';
COMMENT ON COLUMN betting.bankroll_ledger.recorded_at IS 'When it was written.';
COMMENT ON COLUMN betting.bankroll_ledger.run_id IS 'Run that wrote it.';
-- A bet is settled once in each round; the first has no source key.
CREATE UNIQUE INDEX bankroll_ledger_bet_idx ON betting.bankroll_ledger (bet_id) WHERE kind = 'bet_settled' AND source_key IS NULL;
CREATE UNIQUE INDEX bankroll_ledger_source_idx ON betting.bankroll_ledger (source_key) WHERE source_key IS NOT NULL;
CREATE INDEX bankroll_ledger_corrected_idx ON betting.bankroll_ledger (bet_id) WHERE bet_id IS NOT NULL AND source_key IS NOT NULL;
CREATE UNIQUE INDEX bankroll_ledger_reset_idx ON betting.bankroll_ledger (user_id, week_start) WHERE kind = 'weekly_reset';
CREATE UNIQUE INDEX bankroll_ledger_opening_idx ON betting.bankroll_ledger (user_id) WHERE kind = 'opening';
CREATE INDEX bankroll_ledger_user_idx ON betting.bankroll_ledger (user_id);
-- Entries come in the order in which they count, nearly: a few pages tell where a week begins.
CREATE INDEX bankroll_ledger_effective_at_idx ON betting.bankroll_ledger USING brin (effective_at);

CREATE TABLE betting.ledger_batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_batches_pkey PRIMARY KEY,
    first_entry_id bigint NOT NULL,
    last_entry_id bigint NOT NULL,
    entries bigint NOT NULL CONSTRAINT ledger_batches_entries_check CHECK (entries > 0),
    digest text NOT NULL CONSTRAINT ledger_batches_digest_key UNIQUE,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
COMMENT ON TABLE betting.ledger_batches IS 'One row per insertion into the ledger: a digest of its entries and of the batch before. Append-only.';
COMMENT ON COLUMN betting.ledger_batches.batch_id IS 'Key, in the order of recording.';
COMMENT ON COLUMN betting.ledger_batches.first_entry_id IS 'First entry of the batch.';
COMMENT ON COLUMN betting.ledger_batches.last_entry_id IS 'Last entry of the batch; no other batch has entries between the two.';
COMMENT ON COLUMN betting.ledger_batches.entries IS 'How many entries.';
COMMENT ON COLUMN betting.ledger_batches.digest IS 'SHA-256 over the digest of the batch before and the digests of the entries.';
COMMENT ON COLUMN betting.ledger_batches.recorded_at IS 'When.';

-- Weeks.

CREATE TABLE betting.reset_weeks (
    week_start date CONSTRAINT reset_weeks_pkey PRIMARY KEY,
    bankrolls integer NOT NULL,
    run_id text NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE betting.reset_weeks IS 'One row per week for which every bankroll was reset. Append-only.';
COMMENT ON COLUMN betting.reset_weeks.week_start IS 'Monday of the week that began.';
COMMENT ON COLUMN betting.reset_weeks.bankrolls IS 'How many were reset.';
COMMENT ON COLUMN betting.reset_weeks.run_id IS 'Run that finished.';
COMMENT ON COLUMN betting.reset_weeks.finished_at IS 'When.';

CREATE TABLE betting.bankroll_weekly_history (
    user_id text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    opening bigint NOT NULL,
    closing bigint NOT NULL,
    net bigint NOT NULL,
    bets integer NOT NULL,
    won integer NOT NULL,
    lost integer NOT NULL,
    push integer NOT NULL,
    wagered bigint NOT NULL,
    roi double precision,
    run_id text NOT NULL,
    adjustments bigint NOT NULL DEFAULT 0,
    CONSTRAINT bankroll_weekly_history_pkey PRIMARY KEY (week_start, user_id),
    CONSTRAINT bankroll_weekly_history_net_check CHECK (opening + net + adjustments = closing)
);
COMMENT ON TABLE betting.bankroll_weekly_history IS 'One row per user and closed week: how the bankroll did, in cents. Append-only.';
COMMENT ON COLUMN betting.bankroll_weekly_history.user_id IS 'User.';
COMMENT ON COLUMN betting.bankroll_weekly_history.week_start IS 'Monday of the week that closed.';
COMMENT ON COLUMN betting.bankroll_weekly_history.opening IS 'Balance as the week began.';
COMMENT ON COLUMN betting.bankroll_weekly_history.closing IS 'Balance as it ended, before the reset.';
COMMENT ON COLUMN betting.bankroll_weekly_history.net IS 'What bets made of it: settlements, corrections of weeks closed before, write-offs.';
COMMENT ON COLUMN betting.bankroll_weekly_history.bets IS 'Bets settled in the week, cancelled ones included.';
COMMENT ON COLUMN betting.bankroll_weekly_history.won IS 'Bets won.';
COMMENT ON COLUMN betting.bankroll_weekly_history.lost IS 'Bets lost.';
COMMENT ON COLUMN betting.bankroll_weekly_history.push IS 'Bets that came back.';
COMMENT ON COLUMN betting.bankroll_weekly_history.wagered IS 'Stakes of bets won, lost and pushed.';
COMMENT ON COLUMN betting.bankroll_weekly_history.roi IS 'net by wagered; NULL when nothing was.';
COMMENT ON COLUMN betting.bankroll_weekly_history.run_id IS 'Run that closed it.';
COMMENT ON COLUMN betting.bankroll_weekly_history.adjustments IS 'What was adjusted by hand: promotions, deposits, corrections.';

-- Badges.

CREATE TABLE betting.user_badges (
    user_id text COLLATE "C" NOT NULL,
    badge text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    earned_at timestamptz NOT NULL,
    lost_at timestamptz,
    evidence jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT user_badges_pkey PRIMARY KEY (week_start, badge, user_id)
);
COMMENT ON TABLE betting.user_badges IS 'One row per user, badge and ISO week in which it was ever held. A new week begins empty.';
COMMENT ON COLUMN betting.user_badges.user_id IS 'User.';
COMMENT ON COLUMN betting.user_badges.badge IS 'Badge.';
COMMENT ON COLUMN betting.user_badges.week_start IS 'Monday of the week.';
COMMENT ON COLUMN betting.user_badges.earned_at IS 'Logical time at which it was earned, the last time if it was lost in between.';
COMMENT ON COLUMN betting.user_badges.lost_at IS 'Logical time at which it was lost; NULL while it is held.';
COMMENT ON COLUMN betting.user_badges.evidence IS 'The figures that earned it, as they were at earned_at.';

CREATE TABLE betting.badge_history (
    history_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT badge_history_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    badge text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    change text NOT NULL CONSTRAINT badge_history_change_check CHECK (change IN ('earned', 'lost')),
    changed_at timestamptz NOT NULL,
    run_id text NOT NULL
);
COMMENT ON TABLE betting.badge_history IS 'One row each time a badge was earned or lost. Append-only.';
COMMENT ON COLUMN betting.badge_history.history_id IS 'Key, in order.';
COMMENT ON COLUMN betting.badge_history.user_id IS 'User.';
COMMENT ON COLUMN betting.badge_history.badge IS 'Badge.';
COMMENT ON COLUMN betting.badge_history.week_start IS 'Monday of the week.';
COMMENT ON COLUMN betting.badge_history.change IS 'earned or lost.';
COMMENT ON COLUMN betting.badge_history.changed_at IS 'Logical time.';
COMMENT ON COLUMN betting.badge_history.run_id IS 'Run that found it.';

-- A week's badges are judged a last time after its end, once.
CREATE TABLE betting.badge_weeks (
    week_start date CONSTRAINT badge_weeks_pkey PRIMARY KEY,
    earned integer NOT NULL,
    lost integer NOT NULL,
    judged_at timestamptz NOT NULL,
    run_id text NOT NULL
);
COMMENT ON TABLE betting.badge_weeks IS 'One row per week whose badges stand for good. The first row is the week before the first that was judged. Append-only.';
COMMENT ON COLUMN betting.badge_weeks.week_start IS 'Monday of the week.';
COMMENT ON COLUMN betting.badge_weeks.earned IS 'Badges earned when it was judged for the last time.';
COMMENT ON COLUMN betting.badge_weeks.lost IS 'Badges lost then.';
COMMENT ON COLUMN betting.badge_weeks.judged_at IS 'Logical time, after the end of the week.';
COMMENT ON COLUMN betting.badge_weeks.run_id IS 'Run that judged.';

CREATE TABLE betting.user_effect_access (
    user_id text COLLATE "C" CONSTRAINT user_effect_access_pkey PRIMARY KEY,
    tier integer NOT NULL CONSTRAINT user_effect_access_tier_check CHECK (tier BETWEEN 0 AND 2),
    badges integer NOT NULL,
    week_start date NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE betting.user_effect_access IS 'One row per user who ever held a badge: which effects are unlocked now.';
COMMENT ON COLUMN betting.user_effect_access.user_id IS 'User.';
COMMENT ON COLUMN betting.user_effect_access.tier IS '0: no badge, 1: one or two, 2: three or more.';
COMMENT ON COLUMN betting.user_effect_access.badges IS 'Badges held in the week.';
COMMENT ON COLUMN betting.user_effect_access.week_start IS 'Monday of the week for which it was computed.';
COMMENT ON COLUMN betting.user_effect_access.changed_at IS 'Logical time at which the tier last changed.';

-- Statistics.

CREATE TABLE betting.pick_authors (
    post_id text COLLATE "C" CONSTRAINT pick_authors_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE betting.pick_authors IS 'One row per pick that others followed, once a bet on it was settled: the post itself goes after a month.';
COMMENT ON COLUMN betting.pick_authors.post_id IS 'The pick.';
COMMENT ON COLUMN betting.pick_authors.user_id IS 'Who made it.';
CREATE INDEX pick_authors_user_idx ON betting.pick_authors (user_id);

CREATE TABLE betting.stats_cursors (
    table_name text CONSTRAINT stats_cursors_pkey PRIMARY KEY,
    last_entry_id bigint NOT NULL,
    week_start date NOT NULL CONSTRAINT stats_cursors_week_check CHECK (extract(ISODOW FROM week_start) = 1),
    compared_on date NOT NULL
);
COMMENT ON TABLE betting.stats_cursors IS 'One row per table of statistics: up to which ledger entry it counts. Without its row everything is computed again.';
COMMENT ON COLUMN betting.stats_cursors.table_name IS 'Table.';
COMMENT ON COLUMN betting.stats_cursors.last_entry_id IS 'Last entry of the ledger that is in it.';
COMMENT ON COLUMN betting.stats_cursors.week_start IS 'Monday before which everything is in betting.stats_bases.';
COMMENT ON COLUMN betting.stats_cursors.compared_on IS 'Day on which all bets were last compared with betting.stats_sources.';

-- Settled bets are rows the app can change: what statistics were made of is compared with what is there.
CREATE TABLE betting.stats_sources (
    user_id text COLLATE "C" CONSTRAINT stats_sources_pkey PRIMARY KEY,
    folded_digest bigint NOT NULL,
    open_digest bigint NOT NULL
);
COMMENT ON TABLE betting.stats_sources IS 'One row per user with statistics: the bets they were made of.';
COMMENT ON COLUMN betting.stats_sources.user_id IS 'User.';
COMMENT ON COLUMN betting.stats_sources.folded_digest IS 'Of the bets in betting.stats_bases, own ones and others'' on own picks; differs when any of them changed.';
COMMENT ON COLUMN betting.stats_sources.open_digest IS 'Of the bets settled since.';

CREATE TABLE betting.stats_bases (
    user_id text COLLATE "C" CONSTRAINT stats_bases_pkey PRIMARY KEY,
    bets bigint NOT NULL,
    won bigint NOT NULL,
    lost bigint NOT NULL,
    push bigint NOT NULL,
    cancelled bigint NOT NULL,
    wagered bigint NOT NULL,
    returned bigint NOT NULL,
    net bigint NOT NULL,
    perfect_days bigint NOT NULL,
    tail_net bigint NOT NULL,
    fade_net bigint NOT NULL,
    others_bets bigint NOT NULL,
    others_net bigint NOT NULL,
    first_streak bigint NOT NULL,
    current_streak bigint NOT NULL,
    best_win_streak bigint NOT NULL,
    worst_loss_streak bigint NOT NULL,
    biggest_win bigint,
    balance_high bigint,
    last_bet_at timestamptz,
    last_settled_at timestamptz,
    biggest_loss bigint,
    balance_low bigint,
    teams text[] NOT NULL,
    team_bets bigint[] NOT NULL,
    CONSTRAINT stats_bases_teams_check CHECK (cardinality(teams) = cardinality(team_bets))
);
COMMENT ON TABLE betting.stats_bases IS
'One row per user who had bets before the Monday in betting.stats_cursors: what became of them, in cents. All time is this and what came since.';
COMMENT ON COLUMN betting.stats_bases.user_id IS 'User.';
COMMENT ON COLUMN betting.stats_bases.bets IS 'Bets settled, cancelled ones included.';
COMMENT ON COLUMN betting.stats_bases.won IS 'Bets won.';
COMMENT ON COLUMN betting.stats_bases.lost IS 'Bets lost.';
COMMENT ON COLUMN betting.stats_bases.push IS 'Bets that came back.';
COMMENT ON COLUMN betting.stats_bases.cancelled IS 'Void bets.';
COMMENT ON COLUMN betting.stats_bases.wagered IS 'Stakes, without cancelled bets.';
COMMENT ON COLUMN betting.stats_bases.returned IS 'Payouts, without cancelled bets.';
COMMENT ON COLUMN betting.stats_bases.net IS 'What they moved the balance by.';
COMMENT ON COLUMN betting.stats_bases.perfect_days IS 'Days with a win and without a loss.';
COMMENT ON COLUMN betting.stats_bases.tail_net IS 'Net of own tails.';
COMMENT ON COLUMN betting.stats_bases.fade_net IS 'Net of own fades.';
COMMENT ON COLUMN betting.stats_bases.others_bets IS 'Bets of others on own picks.';
COMMENT ON COLUMN betting.stats_bases.others_net IS 'What others made by them.';
COMMENT ON COLUMN betting.stats_bases.first_streak IS 'Consecutive wins (above 0) or losses (below) it begins with.';
COMMENT ON COLUMN betting.stats_bases.current_streak IS 'Those it ends with.';
COMMENT ON COLUMN betting.stats_bases.best_win_streak IS 'Longest run of wins.';
COMMENT ON COLUMN betting.stats_bases.worst_loss_streak IS 'Longest run of losses.';
COMMENT ON COLUMN betting.stats_bases.biggest_win IS 'Largest net of a bet won.';
COMMENT ON COLUMN betting.stats_bases.balance_high IS 'Highest balance after any movement.';
COMMENT ON COLUMN betting.stats_bases.last_bet_at IS 'When the latest of the bets was placed.';
COMMENT ON COLUMN betting.stats_bases.last_settled_at IS 'When the latest was settled.';
COMMENT ON COLUMN betting.stats_bases.biggest_loss IS 'Most negative net of a bet lost.';
COMMENT ON COLUMN betting.stats_bases.balance_low IS 'Lowest balance.';
COMMENT ON COLUMN betting.stats_bases.teams IS 'Teams of the bets not cancelled.';
COMMENT ON COLUMN betting.stats_bases.team_bets IS 'How many bets were on each.';

CREATE TABLE betting.user_stats (
    user_id text COLLATE "C" NOT NULL,
    period text NOT NULL CONSTRAINT user_stats_period_check CHECK (period IN ('day', 'week', 'all_time')),
    period_start date,
    bets bigint NOT NULL,
    won bigint NOT NULL,
    lost bigint NOT NULL,
    push bigint NOT NULL,
    cancelled bigint NOT NULL,
    win_rate double precision,
    wagered bigint NOT NULL,
    returned bigint NOT NULL,
    net bigint NOT NULL,
    roi double precision,
    biggest_win bigint,
    biggest_loss bigint,
    current_streak bigint NOT NULL,
    best_win_streak bigint NOT NULL,
    worst_loss_streak bigint NOT NULL,
    perfect_days bigint NOT NULL,
    favourite_team text,
    tail_net bigint NOT NULL,
    fade_net bigint NOT NULL,
    others_net bigint NOT NULL,
    balance_high bigint,
    balance_low bigint,
    average_stake bigint,
    last_bet_at timestamptz,
    last_settled_at timestamptz,
    CONSTRAINT user_stats_period_key UNIQUE NULLS NOT DISTINCT (user_id, period, period_start)
);
COMMENT ON TABLE betting.user_stats IS 'One row per user and period: what became of the bets settled in it, in cents.';
COMMENT ON COLUMN betting.user_stats.user_id IS 'User.';
COMMENT ON COLUMN betting.user_stats.period IS 'day of settlement (UTC), ISO week, or all_time.';
COMMENT ON COLUMN betting.user_stats.period_start IS 'First day of the period; NULL for all_time.';
COMMENT ON COLUMN betting.user_stats.bets IS 'Bets settled, cancelled ones included.';
COMMENT ON COLUMN betting.user_stats.won IS 'Bets won.';
COMMENT ON COLUMN betting.user_stats.lost IS 'Bets lost.';
COMMENT ON COLUMN betting.user_stats.push IS 'Bets that came back.';
COMMENT ON COLUMN betting.user_stats.cancelled IS 'Void bets.';
COMMENT ON COLUMN betting.user_stats.win_rate IS 'won of those won or lost; NULL when none was decided.';
COMMENT ON COLUMN betting.user_stats.wagered IS 'Stakes, without cancelled bets.';
COMMENT ON COLUMN betting.user_stats.returned IS 'Payouts, without cancelled bets.';
COMMENT ON COLUMN betting.user_stats.net IS 'What they moved the balance by.';
COMMENT ON COLUMN betting.user_stats.roi IS 'net by wagered; NULL when nothing was.';
COMMENT ON COLUMN betting.user_stats.biggest_win IS 'Largest net of a bet won.';
COMMENT ON COLUMN betting.user_stats.biggest_loss IS 'Most negative net of a bet lost.';
COMMENT ON COLUMN betting.user_stats.current_streak IS 'Consecutive wins (above 0) or losses (below) at the end of the period.';
COMMENT ON COLUMN betting.user_stats.best_win_streak IS 'Longest run of wins.';
COMMENT ON COLUMN betting.user_stats.worst_loss_streak IS 'Longest run of losses.';
COMMENT ON COLUMN betting.user_stats.perfect_days IS 'Days with a win and without a loss.';
COMMENT ON COLUMN betting.user_stats.favourite_team IS 'Team of most bets.';
COMMENT ON COLUMN betting.user_stats.tail_net IS 'Net of own tails.';
COMMENT ON COLUMN betting.user_stats.fade_net IS 'Net of own fades.';
COMMENT ON COLUMN betting.user_stats.others_net IS 'What others made by tailing or fading the user.';
COMMENT ON COLUMN betting.user_stats.balance_high IS 'Highest balance after any movement in the period.';
COMMENT ON COLUMN betting.user_stats.balance_low IS 'Lowest one.';
COMMENT ON COLUMN betting.user_stats.average_stake IS 'wagered by bets, rounded down.';
COMMENT ON COLUMN betting.user_stats.last_bet_at IS 'When the latest of the bets was placed.';
COMMENT ON COLUMN betting.user_stats.last_settled_at IS 'When the latest was settled.';

-- What views for analysts are made of: the past, counted every night, so that a year of it is read at once.

CREATE TABLE betting.daily_totals (
    day date CONSTRAINT daily_totals_pkey PRIMARY KEY,
    bettors bigint NOT NULL,
    weekly_bettors bigint NOT NULL,
    monthly_bettors bigint NOT NULL,
    bets bigint NOT NULL,
    wagered bigint NOT NULL,
    CONSTRAINT daily_totals_windows_check CHECK (bettors <= weekly_bettors AND weekly_bettors <= monthly_bettors)
);
COMMENT ON TABLE betting.daily_totals IS 'One row per UTC day from the first bet to the day before yesterday: who placed bets on it, in a week and a month of days to it.';
COMMENT ON COLUMN betting.daily_totals.day IS 'UTC day on which they were placed.';
COMMENT ON COLUMN betting.daily_totals.bettors IS 'Users who placed a bet.';
COMMENT ON COLUMN betting.daily_totals.weekly_bettors IS 'On at least one of the 7 days to it.';
COMMENT ON COLUMN betting.daily_totals.monthly_bettors IS 'On at least one of the 30 days to it.';
COMMENT ON COLUMN betting.daily_totals.bets IS 'Bets placed, without those cancelled since.';
COMMENT ON COLUMN betting.daily_totals.wagered IS 'Their stakes, in cents.';

-- Content that expires, leftovers, media.

CREATE TABLE betting.content_expirations (
    run_id text NOT NULL,
    content_type text NOT NULL,
    action text NOT NULL CONSTRAINT content_expirations_action_check CHECK (action IN ('expired', 'removed')),
    item_count bigint NOT NULL CONSTRAINT content_expirations_count_check CHECK (item_count >= 0),
    expired_at timestamptz NOT NULL,
    CONSTRAINT content_expirations_pkey PRIMARY KEY (run_id, content_type, action)
);
COMMENT ON TABLE betting.content_expirations IS 'One row per run and kind of content: how much expired, or was removed for good.';
COMMENT ON COLUMN betting.content_expirations.run_id IS 'Run.';
COMMENT ON COLUMN betting.content_expirations.content_type IS 'post, story, message or comment.';
COMMENT ON COLUMN betting.content_expirations.action IS 'expired: no longer shown; removed: gone for good.';
COMMENT ON COLUMN betting.content_expirations.item_count IS 'How many.';
COMMENT ON COLUMN betting.content_expirations.expired_at IS 'Logical time.';

CREATE TABLE betting.cleanups (
    run_id text NOT NULL,
    target text NOT NULL,
    removed_count bigint NOT NULL CONSTRAINT cleanups_removed_check CHECK (removed_count >= 0),
    cleaned_at timestamptz NOT NULL,
    CONSTRAINT cleanups_pkey PRIMARY KEY (run_id, target)
);
COMMENT ON TABLE betting.cleanups IS 'One row per run and kind of leftover: how many were removed.';
COMMENT ON COLUMN betting.cleanups.run_id IS 'Run.';
COMMENT ON COLUMN betting.cleanups.target IS 'What was removed.';
COMMENT ON COLUMN betting.cleanups.removed_count IS 'How many rows.';
COMMENT ON COLUMN betting.cleanups.cleaned_at IS 'Logical time.';

CREATE TABLE betting.media_orphans (
    object_key text COLLATE "C" CONSTRAINT media_orphans_pkey PRIMARY KEY,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    size_bytes bigint,
    deleted_at timestamptz
);
COMMENT ON TABLE betting.media_orphans IS 'One row per object in the media store that no row of the app refers to, and what became of it.';
COMMENT ON COLUMN betting.media_orphans.object_key IS 'Key in the store.';
COMMENT ON COLUMN betting.media_orphans.first_seen_at IS 'Logical time at which it was first seen without a reference, since it last had one.';
COMMENT ON COLUMN betting.media_orphans.last_seen_at IS 'Logical time at which it was last seen so.';
COMMENT ON COLUMN betting.media_orphans.size_bytes IS 'Size.';
COMMENT ON COLUMN betting.media_orphans.deleted_at IS 'Logical time at which it was deleted; NULL while it waits.';

-- The ledger has a chain of digests.

-- STABLE, as what it calls is: only so is it inlined, which halves its cost.
CREATE FUNCTION betting.digest_entry(
    entry_id bigint, user_id text, kind text, amount bigint, balance_after bigint,
    bet_id text, game_id text, week_start date, effective_at timestamptz, source_key text, corrects_entry_id bigint
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    convert_to(
        -- NULL is told apart from nothing; a field that may hold a bar comes last, or after its length.
        concat_ws(
            '|', entry_id, kind, amount, balance_after, coalesce(week_start::text, '-'), extract(EPOCH FROM effective_at),
            'c' || corrects_entry_id, length(user_id), user_id, 'b' || length(bet_id), bet_id,
            's' || length(source_key), source_key, coalesce('=' || game_id, '-')
        ), 'UTF8'
    )
);
COMMENT ON FUNCTION betting.digest_entry(bigint, text, text, bigint, bigint, text, text, date, timestamptz, text, bigint) IS 'Digest of what an entry says.';

CREATE FUNCTION betting.chain_entries() RETURNS trigger
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
COMMENT ON FUNCTION betting.chain_entries() IS 'Statement trigger of the ledger: adds a batch to the chain of digests.';

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER game_corrections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.game_corrections
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.game_corrections ENABLE ALWAYS TRIGGER game_corrections_append_only;

CREATE TRIGGER bankroll_adjustments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.bankroll_adjustments
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.bankroll_adjustments ENABLE ALWAYS TRIGGER bankroll_adjustments_append_only;

CREATE TRIGGER bankroll_ledger_locked BEFORE INSERT ON betting.bankroll_ledger
FOR EACH STATEMENT EXECUTE FUNCTION operations.lock_ledger();
ALTER TABLE betting.bankroll_ledger ENABLE ALWAYS TRIGGER bankroll_ledger_locked;
CREATE TRIGGER bankroll_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.bankroll_ledger
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.bankroll_ledger ENABLE ALWAYS TRIGGER bankroll_ledger_append_only;
CREATE TRIGGER bankroll_ledger_chained AFTER INSERT ON betting.bankroll_ledger
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION betting.chain_entries();
ALTER TABLE betting.bankroll_ledger ENABLE ALWAYS TRIGGER bankroll_ledger_chained;

CREATE TRIGGER ledger_batches_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.ledger_batches
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.ledger_batches ENABLE ALWAYS TRIGGER ledger_batches_append_only;

CREATE TRIGGER reset_weeks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.reset_weeks
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.reset_weeks ENABLE ALWAYS TRIGGER reset_weeks_append_only;

CREATE TRIGGER bankroll_weekly_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.bankroll_weekly_history
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.bankroll_weekly_history ENABLE ALWAYS TRIGGER bankroll_weekly_history_append_only;

CREATE TRIGGER badge_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.badge_history
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.badge_history ENABLE ALWAYS TRIGGER badge_history_append_only;

CREATE TRIGGER badge_weeks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.badge_weeks
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.badge_weeks ENABLE ALWAYS TRIGGER badge_weeks_append_only;

-- What the ports take (sql/ports): rows with what they were read as.

CREATE TYPE betting.bet_outcome AS (
    bet_id text,
    user_id text,
    game_id text,
    bet_type text,
    bet_details jsonb,
    stake bigint,
    odds bigint,
    potential_win bigint,
    is_tail boolean,
    is_fade boolean,
    original_pick_id text,
    created_at timestamptz,
    old_status text,
    old_payout bigint,
    old_net bigint,
    game_status text,
    home_team text,
    away_team text,
    home_score integer,
    away_score integer,
    commence_time timestamptz,
    completed_at timestamptz,
    outcome text,
    payout bigint,
    net bigint,
    decided_at timestamptz
);
COMMENT ON TYPE betting.bet_outcome IS 'A graded bet: the bet and its game as they were read, then its outcome. Outcome pending takes a settlement back.';

CREATE TYPE betting.balance_move AS (
    user_id text,
    amount bigint
);
COMMENT ON TYPE betting.balance_move IS 'Cents to add to a balance, or to take away.';

CREATE TYPE betting.week_beginning AS (
    user_id text,
    weekly_deposit bigint,
    referral_bonus bigint
);
COMMENT ON TYPE betting.week_beginning IS 'What a bankroll begins a week with, in cents.';

CREATE TYPE betting.notification AS (
    user_id text,
    type text,
    data jsonb,
    dedupe_key text
);
COMMENT ON TYPE betting.notification IS 'A message to a user; the key says what about.';

CREATE TYPE betting.content_item AS (
    content_type text,
    content_id text,
    expires_at timestamptz
);
COMMENT ON TYPE betting.content_item IS 'A post, story, message or comment, and when it was to expire as that was read.';

CREATE TYPE betting.reaction_key AS (
    content_type text,
    content_id text,
    user_id text,
    reaction text
);
COMMENT ON TYPE betting.reaction_key IS 'One reaction.';

CREATE TYPE betting.user_key AS (
    item_id text,
    user_id text
);
COMMENT ON TYPE betting.user_key IS 'A user of a chat, or who saw or read an item.';

CREATE TYPE betting.badge_figures AS (
    user_id text,
    badge text,
    week_start date,
    earned_at timestamptz,
    lost_at timestamptz
);
COMMENT ON TYPE betting.badge_figures IS 'A badge that an app shows itself, as betting.user_badges has it.';
