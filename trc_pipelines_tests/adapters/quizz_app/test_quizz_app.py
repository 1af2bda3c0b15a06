"""The quiz app, attached: lives, streaks, sessions and XP are as its own rules say."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.calendar import week_start
from trc_pipelines.database.rights import find_missing_rights
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.adapters.apps import LOGIN, AttachedApp, attach_app
from trc_pipelines_tests.ports.conformance import OVERDUE, READ_AT, AppSide, try_port, try_ports
from trc_pipelines_tests.servers import POSTGRES_VERSIONS

NAME = "quizz-app"
FOLDER = Path(__file__).parent
DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)
CLEANED_AFTER = timedelta(hours=1)
TABLES = (
    "users", "lives", "player_progress", "player_rankings", "quiz_sessions", "session_answers",
    "streak_protections",
)  # fmt: skip
Lives = tuple[int, int, datetime | None]


class Quizz(AttachedApp):
    """The quiz app.

    Attributes:
        today: when its year ends, and the jobs begin.
        before: rows of its tables then, by their id.
        lives_over_time: lives as its table has them before (None) and after each tick, by player.
    """

    first_day = datetime.now(UTC).date() - 366 * DAY
    today: datetime
    before: dict[str, dict[str, dict]]
    lives_over_time: dict[datetime | None, dict[str, Lives]]

    def do(self, name: str, as_of: datetime) -> Result:
        """Run a job; the result of its first step."""
        return next(iter(self.run(self.job(name), as_of).values()))

    def rows(self, table: str) -> dict[str, dict]:
        """What the app has in a table, by id."""
        return {
            row[0]["id"]: row[0] for row in self.theirs(f"SELECT to_jsonb(t) FROM {table} AS t")
        }

    def lives(self) -> dict[str, Lives]:
        """Lives now, at most, and since when the next is on its way, by player."""
        rows = self.theirs('SELECT "userId", "currentLives", "maxLives", "lastRegenAt" FROM lives')
        return {user: tuple(rest) for user, *rest in rows}


@pytest.fixture(scope="module")
def quizz(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quizz]:
    """A year of the app's, and a night of ours."""

    files = FOLDER / "schema.sql", FOLDER / "year.sql"
    home = tmp_path_factory.mktemp("quizz")
    with attach_app(Quizz, servers[18], NAME, home, *files) as app:
        [[today]] = app.theirs('SELECT max("updatedAt") FROM users')
        app.today = today.replace(tzinfo=UTC)
        app.before = {table: app.rows(table) for table in TABLES}
        live_a_night(app)
        yield app


def live_a_night(app: Quizz) -> None:
    """Every job of the domain at its times. The days of streaks before this one were missed but one."""
    app.do("quiz_streak_update", app.today - 2 * DAY)
    app.do("quiz_streak_update", app.today)
    app.do("quiz_streak_update", app.today)
    app.lives_over_time = {None: app.lives()}
    for tick in (app.today + i * HALF_HOUR for i in range(7)):
        app.do("life_regeneration", tick)
        app.do("life_regeneration", tick)
        app.lives_over_time[tick] = app.lives()
    closing = ("leaderboard_weekly_reset", "leaderboard_monthly_reset", "housekeeping")
    for name in ("session_cleanup", "leaderboard_recalculation", *closing):
        app.do(name, app.today + CLEANED_AFTER)


def moment(text: str | None) -> datetime | None:
    """A time of the app's: UTC, though nothing says so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def xp_of_sessions(app: Quizz) -> Iterator[tuple[str, datetime, int]]:
    """The rule of the app's handler: 50 XP for each right answer of a session that is completed."""
    right = defaultdict(int)
    for answer in app.before["session_answers"].values():
        right[answer["sessionId"]] += answer["isCorrect"]
    for session in app.before["quiz_sessions"].values():
        if session["status"] == "COMPLETED" and right[session["id"]]:
            yield session["userId"], moment(session["completedAt"]), 50 * right[session["id"]]


# Streaks: the app's rule, a player after the other.


def expected_streak(
    streak: int, last_played: datetime | None, protections: list[datetime], days: list[datetime]
) -> tuple[int, list[datetime]]:
    """What is left of a streak and its protections, after it was judged on each of the days."""
    valid = sorted(protections)
    for day in days:
        if streak and last_played and day - last_played > timedelta(hours=48):
            if valid:
                valid = valid[1:]
            else:
                streak = 0
    return streak, valid


