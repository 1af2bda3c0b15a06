"""A year of a betting app on Supabase, attached: what its jobs did is ours from then on, to the cent."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.betting import DOMAIN, jobs
from trc_pipelines.betting.checks import CHECKS
from trc_pipelines.database.adapters import find_adapter
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import MigrationError, detach, migrate
from trc_pipelines.database.statements import read_file
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.domains import Catalogue
from trc_pipelines.jobs.contract import Result
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.adapters.apps import APP_STATE
from trc_pipelines_tests.databases import close_connections
from trc_pipelines_tests.ports.conformance import AS_OF, CALLS, OVERDUE, READ_AT, AppSide, try_ports
from trc_pipelines_tests.servers import create_database, drop_database
from trc_pipelines_tests.world import NOON, World, board

HERE = Path(__file__).parent
SNAPBET = find_adapter("snapbet")
LOGIN = "test_snapbet"
VERSION = 16
HOUR = timedelta(hours=1)
MONDAYS = (datetime.fromisoformat("2026-03-09T00:00Z"), datetime.fromisoformat("2026-03-16T00:00Z"))


def make_app(server: str, *scripts: str) -> str:
    """An app's database with a login that owns nothing; its administrator's URL."""
    url = create_database(server, template="template1")
    run(url, *[(HERE / script).read_text() for script in scripts])
    run(url, make_login(url, LOGIN), f"GRANT trc_owner, service_role TO {LOGIN}")
    return url


def make_login(url: str, name: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation "
        f"THEN NULL; END $$; GRANT CREATE ON DATABASE {make_url(url).database} TO {name}"
    )


def as_user(url: str, name: str) -> str:
    return make_url(url).set(username=name).render_as_string(hide_password=False)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(url: str, *scripts: str) -> None:
    with psycopg2.connect(plain(url)) as session, session.cursor() as cursor:
        for script in scripts:
            cursor.execute(script)


def read(url: str, sql: str) -> list[tuple]:
    with psycopg2.connect(plain(url)) as session, session.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def empty(servers: dict[int, str]) -> Iterator[str]:
    """The app without a row, attached; its administrator's URL."""
    url = make_app(servers[VERSION], "schema.sql")
    migrate(as_user(url, LOGIN), ["betting"], attach=SNAPBET)
    yield url
    close_connections(url)
    drop_database(url)


@dataclass
class Played:
    """The app after twelve days of our jobs.

    Attributes:
        results: of every step that ran.
        opening: balances when it was attached, by user.
        old_bets: those that were decided before.
        resets: Mondays for which bankrolls were reset.
    """

    url: str
    world: World
    opening: dict[str, int]
    old_bets: set[str]
    results: list[tuple[str, Result]] = field(default_factory=list)
    resets: list[datetime] = field(default_factory=list)
    dry_media: Result | None = None

    def run(self, job, as_of: datetime, **options: object) -> Result:
        results = self.world.run(job, as_of, **options)
        self.results += results.items()
        return next(iter(results.values()))


