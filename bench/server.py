"""One embedded PostgreSQL for a whole run, its clocks, and a migrated database for each measurement."""

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
from sqlalchemy.engine import make_url

from bench.measure import Cost
from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines.database.migrations import create_engine, ensure_database, migrate
from trc_pipelines.database.urls import libpq_url

# Tables and views of the domains, with the columns that two runs of the same code fill alike: no
# clock, no chance, no name of a run.
RELATIONS = r"""
SELECT c.oid::regclass::text, c.relkind IN ('r', 'p'), array_agg(quote_ident(a.attname) ORDER BY a.attname)
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE (
    c.relnamespace::regnamespace::text IN ('community', 'quiz', 'betting', 'leaderboards')
    OR c.oid = 'operations.domain_events'::regclass
)
AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
AND a.attname NOT IN ('run_id', 'started_at', 'finished_at', 'deltas_at', 'posted_at')
AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ 'now\(|timestamp\(|random|current_xact'
GROUP BY c.oid
"""
DIGEST = """
SELECT md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) FROM (SELECT {columns} FROM {table}) AS t
"""


class Server:
    """A running server, as the embedded default sets it up: nothing is tuned for measuring.

    Attributes:
        template: name of its migrated database.
        compared: columns by table, of which `keep_digests` keeps what they hold; none: nothing is kept.
        digests: what was kept: of each database a digest by table.
    """

    def __init__(self, url: str, pid: int, template: str) -> None:
        self._url = url
        self.template = template
        self._processes = Path("/proc", str(pid))
        self._numbers = count(1)
        self.compared: Mapping[str, Sequence[str]] = {}
        self.digests: list[dict[str, str | None]] = []

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Make a database, migrated or a copy of another, give its URL, and drop it afterwards."""
        name = f"bench_{next(self._numbers)}"
        execute(self._url, f"CREATE DATABASE {name} TEMPLATE {template or self.template}")
        try:
            yield self.url_of(name)
        finally:
            execute(self._url, f"DROP DATABASE {name} WITH (FORCE)")

    def cost_of(self, work: Callable[..., object], *arguments: object) -> Cost:
        """Measure what a call costs."""
        before = self._clocks()
        work(*arguments)
        after = self._clocks()
        return Cost(*(end - begin for begin, end in zip(before, after, strict=True)))

    def keep_digests(self, url: str) -> None:
        """Keep what the tables of a database hold, if it is to be compared with another's."""
        if self.compared:
            self.digests.append(
                {
                    table: fetch(url, DIGEST.format(columns=", ".join(columns), table=table))[0][0]
                    for table, columns in self.compared.items()
                }
            )

    def url_of(self, name: str) -> str:
        """Give the URL of a database of this server."""
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def _clocks(self) -> tuple[float, float, float]:
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        client = sum(usage.ru_utime + usage.ru_stime for usage in own)
        return time.perf_counter(), client, self._server_seconds()

    def _server_seconds(self) -> float:
        """Sum up what the server's processes have computed. Where there is no /proc that is not known: 0."""
        if not self._processes.exists():
            return 0.0
        # Of those that have ended (cutime and cstime in proc(5)), in hundredths, and of those that run.
        fields = (self._processes / "stat").read_text().rsplit(")", 1)[1].split()
        ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        [children] = self._processes.glob("task/*/children")
        return ended + sum(_seconds_of(pid) for pid in children.read_text().split())


def _seconds_of(pid: str) -> float:
    try:
        return int(Path("/proc", pid, "schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0.0


@contextmanager
def run_server() -> Iterator[Server]:
    """Start a server in a temporary folder, and stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="trc_bench_") as folder:
        # The server runs as a user of its own when the bench runs as root.
        Path(folder).chmod(0o755)
        data = Path(folder) / "postgres"
        try:
            url = start_embedded_server(data)
            server = Server(
                url, int((data / "postmaster.pid").read_text().split()[0]), "bench_template"
            )
            ensure_database(server.url_of(server.template))
            migrate(server.url_of(server.template))
            yield server
        finally:
            stop_embedded_server(data)


def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    finally:
        engine.dispose()


def fetch(url: str, query: str) -> Sequence[Sequence]:
    """Read the rows of a query."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql(
                query, execution_options={"no_parameters": True}
            ).fetchall()
    finally:
        engine.dispose()


def read_raw(url: str, *queries: str) -> None:
    """Read what queries give by the cheapest means there are: binary COPY, into columns."""
    with adbc.connect(libpq_url(url)) as connection, connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            cursor.fetch_arrow_table()


def scalar(url: str, query: str) -> int:
    """Read the one integer that a query gives."""
    return int(fetch(url, query)[0][0])
