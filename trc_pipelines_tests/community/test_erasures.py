"""A member who stands everywhere is erased: nothing finds them again, and every figure stays."""

import contextlib
import io
import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import redis
from dagster import DagsterRun
from sqlalchemy.engine import make_url

from trc_pipelines.community.conditions import contested
from trc_pipelines.community.erasures import LIST
from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.community.membership import (
    WAS_ERASED,
    MemberFileError,
    enroll_players,
    import_members,
)
from trc_pipelines.community.reviews import review_sync
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import client_program
from trc_pipelines.database.migrations import ensure_database
from trc_pipelines.database.statements import load_statement
from trc_pipelines.demo import simulator as faults
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.events import record_events
from trc_pipelines.monitoring.alerts import Condition, report
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.commands import Trc, install
from trc_pipelines_tests.databases import remove_database
from trc_pipelines_tests.servers import create_database, with_database
from trc_pipelines_tests.world import NOON, QUARTER, World, board

MEMBER, NAME = "kanarie-4f7d2a", "Canary van Geel 93"
ACCOUNT, FORMER_ACCOUNT = 915_551_234_567_890_123, 915_551_234_567_890_555
IDENTITIES = [MEMBER, NAME, str(ACCOUNT), str(FORMER_ACCOUNT)]
WEEK = timedelta(days=7)


