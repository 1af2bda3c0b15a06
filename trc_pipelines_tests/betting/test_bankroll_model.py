"""A season of random bets against a slow second opinion, written from the documents alone.

Plain integers and fractions, none of the product's rules. `BETS=10000 pytest …` plays more of them,
`SEED=…` another season.
"""

import os
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from trc_pipelines.betting.corrections import (
    adjust_bankroll,
    resettle_game,
    restore_bankroll,
    work_by_hand,
)
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE, Betting, ident

BETS = int(os.environ.get("BETS", "160"))
SEED = int(os.environ.get("SEED", "10"))
BEGIN = datetime(2026, 3, 9, 12, tzinfo=UTC)  # a Monday
USERS = range(1, 13)
GAMES_A_TICK = 30 if BETS > 1_000 else 6
CORRECTIONS_A_TICK = 12 if BETS > 1_000 else 2
BETS_A_GAME = 30 if BETS > 1_000 else 8

# The model ---------------------------------------------------------------------------------------


@dataclass
class Account:
    """A balance as what a week began with, and the steps since, each of which stops at 0."""

    start: int
    referrals: int
    steps: list[dict[object, int]] = field(default_factory=list)
    adjusted: int = 0

    def balance(self) -> int:
        balance = self.start
        for step in self.steps:
            balance = max(0, balance + sum(step.values()))
        return balance


@dataclass
class Model:
    """Users, games and bets in dictionaries."""

    accounts: dict[int, Account]
    games: dict[str, dict] = field(default_factory=dict)
    bets: dict[int, dict] = field(default_factory=dict)
    history: list[tuple] = field(default_factory=list)

    def settle(self, now: datetime) -> None:
        """Pending bets of games that are over, the earliest game first."""
        over = [
            game
            for game in self.games.values()
            if game["status"] == "cancelled"
            or (game["status"] == "completed" and game["completed_at"] <= now)
        ]
        for game in sorted(over, key=lambda one: (one["completed_at"], one["id"])):
            if game["recorded"] not in (None, result(game)):
                continue
            steps: dict[int, dict[object, int]] = {}
            for bet in self.bets_of(game):
                if bet["status"] == "pending":
                    outcome = judge(bet, game)
                    if outcome[0] != "pending":
                        bet["status"], bet["payout"], bet["net"] = outcome
                        bet["step"] = steps.setdefault(bet["user"], {})
                        bet["step"][bet["id"]] = outcome[2]
                        game["recorded"] = result(game)
            for user, step in steps.items():
                self.accounts[user].steps.append(step)

    def correct(self, game: dict) -> None:
        """Every settled bet gets what the game gives it now, where it counts in the open week."""
        steps: dict[int, dict[object, int]] = {}
        left = False
        for bet in self.bets_of(game):
            if bet["status"] == "pending":
                continue
            outcome = judge(bet, game)
            if outcome != (bet["status"], bet["payout"], bet["net"]):
                moved = (outcome[2] or 0) - bet["net"]
                if bet["step"] is None:
                    bet["step"] = steps.setdefault(bet["user"], {})
                bet["step"][bet["id"]] = bet["step"].get(bet["id"], 0) + moved
                bet["status"], bet["payout"], bet["net"] = outcome
            left |= outcome[0] != "pending"
        for user, step in steps.items():
            self.accounts[user].steps.append(step)
        game["recorded"] = result(game) if left else None

    def reset(self, monday: datetime) -> None:
        """Weeks close as they stand; nothing counts in a closed one any more."""
        for user, account in self.accounts.items():
            closing = account.balance()
            net = closing - account.start - account.adjusted
            self.history.append(
                (
                    ident(user),
                    str(monday.date() - 7 * DAY),
                    account.start,
                    net,
                    account.adjusted,
                    closing,
                )
            )
            account.start = 100_000 + 10_000 * account.referrals
            account.steps, account.adjusted = [], 0
        for bet in self.bets.values():
            bet["step"] = None

    def bets_of(self, game: dict) -> list[dict]:
        return [self.bets[bet] for bet in game["bets"]]


def result(game: dict) -> tuple:
    if game["status"] == "completed":
        return ("completed", game["home_score"], game["away_score"])
    return (game["status"],)


