"""What an app writes is shown by our views as one harmless line, whatever it is."""

import re
from collections.abc import Iterator

import pandas as pd
import pytest

from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.databases import borrow_database
from trc_pipelines_tests.hostile import STORABLE
from trc_pipelines_tests.reports.conftest import make_world
from trc_pipelines_tests.reports.history import AS_OF, make_history
from trc_pipelines_tests.world import World, board

pytestmark = pytest.mark.either
VIEWS = sorted(
    view
    for path in (PROJECT_ROOT / "sql/views").glob("*.sql")
    for view in re.findall(r"^CREATE OR REPLACE VIEW (\S+)", path.read_text(), re.M)
)
TEXTS = "ARRAY['{}']".format("', '".join(text.replace("'", "''") for text in STORABLE.values()))
# What an app chooses freely, beside names: each of the texts somewhere.
CHOSEN = """\
CREATE TEMPORARY TABLE texts ON COMMIT DROP AS
SELECT row_number() OVER () AS place, t.text FROM unnest({texts}) AS t (text);
CREATE TEMPORARY TABLE bet_texts ON COMMIT DROP AS
SELECT b.id, t.text FROM (SELECT b.id, row_number() OVER () AS number FROM betting.bets AS b) AS b
INNER JOIN texts AS t ON t.place = 1 + b.number % (SELECT count(*) FROM texts);
UPDATE betting.bets AS b SET bet_type = t.text FROM bet_texts AS t WHERE b.id = t.id;
UPDATE betting.games SET sport = t.text, home_team = t.text, away_team = t.text FROM texts AS t;
INSERT INTO community.daily_sources (day, action, entries, points)
SELECT '{day}', t.text, 1, 1 FROM texts AS t;
UPDATE betting.badges SET title = '{title}'
"""


@pytest.fixture(scope="module")
def past(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with borrow_database(servers[18]) as url, Simulator(board({})) as simulator:
        world = make_world(url, simulator, tmp_path_factory.mktemp("home"))
        make_history(world, 4)
        title = STORABLE["formula"] + STORABLE["log_line"]
        world.execute(CHOSEN.format(texts=TEXTS, day=AS_OF.date(), title=title))
        yield world


def find_strange(frame: pd.DataFrame) -> set[str]:
    """Texts that a terminal, a spreadsheet or a chat would take for more than a line; ids are as they are."""
    texts = {
        str(text)
        for name, column in frame.items()
        if not str(name).endswith("_id") and not pd.api.types.is_numeric_dtype(column)
        for text in column.dropna()
        if isinstance(text, str)
    }
    return {
        text for text in texts if not text.isprintable() or not text or re.match("[=+@-]", text)
    }


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_no_text_that_is_more_than_a_line(past: World, view: str) -> None:
    assert find_strange(past.query(f"SELECT * FROM {view}")) == set()
