"""A betting app, its users and its operator, and what the rules of bets make of them, in plain loops.

Written from the specification and docs/: nothing of the product is called, but by the operator.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from trc_pipelines.betting.corrections import adjust_bankroll, resettle_game, work_by_hand
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.betting.statistics_model import modelled_rows
from trc_pipelines_tests.simulation.community import as_of_turn, within
from trc_pipelines_tests.simulation.house import (
    DAY,
    HOUR,
    MINUTE,
    House,
    last_tick,
    midnight,
    require,
    require_same,
)
from trc_pipelines_tests.simulation.sessions import AppSession

USERS = [f"u{number}" for number in range(7)]
TEAMS = ["Hawks", "Owls", "Bisons", "Comets"]
WEEKLY, PER_REFERRAL = 100_000, 10_000
SETTLED_KINDS = ("bet_settled", "reversal")
BY_HAND = ("promotion", "deposit", "correction")
LIVES = {"story": 24, "message 1": 1, "message 168": 168, "content": 24}

Version = tuple[int, dict[str, Any]]


@dataclass
class Item:
    """Something that a user posted.

    Attributes:
        due: when it expires.
        gone_at: when its user took it away.
    """

    table: str
    due: datetime
    gone_at: datetime | None = None
    is_reported: bool = False


@dataclass
class Account:
    """What is known of a user's ledger: steps of the open week, in the order in which they count.

    Attributes:
        begun_at: when the open week began, None before the first reset.
        counts_at: when what was settled counts, by the first entry of a bet.
    """

    start: int = 0
    begun_at: datetime | None = None
    counts_at: dict[int, datetime] = field(default_factory=dict)
    steps: dict[tuple, dict] = field(default_factory=dict)
    step_of: dict[int, tuple] = field(default_factory=dict)

    def balance(self, until: datetime | None = None) -> int:
        """What is left after the steps, each of which stops at 0."""
        balance = self.start
        for step in sorted(self.steps.values(), key=lambda step: step["place"]):
            amounts = [a for a, at, _ in step["moves"] if until is None or at < until]
            balance = max(0, balance + sum(amounts))
        return balance


def make(house: House) -> "Betting":
    return Betting(house)


class Betting:
    """See `Domain`."""

    name = "betting"

    def __init__(self, house: House) -> None:
        self.house = house
        # Each as it was, by the turn from which it is so.
        self.games: dict[str, list[Version]] = {}
        self.bets: dict[str, list[Version]] = {}
        self.items: dict[str, Item] = {}
        self.posted = count()
        self.joined: dict[str, datetime] = {}
        self.joined_at: dict[str, int] = {}
        self.referrals: dict[str, list[tuple[int, int]]] = {}
        self.entries: list[dict] = []
        self.sums: Counter[str] = Counter()
        self.accounts: dict[str, Account] = defaultdict(Account)
        self.closed: dict[tuple[str, date], tuple] = {}
        self.last_event = 0
        self.told: Counter[str] = Counter()
        self.adjusted = 0

    # The app

    def open_doors(self, session: AppSession, at: datetime) -> None:
        for user in USERS[:6]:
            self._join(session, user, at)
        with session.transaction():
            for hours in (1, 168):
                session.do(
                    "INSERT INTO betting.chats (id, settings) VALUES (%s, %s)",
                    f"chat {hours}", json.dumps({"expiration_hours": hours}),
                )  # fmt: skip

    def _join(self, session: AppSession, user: str, at: datetime) -> None:
        self.referrals[user] = [(0, int(user[1:]) % 3)]
        with session.transaction():
            session.do(
                "INSERT INTO betting.users (id, username, referral_count, created_at) VALUES (%s, %s, %s, %s)",
                user, user, self.referrals[user][0][1], at,
            )  # fmt: skip
            session.do(
                "INSERT INTO betting.bankrolls (user_id, balance) VALUES (%s, %s)",
                user, 20_000 * (int(user[1:]) + 1),
            )  # fmt: skip
        self.joined[user], self.joined_at[user] = at, session.committed_at

    def act(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        acts = {
            self.schedule: 3, self.bet: 9, self.end_games: 5, self.post: 3, self.correct_score: 4,
            self.edit_bet: 3, self.take_away: 1, self.join: 1, self.refer: 1, self.postpone: 1,
        }  # fmt: skip
        self.house.draw(acts, dice)(session, dice, at)

    def join(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        if USERS[6] not in self.referrals:
            self._join(session, USERS[6], at)

    def refer(self, session: AppSession, dice: random.Random, _at: datetime) -> None:
        user, number = dice.choice(list(self.joined)), dice.randint(0, 4)
        with session.transaction():
            session.do("UPDATE betting.users SET referral_count = %s WHERE id = %s", number, user)
        self.referrals[user].append((session.committed_at, number))

    def schedule(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        home, away = dice.sample(TEAMS, 2)
        key = f"g{len(self.games)}"
        game = {
            "sport": dice.choice(["NFL", "nba"]), "home_team": home, "away_team": away,
            "commence_time": at + dice.choice([20, 90, 300, 900]) * MINUTE, "status": "scheduled",
            "home_score": None, "away_score": None, "completed_at": None,
        }  # fmt: skip
        self.games[key] = []
        with session.transaction():
            session.do(
                f"INSERT INTO betting.games (id, {', '.join(game)}) VALUES (%s{', %s' * len(game)})",
                key, *game.values(),
            )  # fmt: skip
        self.games[key].append((session.committed_at, game))

    def bet(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """Some bets on a game that is not over; one may be said of, and others follow it."""
        open_games = [
            key for key, versions in self.games.items()
            if versions and versions[-1][1]["status"] == "scheduled"
        ]  # fmt: skip
        if not open_games:
            return
        key = dice.choice(open_games)
        game = self.games[key][-1][1]
        for _ in range(dice.randint(1, 3)):
            name = f"b{len(self.bets)}"
            self.bets[name] = []
            picks = [
                n
                for n, item in self.items.items()
                if item.table == "posts" and n.startswith("pick")
            ]
            followed = dice.choice(picks) if picks and dice.random() < 0.4 else None
            is_tail = dice.random() < 0.5
            bet = {
                "user_id": dice.choice(list(self.joined)), "game_id": key,
                "bet_type": dice.choice(["spread", "total", "moneyline"]),
                "bet_details": {
                    "team": dice.choice([game["home_team"], f" {game['away_team'].upper()}"] * 9 + ["Eagles"]),
                    "line": f"{dice.randint(-10, 10) / 4:g}",
                    "total_type": dice.choice(["over", " Under"]),
                },
                "stake": dice.choice([33, 999, 20_000, 60_000, 150_000]),
                "odds": dice.choice([-300, -110, 137, 250]),
                "potential_win": dice.choice([None, None, None, 7_777]),
                "is_tail": followed is not None and is_tail,
                "is_fade": followed is not None and not is_tail,
                "original_pick_id": followed, "created_at": at,
            }  # fmt: skip
            with session.transaction():
                session.do(
                    f"INSERT INTO betting.bets (id, {', '.join(bet)}) VALUES (%s{', %s' * len(bet)})",
                    name, *[json.dumps(v) if isinstance(v, dict) else v for v in bet.values()],
                )  # fmt: skip
            self.bets[name].append((session.committed_at, bet))
            if dice.random() < 0.3:
                self._publish(session, f"pick {name}", "posts", game["commence_time"] + 3 * HOUR, {
                    "user_id": bet["user_id"], "post_type": "pick", "bet_id": name,
                    "created_at": at, "expires_at": at + HOUR})  # fmt: skip

    def end_games(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """Games that have lasted long enough end, one in a while without its score."""
        for key, versions in list(self.games.items()):
            if not versions:
                continue
            game = versions[-1][1]
            if game["status"] == "completed" and game["home_score"] is None:
                self._change_game(session, key, home_score=dice.randint(0, 5))
            elif game["status"] == "scheduled" and game["commence_time"] + 2 * HOUR <= at:
                status = dice.choice(["completed"] * 9 + ["cancelled"])
                self._change_game(
                    session, key, status=status,
                    home_score=dice.choice([*range(5), None]) if status == "completed" else None,
                    away_score=dice.randint(0, 4) if status == "completed" else None,
                    completed_at=at,
                )  # fmt: skip

    def postpone(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """A game is put off, whatever its score says, or it is to take place after all."""
        waiting = [
            key for key, versions in self.games.items()
            if versions and versions[-1][1]["status"] in ("scheduled", "postponed")
        ]  # fmt: skip
        if waiting:
            key = dice.choice(waiting)
            is_off = self.games[key][-1][1]["status"] == "postponed"
            self._change_game(
                session, key, status="scheduled" if is_off else "postponed",
                home_score=dice.choice([None, 1]), away_score=2,
            )  # fmt: skip

    def correct_score(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """A score turns out wrong, perhaps while it is settled; one in a while a game is not over after all."""
        over = [
            key for key, versions in self.games.items()
            if versions and versions[-1][1]["completed_at"] and versions[-1][1]["completed_at"] > at - 3 * DAY
        ]  # fmt: skip
        if over:
            # Of the last ones bets may just be graded.
            key = dice.choice(over[-3:] if dice.random() < 0.5 else over)
            status = dice.choice(["completed"] * 6 + ["cancelled", "live"])
            self._change_game(
                session, key, status=status, home_score=dice.randint(0, 5), away_score=dice.randint(0, 5)
            )  # fmt: skip

    def _change_game(self, session: AppSession, key: str, **changes: object) -> None:
        with session.transaction():
            session.do(
                f"UPDATE betting.games SET {', '.join(f'{name} = %s' for name in changes)} WHERE id = %s",
                *changes.values(), key,
            )  # fmt: skip
        self.games[key].append((session.committed_at, self.games[key][-1][1] | changes))

    def edit_bet(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """A user raises the stake of a bet, which the app allows while it is pending."""
        names = [name for name, versions in self.bets.items() if versions][-20:]
        if not names:
            return
        over = [
            name for name in names
            if self.games[self.bets[name][-1][1]["game_id"]][-1][1]["status"] == "completed"
        ]  # fmt: skip
        name, stake = dice.choice(over or names), dice.choice([100, 700, 30_000])
        with session.transaction():
            changed = session.do(
                "UPDATE betting.bets SET stake = %s WHERE id = %s AND status = 'pending' RETURNING id",
                stake, name,
            )  # fmt: skip
        if changed:
            self.bets[name].append(
                (session.committed_at, self.bets[name][-1][1] | {"stake": stake})
            )

    def post(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        kind, user = dice.choice(list(LIVES)), dice.choice(list(self.joined))
        name = f"{kind} {next(self.posted)}"
        due = at + LIVES[kind] * HOUR
        what: dict[str, Any] = {"user_id": user, "created_at": at}
        if kind.startswith("message"):
            what["chat_id"] = kind.replace("message", "chat")
        elif dice.random() < 0.5:
            due = what["expires_at"] = at + dice.choice([3, 30]) * HOUR
        table = {"content": "posts", "story": "stories"}.get(kind, "messages")
        self._publish(session, name, table, due, what)
        if dice.random() < 0.2:
            with session.transaction():
                session.do(
                    "INSERT INTO betting.reports (id, content_type, content_id) VALUES (%s, %s, %s)",
                    name, {"posts": "post", "stories": "story"}.get(table, "message"), name,
                )  # fmt: skip
            self.items[name].is_reported = True

    def _publish(
        self, session: AppSession, name: str, table: str, due: datetime, what: dict[str, Any]
    ) -> None:
        with session.transaction():
            session.do(
                f"INSERT INTO betting.{table} (id, {', '.join(what)}) VALUES (%s{', %s' * len(what)})",
                name, *what.values(),
            )  # fmt: skip
        self.items[name] = Item(table, due)

    def take_away(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """A user deletes what they posted, before or after it expired."""
        if not self.items:
            return
        name = dice.choice(list(self.items)[-15:])
        with session.transaction():
            gone = session.do(
                f"UPDATE betting.{self.items[name].table} SET deleted_at = %s, deleted_reason = 'user' "
                "WHERE id = %s AND deleted_at IS NULL RETURNING id",
                at, name,
            )  # fmt: skip
        if gone:
            self.items[name].gone_at = at

    def operate(self, dice: random.Random, at: datetime, *, is_calm: bool) -> None:
        """Settle again what was settled by another result; now and then adjust a bankroll."""
        wrong = self._wrongly_settled()
        for key in wrong if is_calm else wrong[:1]:
            self._by_hand(at, lambda work, key=key: resettle_game(work, key, "the score was wrong"))
        if not is_calm and dice.random() < 0.5:
            self.adjusted += 1
            user, amount = dice.choice(list(self.joined)), dice.choice([-3_000, 500, 12_000])
            key = f"adjustment {dice.getrandbits(40)}"
            try:
                for _ in range(2):
                    self._by_hand(at, lambda work: adjust_bankroll(
                        work, user, amount, "correction", "why not", key))  # fmt: skip
            except JobError as error:
                require("cannot be lowered" in str(error), f"an adjustment was refused: {error}")

    def _by_hand(self, at: datetime, do: Callable[[Any], object]) -> None:
        with work_by_hand(
            self.house.database, self.house.settings, done_by="op", dry_run=False, now=at
        ) as work:
            do(work)

    def _wrongly_settled(self) -> list[str]:
        recorded = self.house.ask(
            "SELECT game_id, status, home_score, away_score FROM betting.game_settlements ORDER BY 1"
        )
        return [
            key for key, *result in recorded if tuple(result) != result_of(self.games[key][-1][1])
        ]

    # What must hold whenever nothing is open

    def audit(self) -> None:
        self._read_entries()
        self._look_at_balances()
        self._look_at_events()
        self._look_at_resets()

    def _read_entries(self) -> None:
        """Every entry is allowed, follows from the one before, and moves the account by the rules."""
        names = (
            "entry_id", "user_id", "kind", "amount", "balance_after", "bet_id", "game_id", "week_start",
            "corrects_entry_id", "effective_at", "source_key", "run_id",
        )  # fmt: skip
        rows = self.house.ask(
            f"SELECT {', '.join(names)} FROM betting.bankroll_ledger WHERE entry_id > %s ORDER BY 1",
            self.entries[-1]["entry_id"] if self.entries else 0,
        )
        for row in rows:
            entry = dict(zip(names, row, strict=True))
            user = entry["user_id"]
            require(
                entry["balance_after"] == self.sums[user] + entry["amount"],
                f"entry {entry['entry_id']} of {user}: {entry} after a balance of {self.sums[user]}",
            )
            self.sums[user] += entry["amount"]
            self._check_grading(entry)
            self._follow(entry)
            self.entries.append(entry)

    def _check_grading(self, entry: dict) -> None:
        """A settlement is what the bet and its game were when the bet was claimed."""
        if entry["kind"] != "bet_settled" or entry["run_id"] not in self.house.runs:
            return
        bet, game = self.bets[entry["bet_id"]], self.games[entry["game_id"]]
        # Of several units of the run one has it.
        nets = {
            self._judge(bet_then, game_then)[2]
            for commit in self.house.runs[entry["run_id"]].commits
            if "betting/claim_bets" in commit.statements
            for _, bet_then in as_of_turn(bet, commit.statements["betting/claim_bets"])
            for _, game_then in as_of_turn(game, commit.statements["betting/claim_bets"])
        }
        require(
            entry["amount"] in nets,
            f"bet {entry['bet_id']} was settled by {entry['amount']}, when it was claimed it was {nets}",
        )

    def _judge(self, bet: dict, game: dict) -> tuple[str, int | None, int | None]:
        return judge(bet, game, live_bets=self.house.settings.live_bets)

    def _follow(self, entry: dict) -> None:
        account, kind = self.accounts[entry["user_id"]], entry["kind"]
        if kind == "opening":
            account.start = entry["amount"]
        elif kind == "weekly_reset":
            self._close_week(account, entry)
        elif kind not in ("write_off", "write_off_reversal"):
            chain = entry["corrects_entry_id"] or entry["entry_id"]
            counted = account.counts_at.setdefault(chain, entry["effective_at"])
            is_open = account.begun_at is None or counted >= account.begun_at
            require(
                entry["effective_at"] == counted
                if is_open
                else entry["effective_at"] >= account.begun_at,
                f"entry {entry['entry_id']} counts at {entry['effective_at']}, what it corrects at {counted}, "
                f"in a week that began {account.begun_at}",
            )
            account.counts_at[chain] = entry["effective_at"]
            key = account.step_of.setdefault(chain, (entry["run_id"], entry["game_id"]))
            step = account.steps.setdefault(key, {"place": entry["entry_id"], "moves": []})
            step["moves"].append((entry["amount"], entry["effective_at"], kind in BY_HAND))

    def _close_week(self, account: Account, entry: dict) -> None:
        boundary = midnight(entry["week_start"])
        user, task = entry["user_id"], self.house.runs[entry["run_id"]]
        referred = within(self.referrals[user], task.began, task.ended)
        closing = account.balance(boundary)
        adjusted = sum(
            amount for step in account.steps.values() for amount, at, by_hand in step["moves"]
            if by_hand and at < boundary
        )  # fmt: skip
        target, targets = (
            closing + entry["amount"],
            {WEEKLY + PER_REFERRAL * n for _, n in referred},
        )
        require(
            target in targets and entry["effective_at"] == boundary,
            f"{user} was reset by {entry['amount']}, from {closing} to {targets} is due",
        )
        net = closing - account.start - adjusted
        self.closed[user, entry["week_start"] - 7 * DAY] = (account.start, net, adjusted, closing)
        account.start, account.begun_at = target, boundary
        since = {}
        for key, step in account.steps.items():
            moves = [move for move in step["moves"] if move[1] >= boundary]
            if moves:
                since[key] = {"place": step["place"], "moves": moves}
        account.steps = since
        account.step_of = {c: key for c, key in account.step_of.items() if key in since}

    def _look_at_balances(self) -> None:
        found = dict(self.house.ask("SELECT user_id, balance FROM betting.bankrolls"))
        expected = {user: 20_000 * (int(user[1:]) + 1) for user in self.joined}
        expected |= {user: account.balance() for user, account in self.accounts.items()}
        require_same("balances", found, expected)
        require_same(
            "sums of the ledger", dict(self.sums), {user: found[user] for user in self.sums}
        )
        history = self.house.ask(
            "SELECT user_id, week_start, opening, net, adjustments, closing FROM betting.bankroll_weekly_history"
        )
        require_same(
            "weeks", {(user, week): tuple(rest) for user, week, *rest in history}, self.closed
        )

    def _look_at_events(self) -> None:
        """What is settled is told, to apps and to the user, once."""
        rows = self.house.ask(
            "SELECT e.event_id, e.payload ->> 'bet_id', (e.payload ->> 'net')::bigint, e.run_id, "
            "e.payload ->> 'user_id', (SELECT count(*) FROM betting.notifications AS n "
            "WHERE n.user_id = e.payload ->> 'user_id' "
            "AND n.dedupe_key = 'bet:' || split_part(e.dedupe_key, 'BetSettled:', 2)) "
            "FROM operations.domain_events AS e WHERE e.event_type = 'BetSettled' AND e.event_id > %s",
            self.last_event,
        )
        settled = {
            (entry["bet_id"], entry["run_id"]): entry["amount"]
            for entry in self.entries[-2000:] if entry["kind"] == "bet_settled"
        }  # fmt: skip
        for event, bet, net, run_id, _, notified in rows:
            self.last_event = max(self.last_event, event)
            self.told[bet] += 1
            require(
                settled.get((bet, run_id)) == net and notified == 1,
                f"bet {bet} is told to be settled by {net} ({notified} notifications), "
                f"the ledger says {settled.get((bet, run_id))}",
            )
        for bet, run_id in settled:
            require(
                run_id not in self.house.runs or self.told[bet] > 0,
                f"nobody was told of bet {bet}",
            )

    def _look_at_resets(self) -> None:
        """Whose week was closed is told so, with what it closed with."""
        told = self.house.ask(
            "SELECT payload ->> 'user_id', (payload ->> 'week_start')::date, "
            "(payload ->> 'closing_balance')::bigint FROM operations.domain_events "
            "WHERE event_type = 'BankrollReset'"
        )
        require_same(
            "resets told", {(user, week - 7 * DAY): closing for user, week, closing in told},
            {key: closing for key, (*_, closing) in self.closed.items()},
        )  # fmt: skip

    # What must hold once everything that is due is done

    def audit_calm(self, at: datetime) -> None:
        self.compare_results()
        self.compare_resets(at)
        self._compare_badges(at)
        self._compare_changes()
        self._compare_statistics(at)
        self._compare_content(at)

    def compare_results(self) -> None:
        """Every bet is what its game makes of it, whatever the game was before."""
        found = {
            bet: tuple(rest)
            for bet, *rest in self.house.ask("SELECT id, status, payout, net FROM betting.bets")
        }
        expected = {
            name: self._judge(versions[-1][1], self.games[versions[-1][1]["game_id"]][-1][1])
            for name, versions in self.bets.items()
            if versions
        }
        require_same("bets", found, expected)

    def compare_resets(self, at: datetime) -> None:
        monday = at.date() - at.weekday() * DAY
        begun = [e["effective_at"] for e in self.entries if e["effective_at"] < midnight(monday)]
        if not begun:
            return
        reset = {
            user for (user,) in self.house.ask(
                "SELECT user_id FROM betting.bankroll_ledger WHERE kind = 'weekly_reset' AND week_start = %s",
                monday)
        }  # fmt: skip
        due = {user for user, joined in self.joined.items() if joined < midnight(monday)}
        # Who says to have joined before midnight, and was not there when the week was reset, begins as a new user.
        began = [
            self.house.runs[run_id].began
            for (run_id,) in self.house.ask(
                "SELECT run_id FROM betting.reset_weeks WHERE week_start = %s", monday
            )
        ]
        must = {user for user in due if all(self.joined_at[user] < turn for turn in began)}
        require(must <= reset <= due, f"for {monday} {reset} were reset, {must} are due")

    def _compare_badges(self, at: datetime) -> None:
        tick = last_tick(self.house.jobs["badge_calculation"], at - DAY, at)
        monday = midnight(tick.date() - tick.weekday() * DAY)
        found: dict[str, set[str]] = defaultdict(set)
        for badge, user in self.house.ask(
            "SELECT badge, user_id FROM betting.user_badges WHERE week_start = %s AND lost_at IS NULL",
            monday.date(),
        ):
            found[badge].add(user)
        expected = {b: users for b, users in self._badges(monday, tick).items() if users}
        require_same(f"badges of {monday.date()}", dict(found), expected)
        counts = Counter(user for users in expected.values() for user in users)
        tiers = dict(self.house.ask("SELECT user_id, tier FROM betting.user_effect_access"))
        require_same(
            "tiers", {u: t for u, t in tiers.items() if t},
            {user: 2 if n >= 3 else 1 for user, n in counts.items()},
        )  # fmt: skip

    def _compare_changes(self) -> None:
        """Badges come and go in turns, tiers follow each other, and all of it is told in that order."""
        told = self.house.ask(
            "SELECT event_type, payload ->> 'user_id', payload ->> 'badge', payload ->> 'week_start', "
            "payload ->> 'previous_tier', payload ->> 'tier' FROM operations.domain_events WHERE event_type "
            "IN ('BadgeEarned', 'BadgeLost', 'EffectAccessChanged') ORDER BY epoch, transaction_id, event_id"
        )
        tiers: dict[str, str] = {}
        held: dict[tuple, str] = {}
        for kind, user, badge, week, previous, tier in told:
            if kind == "EffectAccessChanged":
                require(
                    tiers.get(user, "0") == previous,
                    f"{user} went from tier {previous}, and had {tiers.get(user)}",
                )
                tiers[user] = tier
            else:
                key, change = (user, badge, week), kind.removeprefix("Badge").lower()
                require(held.get(key, "lost") != change, f"{key} is told to be {change} twice")
                held[key] = change
        require_same(
            "tiers told",
            tiers,
            dict(self.house.ask("SELECT user_id, tier::text FROM betting.user_effect_access "
                                "WHERE user_id = ANY(%s)", list(tiers))),
        )  # fmt: skip
        history = self.house.ask(
            "SELECT user_id, badge, week_start::text, change FROM betting.badge_history ORDER BY history_id"
        )
        require_same("badges told", held, {tuple(row[:3]): row[3] for row in history})

    def _badges(self, monday: datetime, tick: datetime) -> dict[str, set[str]]:
        bets = self._read_bets()
        settled = sorted(
            (b for b in bets if b["settled_at"] and monday <= b["settled_at"] < monday + 7 * DAY),
            key=lambda b: (b["settled_at"], b["created_at"], b["bet_id"]),
        )
        run, best, net, tails, fades, won, decided = (Counter() for _ in range(7))
        for bet in settled:
            user = bet["user_id"]
            net[user] += bet["net"]
            if bet["status"] in ("won", "lost"):
                is_won = bet["status"] == "won"
                run[user] = run[user] + 1 if is_won else 0
                best[user] = max(best[user], run[user])
                decided[user] += 1
                won[user] += is_won
                tails[user] += is_won and bet["is_tail"]
                fades[user] += is_won and bet["is_fade"]
        rates = {user: Fraction(won[user], n) for user, n in decided.items() if n >= 10}
        placed = Counter(
            b["user_id"] for b in bets
            if monday <= b["created_at"] < monday + 7 * DAY and b["status"] != "cancelled"
        )  # fmt: skip
        posted = {user for user, in self.house.ask(
            "SELECT DISTINCT user_id FROM betting.posts WHERE created_at >= %s AND created_at < %s",
            monday, monday + 7 * DAY)}  # fmt: skip
        zone = ZoneInfo(self.house.settings.sunday_timezone)
        today = tick.astimezone(zone).date()
        sunday = today - today.isoweekday() % 7 * DAY
        swept: dict[str, list[str]] = defaultdict(list)
        for bet in bets:
            game = self.games[bet["game_id"]][-1][1]
            if (
                game["sport"].upper() == "NFL"
                and game["commence_time"].astimezone(zone).date() == sunday
            ):
                swept[bet["user_id"]].append(bet["status"])
        return {
            "hot_streak": {user for user, n in best.items() if n >= 3},
            "profit_king": top(net, 1),
            "riding_wave": top(tails, 3),
            "sharp": top({user: decided[user] for user in top(rates, Fraction(3, 5))}, 0),
            "fade_god": top(fades, 3),
            "most_active": top(placed, 20),
            "ghost": {user for user in posted if not placed[user]},
            "sunday_sweep": {
                user for user, statuses in swept.items()
                if statuses.count("won") >= 3 and not {"lost", "pending"} & set(statuses)
            },
        }  # fmt: skip

    def _read_bets(self) -> list[dict]:
        names = (
            "bet_id", "user_id", "game_id", "status", "stake", "payout", "net", "is_tail", "is_fade",
            "created_at", "settled_at", "original_pick_id", "bet_type", "bet_details",
        )  # fmt: skip
        rows = self.house.ask(f"SELECT id, {', '.join(names[1:])} FROM betting.bets")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _compare_statistics(self, at: datetime) -> None:
        """Of all time, of the week and of its days."""
        bets = [bet for bet in self._read_bets() if bet["settled_at"]]
        for bet in bets:
            game, said = (
                self.games[bet["game_id"]][-1][1],
                bet["bet_details"]["team"].strip().lower(),
            )
            bet["team"] = None
            for team in (game["home_team"], game["away_team"]):
                if bet["bet_type"] != "total" and team.lower() == said:
                    bet["team"] = team
            pick = bet["original_pick_id"]
            bet["author_id"] = (
                self.bets[pick.removeprefix("pick ")][-1][1]["user_id"] if pick else None
            )
        entries = self.house.ask(
            "SELECT user_id, effective_at, balance_after FROM betting.bankroll_ledger AS e "
            "WHERE NOT EXISTS (SELECT 1 FROM betting.bankroll_ledger AS l WHERE l.user_id = e.user_id "
            "AND l.recorded_at = e.recorded_at AND l.game_id IS NOT DISTINCT FROM e.game_id "
            "AND l.entry_id > e.entry_id)"
        )
        monday = at.date() - at.weekday() * DAY
        expected = {}
        for row in modelled_rows(bets, entries):
            start = row["period_start"].date() if row["period_start"] else None
            if start is None or start >= monday:
                key = row["user_id"], row["period"], start
                figures = {
                    k: v for k, v in row.items() if k not in ("user_id", "period", "period_start")
                }
                expected[key] = {
                    k: round(v, 9) if isinstance(v, float) else v for k, v in figures.items()
                }
        if not expected:
            return
        names = list(next(iter(expected.values())))
        found = {}
        for user, period, start, *figures in self.house.ask(
            f"SELECT user_id, period, period_start, {', '.join(names)} FROM betting.user_stats "
            "WHERE period_start IS NULL OR period_start >= %s",
            monday,
        ):
            found[user, period, start] = {
                k: round(v, 9) if isinstance(v, float) else v
                for k, v in zip(names, figures, strict=True)
            }
        require_same("statistics", found, expected)

    def _compare_content(self, at: datetime) -> None:
        """What is due is hidden, what is not is there; after 30 days it is gone, unless reported."""
        tick = last_tick(self.house.jobs["content_expiration"], at - DAY, at)
        rows = {
            name: (deleted_at, why)
            for table in ("posts", "stories", "messages")
            for name, deleted_at, why in self.house.ask(
                f"SELECT id, deleted_at, deleted_reason FROM betting.{table}"
            )
        }
        for name, item in self.items.items():
            deleted_at, why = rows.get(name, (None, None))
            if name not in rows:
                since = item.gone_at or item.due
                require(
                    since <= tick - 30 * DAY and not item.is_reported,
                    f"{name} is gone, though it was there until {since}",
                )
            elif item.gone_at:
                require((deleted_at, why) == (item.gone_at, "user"), f"{name}: {deleted_at} {why}")
                is_old = item.gone_at <= tick - 30 * DAY and not item.is_reported
                require(not is_old, f"{name} is still there, deleted {item.gone_at}")
            elif item.due <= tick:
                require(
                    why == "expired" and item.due <= deleted_at <= tick,
                    f"{name} was due {item.due} and is {why} since {deleted_at}",
                )
                is_old = deleted_at <= tick - 30 * DAY and not item.is_reported
                require(not is_old, f"{name} is still there, expired {deleted_at}")
            else:
                require(
                    deleted_at is None, f"{name} is due {item.due} and hidden since {deleted_at}"
                )


def result_of(game: dict) -> tuple:
    """By what a game is settled."""
    if game["status"] == "completed":
        return ("completed", game["home_score"], game["away_score"])
    return (game["status"], game["home_score"], game["away_score"])


def judge(bet: dict, game: dict, *, live_bets: bool) -> tuple[str, int | None, int | None]:
    """Status, payout and net of a bet, by the table of the specification."""
    stake, pending = bet["stake"], ("pending", None, None)
    if game["status"] == "cancelled":
        return ("cancelled", stake, 0)
    if game["status"] != "completed" or None in (game["home_score"], game["away_score"]):
        return pending
    if bet["created_at"] >= game["completed_at" if live_bets else "commence_time"]:
        return ("cancelled", stake, 0)
    home, away, said = game["home_score"], game["away_score"], bet["bet_details"]
    team = said["team"].strip().casefold()
    if bet["bet_type"] == "total":
        edge = home + away - Fraction(said["line"])
        edge = edge if said["total_type"].strip().casefold() == "over" else -edge
    elif team in (game["home_team"].casefold(), game["away_team"].casefold()):
        edge = Fraction(home - away if team == game["home_team"].casefold() else away - home)
        if bet["bet_type"] == "spread":
            edge += Fraction(said["line"])
    else:
        return pending
    if edge == 0:
        return ("push", stake, 0)
    if edge < 0:
        return ("lost", 0, -stake)
    profit = bet["potential_win"]
    if profit is None:
        odds = bet["odds"]
        profit = stake * odds // 100 if odds > 0 else stake * 100 // -odds
    return ("won", stake + profit, profit)


def top(values: dict[str, Any], at_least: Any) -> set[str]:
    best = max(values.values(), default=0)
    return {user for user, value in values.items() if value == best >= at_least}
