"""Statements to a database that has no schema yet, or another one."""

import sqlalchemy as sa

from trc_pipelines.database import migrations


def run_sql(url: str, sql: str) -> None:
    engine = migrations.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)
    engine.dispose()


def read(url: str, sql: str) -> list:
    engine = migrations.create_engine(url)
    with engine.connect() as connection:
        rows = [row[0] if len(row) == 1 else tuple(row) for row in connection.execute(sa.text(sql))]
    engine.dispose()
    return rows
