"""What the betting app keeps, and the jobs read and change. Money is in whole cents."""

from trc_pipelines.app_relations.declarations import KEY, AppRelation, Column, Index
from trc_pipelines.jobs.contract import Relation

THE_APP = "The app. No job writes it."
CONTENT = "The app creates. The job hides what expired, and removes what was deleted long ago."
CLEANUP = "The app. Cleanup removes those of what is gone."
HIDDEN_AND_REMOVED = {
    "betting.expire_content": ["deleted_at", "deleted_reason"],
    "betting.remove_content": [],
}
# What posts, stories and messages have in common.
MEDIA_AND_LIFETIME = [
    Column("media_url", "text", "Picture or video.", is_nullable=True),
    Column("thumbnail_url", "text", "Small picture of it.", is_nullable=True),
    Column("created_at", "timestamptz", "When it was created.", default="now()"),
    Column("expires_at", "timestamptz", "When it expires; NULL: by its age.", is_nullable=True),
    Column(
        "deleted_at",
        "timestamptz",
        "When it was deleted; it is removed for good later.",
        is_nullable=True,
    ),
    Column("deleted_reason", "text", "expired, or why the app deleted it.", is_nullable=True),
]

users = AppRelation(
    table="betting.users",
    description="One row per user, as the betting app keeps them.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("username", "text", "Name to show; hostile text until cleaned.", is_nullable=True),
        Column(
            "referral_count",
            "integer",
            "Users this one brought; each is worth more at the weekly reset.",
            default="0",
            check="referral_count >= 0",
        ),
        Column("avatar_url", "text", "Picture, ours or somebody else's.", is_nullable=True),
        Column("created_at", "timestamptz", "When the user joined.", default="now()"),
        Column(
            "deleted_at",
            "timestamptz",
            "When the user left; NULL for those who are there.",
            is_nullable=True,
        ),
    ],
    key=["id"],
)
games = AppRelation(
    table="betting.games",
    description="One row per game, with its score once it is over.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("sport", "text", "NFL, NBA …"),
        Column("home_team", "text", "Team that plays at home."),
        Column("away_team", "text", "Team that visits."),
        Column(
            "commence_time",
            "timestamptz",
            "When it begins; bets placed from then on are void, unless live bets are taken.",
        ),
        Column(
            "status",
            "text",
            "scheduled, live, completed, cancelled or postponed; only completed and "
            "cancelled games settle bets.",
            default="'scheduled'",
            values=["scheduled", "live", "completed", "cancelled", "postponed"],
        ),
        Column("home_score", "integer", "Points of the home team.", is_nullable=True),
        Column("away_score", "integer", "Points of the away team.", is_nullable=True),
        Column(
            "completed_at",
            "timestamptz",
            "When it was over; no bet placed from then on counts.",
            is_nullable=True,
        ),
    ],
    key=["id"],
    indexes=[
        Index("games_commence_time_idx", "(commence_time)", "badge_calculation"),
    ],
)
chats = AppRelation(
    table="betting.chats",
    description="One row per chat; says how long its messages stay.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("chat_type", "text", "group or direct.", default="'group'"),
        Column("avatar_url", "text", "Picture of the chat.", is_nullable=True),
        Column(
            "settings",
            "jsonb",
            "expiration_hours (1, 24 or 168; default 24): how long messages stay.",
            default="'{}'",
        ),
    ],
    key=["id"],
)
chat_members = AppRelation(
    table="betting.chat_members",
    description="One row per chat and user in it.",
    writers="The app. Cleanup removes those of chats that are gone.",
    columns=[
        Column("chat_id", KEY, "Chat."),
        Column("user_id", KEY, "Who is in it."),
        Column("joined_at", "timestamptz", "Since when.", default="now()"),
    ],
    key=["chat_id", "user_id"],
    ports={"betting.remove_chat_members": []},
)
pick_actions = AppRelation(
    table="betting.pick_actions",
    description="One row per tail or fade of a pick. No job reads it.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app.", is_needed=False),
        Column("post_id", KEY, "The pick.", is_needed=False),
        Column("user_id", KEY, "Who tailed or faded it.", is_needed=False),
        Column(
            "action_type",
            "text",
            "tail: the same bet; fade: the opposite.",
            values=["tail", "fade"],
            is_needed=False,
        ),
        Column(
            "resulting_bet_id", KEY, "The bet that was placed.", is_nullable=True, is_needed=False
        ),
        Column("created_at", "timestamptz", "When.", default="now()", is_needed=False),
    ],
    key=["id"],
)
reports = AppRelation(
    table="betting.reports",
    description="One row per report of content by a user.",
    writers=THE_APP,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("content_type", "text", "post, story, message or comment."),
        Column("content_id", KEY, "What was reported."),
        Column("reported_by", KEY, "Who reported it.", is_nullable=True, is_needed=False),
        Column("created_at", "timestamptz", "When.", default="now()"),
        Column(
            "reviewed_at",
            "timestamptz",
            "When somebody looked; until then what was reported is kept.",
            is_nullable=True,
        ),
    ],
    key=["id"],
    indexes=[
        Index("reports_open_idx", "(content_id) WHERE reviewed_at IS NULL", "content_expiration"),
    ],
)
badges = AppRelation(
    table="betting.badges",
    description="One row per badge there is, with what people read. No job reads it.",
    writers=THE_APP,
    columns=[
        Column("badge", KEY, "Name of the badge.", is_needed=False),
        Column("title", "text", "What people read.", is_needed=False),
        Column("description", "text", "What earns it.", is_needed=False),
    ],
    key=["badge"],
)
reactions = AppRelation(
    table="betting.reactions",
    description="One row per reaction to content.",
    writers=CLEANUP,
    columns=[
        Column("content_type", "text", "post, story, message or comment."),
        Column("content_id", KEY, "What was reacted to."),
        Column("user_id", KEY, "Who did."),
        Column("reaction", "text", "How.", default="'like'"),
        Column("created_at", "timestamptz", "When.", default="now()"),
    ],
    key=["content_type", "content_id", "user_id", "reaction"],
    ports={"betting.remove_reactions": []},
)
story_views = AppRelation(
    table="betting.story_views",
    description="One row per story and user who saw it.",
    writers=CLEANUP,
    columns=[
        Column("story_id", KEY, "Story."),
        Column("user_id", KEY, "Who saw it."),
        Column("created_at", "timestamptz", "When.", default="now()"),
    ],
    key=["story_id", "user_id"],
    ports={"betting.remove_story_views": []},
)
message_reads = AppRelation(
    table="betting.message_reads",
    description="One row per message and user who read it.",
    writers=CLEANUP,
    columns=[
        Column("message_id", KEY, "Message."),
        Column("user_id", KEY, "Who read it."),
        Column("created_at", "timestamptz", "When.", default="now()"),
    ],
    key=["message_id", "user_id"],
    ports={"betting.remove_message_reads": []},
)
bets = AppRelation(
    table="betting.bets",
    description="One row per bet. The app places them, settlement decides them.",
    writers="The app places. Settlement decides `status`, `payout`, `net` and `settled_at`.",
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("user_id", KEY, "Who placed it."),
        Column("game_id", KEY, "On which game."),
        Column("bet_type", "text", "spread, total or moneyline."),
        Column("bet_details", "jsonb", "team, line, total_type (over, under).", default="'{}'"),
        Column(
            "stake",
            "bigint",
            "Cents at risk; they leave the balance when the bet is lost, not when it is placed.",
            check="stake > 0",
        ),
        Column("odds", "bigint", "American odds.", is_nullable=True),
        Column(
            "potential_win",
            "bigint",
            "Cents won on top of the stake, as the user was promised; NULL: by the odds.",
            is_nullable=True,
        ),
        Column("is_tail", "boolean", "Placed by tailing a pick.", default="FALSE"),
        Column("is_fade", "boolean", "Placed by fading a pick.", default="FALSE"),
        Column("original_pick_id", KEY, "The post with the pick.", is_nullable=True),
        Column("created_at", "timestamptz", "When it was placed.", default="now()"),
        Column(
            "status",
            "text",
            "pending until the settlement of its game decides.",
            default="'pending'",
            values=["pending", "won", "lost", "push", "cancelled"],
        ),
        Column(
            "payout",
            "bigint",
            "Cents that come back, stake included; NULL while pending.",
            is_nullable=True,
            check="payout >= 0",
        ),
        Column(
            "net", "bigint", "Cents the balance moves by; NULL while pending.", is_nullable=True
        ),
        Column(
            "settled_at",
            "timestamptz",
            "Logical time of the settlement; NULL while pending.",
            is_nullable=True,
        ),
    ],
    key=["id"],
    checks={"bets_settled_check": "(status = 'pending') = (settled_at IS NULL)"},
    indexes=[
        Index("bets_pending_idx", "(game_id) WHERE status = 'pending'", "game_settlement"),
        Index(
            "bets_settled_at_idx", "(settled_at) WHERE settled_at IS NOT NULL", "badge_calculation"
        ),
        Index("bets_game_idx", "(game_id)", "badge_calculation"),
        Index("bets_created_at_idx", "USING brin (created_at)", "badge_calculation"),
        Index("bets_user_idx", "(user_id)", "stats_rollup"),
        Index(
            "bets_original_pick_idx",
            "(original_pick_id) WHERE original_pick_id IS NOT NULL",
            "badge_calculation",
        ),
    ],
    ports={"betting.settle_bets": ["status", "payout", "net", "settled_at"]},
)
bankrolls = AppRelation(
    table="betting.bankrolls",
    description=(
        "One row per user: the balance, which is the sum of the ledger. The app creates the row."
    ),
    writers=(
        "The app creates the row. From then on only settlement, corrections, adjustments, "
        "restorations and the weekly reset move the balance. Placing a bet does not."
    ),
    columns=[
        Column("user_id", KEY, "User."),
        Column(
            "balance",
            "bigint",
            "Cents; the app sets the first, from then on only settlement, correction, "
            "adjustment and reset move it.",
            default="100000",
            check="balance >= 0",
        ),
        Column("weekly_deposit", "bigint", "Cents everybody starts a week with.", default="100000"),
        Column(
            "referral_bonus",
            "bigint",
            "Cents on top for referrals, as of the last reset.",
            default="0",
        ),
        Column(
            "weekly_reset_at",
            "timestamptz",
            "Boundary of the last reset: a Monday, 00:00 UTC.",
            is_nullable=True,
        ),
        Column("reset_count", "integer", "How often it was reset.", default="0"),
    ],
    key=["user_id"],
    ports={
        "betting.move_balances": ["balance"],
        "betting.begin_week": [
            "weekly_deposit",
            "referral_bonus",
            "weekly_reset_at",
            "reset_count",
        ],
    },
)
posts = AppRelation(
    table="betting.posts",
    description="One row per post: content, a pick, or the outcome of one.",
    writers=CONTENT,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("user_id", KEY, "Author."),
        Column(
            "post_type",
            "text",
            "content, pick (a bet to follow) or outcome (of one).",
            default="'content'",
            values=["content", "pick", "outcome"],
        ),
        Column("bet_id", KEY, "The bet a pick or an outcome is about.", is_nullable=True),
        *MEDIA_AND_LIFETIME,
    ],
    key=["id"],
    indexes=[
        Index("posts_live_idx", "(created_at) WHERE deleted_at IS NULL", "content_expiration"),
        Index(
            "posts_deleted_idx", "(deleted_at) WHERE deleted_at IS NOT NULL", "content_expiration"
        ),
        Index("posts_created_at_idx", "(created_at)", "badge_calculation"),
    ],
    ports=HIDDEN_AND_REMOVED,
)
stories = AppRelation(
    table="betting.stories",
    description="One row per story.",
    writers=CONTENT,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("user_id", KEY, "Author."),
        *MEDIA_AND_LIFETIME,
    ],
    key=["id"],
    indexes=[
        Index("stories_live_idx", "(created_at) WHERE deleted_at IS NULL", "content_expiration"),
        Index(
            "stories_deleted_idx", "(deleted_at) WHERE deleted_at IS NOT NULL", "content_expiration"
        ),
    ],
    ports=HIDDEN_AND_REMOVED,
)
messages = AppRelation(
    table="betting.messages",
    description="One row per message in a chat.",
    writers=CONTENT,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("chat_id", KEY, "Chat."),
        Column("user_id", KEY, "Author."),
        *MEDIA_AND_LIFETIME,
    ],
    key=["id"],
    indexes=[
        Index("messages_live_idx", "(created_at) WHERE deleted_at IS NULL", "content_expiration"),
        Index(
            "messages_deleted_idx",
            "(deleted_at) WHERE deleted_at IS NOT NULL",
            "content_expiration",
        ),
    ],
    ports=HIDDEN_AND_REMOVED,
)
comments = AppRelation(
    table="betting.comments",
    description="One row per comment on a post.",
    writers=CONTENT,
    columns=[
        Column("id", KEY, "Key given by the app."),
        Column("post_id", KEY, "Post it is on; goes with it."),
        Column("user_id", KEY, "Author."),
        Column("body", "text", "What it says.", is_nullable=True),
        Column("created_at", "timestamptz", "When it was created.", default="now()"),
        Column(
            "deleted_at",
            "timestamptz",
            "When it was deleted; it is removed for good later.",
            is_nullable=True,
        ),
        Column("deleted_reason", "text", "expired, or why the app deleted it.", is_nullable=True),
    ],
    key=["id"],
    indexes=[
        Index("comments_post_idx", "(post_id)", "content_expiration"),
        Index(
            "comments_deleted_idx",
            "(deleted_at) WHERE deleted_at IS NOT NULL",
            "content_expiration",
        ),
    ],
    ports={
        "betting.expire_content": ["deleted_at", "deleted_reason"],
        "betting.remove_content": [],
        "betting.remove_comments": [],
    },
)
notifications = AppRelation(
    table="betting.notifications",
    description="One row per message of the app to a user.",
    writers="The app and the jobs. Cleanup removes them after thirty days.",
    columns=[
        Column("id", KEY, "Key.", default="gen_random_uuid()::text"),
        Column("user_id", KEY, "Who is told."),
        Column("type", "text", "bet_won, tail_lost, milestone, system …"),
        Column("data", "jsonb", "What about.", default="'{}'"),
        Column("read", "boolean", "Whether it was read.", default="FALSE", is_needed=False),
        Column("created_at", "timestamptz", "Logical time.", default="now()"),
        Column("dedupe_key", "text", "What it is about: nobody is told twice.", is_nullable=True),
    ],
    key=["id"],
    unique={"notifications_user_key": ["user_id", "dedupe_key"]},
    indexes=[
        Index("notifications_created_at_idx", "(created_at)", "cleanup"),
    ],
    ports={"betting.notify": [], "betting.remove_notifications": []},
)
media_references = AppRelation(
    table="betting.media_references",
    description=(
        "One row per text that may refer to a picture or video, beyond the columns of other "
        "relations."
    ),
    writers=THE_APP,
    columns=[
        Column(
            "reference",
            "text",
            "Any text that may refer to a picture or video: a URL, a key, HTML, JSON …",
            is_nullable=True,
        ),
    ],
)
media_objects = Relation(
    "betting.media_objects", "Pictures and videos in the media store (MEDIA_URL).", is_table=False
)
APP_RELATIONS = [
    users, games, bets, bankrolls, posts, stories, messages, comments, reactions, story_views,
    message_reads, chats, chat_members, reports, notifications, media_references, pick_actions, badges,
]  # fmt: skip

shown_users = AppRelation(
    table="betting.shown_users",
    description="One row per user: the balance and the badges that the app shows.",
    writers="An operator makes it as a view of the app's own columns. No job reads it.",
    columns=[
        Column("user_id", KEY, "User."),
        Column("balance", "bigint", "Cents.", is_nullable=True),
        Column("badges", "text[]", "Badges held this week, by our names.", is_nullable=True),
    ],
    key=["user_id"],
)

shown_bets = AppRelation(
    table="betting.shown_bets",
    description="One row per bet: the outcome that the app shows.",
    writers="An operator makes it as a view of the app's own columns. No job reads it.",
    columns=[
        Column("bet_id", KEY, "Bet."),
        Column(
            "status",
            "text",
            "Pending, won, lost, push or cancelled, in lower case.",
            is_nullable=True,
        ),
        Column("net", "bigint", "What it moved the balance by, in cents.", is_nullable=True),
    ],
    key=["bet_id"],
)
