"""What README and docs tell people to type is typed, in a world with something of everything."""

import re
import shlex
import subprocess
import time
import webbrowser
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from trc_pipelines.cli.installation import open_installation, prepare_databases
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import PROJECT_ROOT, Settings, load_settings
from trc_pipelines_tests.betting.conftest import Betting, ident
from trc_pipelines_tests.commands import Trc, install
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.house import wait_until
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import board

PAGES = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").glob("*.md"))]
# What cannot be typed here is only looked up: does the command exist, and its options.
NOT_RUN = {
    "trc up": "runs until it is stopped; test_services.py starts it",
    "trc control": "runs until it is stopped; launchers/test_worker.py starts it",
    "trc worker": "runs until it is stopped; launchers/test_worker.py starts it",
    "trc db attach": "wants an app; tested in adapters/",
    "trc db shell": "is psql, which is not everywhere",
}
ELSEWHERE = (
    "git clone", "dagster ", "dagster-webserver ", "dagster-daemon ", "docker ", "kubectl ",
    "debootstrap ", "rm ", "tar ",
)  # fmt: skip
ENVIRONMENT = {
    "DAGSTER_HOME", "DAGSTER_POSTGRES_URL", "DAGSTER_DISABLE_TELEMETRY", "TRC_CODE_SERVER_HOST",
    "TRC_CODE_SERVER_PORT", "BASE", "TRC_SETTINGS", "TRC_IMAGE", "POSTGRES_PASSWORD",
}  # fmt: skip
# In all other lines the exit code is 0.
EXIT_CODES = {
    "trc health": (1, "not well"),  # no daemon runs here
    "trc status": (1, "nothing heard of"),
    "trc run bankroll_reset": (1, "Nobody is here to say yes"),
    "trc compare community": (1, "CREATE VIEW"),
}
# What the SQL of a page takes for granted.
TABLES = {
    "app-tables.md": """
        CREATE TABLE public.users (id text, discord_id text, discord_name text, plan_status text,
            show_on_leaderboard boolean, created_at timestamptz);
        CREATE TABLE public.articles (body text);
        CREATE TABLE public.sponsors (name text);
        CREATE SCHEMA betting""",
    "operators.md": """
        CREATE SCHEMA app;
        CREATE TABLE app."Member" (id text, "totalPoints" integer, "currentStreak" integer,
            "lastActiveAt" timestamp)""",
}


@dataclass(frozen=True)
class Block:
    """What stands between fences."""

    page: Path
    language: str
    text: str


def find_blocks(language: str) -> list[Block]:
    found = [
        (page, match)
        for page in PAGES
        for match in re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", page.read_text(), re.S | re.M)
    ]
    return [Block(page, match[2], match[3]) for page, match in found if match[2] == language]


LINES = [
    (block.page.name, line)
    for block in find_blocks("sh")
    for line in block.text.splitlines()
    if line.strip()
]
TYPED = [
    (page, line.replace(".venv/bin/", "")) for page, line in LINES if re.match(r"\S*\btrc ", line)
]
MENTIONED = sorted({
    (page.name, words)
    for page in PAGES
    for words in re.findall(r"`(trc [^`]+)`", page.read_text())
})  # fmt: skip


class House(Betting):
    """A community, a quiz and a betting app, and a board to read now."""

    last_reading = 0
    xp = 5_000

    def quarantine(self) -> int:
        """Make a reading that waits: everybody's XP falls to nothing, or comes back from there."""
        while (waiting := self._find_waiting()) is None:
            self.xp = 5_000 - self.xp
            self.wait_for_the_next_second()
            self.sync(
                datetime.fromtimestamp(self.last_reading, UTC),
                dict.fromkeys(range(1_000, 1_007), self.xp),
            )
        return waiting

    def wait_for_the_next_second(self) -> None:
        """A reading is named by its second."""
        while time.time() < self.last_reading + 1:
            time.sleep(0.1)
        self.last_reading = int(time.time())

    def show_what_is_known(self) -> None:
        """Let the next reading be one that is believed."""
        known = self.query("SELECT discord_id, xp FROM community.xp_states")
        self.simulator.board = board(dict(zip(known["discord_id"], known["xp"], strict=True)))

    def _find_waiting(self) -> int | None:
        found = self.query(
            "SELECT max(sync_id) AS sync_id FROM community.mee6_syncs WHERE status = 'quarantined' "
            "AND sync_id > (SELECT max(sync_id) FROM community.mee6_syncs WHERE status = 'accepted')"
        )["sync_id"].iat[0]
        return int(found) if found == found and found is not None else None


