"""What the betting jobs read of the app."""

from trc_pipelines.jobs.contract import Relation

users = Relation("betting.users", "One row per user, as the betting app keeps them.")
games = Relation("betting.games", "One row per game, with its score once it is over.")
chats = Relation("betting.chats", "One row per chat; says how long its messages stay.")
reports = Relation("betting.reports", "One row per report of content by a user.")
bets = Relation("betting.bets", "One row per bet. The app places them, settlement decides them.")
posts = Relation("betting.posts", "One row per post: content, a pick, or the outcome of one.")
stories = Relation("betting.stories", "One row per story.")
messages = Relation("betting.messages", "One row per message in a chat.")
comments = Relation("betting.comments", "One row per comment on a post.")
reactions = Relation("betting.reactions", "One row per reaction to content.")
media_objects = Relation(
    "betting.media_objects", "Pictures and videos in the media store (MEDIA_URL).", is_table=False
)
RELATIONS = [
    users, games, chats, reports, bets, posts, stories, messages, comments, reactions, media_objects,
]  # fmt: skip
