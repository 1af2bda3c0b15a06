import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from trc_pipelines.demo import simulator as faults
from trc_pipelines.demo.population import EPOCH, Population
from trc_pipelines.demo.simulator import Fault, Simulator, detailed_xp, load_capture

CAPTURES = sorted((Path(__file__).parents[3] / "shared" / "data" / "mee6").glob("capture_*.json"))
BOARD = pd.DataFrame({"discord_id": range(1, 26), "xp": range(250, 0, -10)})


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(BOARD) as running:
        yield running


def get(simulator: Simulator, query: str = "", guild: int | None = None) -> requests.Response:
    return requests.get(
        f"{simulator.base_url}{faults.PATH}{guild or simulator.guild_id}{query}",
        headers={"User-Agent": "tests/1"},
        allow_redirects=False,
        timeout=60,
    )


def ids(simulator: Simulator, query: str = "") -> list[int]:
    return [int(player["id"]) for player in get(simulator, query).json()["players"]]


def test_a_page_has_the_recorded_envelope_and_player_keys(simulator: Simulator) -> None:
    answer = get(simulator)
    page = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert {"admin", "guild", "page", "player", "players", "role_rewards"} <= page.keys()
    assert page["guild"]["id"] == str(simulator.guild_id)
    assert (page["page"], page["player"], page["xp_rate"]) == (0, None, 1.0)
    assert page["xp_per_message"] == [15, 25]
    assert page["players"][0] == {
        "avatar": "",
        "detailed_xp": [150, 155, 250],
        "discriminator": "0",
        "guild_id": str(simulator.guild_id),
        "id": "1",
        "is_monetize_subscriber": False,
        "level": 1,
        "message_count": 12,
        "monetize_xp_boost": 0,
        "username": "member1",
        "xp": 250,
    }


def test_pages_are_cut_highest_xp_first_and_end_empty(simulator: Simulator) -> None:
    simulator.board = BOARD.sample(frac=1, random_state=1)
    assert ids(simulator, "?page=0&limit=10") == list(range(1, 11))
    assert ids(simulator, "?page=2&limit=10") == list(range(21, 26))
    past_the_end = get(simulator, "?page=3&limit=10")
    assert (past_the_end.status_code, past_the_end.json()["players"]) == (200, [])
    assert past_the_end.json()["page"] == 3
    assert len(ids(simulator)) == 25


@pytest.mark.parametrize(
    ("query", "guild", "status"),
    [
        ("?limit=1001", None, 400),
        ("?limit=0", None, 400),
        ("?page=-1", None, 400),
        ("?page=x", None, 400),
        ("", 1, 404),
    ],
)
def test_other_requests_get_the_error_body(
    simulator: Simulator, query: str, guild: int | None, status: int
) -> None:
    answer = get(simulator, query, guild)
    assert answer.status_code == answer.json()["status_code"] == status
    assert answer.json()["error"]["message"]


def test_a_library_default_user_agent_is_refused(simulator: Simulator) -> None:
    answer = requests.get(f"{simulator.base_url}{faults.PATH}{simulator.guild_id}", timeout=60)
    assert answer.status_code == 403


def test_requests_are_remembered(simulator: Simulator) -> None:
    before = time.monotonic()
    get(simulator, "?page=1")
    (seen,) = simulator.requests
    assert seen.path == f"{faults.PATH}{simulator.guild_id}?page=1"
    assert seen.user_agent == "tests/1"
    assert before <= seen.at <= time.monotonic()


@pytest.mark.parametrize(
    ("xp", "level", "within", "cost"),
    [
        (0, 0, 0, 100),
        (99, 0, 99, 100),
        (100, 1, 0, 155),
        (1294708, 87, 20303, 42295),
        (1140473, 83, 26198, 38695),
    ],
)
def test_levels_follow_the_formulas(xp: int, level: int, within: int, cost: int) -> None:
    assert detailed_xp(np.array([xp])).tolist() == [[level, within, cost]]


def test_a_population_is_served_at_the_time_of_the_clock() -> None:
    population = Population(5, 40)
    with Simulator(population, clock=lambda: EPOCH) as simulator:
        first = {p["id"]: p for p in get(simulator).json()["players"]}
        simulator.clock = lambda: EPOCH + timedelta(days=7)
        players = get(simulator).json()["players"]
    assert {int(p["id"]) for p in players} == set(population.discord_ids.tolist())
    assert {p["username"] for p in players} == set(population.usernames)
    expected = population.xp_at(EPOCH + timedelta(days=7))
    by_id = dict(zip(population.discord_ids.tolist(), expected.tolist(), strict=True))
    assert all(p["xp"] == by_id[int(p["id"])] for p in players)
    assert any(p["xp"] > first[p["id"]]["xp"] for p in players)
    assert any(p["message_count"] > first[p["id"]]["message_count"] for p in players)


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        (faults.failure(401), 401, "application/json"),
        (faults.failure(403), 403, "application/json"),
        (faults.failure(404), 404, "application/json"),
        (faults.failure(500), 500, "application/json"),
        (faults.failure(503), 503, "application/json"),
        (faults.too_many_requests("30"), 429, "text/html"),
        (faults.challenge_page(), 200, "text/html"),
        (faults.redirect("http://127.0.0.1:9/"), 302, "text/html"),
    ],
)
def test_faults_set_the_status(
    simulator: Simulator, fault: Fault, status: int, content_type: str
) -> None:
    simulator.add(fault)
    answer = get(simulator)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == content_type


