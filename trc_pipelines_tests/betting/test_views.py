"""Views of the betting app against a second computation in plain Python."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import median

import numpy as np
import pytest

from trc_pipelines.betting.jobs import BETTING_TOTALS
from trc_pipelines.betting.rules.badges import CALCULATORS
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE, ident
from trc_pipelines_tests.betting.weeks import SUNDAY, Week
from trc_pipelines_tests.views.compare import assert_same, rows_of
from trc_pipelines_tests.world import NOON

VIEWS = [
    "daily_activity", "bets_by_type", "hold_by_week", "open_exposure", "available_balances",
    "current_badges", "settlement_latency",
]  # fmt: skip


@pytest.fixture
def week(database, settings, simulator) -> Week:
    """A week in which nothing happened yet."""
    return Week(database, settings, simulator)


def read(week: Week, what: str) -> list[dict]:
    return rows_of(week.database.url, f"SELECT * FROM betting.{what}")


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def monday(moment: datetime) -> date:
    return day_of(moment) - timedelta(days=day_of(moment).weekday())


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def add_up(rows: list[dict], *keys: str) -> dict[tuple, list[dict]]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


def profit(bet: dict) -> int:
    """By hand: +250 earns 250 for each 100, -300 earns 100 for each 300; never a part of a cent."""
    if bet["potential_win"] is not None:
        return bet["potential_win"]
    odds = bet["odds"]
    return bet["stake"] * odds // 100 if odds > 0 else bet["stake"] * 100 // -odds


def model(week: Week) -> dict[str, list[dict]]:
    bets, games = read(week, "bets"), {row["id"]: row for row in read(week, "games")}
    settled = [
        row | {"week": monday(row["settled_at"])}
        for row in bets
        if row["status"] in ("won", "lost", "push")
    ]
    pending = [row for row in bets if row["status"] == "pending"]
    by_type, hold, exposure, balances = [], [], [], []
    for (of_week, bet_type), rows in add_up(settled, "week", "bet_type").items():
        wagered, net = (sum(row[name] for row in rows) for name in ("stake", "net"))
        counts = {
            name: sum(row["status"] == status for row in rows)
            for name, status in (("won", "won"), ("lost", "lost"), ("pushed", "push"))
        }
        by_type.append(
            {"week": of_week, "bet_type": bet_type, "bets": len(rows)}
            | counts
            | {"wagered": wagered, "net": net, "roi": share(net, wagered)}
        )
    for (of_week,), rows in add_up(settled, "week").items():
        wagered, returned = (sum(row[name] for row in rows) for name in ("stake", "payout"))
        hold.append(
            {"week": of_week, "bets": len(rows), "wagered": wagered, "returned": returned}
            | {"hold": 1 - returned / wagered}
        )
    for (game,), rows in add_up(pending, "game_id").items():
        exposure.append(
            {"game_id": game, "starts_at": games.get(game, {}).get("commence_time")}
            | {"bets": len(rows), "staked": sum(row["stake"] for row in rows)}
            | {"potential_payout": sum(row["stake"] + profit(row) for row in rows)}
        )
    for row in read(week, "bankrolls"):
        at_stake = sum(bet["stake"] for bet in pending if bet["user_id"] == row["user_id"])
        balances.append(
            {"user_id": row["user_id"], "balance": row["balance"], "pending_stakes": at_stake}
            | {"available": row["balance"] - at_stake}
        )
    return {
        "bets_by_type": by_type,
        "hold_by_week": hold,
        "open_exposure": exposure,
        "available_balances": balances,
        "daily_activity": count_activity([row for row in bets if row["status"] != "cancelled"]),
        "settlement_latency": count_latency(read(week, "game_settlements"), games),
    }


def count_activity(bets: list[dict]) -> list[dict]:
    by_day = add_up([row | {"day": day_of(row["created_at"])} for row in bets], "day")
    made, days = [], [day for (day,) in by_day]
    for n in range((max(days) - min(days)).days + 1 if days else 0):
        day = min(days) + n * DAY
        of_day = by_day.get((day,), [])
        bettors = [
            len({row["user_id"] for i in range(length) for row in by_day.get((day - i * DAY,), [])})
            for length in (1, 7, 30)
        ]
        names = ("bettors", "weekly_bettors", "monthly_bettors")
        made.append(
            {"day": day, "bets": len(of_day), "wagered": sum(row["stake"] for row in of_day)}
            | dict(zip(names, bettors, strict=True))
        )
    return made


def count_latency(settlements: list[dict], games: dict[str, dict]) -> list[dict]:
    minutes = defaultdict(list)
    for row in settlements:
        if (over := games[row["game_id"]]["completed_at"]) is not None:
            minutes[day_of(row["settled_at"])].append(
                (row["settled_at"] - over).total_seconds() / 60
            )
    return [
        {"day": day, "games": len(found), "median_minutes": float(median(found))}
        | {"p90_minutes": float(np.percentile(found, 90)), "longest_minutes": max(found)}
        for day, found in minutes.items()
    ]


def assert_all_views(week: Week) -> None:
    for view, expected in model(week).items():
        assert_same(read(week, view), expected)


@pytest.mark.parametrize("view", VIEWS)
def test_of_nobody_there_is_nothing(week: Week, view: str) -> None:
    assert read(week, view) == []


def test_months_of_bets_are_what_a_loop_says(week: Week) -> None:
    rng = np.random.default_rng(11)
    week.join(*range(1, 9))
    bets = []
    for number in range(1, 121):
        placed = NOON + timedelta(minutes=int(rng.integers(0, 70 * 1440)))
        status = ["won", "lost", "push", "cancelled", "pending"][int(rng.integers(5))]
        stake, odds = int(rng.integers(1, 5_000)), int(rng.choice([-300, -110, 100, 137, 250]))
        won = stake * odds // 100 if odds > 0 else stake * 100 // -odds
        payout = {"won": stake + won, "lost": 0, "pending": None}.get(status, stake)
        bets.append(
            {
                "id": number, "user_id": int(rng.integers(1, 8)), "game_id": f"g{number % 5}",
                "bet_type": ["moneyline", "spread", "total"][number % 3], "stake": stake,
                "odds": odds, "potential_win": won if number % 4 == 0 else None, "status": status,
                "created_at": placed, "payout": payout,
                "net": None if payout is None else payout - stake,
                "settled_at": None if status == "pending" else placed + 5 * HOUR,
            }
        )  # fmt: skip
    for number in range(4):
        week.game(f"g{number}", commence_time=NOON + number * HOUR)
    week.write(bets=bets)
    assert_all_views(week)
    for days in (2, 20, 45, 44):
        counted = week.run(BETTING_TOTALS, NOON + days * DAY)["betting.daily_totals"]
        assert counted.affected == len(read(week, "daily_totals"))
        assert_all_views(week)
    assert {row["game_id"] for row in read(week, "open_exposure") if row["starts_at"] is None} == {
        "g4"
    }


def test_a_bet_that_is_cancelled_later_leaves_the_past_when_it_is_counted_again(week: Week) -> None:
    week.join(1)
    week.bets_of(1, "ww")
    week.execute(f"UPDATE betting.bets SET created_at = '{NOON - 5 * DAY}'")
    week.run(BETTING_TOTALS, NOON)
    assert [row["bets"] for row in read(week, "daily_activity")] == [2, 0, 0, 0]
    week.execute(
        "UPDATE betting.bets SET status = 'cancelled' WHERE id = (SELECT min(id) FROM betting.bets)"
    )
    week.run(BETTING_TOTALS, NOON)
    assert [row["bets"] for row in read(week, "daily_activity")] == [1, 0, 0, 0]


def test_what_is_at_stake_is_not_available(week: Week) -> None:
    week.join(1, balance=10_000)
    week.bets_of(1, "..", stake=4_000)
    week.bets_of(1, "w", stake=9_000, payout=9_001)
    [row] = read(week, "available_balances")
    assert (row["balance"], row["pending_stakes"], row["available"]) == (10_000, 8_000, 2_000)


def test_settlement_is_as_late_as_its_games(week: Week) -> None:
    week.join(1, 2)
    for number, late in enumerate((40, 10, 25), 1):
        week.game(f"g{number}", 3, 1, completed_at=NOON - late * MINUTE)
        week.bet(number, 1, f"g{number}")
    week.settle()
    [row] = read(week, "settlement_latency")
    assert (row["games"], row["median_minutes"], row["longest_minutes"]) == (3, 25, 40)
    assert_all_views(week)


def test_who_holds_a_badge_is_named_with_the_figures_that_earned_it(week: Week) -> None:
    week.join(*range(1, 9))
    week.execute(f"UPDATE betting.users SET username = E'=bob\\u202e' WHERE id = '{ident(2)}'")
    week.game("g", commence_time=NOON)
    week.game("nfl", commence_time=SUNDAY + 18 * HOUR, sport="nfl")
    week.bets_of(1, "wpwcw")
    week.bets_of(2, "w", net=1_000)
    week.bets_of(3, "wlwlw", is_tail=True)
    week.bets_of(4, "wwlwwlwlwl")
    week.bets_of(5, "wlwlw", is_fade=True)
    week.bets_of(6, "." * 20)
    week.bets_of(8, "www", at=SUNDAY + 22 * HOUR, game_id="nfl")
    week.write(posts=[{"id": 7, "user_id": 7, "created_at": NOON - 30 * HOUR}])
    week.award()
    held = {row["badge"]: row for row in read(week, "current_badges")}
    assert {badge: row["evidence"] for badge, row in held.items()} == {
        "hot_streak": {"wins_in_a_row": 3},
        "profit_king": {"net_cents": 1_000},
        "riding_wave": {"tails_won": 3},
        "sharp": {"won": 6, "lost": 4},
        "fade_god": {"fades_won": 3},
        "most_active": {"bets_placed": 20},
        "ghost": {"posts": 1, "bets_placed": 0},
        "sunday_sweep": {"won": 3, "lost": 0},
    }
    assert held.keys() == CALCULATORS.keys()
    king = held["profit_king"]
    assert (king["name"], king["title"], king["since"]) == ("'=bob", "Profit king", NOON)
    week.execute(f"UPDATE betting.users SET deleted_at = now() WHERE id = '{ident(2)}'")
    assert "profit_king" not in {row["badge"] for row in read(week, "current_badges")}


def test_evidence_is_what_it_was_when_the_badge_was_earned(week: Week) -> None:
    week.join(1, 2)
    week.bets_of(1, "www", net=0)
    week.award()
    streak = "SELECT evidence, lost_at IS NULL FROM betting.user_badges WHERE badge = 'hot_streak'"
    assert week.rows(streak) == [({"wins_in_a_row": 3}, True)]
    week.bets_of(1, "ww", at=NOON, net=0)
    week.award(NOON + HOUR)
    assert week.rows(streak) == [({"wins_in_a_row": 3}, True)]
    week.execute("UPDATE betting.bets SET status = 'lost', net = -1")
    week.award(NOON + 2 * HOUR)
    assert week.rows(streak) == [({"wins_in_a_row": 3}, False)]
    week.execute("UPDATE betting.bets SET status = 'won', net = 0")
    week.award(NOON + 3 * HOUR)
    assert week.rows(streak) == [({"wins_in_a_row": 5}, True)]
