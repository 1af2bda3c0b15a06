"""SQL statements by name: `community/select_pending_syncs` is that file under `sql/`."""

from functools import cache

from trc_pipelines.settings import PROJECT_ROOT

SQL_FOLDER = PROJECT_ROOT / "sql"


@cache
def load_statement(name: str) -> str:
    """Text of `sql/<name>.sql`, which holds one statement with `$1`, `$2` … for its parameters."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
