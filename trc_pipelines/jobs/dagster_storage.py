"""Dagster's tables in PostgreSQL, over connections that are kept: named in dagster.yaml.

By itself Dagster opens a connection for every statement it has for its tables, fifty in a run of a
second, and the daemon some each second. Opening one costs more than most of the statements do.
"""

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import create_engine


class _RunStorage(PostgresRunStorage):
    """What an instance disposes of: with it go the connections of all three."""

    def dispose(self) -> None:
        self._engine.dispose()


class KeptConnections(DagsterPostgresStorage):
    """The storage of dagster-postgres; runs, events and schedules share a pool.

    A connection is tried before it is used, because the server may have been restarted. As many as
    are wanted at once are opened, and two are kept.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        engine = create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_pre_ping=True,
            pool_size=2,
            max_overflow=-1,
        )
        self._run_storage = _RunStorage(postgres_url, should_autocreate_tables=False)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnections":
        """Build it from dagster.yaml, as Dagster asks."""
        return cls(pg_url_from_config(config_value), inst_data)
