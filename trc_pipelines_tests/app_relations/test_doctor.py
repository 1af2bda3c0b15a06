"""Whatever does not fit between an app and the jobs is found, and what the doctor says mends it."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.app_relations.ddl import write_ddl
from trc_pipelines.app_relations.doctor import Finding
from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.database.connection import Database
from trc_pipelines_tests.app_relations.apps import (
    DECLARED,
    KEYS,
    find,
    needed,
    write_app,
    write_view,
)
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, create_database, drop_database

Found = set[tuple[str, str, str | None]]


@dataclass(frozen=True)
class Clinic:
    """A database with apps, as its superuser, and as a login that owns nothing."""

    url: str
    owner: str
    login: str

    def run(self, sql: str) -> None:
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def admit(self, domain: str, key_type: str = "uuid") -> None:
        # A remedy may have let them see everything.
        self.run(f"ALTER ROLE {self.owner} NOBYPASSRLS; ALTER ROLE {self.login} NOBYPASSRLS")
        self.run(write_app(domain, key_type, self.owner, self.login))

    def examine(
        self, *domains: str, seconds: float = 30, is_before_migration: bool = False
    ) -> list[Finding]:
        url = make_url(self.url).set(username=self.login).render_as_string(hide_password=False)
        declared = [relation for domain in domains for relation in DECLARED[domain]]
        return examine(Database(url, seconds, 5), declared, is_before_migration=is_before_migration)

    def mend(self, findings: list[Finding]) -> None:
        for sql in dict.fromkeys(finding.remedy_sql for finding in findings):
            self.run(sql)


@pytest.fixture(scope="module")
def clinic(request: pytest.FixtureRequest, servers: dict[int, str]) -> Iterator[Clinic]:
    url = create_database(servers[request.param], "template0")
    name = make_url(url).database
    here = Clinic(
        make_url(url).set(drivername="postgresql").render_as_string(False),
        f"app_{name}",
        f"jobs_{name}",
    )
    here.run(f"CREATE ROLE {here.owner} LOGIN; CREATE ROLE {here.login} LOGIN")
    yield here
    drop_database(url)
    server = Clinic(servers[request.param], "", "")
    server.run(f"DROP ROLE {here.owner}; DROP ROLE {here.login}")


def seen(findings: list[Finding]) -> Found:
    return {(finding.kind, finding.relation, finding.column) for finding in findings}


@pytest.mark.parametrize("clinic", POSTGRES_VERSIONS, indirect=True)
@pytest.mark.parametrize("key_type", KEYS)
@pytest.mark.parametrize("domain", DECLARED)
def test_nothing_is_found_in_sound_views(clinic: Clinic, domain: str, key_type: str) -> None:
    clinic.admit(domain, key_type)
    assert clinic.examine(domain) == []


@pytest.mark.parametrize("clinic", POSTGRES_VERSIONS, indirect=True)
def test_nothing_is_found_where_policies_let_ports_write(clinic: Clinic) -> None:
    clinic.admit("quiz")
    clinic.admit("betting")
    clinic.run(
        ports("quiz", grant_lives=GIVE)
        + secured("quiz_app.lives", "USING (TRUE)")
        + ports("betting", notify=TELL)
        # Nothing that is written: it is shown, and that is enough.
        + secured("betting_app.games", SHOWN)
        + secured("betting_app.notifications", SHOWN, "FOR INSERT WITH CHECK (TRUE)")
    )
    assert clinic.examine("quiz", "betting") == []


@pytest.mark.parametrize("clinic", POSTGRES_VERSIONS, indirect=True)
def test_nothing_is_found_in_tables_of_ours_or_where_nothing_is(clinic: Clinic) -> None:
    for domain, relations in DECLARED.items():
        clinic.run(f"DROP SCHEMA IF EXISTS {domain} CASCADE")
        assert clinic.examine(domain) == []
        clinic.run(write_ddl(domain, relations))
        clinic.run(f"GRANT USAGE ON SCHEMA {domain} TO {clinic.login}")
        clinic.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {domain} TO {clinic.login}")
    assert clinic.examine(*DECLARED) == []


@pytest.mark.parametrize("clinic", POSTGRES_VERSIONS[:1], indirect=True)
def test_what_a_migration_is_about_to_change_does_not_stop_it(clinic: Clinic) -> None:
    clinic.run("DROP SCHEMA IF EXISTS quiz CASCADE; DROP SCHEMA IF EXISTS quiz_app CASCADE")
    clinic.run(write_ddl("quiz", DECLARED["quiz"]))
    clinic.run(
        "GRANT USAGE ON SCHEMA quiz TO LOGIN_; GRANT SELECT ON ALL TABLES IN SCHEMA quiz TO LOGIN_;"
        "ALTER TABLE quiz.users OWNER TO trc_owner; ALTER TABLE quiz.users DROP COLUMN deleted_at;"
        "DROP TABLE quiz.xp_events".replace("LOGIN_", clinic.login)
    )
    assert seen(clinic.examine("quiz")) == {
        ("missing_column", USERS, "deleted_at"),
        ("missing_relation", EVENTS, None),
    }
    assert clinic.examine("quiz", is_before_migration=True) == []


@dataclass(frozen=True)
class Fault:
    """Something wrong with an app: SQL that does it, and what is to be found then."""

    name: str
    sql: str
    found: Found
    key_type: str = "uuid"

    @property
    def domain(self) -> str:
        return next(iter(self.found))[1].split(".")[0]


def view(table: str, **changed: str) -> str:
    """Make a view again, with other columns."""
    relation = find(needed(table.split(".")[0]), table)
    return f"DROP VIEW {table} CASCADE; {write_view(relation, **changed)} GRANT SELECT ON {table} TO LOGIN_;"


def retyped(table: str, column: str, type_: str, using: str) -> str:
    """Let an app keep a column in another type, with no default nor check, and show it as it is."""
    name = table.split(".")[1]
    relation = find(needed(table.split(".")[0]), table)
    base = table.replace(".", "_app.")
    drop_checks = "".join(
        f"ALTER TABLE {base} DROP CONSTRAINT IF EXISTS {constraint};"
        for constraint in (f"{name}_{column}_check", *relation.checks, *relation.unique)
    )
    drop_indexes = "".join(f"DROP INDEX {relation.domain}_app.{i.name};" for i in relation.indexes)
    return (
        f"DROP VIEW {table} CASCADE; {drop_checks} {drop_indexes}"
        f"ALTER TABLE {base} ALTER COLUMN {column} DROP DEFAULT,"
        f"ALTER COLUMN {column} TYPE {type_} USING {using}; "
        + write_view(relation, **{column: f"a.{column}"})
        + f"GRANT SELECT ON {table} TO LOGIN_;"
    )


def loose(table: str, column: str) -> str:
    """Let an app have anything in a column."""
    base = table.replace(".", "_app.")
    name = table.split(".")[1]
    return (
        f"ALTER TABLE {base} DROP CONSTRAINT IF EXISTS {name}_{column}_check,"
        f"ALTER COLUMN {column} DROP NOT NULL;"
    )


def wrong(table: str, column: str) -> tuple[str, str, str]:
    return "wrong_type", table, column


def ports(domain: str, **bodies: str) -> str:
    """Every port of a domain. Those that are named do something, by a statement of SQL."""
    names = {port for relation in DECLARED[domain] for port in relation.ports}
    return "".join(
        f"CREATE FUNCTION {name}() RETURNS void LANGUAGE sql {{}} AS $${body}$$;".format(
            "SECURITY DEFINER" if body.startswith("/* definer */") else ""
        )
        for name in sorted(names)
        for body in [bodies.get(name.split(".")[1], "SELECT")]
    )


def secured(table: str, *policies: str) -> str:
    """Row level security, on the table's owner too, and policies of the app."""
    every = "".join(
        f"CREATE POLICY p{number} ON {table} {policy};" for number, policy in enumerate(policies)
    )
    return f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; {every}"


