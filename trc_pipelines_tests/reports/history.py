"""A made-up past of all three domains, written into the base tables; what is derived, the jobs derive."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from trc_pipelines.community.jobs import DAILY_GROWTH, RECOMPUTE_DAYS
from trc_pipelines_tests.databases import engine_of
from trc_pipelines_tests.hostile import STORABLE
from trc_pipelines_tests.world import World

# A Wednesday, 75 days after the first.
FIRST, LAST = date(2026, 1, 5), date(2026, 3, 18)
AS_OF = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
DAYS = pd.date_range(FIRST, LAST, tz="UTC")
MEMBERS = 40
ACTIONS = [
    "intro_completed", "resource_download", "benchmark_submission", "admin_adjustment", "a", "b",
    "c", "d", "e",
]  # fmt: skip
HIDDEN = "canary-hidden"
# At the edges of what is counted together: streaks of so many weekdays, members who are away for so
# many days. The first member of each.
STREAKS, RUNS_FROM = (2, 3, 5, 6, 10, 11, 20, 21), 32
AWAY, AWAY_FROM = (13, 14, 29, 30, 59, 60), 26


def make_history(world: World, seed: int) -> None:
    """Write it all."""
    rng = np.random.default_rng(seed)
    _make_community(world, rng)
    _make_quiz(world, rng)
    _make_betting(world, rng)
    _make_runs(world, rng)


def _who(rng: np.random.Generator, users: list[str], days: pd.Series) -> np.ndarray:
    """Choose users who did something on these days; the first third had left after a month."""
    third = len(users) // 3
    has_left = pd.DatetimeIndex(days) > DAYS[30]
    among = np.where(
        has_left, rng.integers(third, len(users), len(days)), rng.integers(0, len(users), len(days))
    )
    return np.array(users)[among]


def _append(world: World, table: str, rows: pd.DataFrame) -> None:
    schema, name = table.split(".")
    # As an app writes, whose integers are of any size.
    engine = engine_of(world.database.url)
    rows.to_sql(name, engine, schema=schema, if_exists="append", index=False, method="multi")


def _make_community(world: World, rng: np.random.Generator) -> None:
    names = list(STORABLE.values())
    number = np.arange(MEMBERS)
    is_visible = rng.random(MEMBERS) < 0.8
    shown = [names[n % len(names)] + f" {n}" for n in number]
    _append(
        world,
        "community.members",
        pd.DataFrame(
            {
                "member_id": [f"m{n:02}" for n in number],
                "discord_id": pd.array(1000 + number, "Int64"),
                "discord_username": [
                    name if seen else f"{HIDDEN} {name}"
                    for name, seen in zip(shown, is_visible, strict=True)
                ],
                "subscription_status": np.where(
                    number < AWAY_FROM,
                    rng.choice(["ACTIVE", "TRIALING", "CANCELLED"], MEMBERS),
                    "ACTIVE",
                ),
                "leaderboard_visible": is_visible,
            }
        ),
    )
    # Some come every day, some once, some stop in the middle.
    zeal = rng.beta(0.5, 0.8, MEMBERS)
    until = np.where(rng.random(MEMBERS) < 0.4, rng.integers(5, 50, MEMBERS), 99)
    since = rng.integers(0, 40, MEMBERS)
    active = [
        (n, day)
        for position, day in enumerate(DAYS[:-1])
        for n in range(AWAY_FROM)
        if since[n] <= position < until[n] and rng.random() < zeal[n]
    ]
    weekdays = DAYS[:-1][DAYS[:-1].day_of_week < 5]
    active += [(AWAY_FROM + place, DAYS[-1 - days]) for place, days in enumerate(AWAY)]
    active += [
        (RUNS_FROM + place, day)
        for place, length in enumerate(STREAKS)
        for day in weekdays[-length:]
    ]
    awards = [
        (f"m{n:02}", rng.choice(ACTIONS), int(rng.integers(1, 60)), day + timedelta(hours=9))
        for n, day in active
    ]
    _append(
        world,
        "community.point_actions",
        pd.DataFrame({"action": list("abcde"), "points": 1, "enabled": True}),
    )
    _append(
        world,
        "community.point_transactions",
        pd.DataFrame(awards, columns=["member_id", "action", "points", "created_at"]),
    )
    _make_readings(world, rng)
    # Some gain XP today, so that there are entries of the leaderboard too.
    world.sync(AS_OF - timedelta(hours=3), {1000 + n: 500 for n in range(MEMBERS)})
    gained = {1000 + n: 500 + 70 * n * (n < 10) for n in range(MEMBERS)}
    world.sync(AS_OF - timedelta(hours=1), gained)
    assert not world.query(
        "SELECT 1 FROM community.point_ledger WHERE action = 'discord_activity'"
    ).empty
    for job in (RECOMPUTE_DAYS, DAILY_GROWTH):
        world.run(job, AS_OF, days=(FIRST, LAST))


def _make_readings(world: World, rng: np.random.Generator) -> None:
    moments = [
        day + timedelta(hours=int(hour), minutes=45) for day in DAYS[:-1] for hour in (2, 9, 23)
    ]
    status = rng.choice(["accepted", "quarantined", "failed"], len(moments), p=[0.8, 0.1, 0.1])
    taken = rng.random(len(moments)) < 0.9
    at = pd.Series(moments)[taken].reset_index(drop=True)
    is_accepted = pd.Series(status)[taken].reset_index(drop=True) == "accepted"
    _append(
        world,
        "community.mee6_syncs",
        pd.DataFrame(
            {
                "sync_id": [int(moment.timestamp()) for moment in at],
                "synced_at": at,
                "guild_id": world.simulator.guild_id,
                "status": status[taken],
                "requests": rng.integers(1, 9, len(at)),
                "started_at": at,
                "finished_at": at,
                "run_id": "made up",
                "deltas_at": at.where(is_accepted),
                "posted_at": at.where(is_accepted),
            }
        ),
    )


def _make_quiz(world: World, rng: np.random.Generator) -> None:
    users = [f"u{n:02}" for n in range(25)]
    _append(world, "quiz.users", pd.DataFrame({"id": users, "username": "x"}))
    xp = rng.integers(0, 4000, len(users)) * (rng.random(len(users)) < 0.8)
    _append(world, "quiz.player_progress", pd.DataFrame({"user_id": users, "xp": xp}))
    size = 900
    began = pd.Series(rng.choice(DAYS, size)) + pd.to_timedelta(
        rng.integers(0, 12 * 60, size), "min"
    )
    status = rng.choice(
        ["active", "completed", "expired", "abandoned"], size, p=[0.1, 0.6, 0.1, 0.2]
    )
    _append(
        world,
        "quiz.quiz_sessions",
        pd.DataFrame(
            {
                "id": [f"s{n}" for n in range(size)],
                "user_id": _who(rng, users[:20], began),
                "status": status,
                "started_at": began,
            }
        ),
    )
    earned = pd.Series(rng.choice(DAYS, 400)) + timedelta(hours=5)
    _append(
        world,
        "quiz.xp_events",
        pd.DataFrame(
            {
                "id": [f"e{n}" for n in range(400)],
                "user_id": _who(rng, users, earned),
                "amount": rng.integers(-5, 60, 400),
                "earned_at": earned,
                "source": "quiz",
                "session_id": [f"x{n}" for n in range(400)],
            }
        ),
    )
    given = pd.DataFrame({"day": rng.choice(DAYS, 300), "user_id": rng.choice(users, 300)})
    given = given.drop_duplicates(ignore_index=True)
    waits = pd.Series(rng.exponential(20, len(given))).round(2)
    _append(
        world,
        "quiz.life_regenerations",
        pd.DataFrame(
            {
                "user_id": given["user_id"],
                "regenerated_at": given["day"] + timedelta(hours=6),
                "lives_added": 1,
                "new_total": 3,
                "run_id": "made up",
                "waited_minutes": waits,
            }
        ),
    )
    counts = rng.integers(0, 9, (3, len(DAYS)))
    _append(
        world,
        "quiz.evaluated_days",
        pd.DataFrame(
            {
                "day": DAYS.tz_localize(None),
                "kept_count": counts[0],
                "protected_count": counts[1],
                "broken_count": counts[2],
                "run_id": "made up",
            }
        ),
    )


def _make_betting(world: World, rng: np.random.Generator) -> None:
    users = [f"b{n:02}" for n in range(20)]
    _append(
        world,
        "betting.users",
        pd.DataFrame({"id": users, "username": [list(STORABLE.values())[n] for n in range(20)]}),
    )
    games = [f"g{n:03}" for n in range(120)]
    began = pd.Series(rng.choice(DAYS, len(games))) + timedelta(hours=2)
    ended = began + timedelta(hours=2)
    is_over = rng.random(len(games)) < 0.9
    _append(
        world,
        "betting.games",
        pd.DataFrame(
            {
                "id": games,
                "sport": "chess",
                "home_team": "h",
                "away_team": "a",
                "commence_time": began,
                "status": np.where(is_over, "completed", "scheduled"),
                "completed_at": ended.where(is_over),
            }
        ),
    )
    settled = ended + pd.to_timedelta(rng.exponential(30, len(games)).round(1), "min")
    _append(
        world,
        "betting.game_settlements",
        pd.DataFrame({"game_id": games, "settled_at": settled})[is_over].assign(
            status="completed", bets=1, won=1, lost=0, push=0, cancelled=0, staked=1, net=1,
            left_pending=0, run_id="made up",
        ),
    )  # fmt: skip
    size = 700
    game = rng.integers(0, len(games), size)
    stake = rng.integers(100, 20_000, size)
    ends = rng.choice(["won", "lost", "push", "cancelled"], size, p=[0.4, 0.45, 0.1, 0.05])
    status = np.where(is_over[game], ends, "pending")
    win = rng.integers(100, 30_000, size)
    payout = np.select(
        [status == "won", np.isin(status, ["push", "cancelled"])], [stake + win, stake], 0
    )
    is_settled = status != "pending"
    _append(
        world,
        "betting.bets",
        pd.DataFrame(
            {
                "id": [f"bet{n}" for n in range(size)],
                "user_id": _who(rng, users, began[game]),
                "game_id": np.array(games)[game],
                "bet_type": rng.choice(["spread", "total", "moneyline"], size),
                "stake": stake,
                "odds": rng.choice([-110, 120], size),
                "potential_win": win,
                "created_at": began[game].reset_index(drop=True) - timedelta(hours=1),
                "status": status,
                "payout": pd.array(np.where(is_settled, payout, 0), "Int64"),
                "net": pd.array(np.where(is_settled, payout - stake, 0), "Int64"),
                "settled_at": settled[game].reset_index(drop=True).where(is_settled),
            }
        ),
    )
    week = pd.Timestamp("2026-03-16")
    held = pd.DataFrame(
        {
            "user_id": rng.choice(users, 14),
            "badge": rng.choice(["sharp", "ghost", "most_active"], 14),
        }
    ).drop_duplicates(ignore_index=True)
    lost = pd.Series(AS_OF, held.index).where(rng.random(len(held)) < 0.2)
    _append(
        world,
        "betting.user_badges",
        held.assign(week_start=week, earned_at=AS_OF - timedelta(hours=9), lost_at=lost),
    )


def _make_runs(world: World, rng: np.random.Generator) -> None:
    jobs = ["mee6_sync", "daily_streaks", "game_settlement"]
    with world.database.transaction() as transaction:
        for job in jobs:
            transaction.execute("jobs/insert_job", job_name=job, now=AS_OF)
    size = 300
    state = rng.choice(["succeeded", "failed", "skipped"], size, p=[0.8, 0.1, 0.1])
    at = pd.Series(rng.choice(DAYS[-40:], size)) + pd.to_timedelta(
        rng.integers(1, 700, size), "min"
    )
    _append(
        world,
        "operations.job_executions",
        pd.DataFrame(
            {
                "job_name": rng.choice(jobs, size),
                "run_id": [f"r{n}" for n in range(size)],
                "as_of": at,
                "state": state,
                "success": state == "succeeded",
                "message": "made up",
                "affected_count": 1,
                "duration_ms": rng.integers(5, 90_000, size),
                "details": json.dumps({}),
                "executed_at": at,
                "executed_by": "test",
            }
        ),
    )