def test_a_429_states_any_retry_after_or_none(simulator: Simulator) -> None:
    simulator.add(faults.too_many_requests("soon"), times=1)
    simulator.add(faults.too_many_requests(None), after=1)
    assert get(simulator).headers["Retry-After"] == "soon"
    assert "Retry-After" not in get(simulator).headers


def test_faults_act_so_many_times_after_so_many_requests_until_cleared(
    simulator: Simulator,
) -> None:
    simulator.add(faults.failure(500), times=2, after=1)
    simulator.add(faults.failure(503), after=4)
    seen = [get(simulator).status_code for _ in range(6)]
    simulator.clear()
    assert [*seen, get(simulator).status_code] == [200, 500, 500, 200, 503, 503, 200]


def test_faults_act_together(simulator: Simulator) -> None:
    simulator.add(faults.half_missing())
    simulator.add(faults.board_reset())
    simulator.add(faults.wrong_page())
    page = get(simulator).json()
    assert (len(page["players"]), page["page"]) == (13, 1)
    assert {player["xp"] for player in page["players"]} == {0}


def test_wrong_guild_and_empty_board(simulator: Simulator) -> None:
    simulator.add(faults.wrong_guild())
    simulator.add(faults.empty_board())
    page = get(simulator).json()
    assert (page["guild"]["id"], page["players"]) == ("1", [])


def test_a_member_who_drifts_is_lost_or_repeated_between_pages(simulator: Simulator) -> None:
    simulator.add(faults.drift(discord_id=11, xp=245), after=1)
    assert 11 not in ids(simulator, "?page=0&limit=10") + ids(simulator, "?page=1&limit=10")
    simulator.clear()
    simulator.add(faults.drift(discord_id=10, xp=1), after=1)
    assert 10 in ids(simulator, "?page=0&limit=10")
    assert 10 in ids(simulator, "?page=2&limit=10")


def test_slow_and_dripping_answers_take_their_time(simulator: Simulator) -> None:
    simulator.add(faults.slow(0.1))
    simulator.add(faults.raw(b"12345"))
    simulator.add(faults.dripping(0.02))
    started = time.monotonic()
    assert get(simulator).content == b"12345"
    assert time.monotonic() - started >= 0.2


def test_a_truncated_body_announces_more_than_it_sends(simulator: Simulator) -> None:
    simulator.add(faults.truncated(20))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="20 bytes read"):
        get(simulator)


def test_a_gzip_bomb_is_small_on_the_wire(simulator: Simulator) -> None:
    simulator.add(faults.gzip_bomb(10 * 2**20))
    answer = get(simulator)
    assert int(answer.headers["Content-Length"]) < 2**16
    assert len(answer.content) == 10 * 2**20


def test_an_oversized_body_is_as_long_as_told(simulator: Simulator) -> None:
    simulator.add(faults.oversized(3 * 2**20))
    assert len(get(simulator).content) == 3 * 2**20


def test_leaving_does_not_wait_for_a_slow_answer() -> None:
    with Simulator(BOARD) as simulator:
        simulator.add(faults.slow(600))
        with pytest.raises(requests.Timeout):
            requests.get(simulator.base_url, headers={"User-Agent": "x"}, timeout=0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 60


def capture(players: list[dict[str, Any]]) -> dict[str, Any]:
    return {"limit": 100, "pages": [{"guild": {"id": "77"}, "page": 0, "players": players}]}


def test_a_recorded_reading_is_served_again() -> None:
    row = {"message_count": 5, "username": "ann", "avatar": None, "level": 1}
    recorded = capture([row | {"id": "9", "xp": 120}, row | {"id": "8", "xp": 120}])
    with Simulator(BOARD) as simulator:
        simulator.replay(recorded)
        assert simulator.guild_id == 77
        players = get(simulator).json()["players"]
    assert [player["id"] for player in players] == ["9", "8"]
    assert players[0]["detailed_xp"] == [20, 155, 120]
    assert players[0]["avatar"] is None


@pytest.mark.skipif(not CAPTURES, reason="the recorded readings are not beside the checkout")
def test_every_recorded_figure_is_served_as_it_was_recorded() -> None:
    for path in CAPTURES:
        recorded = json.loads(path.read_text())
        assert len(load_capture(recorded)) == 300
        with Simulator(BOARD) as simulator:
            simulator.replay(recorded)
            for page in recorded["pages"]:
                served = get(simulator, f"?page={page['page']}&limit=100").json()
                assert page.keys() <= served.keys()
                for player, expected in zip(served["players"], page["players"], strict=True):
                    assert player == player | expected
