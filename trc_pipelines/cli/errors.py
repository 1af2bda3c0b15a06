"""Errors that were foreseen: people are told what is wrong in a line, without a traceback."""

from trc_pipelines.cli.services import ServiceError
from trc_pipelines.database.adapters import AdapterError
from trc_pipelines.database.connection import DatabaseError
from trc_pipelines.database.embedded import EmbeddedServerError
from trc_pipelines.database.migrations import MigrationError
from trc_pipelines.database.rights import RightsError
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.settings import SettingsError

# One line for each setting, or right.
IN_LINES = (SettingsError, RightsError)
FORESEEN = (
    JobError,
    DatabaseError,
    AdapterError,
    MigrationError,
    EmbeddedServerError,
    ServiceError,
)
