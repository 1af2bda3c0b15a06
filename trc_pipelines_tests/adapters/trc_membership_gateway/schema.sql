-- The gateway's tables that matter here, as its own migrations make them; unique columns are indexes, as Prisma has it.

CREATE TYPE "AdminRole" AS ENUM ('ADMIN', 'SUPER_ADMIN');
CREATE TYPE "BenchmarkCategory" AS ENUM ('COMPENSATION', 'INFRASTRUCTURE', 'BUSINESS', 'OPERATIONAL');
CREATE TYPE "DiscordActivityType" AS ENUM ('MESSAGE', 'REACTION_GIVEN', 'REACTION_RECEIVED');
CREATE TYPE "ResourceStatus" AS ENUM ('DRAFT', 'PUBLISHED', 'SCHEDULED');
CREATE TYPE "ResourceType" AS ENUM ('TEMPLATE', 'SOP', 'PLAYBOOK', 'COURSE', 'VIDEO');
CREATE TYPE "SeatTier" AS ENUM ('INDIVIDUAL', 'OWNER', 'TEAM_MEMBER');
CREATE TYPE "SubscriptionStatus" AS ENUM ('NONE', 'TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELLED');

CREATE TABLE "Member" (
    id text PRIMARY KEY,
    "discordId" text,
    "discordUsername" text,
    "discordAvatar" text,
    "stripeCustomerId" text,
    email text,
    "firstName" text,
    "lastName" text,
    company text,
    "jobTitle" text,
    "linkedInUrl" text,
    "referralSource" text,
    "subscriptionStatus" "SubscriptionStatus" NOT NULL DEFAULT 'NONE',
    "seatTier" "SeatTier",
    "currentPeriodEnd" timestamp(3),
    "introCompleted" boolean NOT NULL DEFAULT FALSE,
    "introCompletedAt" timestamp(3),
    "introMessageId" text,
    "teamId" text,
    "isTeamAdmin" boolean NOT NULL DEFAULT FALSE,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL,
    "passwordHash" text,
    "lastGuidanceDmAt" timestamp(3),
    "isPrimaryOwner" boolean NOT NULL DEFAULT FALSE,
    "debtorStateEndsAt" timestamp(3),
    "gracePeriodEndsAt" timestamp(3),
    "isInDebtorState" boolean NOT NULL DEFAULT FALSE,
    "paymentFailedAt" timestamp(3),
    "previousRole" text,
    "sentBillingNotifications" text[] DEFAULT ARRAY[]::text[],
    "currentStreak" integer NOT NULL DEFAULT 0,
    "lastActiveAt" timestamp(3),
    "totalPoints" integer NOT NULL DEFAULT 0,
    "leaderboardVisible" boolean NOT NULL DEFAULT TRUE
);
CREATE TABLE "PointConfig" (
    id text PRIMARY KEY,
    action text NOT NULL,
    points integer NOT NULL,
    enabled boolean NOT NULL DEFAULT TRUE,
    label text NOT NULL,
    description text,
    "updatedAt" timestamp(3) NOT NULL,
    "updatedBy" text
);
CREATE UNIQUE INDEX "PointConfig_action_key" ON "PointConfig" (action);
CREATE TABLE "PointTransaction" (
    id text PRIMARY KEY,
    "memberId" text NOT NULL REFERENCES "Member" ON UPDATE CASCADE ON DELETE CASCADE,
    action text NOT NULL,
    points integer NOT NULL,
    metadata jsonb,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "PointTransaction_memberId_createdAt_idx" ON "PointTransaction" ("memberId", "createdAt");
CREATE TABLE "DiscordActivity" (
    id text PRIMARY KEY,
    "memberId" text NOT NULL REFERENCES "Member" ON UPDATE CASCADE ON DELETE CASCADE,
    "discordId" text NOT NULL,
    "activityType" "DiscordActivityType" NOT NULL,
    "xpDelta" integer,
    "xpTotal" integer,
    "syncedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "BenchmarkSubmission" (
    id text PRIMARY KEY,
    "memberId" text NOT NULL REFERENCES "Member" ON UPDATE CASCADE ON DELETE CASCADE,
    category "BenchmarkCategory" NOT NULL,
    data jsonb NOT NULL,
    "isValid" boolean NOT NULL DEFAULT TRUE,
    "submittedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE "ResourceDownload" (
    id text PRIMARY KEY,
    "memberId" text NOT NULL REFERENCES "Member" ON UPDATE CASCADE ON DELETE CASCADE,
    "resourceId" text NOT NULL,
    "downloadedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "FeatureFlag" (
    id text PRIMARY KEY,
    key text NOT NULL,
    enabled boolean NOT NULL DEFAULT FALSE,
    description text,
    category text NOT NULL DEFAULT 'general',
    "updatedAt" timestamp(3) NOT NULL,
    "updatedBy" text
);
CREATE UNIQUE INDEX "FeatureFlag_key_key" ON "FeatureFlag" (key);

CREATE FUNCTION update_member_points() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "Member" SET "totalPoints" = "totalPoints" + NEW.points WHERE id = NEW."memberId";
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_update_member_points AFTER INSERT ON "PointTransaction"
FOR EACH ROW EXECUTE FUNCTION update_member_points();

ALTER TABLE "Member" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "PointConfig" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "PointTransaction" ENABLE ROW LEVEL SECURITY;
