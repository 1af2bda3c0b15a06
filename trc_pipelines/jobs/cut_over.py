"""The moment at which a domain's old jobs stop: decided once, recorded, and the same for every run."""

from datetime import datetime

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.settings import Settings


def keep_cut_over(
    transaction: Transaction, settings: Settings, domain: str, run_id: str
) -> datetime | None:
    """Record the cut-over of a domain with the first run that knows it, and hold later runs to it.

    Returns:
        The moment, None where there are no old jobs.

    Raises:
        JobError: the setting is not what was recorded.
    """
    wanted = settings.cut_over_at(domain)
    recorded = transaction.read_value("jobs/select_cut_over", domain=domain)
    if recorded is None and wanted is not None:
        transaction.execute(
            "jobs/insert_cut_over", domain=domain, cut_over_at=wanted, run_id=run_id
        )
        recorded = transaction.read_value("jobs/select_cut_over", domain=domain)
    if wanted != recorded:
        name = f"{domain.upper()}_CUT_OVER_AT"
        said = f"is {_name(wanted)}" if wanted else "is not set"
        raise JobError(
            f"{name} {said}, and {_name(recorded)} was recorded when it was decided. What was taken "
            f"over and what was paid goes by that, so it stays: set {name}={_name(recorded)}"
        )
    return wanted


def _name(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