def test_streaks_and_protections_are_as_the_app_s_rules_say(quizz: Quizz) -> None:
    days = [quizz.today - 2 * DAY, quizz.today - DAY, quizz.today]
    now = quizz.today.date().isoformat()
    last = defaultdict(lambda: None)
    for session in quizz.before["quiz_sessions"].values():
        if session["status"] == "COMPLETED":
            ended = moment(session["completedAt"])
            last[session["userId"]] = max(last[session["userId"]] or ended, ended)
    protections, left = defaultdict(list), defaultdict(list)
    for rows, of in (
        (quizz.before["streak_protections"], protections),
        (quizz.rows("streak_protections"), left),
    ):
        for row in rows.values():
            if row["expiresAt"][:10] > now:
                of[row["userId"]].append(moment(row["expiresAt"]))
    after = {row["userId"]: row for row in quizz.rows("player_progress").values()}
    outcomes = defaultdict(int)
    for row in quizz.before["player_progress"].values():
        user = row["userId"]
        expected = expected_streak(row["currentStreak"], last[user], protections[user], days)
        assert (after[user]["currentStreak"], sorted(left[user])) == expected, user
        outcomes["broken"] += expected[0] < row["currentStreak"]
        outcomes["protected"] += len(protections[user]) - len(expected[1])
        outcomes["standing"] += expected[0] > 0
    assert min(outcomes.values()) > 10, dict(outcomes)
    told = quizz.query(
        "SELECT event_type, count(*) AS events FROM operations.domain_events GROUP BY event_type"
    ).set_index("event_type")["events"]
    assert told["StreakBroken"] == outcomes["broken"]
    assert told["StreakProtectionUsed"] == outcomes["protected"]


def test_judging_a_streak_writes_nothing_else(quizz: Quizz) -> None:
    written = {"currentStreak", "updatedAt"}
    after = quizz.rows("player_progress")
    for key, row in quizz.before["player_progress"].items():
        assert {n for n in row if row[n] != after[key][n]} <= written
    assert quizz.rows("streak_protections").keys() == quizz.before["streak_protections"].keys()


# Lives: the app's rule, a player and a tick after the other.


def expected_lives(now: int, most: int, since: datetime | None, tick: datetime) -> Lives:
    tick = tick.replace(tzinfo=None)
    if now >= most:
        return now, most, since
    if since is None:
        return now, most, tick
    if since + HALF_HOUR > tick:
        return now, most, since
    return now + 1, most, None if now + 1 == most else since + HALF_HOUR


