"""What the quiz app keeps, and the steps read."""

from trc_pipelines.jobs.contract import Relation

NAME = "quiz"

users = Relation("quiz.users", "One row per player, as the quiz app keeps it.")
xp_events = Relation("quiz.xp_events", "One row per gain of XP, each source of a session once.")
lives = Relation(
    "quiz.lives",
    "One row per player: lives now and when the next comes back. The app takes them, the job gives "
    "them back.",
)
player_progress = Relation(
    "quiz.player_progress",
    "One row per player: XP, streak, protections. The app counts up, the job ends streaks.",
)
RELATIONS = [users, xp_events, lives, player_progress]
