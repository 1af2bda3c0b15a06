"""The way to PostgreSQL: transactions, frames in and out, migrations, the embedded server."""
