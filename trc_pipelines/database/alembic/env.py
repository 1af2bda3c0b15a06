"""Alembic's entry: runs the migrations over the connection that `migrations.migrate` hands in."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table_schema="operations"
)
context.run_migrations()
