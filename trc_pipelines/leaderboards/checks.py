"""What must always be true of closed periods, of whichever domain."""

from trc_pipelines.jobs.checks import Check


def archive_check(domain: str) -> Check:
    """Declare that the domain's archives are complete and in order."""
    return Check(
        f"{domain}.leaderboard_archive",
        "archives_are_complete",
        "Every closed period has as many ranks as it was closed with, 1, 2, 3 … by score.",
        home="leaderboards",
    )
