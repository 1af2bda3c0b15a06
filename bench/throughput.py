"""Rates: players validated, ledger entries posted."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from bench.community import GUILD_ID, Community, accepted_syncs, new_community, settings
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.steps.point_ledger import post_entries
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Options, Work
from trc_pipelines.mee6.models import parse_page

PAGE_SIZE = 1000
ROUNDS = 10
BEGIN = datetime(2026, 3, 4, tzinfo=UTC)


def measure_players(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure players parsed and validated per second, from decoded bodies as the simulator sends them."""
    show_progress("players parsed and validated")
    pages = size // PAGE_SIZE
    rng = np.random.default_rng(1)
    board = pd.DataFrame(
        {
            "discord_id": 10**17 + rng.choice(10**6, pages * PAGE_SIZE, replace=False),
            "xp": rng.integers(0, 10**6, pages * PAGE_SIZE),
        }
    )
    simulator = Simulator(board, guild_id=GUILD_ID)
    bodies = [
        json.dumps(
            simulator.answer(
                f"/api/plugins/levels/leaderboard/{GUILD_ID}?page={page}&limit={PAGE_SIZE}", "bench"
            ).envelope
        ).encode()
        for page in range(pages)
    ]

    def parse() -> None:
        for page, body in enumerate(bodies):
            parse_page(body, GUILD_ID, page)

    costs = [server.cost_of(parse) for _ in range(repetitions)]
    yield Figure(
        "players parsed and validated",
        [size / cost.wall for cost in costs],
        "/s",
        costs=costs,
        note=f"{pages} bodies of {PAGE_SIZE} players, {len(bodies[0]) // PAGE_SIZE} bytes each",
    )


def measure_ledger(server: Server, new: int, repetitions: int) -> Iterator[Figure]:
    """Measure entries posted per second, every constraint, index and trigger on, commit included."""
    costs, existing = [], ROUNDS * new
    with new_community(server, new) as community:
        show_progress(f"{new:,} ledger entries on top of {existing:,}")
        hours = ROUNDS + repetitions
        with community.database.transaction() as transaction:
            accounts = find_accounts(transaction, community.member_ids.to_frame("member_id"))
        execute(
            community.url,
            accepted_syncs(
                f"SELECT '{BEGIN}'::timestamptz + n * interval '1 hour'"
                f" FROM generate_series(1, {hours}) AS g (n)"
            ),
        )
        for hour in range(1, hours + 1):
            if hour == ROUNDS + 1:
                community.settle()
            entries = _entries(community, accounts, hour)
            execute(community.url, "CHECKPOINT")
            cost = server.cost_of(_post, community, entries)
            if hour > ROUNDS:
                costs.append(cost)
        server.keep_digests(community.url)
    yield Figure(
        "ledger entries posted",
        [new / cost.wall for cost in costs],
        "/s",
        100_000 if new == 100_000 else None,
        at_least=True,
        costs=costs,
        note=f"{new:,} new ones, one per member, on top of {existing:,} and more",
    )


def _entries(community: Community, accounts: pd.Series, hour: int) -> pd.DataFrame:
    moment = pd.Timestamp(BEGIN) + pd.Timedelta(hour, "h")
    sync_id = int(moment.timestamp())
    order = np.argsort(community.discord_ids)
    return pd.DataFrame(
        {
            "account_id": accounts.iloc[order].array,
            "action": "discord_activity",
            "points": 1 + order % 3,
            "effective_at": moment,
            "effective_on": (moment - pd.Timedelta(1, "us")).tz_localize(None).normalize(),
            "source_key": [f"discord_activity:{sync_id}:{i}" for i in accounts.iloc[order]],
            "sync_id": sync_id,
            "metadata": '{"xp_delta": 120}',
        }
    )


def _post(community: Community, entries: pd.DataFrame) -> None:
    options = Options(as_of=BEGIN, now=BEGIN, run_id="bench", executed_by="bench")
    with community.database.transaction() as transaction:
        days = (date.min, date.max)
        work = Work(transaction, community.database, settings(), options, days, is_dry_run=False)
        posted = post_entries(work, entries)
    if posted["entries"] != len(entries):
        raise RuntimeError(f"{posted['entries']} of {len(entries)} entries were posted")
