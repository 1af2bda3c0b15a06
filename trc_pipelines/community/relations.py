"""What the community reads of the web app."""

from trc_pipelines.app_relations.declarations import KEY, AppRelation, Column, Index

NAME = "community"
THE_APP = "The app. No job writes it."

members = AppRelation(
    table="community.members",
    description="One row per member of the community, as the web app keeps it.",
    writers="The app. Without one `trc members`, and the sync with `MEMBERS_FROM_BOARD`.",
    columns=[
        Column("member_id", KEY, "Key given by the app."),
        Column(
            "discord_id",
            "bigint",
            "Linked Discord account (snowflake), NULL when none is linked.",
            is_nullable=True,
            check="discord_id > 0",
        ),
        Column(
            "discord_username",
            "text",
            "Name to show; hostile text until cleaned.",
            is_nullable=True,
        ),
        Column(
            "subscription_status",
            "text",
            "NONE, TRIALING, ACTIVE, PAST_DUE or CANCELLED; streaks and boards show ACTIVE "
            "and TRIALING.",
            default="'NONE'",
            values=["NONE", "TRIALING", "ACTIVE", "PAST_DUE", "CANCELLED"],
        ),
        Column(
            "leaderboard_visible",
            "boolean",
            "Whether the member agreed to be on leaderboards.",
            default="TRUE",
        ),
        Column(
            "created_at", "timestamptz", "When the member joined.", default="now()", is_needed=False
        ),
    ],
    key=["member_id"],
    unique={"members_discord_id_key": ["discord_id"]},
)
point_actions = AppRelation(
    table="community.point_actions",
    description="One row per action that earns points, and how many.",
    writers=THE_APP,
    columns=[
        Column("action", "text", "What earns points."),
        Column(
            "points",
            "bigint",
            "Points for one such action; for discord_activity, per 100 XP. A change "
            "applies to later postings only.",
        ),
        Column(
            "enabled",
            "boolean",
            "A disabled action pays nothing, and is not paid later either.",
            default="TRUE",
        ),
    ],
    key=["action"],
)
point_transactions = AppRelation(
    table="community.point_transactions",
    description="One row per award the web app made itself.",
    writers=THE_APP,
    columns=[
        Column("transaction_id", KEY, "Key given by the app.", default="gen_random_uuid()::text"),
        Column("member_id", KEY, "Who earned them."),
        Column("action", "text", "What earned them."),
        Column("points", "bigint", "Points, negative for a deduction."),
        Column("created_at", "timestamptz", "When they were earned.", default="now()"),
        Column("metadata", "jsonb", "Whatever the app adds.", default="'{}'", is_needed=False),
    ],
    key=["transaction_id"],
    indexes=[
        Index("point_transactions_created_at_idx", "(created_at, transaction_id)", "mee6_sync"),
    ],
)
APP_RELATIONS = [members, point_actions, point_transactions]

shown_members = AppRelation(
    table="community.shown_members",
    description="One row per member: the points and streak that the app shows.",
    writers="An operator makes it as a view of the app's own columns. No job reads it.",
    columns=[
        Column("member_id", KEY, "Member."),
        Column("total_points", "bigint", "Points.", is_nullable=True),
        Column("current_streak", "integer", "Streak of weekdays.", is_nullable=True),
        Column(
            "last_active_at",
            "timestamptz",
            "When the member was last active; days are compared.",
            is_nullable=True,
        ),
    ],
    key=["member_id"],
)
