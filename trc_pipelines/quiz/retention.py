"""What of the quiz grows old and is removed by housekeeping."""

from trc_pipelines.monitoring.housekeeping import Target

# The check of archives looks back 35 days, and needs what was counted for so long.
COUNTED_XP_FOR_DAYS = 40

TARGETS = [
    Target(
        "life_regenerations",
        "quiz/purge_life_regenerations",
        lambda settings: settings.history_retention_days,
    ),
    Target("counted_xp", "quiz/purge_counted_xp", lambda _settings: COUNTED_XP_FOR_DAYS),
]
