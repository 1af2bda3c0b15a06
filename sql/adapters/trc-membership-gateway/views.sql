-- domain: community
-- trc-membership-gateway: a Discord membership gateway. Prisma: mixed-case columns, cuid keys, times in UTC without a
-- zone. Nothing is added to its tables, and nothing in them is written.
--
-- The login needs, from the owner of the tables (the last three where row level security is on):
--   GRANT SELECT (id, "discordId", "discordUsername", "subscriptionStatus", "leaderboardVisible", "createdAt") ON public."Member" TO <login>;
--   GRANT SELECT (action, points, enabled) ON public."PointConfig" TO <login>;
--   GRANT SELECT (id, "memberId", action, points, "createdAt", metadata) ON public."PointTransaction" TO <login>;
--   CREATE POLICY trc_reads ON public."Member" FOR SELECT TO <login> USING (TRUE);
--   CREATE POLICY trc_reads ON public."PointConfig" FOR SELECT TO <login> USING (TRUE);
--   CREATE POLICY trc_reads ON public."PointTransaction" FOR SELECT TO <login> USING (TRUE);

CREATE SCHEMA IF NOT EXISTS community;

-- The app takes any text for a Discord id. What is no snowflake is no linked account, and one such row must not make
-- the whole view fail. Below 9 * 10^18, where Discord gets in 2083, any number is a bigint.
CREATE OR REPLACE VIEW community.members AS
SELECT
    m.id COLLATE "C" AS member_id,  -- noqa: RF03
    CASE WHEN m."discordId" ~ '^([1-8][0-9]{18}|[1-9][0-9]{0,17})$' THEN m."discordId"::bigint END AS discord_id,
    m."discordUsername" AS discord_username,
    m."subscriptionStatus"::text AS subscription_status,
    m."leaderboardVisible" AS leaderboard_visible,
    m."createdAt" AT TIME ZONE 'UTC' AS created_at
FROM public."Member" AS m;

CREATE OR REPLACE VIEW community.point_actions AS
SELECT
    c.action,
    c.points::bigint AS points,
    c.enabled
FROM public."PointConfig" AS c;

-- With what its old sync job awarded (discord_activity), which is history as any other award.
CREATE OR REPLACE VIEW community.point_transactions AS
SELECT
    t.id COLLATE "C" AS transaction_id,  -- noqa: RF03
    t."memberId" COLLATE "C" AS member_id,  -- noqa: RF03
    t.action,
    t.points::bigint AS points,
    t."createdAt" AT TIME ZONE 'UTC' AS created_at,
    coalesce(t.metadata, '{}') AS metadata
FROM public."PointTransaction" AS t;
