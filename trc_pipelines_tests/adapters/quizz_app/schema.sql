-- The quiz app's tables that matter here, as its own migrations make them; unique columns are indexes, as Prisma has it.

CREATE TYPE "BadgeRarity" AS ENUM ('COMMON', 'RARE', 'EPIC', 'LEGENDARY');
CREATE TYPE "QuestionStatus" AS ENUM ('DRAFT', 'PUBLISHED', 'ARCHIVED');
CREATE TYPE "SessionStatus" AS ENUM ('IN_PROGRESS', 'COMPLETED', 'ABANDONED');
CREATE TYPE "ShopItemType" AS ENUM ('POWERUP_FIFTY_FIFTY', 'POWERUP_EXTRA_TIME', 'POWERUP_SKIP', 'LIFE', 'STREAK_FREEZE');
CREATE TYPE "TransactionType" AS ENUM ('EARNED', 'SPENT');
CREATE TYPE "UserRole" AS ENUM ('PLAYER', 'ADMIN', 'SUPER_ADMIN');

CREATE TABLE users (
    id text PRIMARY KEY,
    email varchar(255) NOT NULL,
    password varchar(255) NOT NULL,
    name varchar(20) NOT NULL,
    role "UserRole" NOT NULL DEFAULT 'PLAYER',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL,
    username varchar(20) NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE UNIQUE INDEX users_username_key ON users (username);
CREATE TABLE lives (
    id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
    "currentLives" integer NOT NULL DEFAULT 5,
    "maxLives" integer NOT NULL DEFAULT 5,
    "lastRegenAt" timestamp(3),
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL
);
CREATE UNIQUE INDEX "lives_userId_key" ON lives ("userId");
CREATE TABLE player_progress (
    id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
    "currentXP" integer NOT NULL DEFAULT 0,
    "currentLevel" integer NOT NULL DEFAULT 1,
    "currentStreak" integer NOT NULL DEFAULT 0,
    "longestStreak" integer NOT NULL DEFAULT 0,
    "totalQuizzes" integer NOT NULL DEFAULT 0,
    "perfectQuizzes" integer NOT NULL DEFAULT 0,
    "totalCorrect" integer NOT NULL DEFAULT 0,
    "totalAnswers" integer NOT NULL DEFAULT 0,
    "lastPlayedAt" timestamp(3),
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL
);
CREATE UNIQUE INDEX "player_progress_userId_key" ON player_progress ("userId");
CREATE TABLE player_rankings (
    id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
    "globalScore" integer NOT NULL DEFAULT 0,
    "weeklyScore" integer NOT NULL DEFAULT 0,
    "globalRank" integer,
    "weeklyRank" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL
);
CREATE UNIQUE INDEX "player_rankings_userId_key" ON player_rankings ("userId");
CREATE TABLE quiz_sessions (
    id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
    "categoryId" text,
    "difficultyId" text NOT NULL,
    status "SessionStatus" NOT NULL DEFAULT 'IN_PROGRESS',
    score integer NOT NULL DEFAULT 0,
    "startedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "completedAt" timestamp(3),
    "expiresAt" timestamp(3) NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE session_answers (
    id text PRIMARY KEY,
    "sessionId" text NOT NULL REFERENCES quiz_sessions ON UPDATE CASCADE ON DELETE CASCADE,
    "questionId" text NOT NULL,
    "answerId" text NOT NULL,
    "isCorrect" boolean NOT NULL,
    "timeSpent" integer NOT NULL,
    "pointsEarned" integer NOT NULL,
    "timeBonus" integer NOT NULL DEFAULT 0,
    "answeredAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX "session_answers_sessionId_questionId_key" ON session_answers ("sessionId", "questionId");
CREATE TABLE streak_protections (
    id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
    "expiresAt" timestamp(3) NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE lives ENABLE ROW LEVEL SECURITY;
ALTER TABLE player_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE quiz_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_answers ENABLE ROW LEVEL SECURITY;
ALTER TABLE streak_protections ENABLE ROW LEVEL SECURITY;
