"""Who executes runs where RUN_LAUNCHER is not in-host: Dagster's own launchers, and what they lack.

A file for each launcher stands behind `dagster.yaml` in an installation that asks for it. The modules
are named there, and each needs the extra of its launcher.
"""