@dataclass
class House:
    """An installation in which the canary stands everywhere."""

    world: World
    trc: Trc
    home: Path
    redis_url: str

    @property
    def dagster_url(self) -> str:
        return dagster_of(self.world.database.url)

    def dump(self) -> str:
        """Both databases, as text."""
        dumps = [
            run_program("pg_dump", "-d", plain(url))
            for url in (self.world.database.url, self.dagster_url)
        ]
        # Every dump has a line of its own, against hostile names.
        return re.sub(r"\\(un)?restrict .*", "", "".join(dumps))

    def cache(self) -> str:
        """All that Redis holds."""
        with redis.Redis.from_url(self.redis_url, decode_responses=True) as client:
            return "".join(
                str({"list": lambda k: client.lrange(k, 0, -1), "hash": client.hgetall}.get(
                    client.type(key), client.get
                )(key))
                for key in client.scan_iter("*")
            )  # fmt: skip

    def files(self) -> str:
        """All that was printed, and the list of erasures."""
        return "\n".join(
            path.read_text(errors="replace")
            for path in self.home.rglob("*")
            if path.is_file() and path.suffix != ".dump"
        )

    def traces(self) -> dict[str, list[str]]:
        """Where the canary is found, and by what."""
        places = {"databases": self.dump(), "cache": self.cache(), "files": self.files()}
        found = {
            place: [one for one in IDENTITIES if one in text] for place, text in places.items()
        }
        return {place: by for place, by in found.items() if by}

    def figures(self) -> dict[str, pd.DataFrame]:
        """Everything that counts, but for whose it is."""
        return {
            table: self.world.query(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3")
            for table, columns in {
                "community.point_ledger": "*",
                "community.ledger_batches": "*",
                "community.xp_deltas": "*",
                "leaderboards.archived_rankings": "*",
                "leaderboards.closed_periods": "*",
                "community.member_points": "total, last_active_at, 1",
                "community.daily_points": "day, points, xp_gained, is_active",
                "community.daily_streaks": "day, current_streak, longest_streak",
                "community.leaderboard_rankings": "day, board, rank, score",
            }.items()
        }

    def broken(self) -> list[str]:
        with self.world.database.transaction(commit=False) as transaction:
            return [c.name for c in CHECKS if not c.find_violations(transaction).empty]


def dagster_of(url: str) -> str:
    parsed = make_url(url)
    return parsed.set(database=f"{parsed.database}_dagster").render_as_string(hide_password=False)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def fill(world: World) -> None:
    """The canary, and two others, in every table."""
    world.execute(
        f"INSERT INTO community.members VALUES ('{MEMBER}', {FORMER_ACCOUNT}, '{NAME}', 'ACTIVE'), "
        f"('bob', {ACCOUNT}, 'Bob', 'ACTIVE'), ('cem', 1003, 'Cem', 'ACTIVE')"
    )
    everyone = {ACCOUNT: 1000, FORMER_ACCOUNT: 1000, 1003: 1000}
    world.sync(NOON, everyone)
    # The account passes from bob to the canary, who leaves another.
    world.execute(
        f"UPDATE community.members SET discord_id = 1002 WHERE member_id = 'bob'; "
        f"UPDATE community.members SET discord_id = {ACCOUNT} WHERE member_id = '{MEMBER}'; "
        "INSERT INTO community.point_transactions (member_id, action, points, created_at, metadata) "
        f"VALUES ('{MEMBER}', 'intro_completed', 25, '{NOON}', '{{\"name\": \"{NAME}\"}}'), "
        f"('{MEMBER}', 'intro_completed', 9000000000000000, '{NOON}', '{{}}')"
    )
    world.execute(
        f"INSERT INTO community.removed_members VALUES ('{MEMBER}', {FORMER_ACCOUNT}, '{NOON}')"
    )
    for slot in range(1, 4):
        gained = {ACCOUNT: 1000 + 150 * slot, 1002: 1000 + 150 * slot, 1003: 1000 + 150 * slot}
        world.sync(NOON + slot * QUARTER, gained)
    # Another member claims the account: a run says so.
    world.execute(
        "ALTER TABLE community.members DROP CONSTRAINT members_discord_id_key; "
        f"INSERT INTO community.members (member_id, discord_id) VALUES ('eve', {ACCOUNT})"
    )
    world.run(replace(MEE6_SYNC, steps=MEE6_SYNC.steps[:1]), NOON + 4 * QUARTER)
    world.execute(
        "DELETE FROM community.members WHERE member_id = 'eve'; "
        "ALTER TABLE community.members ADD CONSTRAINT members_discord_id_key UNIQUE (discord_id)"
    )
    world.simulator.add(faults.board_reset())
    world.sync(NOON + 5 * QUARTER)
    with world.database.transaction() as transaction:
        review_sync(
            transaction, int((NOON + 5 * QUARTER).timestamp()), "discard",
            reason=f"asked {NAME} about it", reviewed_by="cli", now=NOON,
        )  # fmt: skip
    world.run(DAILY_STREAKS, NOON + timedelta(days=1))
    world.run(LEADERBOARD_RECALCULATION, NOON + timedelta(days=1))
    world.sync(NOON + WEEK)
    world.run(LEADERBOARD_WEEKLY_RESET, NOON + WEEK)
    world.run(LEADERBOARD_RECALCULATION, NOON + WEEK)
    tell(world)


def tell(world: World) -> None:
    """Checks, incidents, alerts and events name the canary."""
    more = (
        "UPDATE community.member_points SET total = total {} 1 WHERE member_id = '" + MEMBER + "'"
    )
    world.execute(more.format("+"))
    with world.database.transaction() as transaction:
        for check in CHECKS:
            check.evaluate(transaction, NOON)
        condition = Condition("contested", "members", "warning", contested([MEMBER]))
        report(transaction, condition, NOON)
        record_events(
            transaction, "MemberNoticed", pd.DataFrame({"member_id": [MEMBER]}),
            dedupe_keys=pd.Series([f"noticed:{MEMBER}"]), occurred_at=NOON, run_id="r",
        )  # fmt: skip
    world.execute(more.format("-"))
    # Looked for in vain, as who left the server.
    world.execute(f"INSERT INTO community.missing_accounts VALUES ({ACCOUNT}, 1)")


def print_and_run(home: Path) -> None:
    """Services and runs print the canary; Dagster has runs and events that name it."""
    with dg.DagsterInstance.get() as instance:
        run = DagsterRun(
            job_name="review_snapshot", run_id=str(uuid.uuid4()), tags={"about": MEMBER},
            run_config={"ops": {"review": {"config": {"reason": f"asked {NAME}"}}}},
        )  # fmt: skip
        instance.add_run(run)
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                "members",
                metadata={"note": contested([MEMBER]), "account": ACCOUNT},
                tags={"m": MEMBER},
            )
        )
    for folder in ("logs", f"dagster/storage/{run.run_id}/compute_logs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
        (home / folder / "it.err").write_text(f"{MEMBER} {NAME} {ACCOUNT}, {FORMER_ACCOUNT}\nend\n")


@pytest.fixture(scope="module")
def lived_in(
    servers: dict[int, str], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("home")
    url = create_database(servers[18])
    with install(home) as trc, Simulator(board({})) as simulator:
        os.environ |= {"DATABASE_URL": url, "REDIS_URL": redis_url}
        assert trc("db", "migrate") == 0
        settings = load_settings(
            trc_home=home, database_url=url, redis_url=redis_url,
            mee6_guild_id=simulator.guild_id, mee6_base_url=simulator.base_url,
            mee6_request_interval_seconds=0, mee6_deadline_seconds=5,
        )  # fmt: skip
        world = World(Database(url, 30, 5), settings, simulator)
        fill(world)
        house = House(world, trc, home, redis_url)
        print_and_run(home)
        yield house
    remove_database(dagster_of(url))
    remove_database(url)


@dataclass
class Erased:
    """The house after the erasure, what it was before, and backups of then."""

    house: House
    found_before: dict[str, list[str]]
    figures_before: dict[str, pd.DataFrame]
    exported: dict
    backups: list[Path]


@pytest.fixture(scope="module")
def erased(lived_in: House) -> Erased:
    house = lived_in
    assert house.trc("run", "leaderboard_cache") == 0
    before = house.traces(), house.figures()
    exported = json.loads(printed(house, "members", "export", str(ACCOUNT)))
    backups = []
    for url in (house.world.database.url, house.dagster_url):
        backups.append(house.home / f"{make_url(url).database}.dump")
        run_program("pg_dump", "-Fc", "-f", str(backups[-1]), "-d", plain(url))
    assert house.trc("members", "erase", str(ACCOUNT), "--reason", "asked by letter") == 0
    return Erased(house, *before, exported, backups)


def run_program(program: str, *arguments: str) -> str:
    command = [client_program(program), *arguments]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout


def printed(house: House, *arguments: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert house.trc(*arguments) == 0
    return out.getvalue()


def test_the_canary_stood_everywhere(erased: Erased) -> None:
    assert erased.found_before == {
        "databases": IDENTITIES, "cache": [MEMBER], "files": IDENTITIES,
    }  # fmt: skip


def test_an_export_is_everything_that_is_stored_about_a_person(erased: Erased) -> None:
    assert set(erased.exported) == {
        "community.members", "community.accounts", "community.point_transactions",
        "community.rejected_transactions", "community.mee6_leaderboard_snapshot",
        "community.missing_accounts",
        "community.xp_deltas", "community.xp_states", "community.point_ledger",
        "community.member_points", "community.daily_points", "community.daily_streaks",
        "community.leaderboard_rankings", "community.leaderboard_archive", "community.mee6_syncs",
        "community.removed_members",
        "operations.job_executions", "operations.check_results", "operations.incidents",
        "operations.alerts", "operations.domain_events", "dagster",
    }  # fmt: skip
    assert sum(entry["points"] for entry in erased.exported["community.point_ledger"]) == 28


@pytest.mark.either
def test_every_table_that_names_a_member_is_in_an_export(world: World) -> None:
    named = world.query(
        "SELECT DISTINCT c.oid::regclass::text AS relation FROM pg_class AS c "
        "INNER JOIN pg_attribute AS a ON c.oid = a.attrelid "
        "WHERE c.relnamespace = 'community'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT c.relispartition AND a.attname IN ('member_id', 'discord_id', 'account_id')"
    )["relation"]
    assert len(named) > 10
    exported = load_statement("community/select_everything_of_member").text
    assert [name for name in named if f"FROM {name} AS" not in exported] == []


def test_nothing_finds_who_was_erased(erased: Erased) -> None:
    assert erased.house.traces() == {}
    assert (
        erased.house.world.query(
            "SELECT member_id FROM community.accounts WHERE erased_at IS NOT NULL"
        )["member_id"]
        .str.fullmatch(r"erased-\d+")
        .all()
    )


def test_sums_and_digests_are_as_before_and_every_check_holds(erased: Erased) -> None:
    for table, now in erased.house.figures().items():
        pd.testing.assert_frame_equal(now, erased.figures_before[table])
    assert erased.house.broken() == []
    assert erased.house.trc("verify") == 0


def test_the_list_of_erasures_names_nobody_and_is_for_nobody_else(erased: Erased) -> None:
    path = erased.house.home / LIST
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["reason"] == "asked by letter"
    assert path.stat().st_mode & 0o077 == 0


def test_a_backup_that_is_restored_is_cleansed_again(
    erased: Erased, servers: dict[int, str]
) -> None:
    house = erased.house
    name = f"restored_{uuid.uuid4().hex[:8]}"
    url = with_database(servers[18], name)
    for target, backup in zip((url, dagster_of(url)), erased.backups, strict=True):
        ensure_database(target)
        run_program("pg_restore", "--exit-on-error", "-d", plain(target), str(backup))
    restored = House(
        World(Database(url, 30, 5), house.world.settings, house.world.simulator),
        house.trc, house.home, house.redis_url,
    )  # fmt: skip
    before = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = url
    try:
        assert restored.traces() == {"databases": IDENTITIES}
        assert house.trc("members", "erase", "--replay") == 0
        assert restored.traces() == {}
        for table, now in restored.figures().items():
            pd.testing.assert_frame_equal(now, erased.figures_before[table])
        assert restored.broken() == []
        assert "0 people" in printed(house, "members", "erase", "--replay")
    finally:
        os.environ["DATABASE_URL"] = before
        remove_database(url)
        remove_database(dagster_of(url))


def test_a_reading_brings_nobody_back_and_neither_does_an_award(erased: Erased) -> None:
    """The app still has them: as a view would."""
    house, world = erased.house, erased.house.world
    world.execute(
        f"INSERT INTO community.members VALUES ('{MEMBER}', {ACCOUNT}, '{NAME}', 'ACTIVE'), "
        f"('as another', {FORMER_ACCOUNT}, NULL, 'ACTIVE'); "
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('{MEMBER}', 'intro_completed', 25, '{NOON + WEEK}')"
    )
    later = NOON + WEEK + QUARTER
    result = world.run(MEE6_SYNC, later)["community.mee6_leaderboard_snapshot"]
    assert result.details["linked_members"] == 2
    world.run(LEADERBOARD_RECALCULATION, later)
    rejected = world.query("SELECT member_id, reason FROM community.rejected_transactions")
    assert rejected["member_id"].isna().all()
    assert "was erased" in rejected["reason"].iat[-1]
    world.execute(
        f"DELETE FROM community.members WHERE member_id IN ('{MEMBER}', 'as another'); "
        f"DELETE FROM community.point_transactions WHERE member_id = '{MEMBER}'"
    )
    assert house.traces() == {}
    assert house.broken() == []


def test_neither_the_leaderboard_nor_a_list_makes_a_member_of_who_was_erased(
    erased: Erased,
) -> None:
    database = erased.house.world.database
    player = {"discord_id": [ACCOUNT, 77], "level": [9, 9], "username": [NAME, "Neu"]}
    with database.transaction(commit=False) as transaction:
        enrolled = enroll_players(transaction, pd.DataFrame(player), min_level=0)
        assert enrolled["discord_id"].tolist() == [77]
    lines = f"discord id,name\n{FORMER_ACCOUNT},{NAME}\n912345678901234567,Neu\n".encode()
    with database.transaction() as transaction, pytest.raises(MemberFileError) as caught:
        import_members(transaction, lines)
    assert caught.value.problems == [(2, WAS_ERASED)]


def test_who_is_not_known_or_named_in_the_reason_is_an_error(
    erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    trc = erased.house.trc
    assert trc("members", "erase", "nobody", "--reason", "asked") == 1
    assert "nobody is known" in capsys.readouterr().err
    assert trc("members", "erase", "cem", "--reason", "cem asked") == 1
    assert "names who is erased" in capsys.readouterr().err
    assert trc("members", "erase", "cem", "--reason", " ") == 1
    assert trc("members", "erase", "cem", "--replay") == 2


def test_a_dry_run_changes_nothing(erased: Erased, capsys: pytest.CaptureFixture[str]) -> None:
    house = erased.house
    (house.home / "logs" / "it.err").write_text("member_id cem")
    before = house.dump(), house.files()
    assert house.trc("members", "erase", "cem", "--reason", "asked", "--dry-run") == 0
    assert "community.member_points: 1" in capsys.readouterr().out
    assert (house.dump(), house.files()) == before
