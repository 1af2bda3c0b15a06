"""What the quiz app keeps, and the jobs read and change."""

from trc_pipelines.app_relations.declarations import KEY, AppRelation, Column, Index

NAME = "quiz"
THE_APP = "The app. No job writes it."

users = AppRelation(
    table="quiz.users",
    description="One row per player, as the quiz app keeps it.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column(
            "username",
            "text",
            "Name to show; hostile text until cleaned.",
            is_nullable=True,
            is_needed=False,
        ),
        Column(
            "created_at", "timestamptz", "When the player joined.", default="now()", is_needed=False
        ),
        Column(
            "deleted_at",
            "timestamptz",
            "When the player left; NULL for those who are there. Who left is on no board.",
            is_nullable=True,
        ),
    ],
    key=["id"],
)
xp_events = AppRelation(
    table="quiz.xp_events",
    description="One row per gain of XP, each source of a session once.",
    writers="The app, in the transaction that adds to `player_progress.xp`.",
    columns=[
        Column("id", KEY, "Key given by the app.", default="gen_random_uuid()::text"),
        Column("user_id", KEY, "Who earned it."),
        Column("amount", "bigint", "XP; negative for a correction."),
        Column(
            "earned_at",
            "timestamptz",
            "When; decides to which week and month it belongs.",
            default="now()",
        ),
        Column(
            "source",
            "text",
            "What it was earned for; a session pays once for each source.",
            is_needed=False,
        ),
        Column(
            "session_id",
            KEY,
            "The session it was earned in, if any.",
            is_nullable=True,
            is_needed=False,
        ),
    ],
    key=["id"],
    unique={"xp_events_source_key": ["source", "session_id"]},
    indexes=[
        Index(
            "xp_events_earned_at_idx",
            "(earned_at) INCLUDE (user_id, amount)",
            "leaderboard_recalculation",
        ),
    ],
)
lives = AppRelation(
    table="quiz.lives",
    description=(
        "One row per player: lives now and when the next comes back. The app takes them, the "
        "job gives them back."
    ),
    writers=(
        "The app takes a life, and sets `next_regen_at` only when it is NULL. The job gives "
        "lives back and moves the deadline on."
    ),
    columns=[
        Column("user_id", KEY, "Player."),
        Column(
            "current_lives",
            "integer",
            "Lives now; bought ones may exceed the maximum.",
            default="5",
            check="current_lives >= 0",
        ),
        Column(
            "max_lives",
            "integer",
            "Up to which lives come back by themselves.",
            default="5",
            check="max_lives >= 0",
        ),
        Column(
            "last_regen_at",
            "timestamptz",
            "Logical time at which a life last came back.",
            is_nullable=True,
        ),
        Column(
            "next_regen_at",
            "timestamptz",
            "When the next one is due. The app sets it when a life is lost and none is "
            "due; NULL when full.",
            is_nullable=True,
        ),
        Column("updated_at", "timestamptz", "When the row last changed.", default="now()"),
    ],
    key=["user_id"],
    indexes=[
        Index(
            "lives_due_idx", "(next_regen_at) WHERE current_lives < max_lives", "life_regeneration"
        ),
    ],
    ports={"quiz.grant_lives": ["current_lives", "last_regen_at", "next_regen_at", "updated_at"]},
)
player_progress = AppRelation(
    table="quiz.player_progress",
    description=(
        "One row per player: XP, streak, protections. The app counts up, the job ends streaks."
    ),
    writers="The app counts up. The job uses a protection, or sets `current_streak` to 0.",
    columns=[
        Column("user_id", KEY, "Player."),
        Column("xp", "bigint", "XP of a lifetime.", default="0"),
        Column(
            "current_streak",
            "integer",
            "Streak as the app counts it; set to zero when it breaks.",
            default="0",
            check="current_streak >= 0",
        ),
        Column(
            "longest_streak",
            "integer",
            "Longest streak ever; the jobs leave it alone.",
            default="0",
            check="longest_streak >= 0",
            is_needed=False,
        ),
        Column(
            "protections_remaining",
            "integer",
            "How often a streak survives a pause, once a day.",
            default="0",
            check="protections_remaining BETWEEN 0 AND 2",
        ),
        Column("last_quiz_at", "timestamptz", "When the last quiz was played.", is_nullable=True),
        Column("last_xp_at", "timestamptz", "When XP was last earned.", is_nullable=True),
        Column("updated_at", "timestamptz", "When the row last changed.", default="now()"),
    ],
    key=["user_id"],
    indexes=[
        Index(
            "player_progress_streaks_idx",
            "(last_quiz_at) WHERE current_streak > 0",
            "quiz_streak_update",
        ),
    ],
    ports={"quiz.judge_streaks": ["current_streak", "protections_remaining", "updated_at"]},
)
quiz_sessions = AppRelation(
    table="quiz.quiz_sessions",
    description=(
        "One row per session of a quiz. The app begins and completes them, and the job lets "
        "them expire."
    ),
    writers=(
        "The app begins and completes (`… WHERE status = 'active'`, so that whoever commits "
        "first wins). The job lets them expire."
    ),
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("user_id", KEY, "Player."),
        Column(
            "status",
            "text",
            "active, completed or abandoned by the player, expired by the job.",
            default="'active'",
            values=["active", "completed", "expired", "abandoned"],
        ),
        Column("score", "integer", "Score in the quiz.", default="0", is_needed=False),
        Column("started_at", "timestamptz", "When it began; that cost a life.", default="now()"),
        Column(
            "expires_at",
            "timestamptz",
            "Until when it may be finished; NULL: ten minutes after it began.",
            is_nullable=True,
        ),
        Column("completed_at", "timestamptz", "When it ended, in whatever way.", is_nullable=True),
    ],
    key=["id"],
    indexes=[
        Index(
            "quiz_sessions_expires_at_idx",
            "(expires_at) WHERE status = 'active'",
            "session_cleanup",
        ),
        Index(
            "quiz_sessions_started_at_idx",
            "(started_at) WHERE status = 'active' AND expires_at IS NULL",
            "session_cleanup",
        ),
        Index("quiz_sessions_began_idx", "USING brin (started_at)", "quiz_totals"),
    ],
    ports={"quiz.expire_sessions": ["status", "completed_at"]},
)
APP_RELATIONS = [users, xp_events, lives, player_progress, quiz_sessions]

shown_players = AppRelation(
    table="quiz.shown_players",
    description="One row per player: the streak and the ranks that the app shows.",
    writers="An operator makes it as a view of the app's own columns. No job reads it.",
    columns=[
        Column("user_id", KEY, "Player."),
        Column("current_streak", "integer", "Streak.", is_nullable=True),
        Column("global_score", "bigint", "XP of a lifetime.", is_nullable=True),
        Column("global_rank", "integer", "Rank by it.", is_nullable=True),
        Column("weekly_score", "bigint", "XP of this week.", is_nullable=True),
        Column("weekly_rank", "integer", "Rank by it.", is_nullable=True),
    ],
    key=["user_id"],
)