@pytest.fixture(scope="module")
def played(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A year of the app; attached; twelve days of every job, as a login that owns nothing."""
    url = make_app(servers[VERSION], "schema.sql", "year.sql")
    login, home = as_user(url, LOGIN), tmp_path_factory.mktemp("snapbet")
    opening = dict(read(url, "SELECT user_id::text, balance FROM bankrolls"))
    old_bets = {bet for (bet,) in read(url, "SELECT id::text FROM bets WHERE status <> 'pending'")}
    migrate(login, ["betting"], attach=SNAPBET)
    for name in ("posts/5.jpg", "posts/900.jpg", "posts/nobodys.jpg"):
        (home / "media" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "media" / name).write_text("picture")
        os.utime(home / "media" / name, (NOON.timestamp(), NOON.timestamp()))
    with Simulator(board({})) as simulator:
        settings = load_settings(
            trc_home=home, database_url=login, mee6_guild_id=simulator.guild_id,
            mee6_base_url=simulator.base_url, media_base_urls="https://media.example.org",
            media_max_orphan_share="0.9", betting_cut_over_at="2026-03-04T12:00Z",
        )  # fmt: skip
        app = Played(url, World(Database(login), settings, simulator), opening, old_bets)
        live(app)
        yield app
    close_connections(url)
    close_connections(login)
    drop_database(url)


def live(app: Played) -> None:
    """Every job of twelve days; a Monday's reset comes after results of that Monday."""
    as_of, end = NOON, MONDAYS[1] + 12 * HOUR
    while as_of <= end:
        run(app.url, f"SELECT public.end_games('{as_of.isoformat()}')")
        app.run(jobs.CONTENT_EXPIRATION, as_of)
        app.run(jobs.GAME_SETTLEMENT, as_of)
        for monday in MONDAYS:
            if as_of == monday + 12 * HOUR:
                app.run(jobs.BANKROLL_RESET, as_of)
                app.resets.append(monday)
        app.run(jobs.STATS_ROLLUP, as_of)
        app.run(jobs.BADGE_CALCULATION, as_of)
        if as_of in (NOON + 48 * HOUR, *MONDAYS):
            app.run(jobs.CLEANUP, as_of)
        as_of += 12 * HOUR if {as_of, as_of + 12 * HOUR} & {*MONDAYS} else 24 * HOUR
    app.dry_media = app.run(jobs.MEDIA_CLEANUP, end, dry_run=True)


def test_every_job_succeeds_and_every_check_holds(played: Played) -> None:
    assert [(name, r.details, r.notes) for name, r in played.results if not r.success] == []
    assert sum(r.details.get("bets_settled", 0) for _, r in played.results) > 150
    with played.world.database.transaction() as transaction:
        broken = {c.name: c.find_violations(transaction) for c in CHECKS}
    assert {name: len(rows) for name, rows in broken.items() if len(rows)} == {}
    assert (played.dry_media.details["objects_examined"], played.dry_media.affected) == (3, 0)
    assert played.dry_media.details["orphans_found"] == 1


def grade(bet: dict) -> tuple[str, int]:
    """What became of a bet, in plain words: status and what it won or lost."""
    if bet["game"] == "cancelled" or bet["created_at"] >= bet["commence_time"]:
        return "cancelled", 0
    details, home, away = bet["details"], bet["home_score"], bet["away_score"]
    own, other = (home, away) if details.get("team") == bet["home_team"] else (away, home)
    if bet["type"] == "spread":
        edge = own - other + details["line"]
    elif bet["type"] == "moneyline":
        edge = own - other
    else:
        edge = (home + away - details["line"]) * (1 if details["total_type"] == "over" else -1)
    if edge == 0:
        return "push", 0
    return ("won", bet["potential_win"]) if edge > 0 else ("lost", -bet["stake"])


BETS = """
SELECT json_build_object(
    'id', b.id, 'user', b.user_id, 'game_id', b.game_id, 'game', g.status, 'type', b.bet_type,
    'details', b.bet_details, 'stake', b.stake, 'potential_win', b.potential_win,
    'created_at', extract(EPOCH FROM b.created_at), 'commence_time', extract(EPOCH FROM g.commence_time),
    'home_team', g.home_team, 'home_score', g.home_score, 'away_score', g.away_score,
    'status', b.status, 'actual_win', b.actual_win,
    'settled_at', extract(EPOCH FROM b.settled_at), 'place', b.settled_at::text || g.commence_time::text
)
FROM bets AS b INNER JOIN games AS g ON b.game_id = g.id
WHERE b.status <> 'pending' ORDER BY b.settled_at, g.commence_time, b.game_id"""


def read_bets(played: Played) -> list[dict]:
    return [bet for (bet,) in read(played.url, BETS) if bet["id"] not in played.old_bets]


def test_bets_are_decided_as_a_plain_loop_decides_them(played: Played) -> None:
    bets = read_bets(played)
    for bet in bets:
        assert (bet["status"], bet["actual_win"]) == grade(bet), bet
    assert {bet["status"] for bet in bets} == {"won", "lost", "push", "cancelled"}
    # Nothing that is over waits, also not what the old job had left of games that were called off.
    waiting = (
        "SELECT count(*) FROM bets JOIN games g ON game_id = g.id "
        "WHERE bets.status = 'pending' AND g.status <> 'scheduled'"
    )
    assert read(played.url, waiting) == [(0,)]


def test_balances_are_explained_to_the_cent(played: Played) -> None:
    """From what the app had: each game's net, never below 0; each reset, and what came since its Monday."""
    targets = dict(read(played.url, "SELECT id::text, 100000 + 10000 * referral_count FROM users"))
    postings: dict[str, dict[tuple[float, str], int]] = {user: {} for user in targets}
    for bet in read_bets(played):
        of_user = postings[bet["user"]]
        key = (bet["settled_at"], bet["place"] + bet["game_id"])
        of_user[key] = of_user.get(key, 0) + grade(bet)[1]
    expected, written_off = {}, 0
    for user, of_user in postings.items():
        balance = played.opening[user]
        changes = [(when, 1, net) for (when, _), net in of_user.items()]
        changes += [(monday.timestamp(), 0, None) for monday in played.resets]
        for _, _, net in sorted(changes, key=lambda change: change[:2]):
            written_off += 0 if net is None else max(0, -(balance + net))
            balance = targets[user] if net is None else max(0, balance + net)
        expected[user] = balance
    ledger = "SELECT user_id, sum(amount)::bigint FROM betting.bankroll_ledger GROUP BY user_id"
    assert dict(read(played.url, "SELECT user_id::text, balance FROM bankrolls")) == expected
    assert dict(read(played.url, ledger)) == expected
    assert written_off > 0


def test_the_opening_balance_is_what_the_old_job_made_of_the_week(played: Played) -> None:
    """The stake came back with a win and a push, and no loss was ever taken: its sums show it."""
    opened = dict(
        read(
            played.url,
            "SELECT user_id, amount FROM betting.bankroll_ledger WHERE kind = 'opening'",
        )
    )
    assert opened == played.opening
    explained = read(
        played.url,
        "SELECT u.id::text, 100000 + 10000 * u.referral_count + coalesce(sum(CASE b.status "
        "WHEN 'won' THEN b.stake + b.actual_win WHEN 'push' THEN b.stake ELSE 0 END), 0) "
        "FROM users u LEFT JOIN bets b ON b.user_id = u.id AND b.settled_at >= '2026-03-02 00:00Z' "
        "AND b.settled_at < '2026-03-04 12:00Z' GROUP BY u.id",
    )
    assert dict(explained) == opened


def test_what_expired_is_archived_kept_and_never_due_again(played: Played) -> None:
    # Only picks on games that begin later are still to be seen.
    assert read(
        played.url,
        "SELECT count(*) FROM posts p LEFT JOIN bets b ON p.bet_id = b.id "
        "LEFT JOIN games g ON b.game_id = g.id "
        "WHERE NOT p.archived AND p.deleted_at IS NULL "
        "AND (g.id IS NULL OR g.commence_time + interval '3 hours' <= '2026-03-16 12:00Z')",
    ) == [(0,)]
    last = [r for name, r in played.results if name == "betting.content_expirations"][-1]
    assert last.details["items_due"] == 0
    # What its author had deleted a month before is gone, but for what somebody reported.
    assert sum(r.details.get("posts_removed", 0) for _, r in played.results) > 100
    left = (
        "SELECT bool_and(report_count > 0), count(*) > 20 FROM posts "
        "WHERE NOT archived AND deleted_at <= '2026-02-14 12:00Z'"
    )
    assert read(played.url, left) == [(True, True)]
    kept = "SELECT count(*) FROM posts WHERE archived AND created_at < '2026-01-01 00:00Z'"
    assert read(played.url, kept)[0][0] > 1000
    about = (
        "SELECT count(c.id) = 2 * count(DISTINCT p.id) FROM posts p "
        "LEFT JOIN comments c ON c.post_id = p.id AND c.deleted_at IS NULL WHERE p.archived"
    )
    assert read(played.url, about) == [(True,)]
    both = "SELECT count(*) FROM posts WHERE id IN (md5('post301')::uuid, md5('post302')::uuid)"
    assert read(played.url, both) == [(2,)]


def test_the_apps_triggers_see_what_the_jobs_write(played: Played) -> None:
    assert read(
        played.url,
        "SELECT count(*) FROM bankrolls WHERE balance NOT BETWEEN season_low AND season_high",
    ) == [(0,)]
    assert read(played.url, "SELECT count(*) > 0 FROM bankrolls WHERE season_low < 100000") == [
        (True,)
    ]
    counted = (
        "SELECT count(*) FILTER (WHERE comment_count = 0), count(*) FILTER (WHERE comment_count <> "
        "(SELECT count(*) FROM comments c WHERE c.post_id = p.id)), count(*) FILTER (WHERE reaction_count <> "
        "(SELECT count(*) FROM reactions r WHERE r.post_id = p.id)) FROM posts p"
    )
    [(gone, comments, reactions)] = read(played.url, counted)
    assert gone > 0
    assert (comments, reactions) == (0, 0)
    cleaned = [r.details for name, r in played.results if name == "betting.cleanups"]
    removed = {target: sum(figures[target] for figures in cleaned) for target in cleaned[0]}
    removed.pop("bets_pending_a_day_after_their_game")
    assert len(removed) == 6
    assert all(removed.values()), removed
    assert read(played.url, "SELECT DISTINCT reset_count, last_reset FROM bankrolls") == [
        (read(played.url, "SELECT max(reset_count) FROM bankrolls")[0][0], MONDAYS[1])
    ]


def test_notifications_have_types_that_the_app_knows(played: Played) -> None:
    told = read(
        played.url,
        "SELECT n.type, v.type, count(*) FROM notifications n "
        "JOIN betting.notifications v ON v.id = n.id::text WHERE v.dedupe_key IS NOT NULL GROUP BY 1, 2",
    )
    by_type = {(kept, meant): number for kept, meant, number in told}
    assert {meant for kept, meant in by_type if kept == "system"} == {
        "bet_push",
        "bet_cancelled",
        "system",
    }
    assert {kept for kept, meant in by_type if kept == meant} >= {
        "bet_won",
        "bet_lost",
        "tail_won",
        "milestone",
        "system",
    }
    settled = len(read_bets(played))
    assert (
        sum(n for (_, meant), n in by_type.items() if meant not in ("system", "milestone"))
        == settled
    )
    assert read(played.url, "SELECT count(*) FROM betting.notified") == [(sum(by_type.values()),)]


def test_tails_and_fades_count_for_who_made_the_pick(played: Played) -> None:
    """Also for those whose action was not recorded, and for what was settled long ago."""
    made: dict[str, int] = {}
    for author, user, status, won in read(
        played.url,
        "SELECT o.user_id::text, b.user_id::text, b.status, b.actual_win FROM bets b "
        "JOIN bets o ON b.original_pick_id = o.id WHERE b.status <> 'pending'",
    ):
        if user != author:
            made[author] = made.get(author, 0) + (won if status in ("won", "lost") else 0)
    stats = dict(
        read(
            played.url,
            "SELECT user_id, others_net FROM betting.user_stats WHERE period = 'all_time'",
        )
    )
    assert {user: net for user, net in stats.items() if net} == {u: n for u, n in made.items() if n}
    assert len(made) > 20


def test_the_doctor_finds_nothing_but_indexes_that_the_app_lacks(played: Played) -> None:
    found = examine(played.world.database, DOMAIN.app_relations)
    assert {(one.severity, one.kind) for one in found} <= {("warning", "missing_index")}


def test_nothing_was_added_to_the_apps_own_tables(played: Played, servers: dict[int, str]) -> None:
    look = (
        "SELECT c.relname, a.attname, pg_get_userbyid(c.relowner), c.relacl::text FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relnamespace IN ('public'::regnamespace, 'auth'::regnamespace) "
        "UNION ALL SELECT t.tgname, p.proname, t.tgrelid::regclass::text, NULL FROM pg_trigger t "
        "JOIN pg_proc p ON t.tgfoid = p.oid AND p.pronamespace = 'public'::regnamespace "
        "WHERE NOT t.tgisinternal ORDER BY 1, 2, 3"
    )
    fresh = make_app(servers[VERSION], "schema.sql")
    assert read(played.url, look) == read(fresh, look)
    drop_database(fresh)


USER, BET, POST = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
CONTENT = (
    "DELETE FROM posts; INSERT INTO posts "
    "(id, user_id, media_url, media_type, post_type, created_at, expires_at{more}) "
    f"VALUES ('{POST}', '{USER}', 'x', 'photo', 'content', {OVERDUE}, {READ_AT}{{value}})"
)
PORTS = {
    "betting.settle_bets": AppSide(
        "INSERT INTO games (id, sport, sport_title, home_team, away_team, commence_time, status, "
        "home_score, away_score, last_updated) VALUES "
        f"('game1', 'nfl', 'NFL', 'Hawks', 'Owls', {OVERDUE}, 'completed', 21, 10, {READ_AT}); "
        "INSERT INTO bets "
        "(id, user_id, game_id, bet_type, bet_details, stake, odds, potential_win, created_at) VALUES "
        f"('{BET}', '{USER}', 'game1', 'moneyline', '{{\"team\": \"Hawks\"}}', 1000, 100, 1000, {READ_AT})",
        "UPDATE bets SET stake = 500",
        "SELECT b::text FROM bets AS b",
    ),
    "betting.expire_content": AppSide(
        CONTENT.format(more="", value=""),
        f"UPDATE posts SET expires_at = {AS_OF} + interval '1 day'",
        "SELECT p::text FROM posts AS p",
    ),
    "betting.remove_content": AppSide(
        CONTENT.format(more=", deleted_at", value=f", {OVERDUE}"),
        "UPDATE posts SET archived = TRUE",
        "SELECT string_agg(p::text, ',') FROM posts AS p",
    ),
}


@pytest.fixture
def uuids(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls about rows as this app names them."""
    for port in PORTS:
        call = CALLS[port].replace("'ann'", f"'{USER}'").replace("'bet1'", f"'{BET}'")
        call = call.replace("'post1'", f"'{POST}'").replace("1000, 100, NULL", "1000, 100, 1000")
        monkeypatch.setitem(CALLS, port, call)


def test_the_ports_wait_for_the_app_look_again_and_let_it_win(empty: str, uuids: None) -> None:
    try_ports(plain(empty), PORTS)


# What an app with a view writes first.
NAIVE = """
CREATE FUNCTION betting.write_bet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.bets SET
        status = NEW.status::public.bet_status, actual_win = NEW.net, settled_at = NEW.settled_at
    WHERE id = NEW.id::uuid;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_bet INSTEAD OF UPDATE ON betting.bets
FOR EACH ROW EXECUTE FUNCTION betting.write_bet()"""


def test_our_ports_over_a_naive_trigger_are_found_out(empty: str, uuids: None) -> None:
    run(empty, f"{NAIVE}; SET check_function_bodies = off;", read_file("ports/betting"))
    with pytest.raises(AssertionError, match="meanwhile"):
        try_ports(plain(empty), {"betting.settle_bets": PORTS["betting.settle_bets"]})


def test_two_sessions_tell_a_user_once(empty: str) -> None:
    login = plain(as_user(empty, LOGIN))
    told = f"row('{USER}', 'bet_push', '{{}}', 'bet:1')::betting.notification"
    tell = f"SELECT count(*) FROM betting.notify(ARRAY[{told}, {told}], {AS_OF})"
    with psycopg2.connect(login) as first, first.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute(tell)
        assert cursor.fetchone() == (1,)
        second = pool.submit(read, login, tell)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        first.commit()
        assert second.result(timeout=60) == [(0,)]
    [(kind, data)] = read(empty, "SELECT type, data FROM notifications")
    assert (kind, data) == ("system", {"dedupe_key": "bet:1", "notification_type": "bet_push"})
    # Removed after a month, it is forgotten.
    ids = read(empty, "SELECT array_agg(id) FROM betting.notifications")[0][0]
    assert read(login, f"SELECT betting.remove_notifications(ARRAY['{ids[0]}'])") == [(1,)]
    assert read(empty, "SELECT count(*) FROM betting.notified") == [(0,)]


def test_a_login_without_the_right_gets_an_error_and_never_nothing(empty: str) -> None:
    """Everything is granted to it, and row level security hides every row."""
    guest = "test_snapbet_guest"
    run(
        empty,
        PORTS["betting.settle_bets"].insert,
        make_login(empty, guest),
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {guest}",
    )
    url = as_user(empty, guest)
    assert read(url, "SELECT count(*) FROM public.bets") == [(0,)]
    with pytest.raises(psycopg2.Error, match="permission denied"):
        read(url, "SELECT count(*) FROM betting.bets")
    run(empty, f"GRANT trc_owner TO {guest}")
    # As one that runs the jobs it reads all there is, and writes nothing as somebody it is not.
    assert read(url, "SELECT count(*) FROM betting.bets") == [(1,)]
    with pytest.raises(psycopg2.Error, match='permission denied to set role "service_role"'):
        read(url, "SELECT * FROM betting.remove_comments(NULL)")
    detach(as_user(empty, LOGIN), SNAPBET)
    with pytest.raises(MigrationError, match="is not a member of service_role"):
        migrate(url, ["betting"], attach=SNAPBET)


def test_an_attach_is_refused_where_rows_are_hidden_from_service_role(empty: str) -> None:
    hidden = "ALTER ROLE service_role NOBYPASSRLS; " + read_file("adapters/snapbet/views")
    with pytest.raises(psycopg2.Error, match=r"hides rows from service_role: public.badge_history"):
        run(empty, hidden)


def test_detached_and_attached_again_it_is_as_before(empty: str) -> None:
    login = as_user(empty, LOGIN)
    ours = """
    SELECT p.oid::regprocedure::text, md5(p.prosrc), p.proconfig::text, p.proowner::regrole, p.proacl::text
    FROM pg_proc p WHERE p.pronamespace = 'betting'::regnamespace
    UNION ALL
    SELECT c.relname, md5(pg_get_viewdef(c.oid)), c.relkind::text, c.relowner::regrole, c.relacl::text
    FROM pg_class c WHERE c.relnamespace = 'betting'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY 1"""
    before = read(empty, ours)
    detach(login, SNAPBET)
    # The app may now change the type of a column.
    run(
        empty,
        "ALTER TABLE bets ALTER COLUMN stake TYPE bigint; ALTER TABLE bets ALTER COLUMN stake TYPE integer",
    )
    migrate(login, ["betting"], attach=SNAPBET)
    assert migrate(login, ["betting"]) == []
    assert read(empty, ours) == before


ANN, BOB = (f"00000000-0000-0000-0000-0000000000b{n}" for n in (1, 2))
# As ours has them: two of this week, one lost in the week before, one of last year, one without a name there.
BADGES = f"""
INSERT INTO auth.users VALUES ('{ANN}'), ('{BOB}');
INSERT INTO public.users (id, email, oauth_provider, oauth_id)
VALUES ('{ANN}', 'ann@example.org', 'google', 'a'), ('{BOB}', 'bob@example.org', 'google', 'b');
INSERT INTO betting.badge_weeks VALUES ('2026-03-02', 0, 0, '2026-03-09 01:00Z', 'r');
INSERT INTO betting.user_badges VALUES
('{ANN}', 'ghost', '2026-03-09', '2026-03-10 10:00Z', NULL),
('{BOB}', 'sharp', '2026-03-09', '2026-03-10 11:00Z', NULL),
('{BOB}', 'sharp', '2026-03-02', '2026-03-03 11:00Z', '2026-03-04 11:00Z'),
('{BOB}', 'sharp', '2025-03-03', '2025-03-03 11:00Z', NULL),
('{BOB}', 'of our own', '2026-03-09', '2026-03-10 11:00Z', NULL);
"""
# What the app's old job left: one that nobody holds, and what is no matter of ours.
LEFT = f"""
INSERT INTO public.user_badges VALUES
('{ANN}', 'hot_streak', '2026-03-09 08:00Z', NULL, '2026-03-09', NULL),
('{ANN}', 'hot_streak', '2026-02-24 08:00Z', NULL, '2025-02-24', NULL),
('{ANN}', 'founder', '2026-03-09 08:00Z', NULL, '2026-03-09', NULL);
"""
APPS_BADGES = """
SELECT
    right(user_id::text, 1), badge_id, to_char(earned_at AT TIME ZONE 'UTC', 'MM-DD HH24'), lost_at IS NULL,
    to_char(weekly_reset_at AT TIME ZONE 'UTC', 'MM-DD')
FROM public.user_badges ORDER BY 1, 2, 3"""


def test_badges_are_written_back_under_the_app_s_names_where_that_is_switched_on(
    empty: str, tmp_path: Path
) -> None:
    login = as_user(empty, LOGIN)
    phantom = read_file("adapters/snapbet/ports").replace(
        "('ghost', 'ghost')", "('ghost', 'phantom')"
    )
    run(empty, phantom, BADGES, LEFT)
    schema = read(empty, APP_STATE)
    assert "write_back" not in {job.name for job in Catalogue([DOMAIN]).jobs}
    [write_back] = Catalogue([DOMAIN], written_back=["betting"]).write_back
    world = World(Database(login), load_settings(trc_home=tmp_path, database_url=login), None)

    def written(**options: object) -> int:
        results = world.run(write_back, MONDAYS[0] + 48 * HOUR, **options)
        return results["betting.write_back"].details["badges_written"]

    untouched = read(empty, APPS_BADGES)
    assert written(dry_run=True) == 4
    assert read(empty, APPS_BADGES) == untouched
    assert written() == 4
    assert read(empty, APPS_BADGES) == [
        ("1", "founder", "03-09 08", True, None),
        ("1", "hot_streak", "02-24 08", True, None),
        ("1", "hot_streak", "03-09 08", False, None),
        ("1", "phantom", "03-10 10", True, "03-16"),
        ("2", "sharp", "03-03 11", False, "03-09"),
        ("2", "sharp", "03-10 11", True, "03-16"),
    ]
    assert written() == 0
    # Lost and earned again before anybody looked.
    again = "UPDATE betting.user_badges SET earned_at = '2026-03-11 10:00Z' WHERE badge = 'ghost'"
    run(empty, again)
    assert written() == 2
    phantoms = [row for row in read(empty, APPS_BADGES) if row[1] == "phantom"]
    assert phantoms == [
        ("1", "phantom", "03-10 10", False, "03-16"),
        ("1", "phantom", "03-11 10", True, "03-16"),
    ]
    assert written() == 0
    assert read(empty, APP_STATE) == schema
