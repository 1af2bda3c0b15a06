"""What the community reads of the web app."""

from trc_pipelines.jobs.contract import Relation

NAME = "community"

members = Relation(
    "community.members", "One row per member of the community, as the web app keeps it."
)
point_actions = Relation(
    "community.point_actions", "One row per action that earns points, and how many."
)
point_transactions = Relation(
    "community.point_transactions", "One row per award the web app made itself."
)
RELATIONS = [members, point_actions, point_transactions]