def read_by_the_app(lives: Lives, at: datetime) -> int:
    """Lives that an app would show that counts, when it is asked, what has come back since."""
    now, most, since = lives
    if since is None or now >= most:
        return now
    return min(most, now + (at.replace(tzinfo=None) - since) // HALF_HOUR)


def test_lives_are_as_the_app_s_rules_say_after_every_tick(quizz: Quizz) -> None:
    lives = quizz.lives_over_time[None]
    given = 0
    for tick, found in islice(quizz.lives_over_time.items(), 1, None):
        before, lives = lives, {user: expected_lives(*row, tick) for user, row in lives.items()}
        assert found == lives, tick
        given += sum(lives[user][0] - before[user][0] for user in lives)
    assert given > 100


def test_the_app_s_own_reading_of_lives_stays_true(quizz: Quizz) -> None:
    """Whatever the ticks have written, the app counts the lives that it would have without them."""
    known = {user: row for user, row in quizz.lives_over_time[None].items() if row[2]}
    assert len(known) > 30
    for tick, found in islice(quizz.lives_over_time.items(), 1, None):
        for minutes in (0, 10, 50):
            at = tick + timedelta(minutes=minutes)
            read = {user: read_by_the_app(found[user], at) for user in known}
            assert read == {user: read_by_the_app(row, at) for user, row in known.items()}


# Sessions, XP and boards.


def test_sessions_whose_time_is_up_are_abandoned_and_no_others(quizz: Quizz) -> None:
    as_of = quizz.today + CLEANED_AFTER
    after = quizz.rows("quiz_sessions")
    expired = 0
    for key, row in quizz.before["quiz_sessions"].items():
        if row["status"] == "IN_PROGRESS" and moment(row["expiresAt"]) <= as_of:
            at = as_of.replace(tzinfo=None).isoformat()
            row = row | {"status": "ABANDONED", "completedAt": at, "updatedAt": at}
            expired += 1
        assert after[key] == row
    assert expired > 20
    seen = quizz.query("SELECT status, count(*) AS n FROM quiz.quiz_sessions GROUP BY status")
    by_status = dict(seen.itertuples(index=False, name=None))
    old = sum(
        row["status"] == "ABANDONED" and row["completedAt"] >= row["expiresAt"]
        for row in quizz.before["quiz_sessions"].values()
    )
    assert by_status["expired"] == expired + old
    assert by_status["abandoned"] > 20
    assert by_status["active"] == 1


def test_xp_events_sum_to_the_xp_that_the_app_shows(quizz: Quizz) -> None:
    sums = defaultdict(int)
    for user, _, amount in xp_of_sessions(quizz):
        sums[user] += amount
    shown = {row["userId"]: row["currentXP"] for row in quizz.before["player_progress"].values()}
    events = quizz.query("SELECT user_id, sum(amount) AS xp FROM quiz.xp_events GROUP BY user_id")
    assert sums == dict(events.astype({"xp": int}).itertuples(index=False, name=None))
    assert sums == {user: xp for user, xp in shown.items() if xp}
    assert sum(sums.values()) > 300_000


def test_boards_and_archives_are_the_xp_of_their_time(quizz: Quizz) -> None:
    weeks = defaultdict(lambda: defaultdict(int))
    for user, at, amount in xp_of_sessions(quizz):
        weeks[week_start(at.date())][user] += amount
    this_week = weeks.pop(week_start(quizz.today.date()), {})
    board = quizz.query(
        "SELECT user_id, score FROM quiz.leaderboard_rankings WHERE board = 'weekly' AND score > 0"
    )
    assert dict(board.itertuples(index=False, name=None)) == this_week
    archive = quizz.query(
        "SELECT period_start, member_id, score FROM leaderboards.archive "
        "WHERE domain = 'quiz' AND board = 'weekly'"
    )
    archived = defaultdict(dict)
    for start, user, score in archive.itertuples(index=False, name=None):
        archived[start][user] = score
    assert archived == weeks
    assert len(weeks) >= 51


def test_every_check_is_green(quizz: Quizz) -> None:
    assert quizz.broken() == {}


def test_doctor_finds_no_error(quizz: Quizz) -> None:
    """It names indexes that only the app's owner can decide on."""
    findings = examine(quizz.database, quizz.catalogue.app_relations)
    assert {(finding.severity, finding.kind) for finding in findings} == {
        ("warning", "missing_index")
    }


def test_the_login_reads_and_writes_no_more_than_it_needs(quizz: Quizz) -> None:
    relations = [relation.table for relation in quizz.catalogue.app_relations]
    assert find_missing_rights(quizz.database, ["quiz"], relations) == []
    for refused in (
        "SELECT password FROM public.users",
        "DELETE FROM public.streak_protections RETURNING id",
        'UPDATE public.player_progress SET "currentXP" = 1 RETURNING id',
    ):
        with pytest.raises(Exception, match="permission denied"):
            quizz.query(refused)


# The ports, on an app in which nothing else happens. A test of each version: functions of several statements
# are run in another way by each.

PLAYER = (
    "TRUNCATE users CASCADE;"
    "INSERT INTO users VALUES ('ann', 'a@example.org', 'x', 'Ann', 'PLAYER', now(), now(), 'ann');"
)
HALF_AN_HOUR_BEFORE = f"({OVERDUE} - interval '30 minutes') AT TIME ZONE 'UTC'"
SESSION = "INSERT INTO quiz_sessions VALUES"
SIDES = {
    "quiz.grant_lives": AppSide(
        f"{PLAYER} INSERT INTO lives VALUES ('l', 'ann', 3, 5, {HALF_AN_HOUR_BEFORE}, now(), now())",
        'UPDATE lives SET "currentLives" = 2',
        "SELECT l::text FROM lives AS l",
    ),
    "quiz.judge_streaks": AppSide(
        f"{PLAYER} INSERT INTO player_progress "
        "VALUES ('p', 'ann', 0, 1, 7, 7, 1, 0, 0, 0, NULL, now(), now());"
        f"{SESSION} ('s', 'ann', NULL, 'easy', 'COMPLETED', 1, '2026-01-05', {OVERDUE} AT TIME ZONE 'UTC', "
        "'2026-01-06', now(), now());"
        "INSERT INTO streak_protections VALUES ('t1', 'ann', '9999-01-02'), ('t2', 'ann', '2026-01-01')",
        'UPDATE player_progress SET "currentStreak" = 8',
        "SELECT p::text || (SELECT string_agg(t::text, ',' ORDER BY t.id) FROM streak_protections AS t) "
        "FROM player_progress AS p",
    ),
    "quiz.expire_sessions": AppSide(
        f"{PLAYER} {SESSION} ('session1', 'ann', NULL, 'easy', 'IN_PROGRESS', 0, "
        f"{OVERDUE} AT TIME ZONE 'UTC', NULL, {READ_AT} AT TIME ZONE 'UTC', now(), '2026-01-05')",
        "UPDATE quiz_sessions SET status = 'COMPLETED'",
        "SELECT q::text FROM quiz_sessions AS q",
    ),
}
LETS_A_PROTECTION_EXPIRE = AppSide(
    SIDES["quiz.judge_streaks"].insert,
    """UPDATE streak_protections SET "expiresAt" = '2026-01-01'""",
    SIDES["quiz.judge_streaks"].look,
)


@pytest.mark.parametrize("version", POSTGRES_VERSIONS)
def test_ports_write_what_is_as_it_was_read_wait_for_the_app_and_let_it_win(
    servers: dict[int, str], version: int, tmp_path: Path
) -> None:
    with attach_app(Quizz, servers[version], NAME, tmp_path, FOLDER / "schema.sql") as app:
        try_ports(app.admin_url, SIDES)
        try_port(app.admin_url, "quiz.judge_streaks", LETS_A_PROTECTION_EXPIRE)


# The day the old jobs stop, and what the app shows itself: four players, one night.

STOP = datetime(2026, 3, 2, tzinfo=UTC)
SHOWN = """quiz.shown_players AS
SELECT
    p."userId" AS user_id, p."currentStreak" AS current_streak, r."globalScore"::bigint AS global_score,
    r."globalRank" AS global_rank, r."weeklyScore"::bigint AS weekly_score, r."weeklyRank" AS weekly_rank
FROM public.player_progress AS p INNER JOIN public.player_rankings AS r ON p."userId" = r."userId"
"""


class YoungQuizz(Quizz):
    """The quiz app, in the night in which its old jobs stop."""

    first_day = STOP.date() - 30 * DAY

    def play(self, user: str, when: datetime, right: int, status: str = "COMPLETED") -> None:
        at = f"timestamp '{when:%Y-%m-%d %H:%M}'"
        ended = at if status == "COMPLETED" else "NULL"
        key, xp = f"{user}{when:%m%d%H%M}", 50 * right if status == "COMPLETED" else 0
        self.execute(
            f"INSERT INTO quiz_sessions VALUES ('{key}', '{user}', NULL, 'easy', '{status}', 0, {at}, "
            f"{ended}, {at} + interval '10 minutes', {at}, {at});"
            "INSERT INTO session_answers SELECT "
            f"'{key}' || n, '{key}', 'q' || n, 'a', TRUE, 1, 1, 0, {at} "
            f"FROM generate_series(1, {right}) AS n;"
            f"""UPDATE player_progress SET "currentXP" = "currentXP" + {xp} WHERE "userId" = '{user}'"""
        )

    def rankings(self) -> dict[str, tuple]:
        rows = self.theirs(
            'SELECT "userId", "globalScore", "globalRank", "weeklyScore", "weeklyRank" FROM player_rankings'
        )
        return {user: tuple(rest) for user, *rest in rows}


@pytest.fixture
def young(servers: dict[int, str], tmp_path: Path) -> Iterator[YoungQuizz]:
    with attach_app(YoungQuizz, servers[16], NAME, tmp_path, FOLDER / "schema.sql") as app:
        app.settings = app.settings.model_copy(update={"quiz_cut_over_at": STOP})
        for user, streak in (("ann", 5), ("bob", 2), ("cem", 0), ("dan", 0)):
            app.execute(
                f"INSERT INTO users VALUES ('{user}', '{user}@example.org', 'x', '{user}', 'PLAYER', "
                f"'2026-02-01', '2026-02-01', '{user}');"
                "INSERT INTO player_progress VALUES "
                f"('p{user}', '{user}', 0, 1, {streak}, 5, 1, 0, 0, 0, NULL, now(), now());"
                "INSERT INTO lives VALUES "
                f"('l{user}', '{user}', 3, 5, '2026-03-01 23:00', now(), '2026-03-01')"
            )
        app.play("ann", STOP - 2.5 * DAY, right=2)
        app.play("bob", STOP - 0.5 * DAY, right=3)
        app.play("cem", STOP - 0.25 * DAY, right=1, status="IN_PROGRESS")
        # What the old job showed; cem had XP that was taken back.
        app.execute(
            "INSERT INTO player_rankings VALUES ('r1', 'bob', 150, 150, 1, 1, now(), now()), "
            "('r2', 'ann', 100, 100, 2, 2, now(), now()), ('r3', 'cem', 70, 0, 3, NULL, now(), now());"
            f"GRANT SELECT ON player_rankings TO {LOGIN}"
        )
        yield app


JOBS_OF_THE_NIGHT = (
    "life_regeneration", "quiz_streak_update", "session_cleanup", "leaderboard_recalculation",
    "leaderboard_weekly_reset",
)  # fmt: skip


def test_until_the_old_jobs_stop_nothing_is_written_and_then_from_where_they_were(
    young: YoungQuizz,
) -> None:
    app = young
    before = {table: app.rows(table) for table in TABLES}
    for name in JOBS_OF_THE_NIGHT:
        app.do(name, STOP - HALF_HOUR / 2)
    assert {table: app.rows(table) for table in TABLES} == before
    for name in JOBS_OF_THE_NIGHT:
        app.do(name, STOP)
    after = {table: app.rows(table) for table in TABLES}
    changed = {table for table in TABLES if after[table] != before[table]}
    assert changed == {"lives", "player_progress", "quiz_sessions"}
    assert {row["currentLives"] for row in after["lives"].values()} == {4}
    streaks = {row["userId"]: row["currentStreak"] for row in after["player_progress"].values()}
    # Judged as Monday began, and no day before it.
    assert streaks == {"ann": 0, "bob": 2, "cem": 0, "dan": 0}
    [[judged]] = app.query("SELECT string_agg(day::text, ',') FROM quiz.evaluated_days").to_numpy()
    assert judged == "2026-03-02"
    # The week that ended was the old jobs' to close.
    [[closed]] = app.query("SELECT count(*) FROM leaderboards.closed_periods").to_numpy()
    assert closed == 0
    assert app.broken() == {}


def test_what_the_app_shows_is_written_back_where_that_is_switched_on(young: YoungQuizz) -> None:
    app, as_of = young, STOP + HALF_HOUR
    app.play("bob", STOP + timedelta(minutes=20), right=1)
    app.do("leaderboard_recalculation", as_of)
    untouched, schema = app.rows("player_rankings"), app.app_state()
    found = app.differences("quiz/compare_shown_players", SHOWN)
    assert found.fillna("")[["id", "figure", "ours", "shown"]].to_numpy().tolist() == [
        ["ann", "weekly_rank", "", "2"],
        ["ann", "weekly_score", "0", "100"],
        ["bob", "global_score", "200", "150"],
        ["bob", "weekly_score", "50", "150"],
        ["cem", "global_rank", "", "3"],
        ["cem", "global_score", "0", "70"],
    ]
    assert "write_back" not in {job.name for job in app.catalogue.jobs}
    assert app.rows("player_rankings") == untouched

    write_back = app.write_back()

    def written(when: datetime = as_of, **options: object) -> int:
        result = app.run(write_back, when, **options)["quiz.write_back"]
        return result.details.get("players_written", -1)

    assert written(STOP - HALF_HOUR) == -1
    assert written(dry_run=True) == 3
    assert app.rows("player_rankings") == untouched
    assert written() == 3
    assert app.rankings() == {
        "ann": (100, 2, 0, None),
        "bob": (200, 1, 50, 1),
        "cem": (0, None, 0, None),
    }
    assert written() == 0
    assert app.differences("quiz/compare_shown_players", SHOWN).empty
    assert app.app_state() == schema
    # Who comes is new there, and who has gone is on no board.
    app.play("dan", STOP + timedelta(minutes=25), right=9)
    app.execute(
        "DELETE FROM session_answers WHERE id LIKE 'ann%';"
        """UPDATE player_progress SET "currentXP" = 0 WHERE "userId" = 'ann'"""
    )
    app.do("leaderboard_recalculation", as_of)
    assert written() == 3
    assert app.rankings() == {
        "ann": (0, None, 0, None),
        "bob": (200, 2, 50, 2),
        "cem": (0, None, 0, None),
        "dan": (450, 1, 450, 1),
    }
    assert written() == 0
    # Gone from the app.
    app.execute("DELETE FROM users WHERE id = 'dan'")
    assert written() == 0
    assert app.broken() == {}
