"""What of the betting app grows old and is removed by housekeeping."""

from trc_pipelines.monitoring.housekeeping import PURGES_FOR_DAYS, Target

TARGETS = [
    Target(
        "content_expirations",
        "betting/purge_content_expirations",
        lambda _settings: PURGES_FOR_DAYS,
    ),
    Target("cleanups", "betting/purge_cleanups", lambda _settings: PURGES_FOR_DAYS),
]
