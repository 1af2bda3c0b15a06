"""The tables that belong to the apps: what the jobs need of them, as data."""