GIVE = "UPDATE quiz.lives SET current_lives = 1"
GIVE_IN_THE_APP = "UPDATE quiz_app.lives SET current_lives = 1"
TELL = "INSERT INTO betting.notifications (type) VALUES ('x')"
UNTELL = "DELETE FROM betting.notifications"
SHOWN = "FOR SELECT USING (TRUE)"


MEMBERS, ACTIONS = "community.members", "community.point_actions"
TRANSACTIONS = "community.point_transactions"
BETS, GAMES, POSTS = "betting.bets", "betting.games", "betting.posts"
SESSIONS, LIVES, EVENTS = "quiz.quiz_sessions", "quiz.lives", "quiz.xp_events"
USERS = "quiz.users"
NOTIFICATIONS = "betting.notifications"

FAULTS = [
    # Relations.
    Fault("a view is forgotten", f"DROP VIEW {SESSIONS}", {("missing_relation", SESSIONS, None)}),
    Fault(
        "a view went with its table",
        "DROP TABLE quiz_app.lives CASCADE",
        {("missing_relation", LIVES, None)},
    ),
    Fault(
        "a view is forgotten, over a table of another name",
        f"DROP VIEW {ACTIONS}; ALTER TABLE community_app.point_actions RENAME TO config",
        {("missing_relation", ACTIONS, None)},
    ),
    Fault(
        "an empty table stands where a view was forgotten",
        f"DROP VIEW {SESSIONS}; CREATE TABLE {SESSIONS} (LIKE quiz_app.quiz_sessions); "
        f"ALTER TABLE {SESSIONS} ALTER id TYPE text, ALTER user_id TYPE text; "
        f"GRANT SELECT ON {SESSIONS} TO LOGIN_",
        {("empty_table", SESSIONS, None)},
    ),
    Fault(
        "a materialized view",
        f"DROP VIEW {USERS}; CREATE MATERIALIZED VIEW {USERS} AS SELECT id::text, username, created_at, "
        f"deleted_at FROM quiz_app.users; GRANT SELECT ON {USERS} TO LOGIN_",
        {("materialized_view", USERS, None)},
    ),
    # Columns.
    Fault(
        "a column is called otherwise",
        'ALTER TABLE quiz_app.users RENAME deleted_at TO "deletedAt";' + view(USERS, deleted_at=""),
        {("missing_column", USERS, "deleted_at")},
    ),
    Fault(
        "a column that the app has not, and may be NULL",
        view(LIVES, last_regen_at="") + "ALTER TABLE quiz_app.lives DROP last_regen_at",
        {("missing_column", LIVES, "last_regen_at")},
    ),
    Fault(
        "a column that the app has not, and we have a default for",
        view(ACTIONS, enabled="") + "ALTER TABLE community_app.point_actions DROP enabled",
        {("missing_column", ACTIONS, "enabled")},
    ),
    Fault(
        "a column of a join of two tables is left out",
        f"DROP VIEW {SESSIONS}; CREATE VIEW {SESSIONS} AS SELECT s.id::text, s.user_id::text, s.status, "
        "s.started_at, s.expires_at FROM quiz_app.quiz_sessions AS s INNER JOIN quiz_app.users AS u "
        f"ON s.user_id = u.id; GRANT SELECT ON {SESSIONS} TO LOGIN_",
        {("missing_column", SESSIONS, "completed_at")},
    ),
    # Types.
    Fault("uuid as id", view(USERS, id="a.id"), {wrong(USERS, "id")}),
    Fault("numbers as ids", view(USERS, id="a.id"), {wrong(USERS, "id")}, "bigint"),
    Fault(
        "snowflakes as text",
        retyped(MEMBERS, "discord_id", "text", "'112233445566778899' || left(member_id::text, 0)")
        + "UPDATE community_app.members SET discord_id = '1122334455667788990' "
        "WHERE member_id = (SELECT min(member_id::text)::uuid FROM community_app.members)",
        {wrong(MEMBERS, "discord_id")},
    ),
    Fault(
        "snowflakes as text, and one that is none",
        retyped(MEMBERS, "discord_id", "text", "'ann#1234'")
        + "UPDATE community_app.members SET discord_id = NULL "
        "WHERE member_id = (SELECT min(member_id::text)::uuid FROM community_app.members)",
        {wrong(MEMBERS, "discord_id"), ("invalid_values", MEMBERS, "discord_id")},
    ),
    Fault(
        "points as text, and some that are none",
        retyped(TRANSACTIONS, "points", "varchar(9)", "'lots'"),
        {wrong(TRANSACTIONS, "points"), ("invalid_values", TRANSACTIONS, "points")},
    ),
    Fault(
        "an enum of the same words",
        "CREATE TYPE community_app.status AS ENUM ('NONE', 'TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELLED');"
        + retyped(MEMBERS, "subscription_status", "community_app.status", "'ACTIVE'"),
        {wrong(MEMBERS, "subscription_status")},
    ),
    Fault(
        "an enum of other words",
        "CREATE TYPE quiz_app.status AS ENUM ('IN_PROGRESS', 'COMPLETED', 'ABANDONED');"
        + retyped(SESSIONS, "status", "quiz_app.status", "'IN_PROGRESS'"),
        {wrong(SESSIONS, "status"), ("unknown_words", SESSIONS, "status")},
    ),
    Fault(
        "moments without a zone",
        retyped(EVENTS, "earned_at", "timestamp(3)", "earned_at AT TIME ZONE 'UTC'"),
        {wrong(EVENTS, "earned_at")},
    ),
    Fault(
        "days for moments",
        retyped(TRANSACTIONS, "created_at", "date", "created_at::date"),
        {wrong(TRANSACTIONS, "created_at")},
    ),
    Fault(
        "milliseconds for moments",
        retyped(BETS, "created_at", "bigint", "extract(epoch FROM created_at) * 1000"),
        {wrong(BETS, "created_at")},
    ),
    Fault(
        "texts for moments, and one that is none",
        retyped(GAMES, "commence_time", "text", "'2026-03-02T10:00:00Z'")
        + "UPDATE betting_app.games SET commence_time = 'soon' "
        "WHERE id = (SELECT min(id::text)::uuid FROM betting_app.games)",
        {wrong(GAMES, "commence_time"), ("invalid_values", GAMES, "commence_time")},
    ),
    Fault(
        "dollars",
        retyped(BETS, "stake", "numeric(12, 2)", "12.34"),
        {wrong(BETS, "stake")},
    ),
    Fault("cents as numeric", retyped(BETS, "stake", "numeric", "1234"), {wrong(BETS, "stake")}),
    Fault(
        "money",
        retyped("betting.bankrolls", "balance", "money", "5"),
        {wrong("betting.bankrolls", "balance")},
    ),
    Fault("decimal odds", retyped(BETS, "odds", "numeric", "1.91"), {wrong(BETS, "odds")}),
    Fault(
        "json",
        retyped(BETS, "bet_details", "json", "bet_details::json"),
        {wrong(BETS, "bet_details")},
    ),
    Fault(
        "json in a text",
        retyped(BETS, "bet_details", "text", "bet_details::text"),
        {wrong(BETS, "bet_details")},
    ),
    Fault(
        "numbers for yes and no",
        retyped(MEMBERS, "leaderboard_visible", "integer", "1"),
        {wrong(MEMBERS, "leaderboard_visible")},
    ),
    Fault(
        "words for yes and no",
        retyped(BETS, "is_tail", "text", "'yes'"),
        {wrong(BETS, "is_tail")},
    ),
    # Values.
    Fault(
        "NULL, where we have a default",
        loose(LIVES, "current_lives") + "UPDATE quiz_app.lives SET current_lives = NULL",
        {("null_values", LIVES, "current_lives")},
    ),
    Fault(
        "NULL, where nothing would be right",
        loose(BETS, "stake") + "UPDATE betting_app.bets SET stake = NULL",
        {("null_values", BETS, "stake")},
    ),
    Fault(
        "NULL as a key",
        view(LIVES, user_id="NULL::text AS user_id"),
        {("null_values", LIVES, "user_id")},
    ),
    Fault(
        "words in capitals",
        loose(SESSIONS, "status") + "UPDATE quiz_app.quiz_sessions SET status = 'COMPLETED'",
        {("unknown_words", SESSIONS, "status")},
    ),
    Fault(
        "a word that nothing suggests",
        loose(MEMBERS, "subscription_status")
        + "UPDATE community_app.members SET subscription_status = 'GIFT'",
        {("unknown_words", MEMBERS, "subscription_status")},
    ),
    Fault(
        "a number we refuse",
        loose(LIVES, "current_lives") + "UPDATE quiz_app.lives SET current_lives = -1",
        {("refused_values", LIVES, "current_lives")},
    ),
    Fault(
        "columns that contradict each other",
        "ALTER TABLE betting_app.bets DROP CONSTRAINT bets_settled_check;"
        "UPDATE betting_app.bets SET settled_at = created_at",
        {("refused_values", BETS, None)},
    ),
    # Keys.
    Fault(
        "a join doubles rows",
        f"DROP VIEW {USERS}; CREATE VIEW {USERS} AS SELECT u.id::text, u.username, u.created_at, "
        f"u.deleted_at FROM quiz_app.users AS u, quiz_app.lives AS l; GRANT SELECT ON {USERS} TO LOGIN_",
        {("duplicate_keys", USERS, "id")},
    ),
    Fault(
        "an account is linked twice",
        "ALTER TABLE community_app.members DROP CONSTRAINT members_discord_id_key;"
        "UPDATE community_app.members SET discord_id = 1001",
        {("duplicates", MEMBERS, "discord_id")},
    ),
    Fault(
        "row numbers as ids",
        view(
            TRANSACTIONS,
            transaction_id="(row_number() OVER (ORDER BY created_at, points))::text AS transaction_id",
        ),
        {("unstable_key", TRANSACTIONS, "transaction_id")},
    ),
    Fault(
        "row numbers as ids, from a query inside",
        f"DROP VIEW {TRANSACTIONS}; CREATE VIEW {TRANSACTIONS} AS SELECT n.number::text AS transaction_id, "
        "n.member_id::text, n.action, n.points, n.created_at, n.metadata FROM (SELECT t.*, "
        "row_number() OVER () AS number FROM community_app.point_transactions AS t) AS n; "
        f"GRANT SELECT ON {TRANSACTIONS} TO LOGIN_",
        {("unstable_key", TRANSACTIONS, "transaction_id")},
    ),
    Fault(
        "another id at each reading",
        view(EVENTS, id="gen_random_uuid()::text AS id"),
        {("unstable_key", EVENTS, "id")},
    ),
    Fault(
        "another id at each reading, by a function of the app",
        "CREATE FUNCTION quiz_app.new_id() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT random()::text';"
        + view(EVENTS, id="quiz_app.new_id() AS id"),
        {("unstable_key", EVENTS, "id")},
    ),
    # Rights.
    Fault(
        "no policy for whom the view belongs to",
        "ALTER TABLE betting_app.games OWNER TO postgres; GRANT SELECT ON betting_app.games TO OWNER_;"
        "ALTER TABLE betting_app.games ENABLE ROW LEVEL SECURITY",
        {("row_security", GAMES, None)},
    ),
    Fault(
        "row level security that is forced on its owner",
        "ALTER TABLE betting_app.games ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        {("row_security", GAMES, None)},
    ),
    Fault(
        "a policy that shows some rows",
        "ALTER TABLE betting_app.games ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON betting_app.games USING (status = 'live')",
        {("row_security", GAMES, None)},
    ),
    Fault(
        "a policy that restricts the others",
        "ALTER TABLE betting_app.games ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY every ON betting_app.games USING (TRUE);"
        "CREATE POLICY own ON betting_app.games AS RESTRICTIVE USING (status = 'live')",
        {("row_security", GAMES, None)},
    ),
    Fault(
        "a view that asks for the rights of the login",
        f"ALTER VIEW {GAMES} SET (security_invoker = on)",
        {("source_refused", GAMES, None)},
    ),
    Fault(
        "row level security behind a view that asks for the rights of the login",
        f"ALTER VIEW {GAMES} SET (security_invoker = on); GRANT SELECT ON betting_app.games TO LOGIN_;"
        "ALTER TABLE betting_app.games ENABLE ROW LEVEL SECURITY",
        {("row_security", GAMES, None)},
    ),
    Fault(
        "a view whose owner may not read the table any more",
        "ALTER TABLE betting_app.games OWNER TO postgres",
        {("source_refused", GAMES, None)},
    ),
    Fault(
        "a view that was not granted",
        f"REVOKE SELECT ON {GAMES} FROM LOGIN_",
        {("relation_refused", GAMES, None)},
    ),
    Fault(
        "a view of which one column was granted",
        f"REVOKE SELECT ON {GAMES} FROM LOGIN_; GRANT SELECT (id) ON {GAMES} TO LOGIN_",
        {("relation_refused", GAMES, None)},
    ),
    Fault(
        "a schema that was not granted",
        "REVOKE USAGE ON SCHEMA community FROM LOGIN_",
        {("schema_refused", table, None) for table in (MEMBERS, ACTIONS, TRANSACTIONS)},
    ),
    Fault(
        "a view that fails at a text that is no number",
        "DROP VIEW community.members; ALTER TABLE community_app.members "
        "DROP CONSTRAINT members_discord_id_check, ALTER discord_id TYPE text;"
        "UPDATE community_app.members SET discord_id = 'ann' || member_id;"
        + write_view(
            find(needed("community"), MEMBERS), discord_id="a.discord_id::bigint AS discord_id"
        )
        + f"GRANT SELECT ON {MEMBERS} TO LOGIN_",
        {("unreadable", MEMBERS, None)},
    ),
    Fault(
        "a function in a view that was not granted",
        "CREATE FUNCTION betting_app.clean(a text) RETURNS text LANGUAGE sql STABLE AS 'SELECT a';"
        "REVOKE EXECUTE ON FUNCTION betting_app.clean FROM PUBLIC;"
        + view(GAMES, sport="betting_app.clean(a.sport) AS sport"),
        {("function_refused", GAMES, None)},
    ),
    Fault(
        "a view of ours whose owner may not read the app's",
        f"CREATE VIEW community.streaks AS SELECT member_id, discord_id FROM {MEMBERS};"
        "ALTER VIEW community.streaks OWNER TO pg_monitor",
        {("views_refused", MEMBERS, None)},
    ),
    # Rights to write.
    Fault(
        "policies that show every row, and let none be changed",
        ports("quiz", grant_lives=GIVE) + secured("quiz_app.lives", SHOWN),
        {("row_security_of_writes", LIVES, None)},
    ),
    Fault(
        "a policy that lets some rows be changed",
        ports("quiz", grant_lives=GIVE)
        + secured("quiz_app.lives", SHOWN, "FOR UPDATE USING (max_lives < 5) WITH CHECK (TRUE)"),
        {("row_security_of_writes", LIVES, None)},
    ),
    Fault(
        "a policy that refuses what is written",
        ports("quiz", grant_lives=GIVE)
        + secured("quiz_app.lives", "USING (TRUE) WITH CHECK (current_lives < max_lives)"),
        {("row_security_of_writes", LIVES, None)},
    ),
    Fault(
        "a policy that restricts what others let be changed",
        ports("quiz", grant_lives=GIVE)
        + secured(
            "quiz_app.lives", "USING (TRUE)", "AS RESTRICTIVE FOR UPDATE USING (max_lives < 5)"
        ),
        {("row_security_of_writes", LIVES, None)},
    ),
    Fault(
        "policies for everything but notifications that are new",
        ports("betting", notify=TELL, remove_notifications=UNTELL)
        + secured("betting_app.notifications", SHOWN, "FOR DELETE USING (TRUE)"),
        {("row_security_of_writes", NOTIFICATIONS, None)},
    ),
    Fault(
        "policies for everything but notifications that are old",
        ports("betting", notify=TELL, remove_notifications=UNTELL)
        + secured("betting_app.notifications", SHOWN, "FOR INSERT WITH CHECK (TRUE)"),
        {("row_security_of_writes", NOTIFICATIONS, None)},
    ),
    Fault(
        "a port that writes the app's table, as a login without a policy",
        ports("quiz", grant_lives=GIVE_IN_THE_APP)
        + "ALTER TABLE quiz_app.lives ENABLE ROW LEVEL SECURITY;"
        + "CREATE POLICY p0 ON quiz_app.lives FOR SELECT TO LOGIN_ USING (TRUE)",
        {("row_security_of_writes", LIVES, None)},
    ),
    Fault(
        "a port that writes as its owner, whom a policy keeps from it",
        ports("quiz", grant_lives=f"/* definer */ {GIVE_IN_THE_APP}")
        + "ALTER FUNCTION quiz.grant_lives OWNER TO OWNER_;"
        + secured("quiz_app.lives", SHOWN),
        {("row_security_of_writes", LIVES, None)},
    ),
    # Indexes.
    Fault(
        "no index on a large table",
        "DROP INDEX betting_app.games_commence_time_idx; CREATE INDEX ON betting_app.games ((id::text));"
        "UPDATE pg_class SET reltuples = 1e6 WHERE oid = 'betting_app.games'::regclass",
        {("missing_index", GAMES, "commence_time")},
    ),
    Fault(
        "moments without a zone, and their index, of a large table",
        retyped(GAMES, "commence_time", "timestamp", "commence_time AT TIME ZONE 'UTC'")
        + "CREATE INDEX ON betting_app.games ((id::text));"
        "CREATE INDEX ON betting_app.games (commence_time);"
        "UPDATE pg_class SET reltuples = 1e6 WHERE oid = 'betting_app.games'::regclass",
        {wrong(GAMES, "commence_time"), ("missing_index", GAMES, "commence_time")},
    ),
    Fault(
        "no index for an expression on a large table",
        "UPDATE pg_class SET reltuples = 1e6 WHERE oid = 'betting_app.games'::regclass",
        {("missing_index", GAMES, "id")},
    ),
]


