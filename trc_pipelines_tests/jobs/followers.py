"""Who tells events, and an app that takes them."""

import pandas as pd
import psycopg2
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.events import record_events
from trc_pipelines_tests.world import NOON, World

TAKE = "SELECT payload ->> 'n' FROM operations.take_domain_events('app', 2)"


def tell(transaction: Transaction, *numbers: int) -> int:
    return record_events(
        transaction,
        "Counted",
        pd.DataFrame({"n": numbers, "at": pd.Timestamp(NOON), "on": NOON.date()}),
        dedupe_keys=pd.Series([f"number:{number}" for number in numbers]),
        occurred_at=NOON,
        run_id="run",
    )


def connect(world: World) -> psycopg2.extensions.connection:
    return psycopg2.connect(
        make_url(world.database.url).set(drivername="postgresql").render_as_string(False)
    )


def take(connection: psycopg2.extensions.connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE)
        return [row[0] for row in cursor.fetchall()]
