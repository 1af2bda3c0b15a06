"""To be written."""

from trc_pipelines.operations.contract import Result, Work


def clean_media(work: Work) -> Result:
    """Placeholder until the real one lands."""
    raise NotImplementedError