def judge(bet: dict, game: dict) -> tuple[str, int | None, int | None]:
    """Status, payout and net of a bet, by the table of the documents."""
    stake = bet["stake"]
    pending = ("pending", None, None)
    if game["status"] == "cancelled":
        return ("cancelled", stake, 0)
    if game["status"] != "completed":
        return pending
    if bet["created_at"] >= game["commence_time"]:
        return ("cancelled", stake, 0)
    home, away = game["home_score"], game["away_score"]
    team = (bet["team"] or "").strip().casefold()
    if bet["bet_type"] == "total":
        over = (bet["total_type"] or "").strip().casefold()
        if over not in ("over", "under"):
            return pending
        edge = home + away - Fraction(bet["line"])
        edge = edge if over == "over" else -edge
    else:
        if team not in ("hawks", "owls"):
            return pending
        edge = Fraction(home - away if team == "hawks" else away - home)
        if bet["bet_type"] == "spread":
            edge += Fraction(bet["line"])
    if edge == 0:
        return ("push", stake, 0)
    if edge < 0:
        return ("lost", 0, -stake)
    profit = bet["potential_win"]
    if profit is None:
        odds = bet["odds"]
        profit = stake * odds // 100 if odds > 0 else stake * 100 // -odds
    return ("won", stake + profit, profit) if profit <= 10**12 else pending


# The season --------------------------------------------------------------------------------------


