"""What of the quiz grows old and is removed by housekeeping."""

from trc_pipelines.operations.housekeeping import Target

TARGETS = [
    Target(
        "life_regenerations",
        "quiz/purge_life_regenerations",
        lambda settings: settings.history_retention_days,
    ),
]
