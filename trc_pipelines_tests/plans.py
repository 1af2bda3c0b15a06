"""How the server would run a statement."""

from typing import Any

from trc_pipelines.database.connection import Transaction
from trc_pipelines.database.statements import load_statement


def explain(transaction: Transaction, name: str, **values: object) -> str:
    """The plan, where reading a whole table is the last resort: a small one does not tell."""
    statement = load_statement(name)

    def ask(cursor: Any) -> list[tuple[str]]:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statement.text, statement.bind(values))
        return cursor.fetchall()

    return "\n".join(line for (line,) in transaction._connection.use(name, ask))
