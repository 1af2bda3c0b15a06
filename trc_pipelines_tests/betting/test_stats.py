"""The table of statistics is what the settled bets say, however and whenever it was brought up to date."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from trc_pipelines.betting import jobs
from trc_pipelines.betting.corrections import resettle_game, work_by_hand
from trc_pipelines.jobs.contract import Result
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.betting.conftest import DAY, HOUR, Betting, ident
from trc_pipelines_tests.betting.statistics_model import COLUMN_TYPES, modelled_rows
from trc_pipelines_tests.betting.test_bankroll_model import SEED, Season
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.servers import create_database

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
TICK = timedelta.resolution
WEEK = timedelta(days=7)
USERS = (1, 2, 3, 4)
AUTHORS = (1, 2, 5, 6)  # of picks; 5 and 6 never bet


class Rollup(Betting):
    """A betting app on one connection, emptied for each history."""

    def __init__(self, url: str, home: Path) -> None:
        super().__init__(PooledDatabase(url), load_settings(trc_home=home, database_url=url), None)
        self.app = psycopg2.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self.app.autocommit = True
        self.cursor = self.app.cursor()
        self.execute("SET synchronous_commit = off; SET TimeZone = 'UTC'")

    def execute(self, sql: str) -> None:
        self.cursor.execute(sql)

    def rows(self, what: str) -> list[tuple]:
        self.cursor.execute(what)
        return self.cursor.fetchall()

    def empty(self) -> None:
        """Nothing happened yet: users 1 to 6, and a pick (10 times its author) of each author."""
        tables = [name for (name,) in self.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'betting' AND tablename <> 'badges'"
        )]  # fmt: skip
        guarded = self.rows(
            "SELECT t.tgrelid::regclass::text, t.tgname FROM pg_trigger AS t "
            "WHERE t.tgrelid::regclass::text ~ '^betting' AND t.tgname ~ 'append_only$'"
        )
        off, on = (
            "".join(f"ALTER TABLE {table} {how} TRIGGER {name};" for table, name in guarded)
            for how in ("DISABLE", "ENABLE ALWAYS")
        )
        names = ", ".join(f"betting.{name}" for name in tables)
        self.execute(f"BEGIN; {off} TRUNCATE {names}, operations.domain_events; {on} COMMIT")
        everybody = sorted({*USERS, *AUTHORS})
        self.write(
            users=[
                {"id": n, "referral_count": n, "created_at": MONDAY - 60 * DAY} for n in everybody
            ],
            bankrolls=[{"user_id": n, "balance": 60_000 * n} for n in everybody],
            posts=[
                {"id": 10 * n, "user_id": n, "post_type": "pick", "created_at": MONDAY - 9 * DAY}
                for n in AUTHORS
            ],
        )

    def roll_up(self, as_of: datetime, **options: object) -> Result:
        return self.do(jobs.STATS_ROLLUP, as_of, **options)

    def stats(self) -> list[dict]:
        """The table, in order."""
        names = ", ".join(COLUMN_TYPES).replace("user_id", "user_id::text", 1)
        return [
            dict(zip(COLUMN_TYPES, row, strict=True))
            for row in self.rows(
                f'SELECT {names} FROM betting.user_stats ORDER BY user_id, period COLLATE "C", period_start'
            )
        ]

    def kept(self) -> dict[str, list[str]]:
        """The table, and what the next run goes on from."""
        return self.state("betting.user_stats", "betting.stats_bases", "betting.stats_sources")

    def roll_up_anew(self, as_of: datetime) -> None:
        """Compute everything again, from nothing."""
        self.execute(
            "DELETE FROM betting.user_stats; DELETE FROM betting.stats_cursors; "
            "DELETE FROM betting.stats_sources; DELETE FROM betting.stats_bases"
        )
        self.roll_up(as_of)

    def stat(self, user: int, column: str, period: str = "all_time") -> list:
        return [
            row[column]
            for row in self.stats()
            if (row["user_id"], row["period"]) == (ident(user), period)
        ]

    def modelled(self) -> list[dict]:
        """The table as it ought to be, from every bet, post, game and entry there is."""
        authors = dict(self.rows("SELECT id::text, user_id::text FROM betting.posts"))
        games = {game: teams for game, *teams in self.rows(
            "SELECT id, home_team, away_team FROM betting.games"
        )}  # fmt: skip
        names = (
            "bet_id", "user_id", "status", "stake", "payout", "net", "is_tail", "is_fade",
            "created_at", "settled_at", "pick", "bet_type", "details", "game",
        )  # fmt: skip
        bets = []
        for values in self.rows(
            "SELECT id::text, user_id::text, status, stake, payout, net, is_tail, is_fade, created_at, "
            "settled_at, original_pick_id::text, bet_type, bet_details, game_id FROM betting.bets "
            "WHERE settled_at IS NOT NULL"
        ):
            bet = dict(zip(names, values, strict=True))
            said = (bet["details"].get("team") or "").strip().lower()
            bet["team"] = None
            if bet["bet_type"] != "total":
                for team in games[bet["game"]]:
                    if team.lower() == said:
                        bet["team"] = team
            bet["author_id"] = authors.get(bet["pick"])
            bets.append(bet)
        entries = self.rows(
            "SELECT user_id::text, effective_at, balance_after FROM betting.bankroll_ledger AS e "
            "WHERE NOT EXISTS (SELECT 1 FROM betting.bankroll_ledger AS l WHERE l.user_id = e.user_id "
            "AND l.recorded_at = e.recorded_at AND l.game_id IS NOT DISTINCT FROM e.game_id "
            "AND l.entry_id > e.entry_id)"
        )
        rows = modelled_rows(bets, entries)
        for row in rows:
            row["period_start"] = row["period_start"] and row["period_start"].date()
        return rows


@pytest.fixture(scope="module")
def shared(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollup]:
    rollup = Rollup(create_database(servers[18]), tmp_path_factory.mktemp("home"))
    yield rollup
    rollup.app.close()


@pytest.fixture
def rollup(shared: Rollup) -> Rollup:
    """A betting app in which nothing happened yet."""
    shared.empty()
    return shared


SLOTS = sorted(
    {MONDAY + k * 9 * HOUR for k in range(-20, 24)} | {MONDAY - TICK, MONDAY, MONDAY + WEEK}
)
BETS = st.tuples(
    st.sampled_from(USERS),
    st.sampled_from(["won", "lost", "won", "lost", "push", "cancelled"]),
    st.sampled_from([1, 333, 4_000, 90_000]),
    st.sampled_from([-300, -110, 100, 250]),
    st.sampled_from(
        [(None, "")] * 3 + [(author, how) for author in AUTHORS for how in ("tail", "fade")]
    ),
    st.sampled_from(["moneyline", "moneyline", " OWLS ", "total"]),
)
HISTORIES = st.dictionaries(
    st.sampled_from(SLOTS),
    st.tuples(st.lists(BETS, max_size=14), st.booleans()),
    min_size=3,
    max_size=9,
)


def place(rollup: Rollup, first: int, slot: datetime, bets: list[tuple]) -> None:
    """Bets on games of Ants and Owls that end at a moment: one won at home, one away, one level, one off."""
    key = slot.isoformat()
    scores = {"home": (2, 1), "away": (1, 2), "level": (2, 2), "off": (None, None)}
    rollup.write(
        games=[
            {
                "id": f"{key} {name}", "sport": "NFL", "home_team": "Ants", "away_team": "Owls",
                "commence_time": slot - 3 * HOUR, "completed_at": slot,
                "status": "cancelled" if name == "off" else "completed",
                "home_score": home, "away_score": away,
            }
            for name, (home, away) in scores.items()
        ]
    )  # fmt: skip
    rows = []
    for number, (user, outcome, stake, odds, (author, how), kind) in enumerate(bets, start=first):
        on_owls = kind == " OWLS "
        game = {
            "won": "away" if on_owls else "home", "lost": "home" if on_owls else "away",
            "push": "level", "cancelled": "off",
        }[outcome]  # fmt: skip
        details: dict[str, str] = {"team": kind if on_owls else "ants"}
        if kind == "total":
            game = "off" if outcome == "cancelled" else "home"
            line = {"won": "2.5", "lost": "3.5"}.get(outcome, "3")
            details = {"total_type": "over", "line": line, "team": "Ants"}
        rows.append(
            {
                "id": number, "user_id": user, "game_id": f"{key} {game}", "stake": stake, "odds": odds,
                "bet_type": "total" if kind == "total" else "moneyline", "bet_details": details,
                "is_tail": how == "tail", "is_fade": how == "fade",
                "original_pick_id": None if author is None else 10 * author,
                "created_at": slot - (4 + number % 3) * HOUR,
            }
        )  # fmt: skip
    if rows:
        rollup.write(bets=rows)


@pytest.mark.undisturbed("keeps one connection for all histories")
@given(history=HISTORIES)
@hypothesis_settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_any_history_is_summarised_as_the_tables_say_at_once_or_bit_by_bit(
    shared: Rollup, history: dict
) -> None:
    shared.empty()
    placed = 1
    for slot in sorted(history):
        bets, rolls_up = history[slot]
        place(shared, placed, slot, bets)
        placed += len(bets)
        shared.settle(slot)
        if slot >= MONDAY:
            shared.reset(slot)
        if rolls_up:
            shared.roll_up(slot)
            assert shared.stats() == shared.modelled()
    shared.roll_up(MONDAY + 10 * DAY)
    assert shared.stats() == shared.modelled()
    in_bits = shared.kept()
    shared.roll_up_anew(MONDAY + 10 * DAY)
    assert shared.kept() == in_bits
    assert shared.broken() == []


def test_only_rows_that_differ_are_written(rollup: Rollup) -> None:
    versions = "SELECT user_id::text, period, period_start, xmin::text FROM betting.user_stats"
    for day, users in enumerate([(1, 2), (1,)]):
        at = MONDAY + day * DAY + HOUR
        place(
            rollup, 10 * day + 1, at, [(u, "won", 100, 100, (None, ""), "moneyline") for u in users]
        )
        rollup.settle(at)
        assert rollup.roll_up(at).affected == (6 if day == 0 else 3)
        if day == 0:
            before = set(rollup.rows(versions))
        else:
            after = set(rollup.rows(versions))
    # The first user's new day, week and all time are new; the old day and the second user are not.
    assert len(before & after) == 4
    assert {row[:2] for row in after - before} == {
        (ident(1), "day"), (ident(1), "week"), (ident(1), "all_time"),
    }  # fmt: skip
    nothing = {"users_looked_at": 0, "rows_computed": 0, "rows_changed": 0}
    assert rollup.roll_up(MONDAY + 3 * DAY).details == nothing
    rollup.execute("DELETE FROM betting.stats_cursors")
    result = rollup.roll_up(MONDAY + 3 * DAY)
    assert (result.affected, result.details["users_looked_at"], result.rows_written) == (0, 2, 0)
    assert set(rollup.rows(versions)) == after


def test_streaks_have_signs_and_nothing_decided_has_no_rate(rollup: Rollup) -> None:
    for user, outcomes in {
        1: ["lost", "won", "won"],
        2: ["won", "lost", "push"],
        3: ["cancelled"],
    }.items():
        for number, outcome in enumerate(outcomes):
            at = MONDAY + (10 * user + number) * HOUR
            place(
                rollup, 10 * user + number, at, [(user, outcome, 100, 100, (None, ""), "moneyline")]
            )
            rollup.settle(at)
    rollup.roll_up(MONDAY + 2 * DAY)
    columns = (
        "current_streak",
        "win_rate",
        "wagered",
        "returned",
        "net",
        "roi",
        "bets",
        "average_stake",
    )
    found = {user: [rollup.stat(user, column)[0] for column in columns] for user in (1, 2, 3)}
    assert found == {
        1: [2, 2 / 3, 300, 400, 100, 1 / 3, 3, 100],
        2: [-1, 0.5, 300, 300, 0, 0.0, 3, 100],
        3: [0, None, 0, 0, 0, None, 1, None],
    }


def test_an_author_has_what_others_made_of_the_picks_when_they_settle(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY - TICK, [(1, "won", 100, 100, (1, "tail"), "moneyline")])
    rollup.settle(MONDAY - TICK)
    rollup.roll_up(MONDAY - TICK)
    assert rollup.stat(1, "others_net") == [0]
    follow = [
        (2, "won", 700, 100, (1, "tail"), "total"),
        (3, "lost", 50, 100, (5, "fade"), "moneyline"),
    ]
    place(rollup, 2, MONDAY, follow)
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    assert rollup.stat(1, "others_net") == [700]
    assert rollup.stat(1, "others_net", "week") == rollup.stat(1, "others_net", "day") == [0, 700]
    assert rollup.stat(1, "bets", "week") == [1, 0]
    assert rollup.stat(1, "period_start", "week") == [(MONDAY - WEEK).date(), MONDAY.date()]
    assert (rollup.stat(5, "bets"), rollup.stat(5, "others_net")) == ([0], [-50])
    assert rollup.stat(5, "last_settled_at") == [None]
    assert (rollup.stat(2, "tail_net"), rollup.stat(3, "fade_net")) == ([700], [-50])


def test_what_others_made_of_a_pick_outlives_the_post(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY, [(2, "won", 700, 100, (1, "tail"), "moneyline")])
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    rollup.execute(f"UPDATE betting.posts SET deleted_at = '{MONDAY}'")
    later = MONDAY + 31 * DAY
    rollup.do(jobs.CONTENT_EXPIRATION, later)
    place(rollup, 2, later, [(2, "won", 1, 100, (1, "tail"), "moneyline")])
    place(rollup, 3, later + HOUR, [(1, "won", 1, 100, (None, ""), "moneyline")])
    rollup.settle(later + HOUR)
    rollup.roll_up(later + HOUR)
    assert rollup.stat(1, "others_net") == [701]


def test_a_reset_counts_as_a_movement_for_who_has_not_bet_since(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY - DAY, [(1, "won", 100, 100, (None, ""), "moneyline")])
    rollup.settle(MONDAY - DAY)
    rollup.roll_up(MONDAY - DAY)
    assert (rollup.stat(1, "balance_low"), rollup.stat(1, "balance_high")) == ([60_000], [60_100])
    rollup.reset(MONDAY)
    rollup.roll_up(MONDAY)
    assert (rollup.stat(1, "balance_low"), rollup.stat(1, "balance_high")) == ([60_000], [110_000])
    assert rollup.stat(1, "balance_high", "week") == [60_100]


def test_a_rehearsal_of_statistics_leaves_nothing(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY, [(1, "won", 700, 100, (None, ""), "moneyline")])
    rollup.settle(MONDAY)
    rehearsed = rollup.roll_up(MONDAY, dry_run=True)
    assert rollup.stats() == rollup.rows("SELECT * FROM betting.stats_cursors") == []
    assert rollup.roll_up(MONDAY) == rehearsed


def test_a_write_off_is_no_balance_anybody_had(rollup: Rollup) -> None:
    rollup.execute(f"UPDATE betting.bankrolls SET balance = 1000 WHERE user_id = '{ident(1)}'")
    place(rollup, 1, MONDAY, [(1, "lost", 1_000_000, 100, (None, ""), "moneyline")])
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    assert (rollup.stat(1, "balance_low"), rollup.stat(1, "balance_high")) == ([0], [1000])
    assert rollup.stats() == rollup.modelled()


def test_the_steps_of_one_posting_are_no_balances(rollup: Rollup) -> None:
    results = [(1, "won", 50_000, 100, (None, ""), "moneyline")]
    results += [(1, "lost", 50_000, 100, (None, ""), "moneyline")]
    place(rollup, 1, MONDAY, results)
    rollup.execute("UPDATE betting.bets SET game_id = (SELECT min(game_id) FROM betting.bets)")
    rollup.execute(
        f"UPDATE betting.bets SET bet_details = '{{\"team\": \"Owls\"}}' WHERE id = '{ident(1)}'"
    )
    rollup.execute(
        f"UPDATE betting.bets SET bet_details = '{{\"team\": \"Ants\"}}' WHERE id = '{ident(2)}'"
    )
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    assert rollup.stat(1, "bets") == [2]
    assert (rollup.stat(1, "balance_low"), rollup.stat(1, "balance_high")) == ([60_000], [60_000])


@pytest.mark.parametrize(
    "change",
    [
        "stake = stake + 1",
        "is_tail = NOT is_tail",
        "is_fade = TRUE, is_tail = FALSE",
        'bet_details = \'{"team": "Owls"}\'',
        "created_at = created_at - interval '1 h'",
        "status = 'lost', payout = 0, net = -stake",
        "settled_at = settled_at - interval '1 d'",
        "settled_at = settled_at - interval '7 d'",
        f"original_pick_id = '{ident(50)}'",
        "original_pick_id = NULL",
        f"original_pick_id = '{ident(60)}', is_tail = TRUE",
        f"user_id = '{ident(4)}'",
        "status = 'pending', settled_at = NULL, payout = NULL, net = NULL",
    ],
)
def test_a_bet_that_changes_after_the_rollup_is_counted_again(rollup: Rollup, change: str) -> None:
    place(
        rollup, 1, MONDAY,
        [(1, "won", 700, 100, (2, "tail"), "moneyline"), (3, "won", 50, 100, (1, "fade"), "total"),
         (2, "lost", 40, 100, (None, ""), "moneyline")],
    )  # fmt: skip
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    untouched = rollup.stats()
    rollup.execute(f"UPDATE betting.bets SET {change} WHERE id = '{ident(1)}'")
    assert rollup.roll_up(MONDAY + HOUR).affected > 0
    assert rollup.stats() == rollup.modelled() != untouched
    assert rollup.roll_up(MONDAY + 2 * HOUR).details["users_looked_at"] == 0


def test_statistics_go_with_the_bets_they_were_made_of(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY, [(1, "won", 700, 100, (2, "tail"), "moneyline")])
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    assert len(rollup.stats()) == 6
    rollup.execute("DELETE FROM betting.bets")
    rollup.roll_up(MONDAY + HOUR)
    assert rollup.stats() == []


def test_a_team_that_is_renamed_is_renamed_in_statistics(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY, [(1, "won", 700, 100, (None, ""), "moneyline")])
    rollup.settle(MONDAY)
    rollup.roll_up(MONDAY)
    rollup.execute("UPDATE betting.games SET home_team = 'ANTS'")
    rollup.roll_up(MONDAY + HOUR)
    assert rollup.stat(1, "favourite_team") == ["ANTS"]


EDITS = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.sampled_from(
            [
                "stake = stake + 1", "is_tail = NOT is_tail, is_fade = FALSE", "net = net + 1",
                "settled_at = settled_at + interval '1 d'", "user_id = '" + ident(3) + "'",
                "original_pick_id = '" + ident(20) + "', is_tail = TRUE, is_fade = FALSE",
                "original_pick_id = NULL, is_tail = FALSE, is_fade = FALSE",
            ]
        ),
        st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.undisturbed("keeps one connection for all histories")
@given(history=HISTORIES, edits=EDITS)
@hypothesis_settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_bit_by_bit_is_the_same_as_at_once_whatever_the_app_edits_in_between(
    shared: Rollup, history: dict, edits: list
) -> None:
    shared.empty()
    placed = 1
    for slot in sorted(history):
        bets, _ = history[slot]
        place(shared, placed, slot, bets)
        placed += len(bets)
        shared.settle(slot)
        shared.roll_up(slot)
    last = max(history)
    for number, change, rolls_up in edits:
        shared.execute(
            f"UPDATE betting.bets SET {change} WHERE id = '{ident(number)}' AND status <> 'pending'"
        )
        if rolls_up:
            shared.roll_up(last)
    # What is edited in weeks that are over is looked for once a day.
    shared.roll_up(last + DAY)
    assert shared.stats() == shared.modelled()
    in_bits = shared.kept()
    shared.roll_up_anew(last + DAY)
    assert shared.kept() == in_bits


class Watched(Season):
    """A season in which bets follow picks, and statistics are brought up to date after every step."""

    betting: "Rollup"

    def place(self) -> None:
        super().place()
        self.betting.execute(
            "UPDATE betting.bets AS b SET is_tail = TRUE, original_pick_id = "
            "(SELECT p.id FROM betting.posts AS p ORDER BY md5(p.id || b.id) LIMIT 1) "
            "WHERE status = 'pending' AND md5(b.id) < '8'"
        )

    def compare(self) -> None:
        super().compare()
        self.betting.roll_up(self.now)
        assert self.betting.stats() == self.betting.modelled(), self.now


@pytest.mark.undisturbed("keeps one connection for all histories")
def test_statistics_of_a_season_of_corrections_are_those_of_its_bets_after_every_step(
    shared: Rollup,
) -> None:
    shared.empty()
    shared.execute("TRUNCATE betting.bankrolls, betting.users")
    season = Watched(shared, SEED)
    season.play(60)
    assert season.done["late resets"]
    in_bits = shared.kept()
    shared.roll_up_anew(season.now)
    assert shared.kept() == in_bits


def test_an_hour_reads_no_week_that_is_over(rollup: Rollup) -> None:
    for number, at in enumerate([MONDAY - 9 * DAY, MONDAY - DAY, MONDAY + HOUR], start=1):
        place(rollup, number, at, [(1, "won", 100, 100, (None, ""), "moneyline")])
        rollup.settle(at)
        rollup.roll_up(at)
    # Only a run that reads them would find them gone.
    rollup.execute(f"DELETE FROM betting.bets WHERE settled_at < '{MONDAY}'")
    place(rollup, 4, MONDAY + 2 * HOUR, [(1, "won", 100, 100, (None, ""), "moneyline")])
    rollup.settle(MONDAY + 2 * HOUR)
    result = rollup.roll_up(MONDAY + 2 * HOUR)
    assert result.details == {"users_looked_at": 1, "rows_computed": 3, "rows_changed": 3}
    assert rollup.stat(1, "bets") == [4]
    assert rollup.stat(1, "best_win_streak") == [4]
    rollup.roll_up(MONDAY + DAY)
    assert rollup.stats() == rollup.modelled()
    assert rollup.stat(1, "bets") == [2]


def test_a_correction_of_a_week_that_is_over_counts_at_once(rollup: Rollup) -> None:
    place(rollup, 1, MONDAY - DAY, [(1, "won", 100, 100, (2, "tail"), "moneyline")])
    rollup.settle(MONDAY - DAY)
    rollup.roll_up(MONDAY - DAY)
    rollup.reset(MONDAY)
    rollup.roll_up(MONDAY)
    rollup.execute("UPDATE betting.games SET status = 'live' WHERE id LIKE '%home'")
    with work_by_hand(
        rollup.database, rollup.settings, done_by="test", dry_run=False, now=MONDAY + HOUR
    ) as work:
        resettle_game(work, f"{(MONDAY - DAY).isoformat()} home", "it goes on")
    rollup.roll_up(MONDAY + HOUR)
    assert rollup.stats() == rollup.modelled() == []