@pytest.fixture(scope="module")
def house(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Members with points, a game that is settled and one that is not."""
    url = create_database(servers[18])
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first_day = (today - timedelta(days=21)).date()
    with Simulator(board({})) as simulator, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "TRC_HOME": tmp_path_factory.mktemp("home"),
            "DATABASE_URL": url,
            "COMMUNITY_START_ON": first_day,
            "MEE6_GUILD_ID": simulator.guild_id,
            "MEE6_BASE_URL": simulator.base_url,
            "MEE6_REQUEST_INTERVAL_SECONDS": 0,
        }.items():
            patch.setenv(name, str(value))
        with open_installation(begins=True) as installation:
            prepare_databases(installation)
        house = House(PooledDatabase(url), load_settings(), simulator)
        house.link({f"m{i}": 1_000 + i for i in range(7)})
        house.sync(today - timedelta(days=1), dict.fromkeys(range(1_000, 1_007), 1_000))
        house.sync(today, dict.fromkeys(range(1_000, 1_007), 5_000))
        house.show_what_is_known()
        house.join(1, 2)
        for number, game in enumerate(["g1", "g2"], 1):
            # The second has just ended: it is settled next, and not late.
            ended = today - timedelta(days=1 if game == "g1" else 0, minutes=10)
            house.game(game, 21, 10, commence_time=ended - timedelta(hours=3), completed_at=ended)
            house.bet(10 + number, number, game, created_at=ended - timedelta(hours=4))
        house.settle(today, limit=1)
        yield house


@pytest.fixture(scope="module")
def trc(house: House) -> Iterator[Callable[..., int]]:
    names = [name.upper() for name in Settings.model_fields]
    with pytest.MonkeyPatch.context() as patch:
        settings = house.settings
        with install(settings.trc_home) as call:
            for name in names:
                value = {
                    "DATABASE_URL": house.database.url,
                    "COMMUNITY_START_ON": settings.community_start_on,
                    "MEE6_GUILD_ID": settings.mee6_guild_id,
                    "MEE6_BASE_URL": settings.mee6_base_url,
                    "MEE6_REQUEST_INTERVAL_SECONDS": 0,
                }.get(name)
                if value is not None:
                    patch.setenv(name, str(value))
            yield call


def words_of(line: str) -> list[str]:
    """The words that a shell would pass on, without comments."""
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\0")[1:-1]


def fill_in(words: list[str], house: House | None, folder: Path) -> list[str]:
    """Put something of the world in the place of what a page leaves open."""
    (folder / "members.csv").write_text("discord id,name\n123456789012345678,Ann\n")
    values = {
        "GAME": "g1", "USER": ident(1), "CENTS": "500", "ID": "m0", "JOB": "daily_streaks",
        "DOMAIN": "quiz", "APP": "quizz-app", "NAME": "quizz-app", "…": "a reason",
        "FILE.csv": str(folder / "members.csv"), "members.csv": str(folder / "members.csv"),
        "SYNC": "7",
    }  # fmt: skip
    if house and words[0] == "snapshots" and "SYNC" in words:
        values["SYNC"] = str(house.quarantine())
    return [values.get(word, word) for word in words]


def is_one_of(line: str, beginnings: Iterable[str]) -> str | None:
    return next((each for each in beginnings if line.startswith(each)), None)


@pytest.mark.parametrize(("page", "line"), TYPED)
def test_every_line_that_a_page_has_people_type_does_what_it_says(
    page: str,
    line: str,
    house: House,
    trc: Trc,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nobody looks at what a test opens.
    monkeypatch.setattr(webbrowser, "open", lambda _url: True)
    if is_one_of(line, NOT_RUN):
        assert trc(*fill_in(words_of(line), None, tmp_path), "--help") == 0
        return
    house.wait_for_the_next_second()
    words = fill_in(words_of(line), house, tmp_path)
    code, said = EXIT_CODES.get(is_one_of(line, EXIT_CODES) or "", (0, ""))
    assert trc(*words) == code, capsys.readouterr().err
    out, err = capsys.readouterr()
    assert said in out + err
    house.show_what_is_known()


@pytest.mark.parametrize(("page", "words"), MENTIONED)
def test_every_command_that_a_page_mentions_exists_with_its_options(
    page: str, words: str, trc: Trc, tmp_path: Path
) -> None:
    words = words.split(" > ")[0]
    assert trc(*fill_in(shlex.split(words)[1:], None, tmp_path), "--help") == 0


def test_every_other_line_is_known_here() -> None:
    targets = set(re.findall(r"^(\w+):", (PROJECT_ROOT / "Makefile").read_text(), re.M))
    settings = {name.upper() for name in Settings.model_fields}
    for page, line in LINES:
        if (page, line.replace(".venv/bin/", "")) in TYPED or is_one_of(line, ELSEWHERE):
            continue
        words = shlex.split(line, comments=True)
        named = {word.split("=")[0] for word in words if "=" in word}
        assert named <= settings | ENVIRONMENT, line
        rest = [word for word in words if "=" not in word and word not in ("export", "make")]
        assert set(rest) <= targets, line


@pytest.mark.parametrize("block", find_blocks("sql"), ids=lambda block: block.page.name)
def test_every_query_of_a_page_is_one(block: Block, house: House, servers: dict[int, str]) -> None:
    is_before_all = "CREATE SCHEMA community" in block.text or "public." in block.text
    url = create_database(servers[18], "template1") if is_before_all else house.database.url
    connection = psycopg2.connect(libpq_url(url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        if is_before_all or block.page.name == "operators.md":
            cursor.execute(TABLES[block.page.name])
        cursor.execute(block.text)
    connection.close()


def test_every_other_piece_of_python_runs(trc: Trc) -> None:
    for block in find_blocks("python"):
        if block.page.name != "events.md":
            exec(block.text, {})


def test_the_loop_that_follows_events_takes_each_once_and_goes_on_where_it_stopped(
    house: House,
) -> None:
    [block] = [block for block in find_blocks("python") if block.page.name == "events.md"]
    house.execute(
        "INSERT INTO operations.domain_events (event_type, dedupe_key, payload, occurred_at, run_id) "
        "SELECT 'Tried', 'tried:' || n, '{}', now(), 'x' FROM generate_series(1, 3) AS n"
    )

    class IdleError(Exception):
        pass

    def follow() -> list[str]:
        handled: list[str] = []

        def wait(*_: object) -> None:
            raise IdleError

        text = block.text.replace("select.select(", "wait(")
        assert text != block.text
        with pytest.raises(IdleError):
            exec(
                text,
                {
                    "url": libpq_url(house.database.url),
                    "handle": lambda _kind, key, _payload: handled.append(key),
                    "wait": wait,
                },
            )
        return handled

    taken: list[str] = []

    def have_come() -> bool:
        taken.extend(follow())
        return {"tried:1", "tried:2", "tried:3"} <= set(taken)

    # Not before every older transaction of the server has ended, and others have theirs there.
    wait_until(have_come)
    assert follow() == []
    assert len(taken) == len(set(taken))