# Every other on the other version.
@pytest.mark.parametrize(
    ("clinic", "fault"),
    [
        pytest.param(POSTGRES_VERSIONS[number % 2], fault, id=fault.name)
        for number, fault in enumerate(FAULTS)
    ],
    indirect=["clinic"],
)
def test_a_fault_is_found_and_its_remedy_mends_it(clinic: Clinic, fault: Fault) -> None:
    clinic.admit(fault.domain, fault.key_type)
    clinic.run(fault.sql.replace("LOGIN_", clinic.login).replace("OWNER_", clinic.owner))
    findings = clinic.examine(fault.domain)
    assert seen(findings) == fault.found
    clinic.mend(findings)
    assert clinic.examine(fault.domain) == []


@pytest.mark.parametrize("clinic", POSTGRES_VERSIONS, indirect=True)
def test_a_view_that_takes_for_ever_keeps_nobody_from_the_others(clinic: Clinic) -> None:
    clinic.admit("quiz")
    clinic.run(
        "CREATE OR REPLACE VIEW quiz.users AS SELECT id::text, username, created_at, deleted_at "
        "FROM quiz_app.users WHERE pg_sleep(600) IS NOT NULL;"
        + loose(LIVES, "max_lives")
        + "UPDATE quiz_app.lives SET max_lives = NULL"
    )
    findings = clinic.examine("quiz", seconds=3)
    assert seen(findings) == {("too_slow", USERS, None), ("null_values", LIVES, "max_lives")}
    assert [finding.severity for finding in findings] == ["warning", "error"]