class Season:
    """Both worlds, and dice."""

    def __init__(self, betting: Betting, seed: int) -> None:
        self.betting, self.dice = betting, random.Random(seed)
        self.model = Model(
            {n: Account(self.dice.choice([0, 40_000, 100_000]), n % 3) for n in USERS}
        )
        self.now = BEGIN
        self.done = dict.fromkeys(
            (
                "corrections", "reopened", "cancelled", "adjustments", "resets", "late resets",
                "edited bets", "restorations",
            ), 0,
        )  # fmt: skip
        for user, account in self.model.accounts.items():
            betting.join(user, balance=account.start, referrals=account.referrals)

    def play(self, bets: int) -> None:
        while len(self.model.bets) < bets or self.done["late resets"] == 0:
            self.place()
            self.move_on()
            edited = self.edit_balances()
            self.betting.settle(self.now)
            self.model.settle(self.now)
            self.correct_games()
            for user in edited:
                self.by_hand(lambda work, user=user: restore_bankroll(work, ident(user), "edited"))
            self.adjust()
            self.compare()

    def place(self) -> None:
        """Games that begin and end before the next tick, and bets on them."""
        dice, games, bets = self.dice, [], []
        for _ in range(GAMES_A_TICK):
            ends = self.now + dice.randint(200, 300) * MINUTE
            game = {
                "id": f"g{len(self.model.games)}", "sport": "NFL", "home_team": "Hawks",
                "away_team": "Owls", "commence_time": ends - 180 * MINUTE, "completed_at": ends,
                "status": dice.choice(["completed"] * 9 + ["cancelled"]),
                "home_score": dice.randint(0, 5), "away_score": dice.randint(0, 5),
            }  # fmt: skip
            games.append(game)
            self.model.games[game["id"]] = game | {"recorded": None, "bets": []}
            for _ in range(dice.randint(1, BETS_A_GAME)):
                bet = {
                    "id": len(self.model.bets) + 1,
                    "user": dice.choice(USERS),
                    "bet_type": dice.choice(["spread", "total", "moneyline"]),
                    "team": dice.choice(["Hawks", "owls ", "OWLS", "hawks"] * 5 + ["Eagles", None]),
                    "total_type": dice.choice(["over", " Under"]),
                    "line": f"{dice.randint(-16, 16) / 4:g}",
                    "stake": dice.choice([1, 33, 999, 20_000, dice.randint(1, 60_000)]),
                    "odds": dice.choice([-300, -110, 100, 137, 250]),
                    "potential_win": dice.choice([None] * 8 + [0, 7_777, 10**12 + 1]),
                    "created_at": ends - dice.choice([181, 190, 200, 200, 180, 90]) * MINUTE,
                    "status": "pending", "payout": None, "net": None, "step": None,
                }  # fmt: skip
                self.model.bets[bet["id"]] = bet
                self.model.games[game["id"]]["bets"].append(bet["id"])
                details = {name: bet[name] for name in ("team", "total_type", "line")}
                bets.append(
                    {
                        name: bet[name]
                        for name in (
                            "id",
                            "bet_type",
                            "stake",
                            "odds",
                            "potential_win",
                            "created_at",
                        )
                    }
                    | {"user_id": bet["user"], "bet_details": details, "game_id": game["id"]}
                )
        self.betting.write(games=games, bets=bets)

    def move_on(self) -> None:
        """Some hours later; Mondays are resets, some of them after what settled meanwhile."""
        before = self.now
        self.now += self.dice.randint(5, 48) * HOUR
        monday = (before - before.weekday() * DAY).replace(hour=0) + 7 * DAY
        if self.now < monday:
            return
        # What is over by Sunday night is settled on Sunday night.
        self.betting.settle(monday - MINUTE)
        self.model.settle(monday - MINUTE)
        self.model.reset(monday)
        self.done["resets"] += 1
        if self.done["resets"] % 2:
            self.betting.settle(self.now)
            self.model.settle(self.now)
            self.done["late resets"] += 1
        self.betting.reset(monday, now=self.now)

    def edit_balances(self) -> list[int]:
        """Somebody changes balances by SQL; whose. The model never hears of it."""
        # Before its first entry a balance is what the app says.
        opened = self.betting.rows(
            "SELECT user_id::text FROM betting.bankroll_ledger WHERE kind = 'opening' ORDER BY 1"
        )
        known = [uuid.UUID(user).int for (user,) in opened]
        users = self.dice.sample(known, self.dice.randint(0, min(3, len(known))))
        for user in users:
            self.betting.execute(
                f"UPDATE betting.bankrolls SET balance = {self.dice.choice([0, 5_000, 10**7])} "
                f"WHERE user_id = '{ident(user)}'"
            )
        self.done["restorations"] += len(users)
        return users

    def edit_bet(self, game: dict) -> None:
        """Somebody changes a settled bet of the game by SQL."""
        settled = [bet["id"] for bet in self.model.bets_of(game) if bet["status"] != "pending"]
        edit = self.dice.choice(
            [
                "status = 'won', payout = 2 * stake, net = stake",
                "status = 'lost', payout = 0, net = -stake",
                "net = net + 1",
                "status = 'pending', payout = NULL, net = NULL, settled_at = NULL",
            ]
        )
        self.betting.execute(
            f"UPDATE betting.bets SET {edit} WHERE id = '{ident(self.dice.choice(settled))}'"
        )
        self.done["edited bets"] += 1

    def correct_games(self) -> None:
        """Scores are corrected, games opened again, cancelled and uncancelled."""
        dice = self.dice
        settled = [game for game in self.model.games.values() if game["recorded"]]
        for game in dice.sample(settled, min(len(settled), CORRECTIONS_A_TICK)):
            change = dice.choice(["score"] * 4 + ["cancelled", "live", "completed", "same"])
            if change == "score":
                game |= {
                    "status": "completed",
                    "home_score": dice.randint(0, 5),
                    "away_score": dice.randint(0, 5),
                }
            elif change != "same":
                game["status"] = change
            self.done["cancelled"] += change == "cancelled"
            self.done["reopened"] += change == "live"
            self.update(game)
            if dice.random() < 0.3:
                self.edit_bet(game)
            for _ in range(dice.choice([1, 1, 2])):
                self.by_hand(lambda work, game=game: resettle_game(work, game["id"], "corrected"))
            self.model.correct(game)
            self.done["corrections"] += 1
        for game in self.model.games.values():
            if game["status"] == "live" and dice.random() < 0.3:
                game |= {"status": "completed", "home_score": dice.randint(0, 5)}
                self.update(game)

    def adjust(self) -> None:
        """A bankroll is adjusted, twice by the same key."""
        dice = self.dice
        user, amount = dice.choice(USERS), dice.choice([-30_000, -500, 250, 10_000])
        account = self.model.accounts[user]
        key = f"{self.now}"
        if account.balance() + amount < 0:
            with pytest.raises(JobError, match="cannot be lowered"):
                self.by_hand(
                    lambda work: adjust_bankroll(
                        work, ident(user), amount, "correction", "why", key
                    )
                )
            return
        for _ in range(2):
            self.by_hand(
                lambda work: adjust_bankroll(work, ident(user), amount, "correction", "why", key)
            )
        account.steps.append({"adjustment": amount})
        account.adjusted += amount
        self.done["adjustments"] += 1

    def update(self, game: dict) -> None:
        self.betting.execute(
            f"UPDATE betting.games SET status = '{game['status']}', home_score = {game['home_score']}, "
            f"away_score = {game['away_score']} WHERE id = '{game['id']}'"
        )

    def by_hand(self, do: object) -> None:
        with work_by_hand(
            self.betting.database,
            self.betting.settings,
            done_by="model",
            dry_run=False,
            now=self.now,
        ) as work:
            do(work)

    def compare(self) -> None:
        balances = {user: account.balance() for user, account in self.model.accounts.items()}
        assert self.betting.balances() == balances, self.now
        assert self.betting.results() == {
            bet["id"]: (bet["status"], bet["payout"], bet["net"])
            for bet in self.model.bets.values()
        }
        history = self.betting.rows(
            "SELECT user_id::text, week_start::text, opening, net, adjustments, closing "
            "FROM betting.bankroll_weekly_history"
        )
        assert sorted(history) == sorted(self.model.history)


def test_a_season_of_corrections_comes_out_to_the_cent_as_a_second_opinion(
    betting: Betting, capsys: pytest.CaptureFixture[str]
) -> None:
    season = Season(betting, SEED)
    season.play(BETS)
    assert set(betting.broken()) <= {"no_bet_is_stuck", "paid_wins_match_the_odds"}
    with capsys.disabled():
        print(f"\n{len(season.model.bets)} bets, {season.done}: 0 differences")
