"""A betting app in a database, driven by hand: what the app writes, and the jobs."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.betting import jobs
from trc_pipelines.betting.checks import CHECKS
from trc_pipelines.jobs.contract import Job, Result
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.world import NOON, World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OUTCOME_AT = NOON - HOUR


def ident(number: int) -> str:
    """The id of a user, a bet, a post …"""
    return str(uuid.UUID(int=number))


def _sql(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, dict):
        value = json.dumps(value)
    return "'" + str(value).replace("'", "''") + "'"


class Betting(World):
    """An empty betting app. Users, bets, posts … are numbers."""

    def insert(self, table: str, **values: object) -> None:
        """A row of the app; numbers in columns of ids become ids."""
        for name, value in values.items():
            if isinstance(value, int) and (name == "id" or name.endswith("_id")):
                values[name] = ident(value)
        columns = ", ".join(values)
        self.execute(
            f"INSERT INTO betting.{table} ({columns}) VALUES ({', '.join(map(_sql, values.values()))})"
        )

    def join(self, *users: int, balance: int = 100_000, referrals: int = 0) -> None:
        """Users come, with a bankroll."""
        for user in users:
            self.insert(
                "users", id=user, username=f"u{user}", referral_count=referrals,
                created_at=NOON - 30 * DAY,
            )  # fmt: skip
            self.insert("bankrolls", user_id=user, balance=balance)

    def game(
        self, game_id: str, home: int | None = None, away: int | None = None, **more: object
    ) -> None:
        """A game between Hawks (home) and Owls, over an hour before noon when it has a score."""
        self.insert(
            "games",
            **{
                "id": game_id, "sport": "NFL", "home_team": "Hawks", "away_team": "Owls",
                "commence_time": NOON - 4 * HOUR,
                "status": "scheduled" if home is None else "completed",
                "home_score": home, "away_score": away,
                "completed_at": None if home is None else OUTCOME_AT,
            }
            | more,
        )  # fmt: skip

    def bet(
        self, bet: int, user: int, game_id: str, team: str | None = "Hawks", **more: object
    ) -> None:
        """A bet, on the winner unless said otherwise, placed an hour before the game began."""
        details = {name: more.pop(name) for name in ("line", "total_type") if name in more} | (
            {} if team is None else {"team": team}
        )
        self.insert(
            "bets",
            **{
                "id": bet, "user_id": user, "bet_type": "moneyline", "bet_details": details,
                "stake": 10_000, "odds": -110, "created_at": NOON - 5 * HOUR,
            }
            | more,
            game_id=game_id,
        )  # fmt: skip

    def write(self, **tables: list[dict[str, object]]) -> None:
        """Rows of the app, as `insert` takes them: all tables and rows at once."""
        statements = []
        for table, rows in tables.items():
            for row in rows:
                values = ", ".join(
                    _sql(ident(value) if isinstance(value, int) and name[-2:] == "id" else value)
                    for name, value in row.items()
                )
                statements.append(
                    f"INSERT INTO betting.{table} ({', '.join(row)}) VALUES ({values})"
                )
        self.execute(";\n".join(statements))

    def play(self, bet: int, user: int, outcome: str, stake: int, over_at: datetime) -> None:
        """A bet at even odds on a game of its own, and how that ended; nothing is settled yet."""
        is_off = outcome == "cancelled"
        game = {
            "id": f"g{bet}", "sport": "NFL", "home_team": "Hawks", "away_team": "Owls",
            "commence_time": over_at - 3 * HOUR, "completed_at": over_at,
            "status": "cancelled" if is_off else "completed",
            "home_score": None if is_off else 3, "away_score": None if is_off else 3 * (outcome == "push"),
        }  # fmt: skip
        placed = {
            "id": bet, "user_id": user, "bet_type": "moneyline", "stake": stake, "odds": 100,
            "bet_details": {"team": "Owls" if outcome == "lost" else "Hawks"},
            "created_at": over_at - 4 * HOUR,
        }  # fmt: skip
        self.write(games=[game])
        self.write(bets=[placed | {"game_id": f"g{bet}"}])

    def state(self, *tables: str) -> dict[str, list[str]]:
        """Every row of these tables, of all betting and of the events when none is named."""
        if not tables:
            found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'betting'")
            tables = (*(f"betting.{name}" for (name,) in found), "operations.domain_events")
        rows = self.rows(
            " UNION ALL ".join(f"SELECT '{name}', t::text FROM {name} AS t" for name in tables)
        )
        return {name: sorted(row for table, row in rows if table == name) for name in tables}

    def do(self, job: Job, as_of: datetime = NOON, **options: object) -> Result:
        """Run a job; the result of its first step."""
        return next(iter(self.run(job, as_of, **options).values()))

    def settle(self, as_of: datetime = NOON, **options: object) -> Result:
        """Settle games that are over."""
        return self.do(jobs.GAME_SETTLEMENT, as_of, **options)

    def reset(self, as_of: datetime, **options: object) -> Result:
        """Close the week of every bankroll."""
        return self.do(jobs.BANKROLL_RESET, as_of, **options)

    def rows(self, what: str) -> list[tuple]:
        """Rows of a query, as tuples, None for NULL."""
        frame = self.query(what)
        return [
            tuple(None if pd.isna(value) else value for value in row)
            for row in frame.astype(object).itertuples(index=False, name=None)
        ]

    def results(self) -> dict[int, tuple[str, int | None, int | None]]:
        """Status, payout and net by bet."""
        return {
            uuid.UUID(bet).int: (status, payout, net)
            for bet, status, payout, net in self.rows(
                "SELECT id::text, status, payout, net FROM betting.bets"
            )
        }

    def balances(self) -> dict[int, int]:
        """Balance by user."""
        return {
            uuid.UUID(user).int: balance
            for user, balance in self.rows("SELECT user_id::text, balance FROM betting.bankrolls")
        }

    def events(self, event_type: str) -> list[dict]:
        """Payloads told, in order."""
        frame = self.query(
            "SELECT payload FROM operations.domain_events "
            f"WHERE event_type = '{event_type}' ORDER BY event_id"
        )
        return frame["payload"].tolist()

    def told(self, user: int) -> list[str]:
        """Types of a user's notifications, in order."""
        return [
            kind
            for (kind,) in self.rows(
                f"SELECT type FROM betting.notifications WHERE user_id = '{ident(user)}' "
                "ORDER BY created_at, ctid"
            )
        ]

    def broken(self) -> list[str]:
        """Names of the checks that fail."""
        with self.database.transaction() as transaction:
            return [c.name for c in CHECKS if not c.find_violations(transaction).empty]


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """On 18 alone: every job runs on both versions in scenarios/test_dry_runs.py."""
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def betting(database, settings, simulator) -> Betting:
    """An empty betting app."""
    return Betting(database, settings, simulator)
