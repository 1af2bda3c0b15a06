"""Measurements of the pipelines against the work they cannot avoid, on one embedded PostgreSQL."""
