"""What an app shows itself, written back to it: where WRITE_BACK says so, by an adapter's own function."""

from collections.abc import Sequence
from datetime import timedelta

from trc_pipelines.jobs.contract import Job, JobError, Result, Step, Work


def build_write_back(steps: Sequence[Step]) -> Job:
    """Make the job that writes back for some domains, right after what each step reads first is written."""
    return Job(
        name="write_back",
        description="Write what the apps show themselves (WRITE_BACK): what is not as our tables say.",
        cron="20 * * * *",
        stale_after=timedelta(minutes=65),
        steps=steps,
        after=[next(dep for dep in step.deps if isinstance(dep, Step)) for step in steps],
    )


def write_back(work: Work, port: str, statement: str, figure: str) -> Result:
    """Give an app every figure it shows itself. Its adapter writes those that are not as they are there.

    Args:
        port: the adapter's function.
        statement: calls it, and counts the rows it wrote.
        figure: what to call their number.

    Raises:
        JobError: the adapter has no such function, or there is no adapter.
    """
    domain = port.split(".")[0]
    if not work.transaction.read_value("jobs/has_port", port=port):
        raise JobError(
            f"WRITE_BACK has {domain}, and there is no function {port}: no app is attached, or its "
            f"adapter writes nothing back. Take {domain} out of WRITE_BACK, or add the function to the "
            "adapter's ports.sql as docs/connecting.md says."
        )
    written = int(work.transaction.read_value(statement))
    return Result(written, details={figure: written}, rows_written=written)
