"""Runs in containers of their own: Dagster's launcher for Docker, given the settings of this process."""

import os
from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_docker import DockerRunLauncher

from trc_pipelines.settings import Settings

# What is not a setting of ours, and runs read: Dagster's, and those of libraries.
PREFIXES = ("AWS_", "DAGSTER_", "PG")


class ContainerLauncher(DockerRunLauncher):
    """Start a container for each run, with every setting that this process has."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "ContainerLauncher":
        """Build it from dagster.yaml, as Dagster asks. Values are looked up when a run is started."""
        given = [
            name
            for name in os.environ
            if name.lower() in Settings.model_fields or name.startswith(PREFIXES)
        ]
        env_vars = [*config_value.get("env_vars", ()), *sorted(given)]
        return cls(inst_data=inst_data, **{**config_value, "env_vars": env_vars})
