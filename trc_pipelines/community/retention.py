"""What of the community grows old and is removed by housekeeping."""

from trc_pipelines.monitoring.housekeeping import Target

BLOCKS_FOR_DAYS = 90

TARGETS = [
    Target("mee6_blocks", "community/purge_blocks", lambda _settings: BLOCKS_FOR_DAYS),
    Target(
        "snapshot_days",
        "community/purge_snapshots",
        lambda settings: settings.snapshot_retention_days,
    ),
    Target(
        "ranks",
        "community/purge_rankings",
        lambda settings: settings.ranking_retention_days,
    ),
]
