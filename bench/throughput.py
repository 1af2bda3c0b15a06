"""Rates: players validated, ledger entries posted."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from bench.community import GUILD_ID, Community, accepted_syncs, new_community, settings
from bench.measure import Figure, seconds_of, show_progress
from bench.server import Server, execute
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.steps.point_ledger import post_entries
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Options, Work
from trc_pipelines.mee6.models import parse_page

PAGE_SIZE = 1000
BEGIN = datetime(2026, 3, 4, tzinfo=UTC)


def measure_players(pages: int) -> Figure:
    """Measure players parsed and validated per second, from decoded bodies as the simulator sends them."""
    show_progress("players parsed and validated")
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

    rates = [pages * PAGE_SIZE / seconds_of(parse) for _ in range(5)]
    return Figure(
        "players parsed and validated",
        rates,
        "/s",
        note=f"{pages} bodies of {PAGE_SIZE} players, {len(bodies[0]) // PAGE_SIZE} bytes each",
    )


def measure_ledger(server: Server, new: int, existing: int, repetitions: int) -> Figure:
    """Measure entries posted per second, every constraint, index and trigger on, commit included."""
    rates = []
    with new_community(server, new) as community:
        show_progress(f"{new:,} ledger entries on top of {existing:,}")
        rounds = existing // new
        hours = rounds + repetitions
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
            if hour == rounds + 1:
                community.settle()
            entries = _entries(community, accounts, hour)
            execute(community.url, "CHECKPOINT")
            seconds = seconds_of(_post, community, entries)
            if hour > rounds:
                rates.append(new / seconds)
                show_progress(f"  {rates[-1]:,.0f} /s")
    return Figure(
        "ledger entries posted",
        rates,
        "/s",
        100_000,
        at_least=True,
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
