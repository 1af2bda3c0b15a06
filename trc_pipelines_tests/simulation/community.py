"""A guild and its web app, and what the rules of the community make of them, in plain loops.

Written from the specification and docs/: nothing of the product is called.
"""

import random
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pandas as pd

from trc_pipelines.community.reviews import review_sync
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Leaderboard, Mee6Blocked, Mee6Unavailable
from trc_pipelines_tests.simulation.house import (
    DAY,
    FIRST_DAY,
    House,
    midnight,
    require,
    require_same,
)
from trc_pipelines_tests.simulation.sessions import AppSession

MEMBERS = [f"m{number}" for number in range(8)]
ACCOUNTS = range(501, 511)
LURKER = 5  # on every board, linked to nobody
ACTIONS = ["benchmark_submission", "resource_download", "intro_completed", "admin_adjustment"]
EARNING = {"ACTIVE", "TRIALING"}
SHOWN_DAYS = 45


@dataclass
class Tenure:
    """An account in the hands of a member.

    Attributes:
        last: XP when last seen, None before.
        absent_since: when it was last missed on a reading, None when it never was or is there.
    """

    member: str
    is_linked: bool = True
    is_present: bool = False
    last: int | None = None
    baseline: int | None = None
    carry: int = 0
    absent_since: datetime | None = None


@dataclass
class Gain:
    """What a reading brought an account: what it is called, XP, whole points, and what is left over."""

    kind: str
    delta: int | None
    whole: int
    carry: int


def make(house: House) -> "Community":
    return Community(house)


@dataclass
class Known:
    """What the auditor has worked off."""

    tenures: dict[int, Tenure] = field(default_factory=dict)
    ever_present: set[int] = field(default_factory=set)
    gains: dict[tuple[int, int], tuple[str, Gain]] = field(default_factory=dict)
    synced: list[int] = field(default_factory=list)
    entries: dict[str, dict] = field(default_factory=dict)
    last_entry: int = 0
    closed: set[tuple[str, date]] = field(default_factory=set)


class Community:
    """See `Domain`."""

    name = "community"

    def __init__(self, house: House) -> None:
        self.house = house
        self.board: dict[int, int] = {LURKER: 10**6}
        self.xp = dict.fromkeys(ACCOUNTS, 1000)
        self.trouble: list[str] = []
        self.served: list[dict[int, int]] = []
        # By the turn from which it is so.
        self.links: list[tuple[int, dict[int, str]]] = [(0, {})]
        self.statuses: list[tuple[int, dict[str, bool]]] = [(0, {})]
        self.rates: list[tuple[int, int]] = [(0, 1)]
        self.awards: dict[str, tuple[int, str, str, int, datetime]] = {}
        self.known = Known()
        self.now_sync: int | None = None
        patch = ExitStack()
        patch.enter_context(
            mock.patch.object(Mee6Client, "read_leaderboard", side_effect=self.read_board)
        )
        house._exit.enter_context(patch)

    # MEE6

    def read_board(self, _guild: int, linked: pd.DataFrame, **_for: object) -> Leaderboard:
        """What MEE6 answers now: to its end, or only until everybody who is sought is found."""
        self.house.scheduler.tell(f"board {sum(self.board.values())}")
        trouble = self.trouble.pop() if self.trouble else None
        if trouble == "mute":
            raise Mee6Unavailable("MEE6 does not answer")
        if trouble == "blocked":
            raise Mee6Blocked("429", 1800.0)
        board = {} if trouble == "empty" else dict(self.board)
        if trouble == "reset":
            board = dict.fromkeys(board, 0)
        self.served.append(board)
        was_there = set(linked.loc[linked["last_xp"].notna() | linked["is_sought"], "discord_id"])
        is_complete = len(self.served) % 3 > 0 or not board or not was_there <= board.keys()
        if not is_complete:
            board = {account: xp for account, xp in board.items() if account in was_there}
        frame = pd.DataFrame(
            {
                "discord_id": pd.Series(list(board), dtype="int64"),
                "xp": pd.Series(list(board.values()), dtype="int64"),
                "level": pd.Series([None] * len(board), dtype="Int64"),
                "message_count": pd.Series([None] * len(board), dtype="Int64"),
            }
        )
        return Leaderboard(77, frame, 1.0, 1, 1, 0, is_complete=is_complete)

    # The app

    def open_doors(self, session: AppSession, at: datetime) -> None:
        links = {}
        for number, member in enumerate(MEMBERS):
            account = ACCOUNTS[number] if number < 6 else None
            status = "CANCELLED" if number == 5 else "ACTIVE"
            with session.transaction():
                session.do(
                    "INSERT INTO community.members (member_id, discord_id, subscription_status, created_at) "
                    "VALUES (%s, %s, %s, %s)",
                    member, account, status, at,
                )  # fmt: skip
            if account:
                links[account] = member
                self.board[account] = self.xp[account]
        self.links.append((session.committed_at, links))
        self.statuses.append((session.committed_at, {m: m != "m5" for m in MEMBERS}))

    def act(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        acts = {
            self.chat: 8, self.award: 4,
            self.relink: 1, self.come_and_go: 1, self.lapse: 1, self.change_rate: 1, self.be_in_trouble: 1,
        }  # fmt: skip
        self.house.draw(acts, dice)(session, dice, at)

    def chat(self, session: AppSession, dice: random.Random, _at: datetime) -> None:
        """The board moves, between any two statements of anybody; rarely an admin takes XP away."""
        for account in dice.sample(list(ACCOUNTS), 4):
            self.xp[account] += dice.choice([7, 40, 60, 160, 300])
        if dice.random() < 0.05:
            account = dice.choice(ACCOUNTS)
            self.xp[account] = max(0, self.xp[account] - dice.choice([30, 350]))
        with session.transaction():
            session.do("SELECT 1")
        for account in self.board.keys() & self.xp.keys():
            self.board[account] = self.xp[account]

    def come_and_go(self, _session: AppSession, dice: random.Random, _at: datetime) -> None:
        account = dice.choice(ACCOUNTS)
        if account in self.board:
            del self.board[account]
        else:
            self.board[account] = self.xp[account]

    def award(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """The app awards points, some of them of days ago, some in a long transaction."""
        key = f"{at:%Y%m%d%H%M%S}-{dice.getrandbits(32):08x}"
        member, action = dice.choice(MEMBERS), dice.choice(ACTIONS)
        points = dice.choice([5, 25, 50, -5] if action == "admin_adjustment" else [5, 25, 50, 0])
        made_at = max(at - dice.choice([0, 0, 0, 0, 0, 1, 3]) * DAY, midnight(FIRST_DAY))
        with session.transaction():
            session.do(
                "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
                "VALUES (%s, %s, %s, %s, %s)",
                key, member, action, points, made_at,
            )  # fmt: skip
            for _ in range(dice.choice([0, 0, 3])):
                session.do("SELECT 1")
        self.awards[key] = (session.committed_at, member, action, points, made_at)

    def relink(self, session: AppSession, dice: random.Random, _at: datetime) -> None:
        """A member links an account, another one, or none; who had it has none then."""
        member, account = dice.choice(MEMBERS), dice.choice([None, *ACCOUNTS])
        with session.transaction():
            # Of two who take the same account at once the app lets one wait.
            session.do("SELECT 1 FROM community.members WHERE member_id = 'm0' FOR UPDATE")
            session.do(
                "UPDATE community.members SET discord_id = NULL WHERE discord_id = %s", account
            )
            session.do(
                "UPDATE community.members SET discord_id = %s WHERE member_id = %s", account, member
            )
        links = {a: m for a, m in self.links[-1][1].items() if m != member and a != account}
        if account:
            links[account] = member
        self.links.append((session.committed_at, links))

    def lapse(self, session: AppSession, dice: random.Random, _at: datetime) -> None:
        member, is_shown = dice.choice(MEMBERS), dice.random() < 0.6
        with session.transaction():
            session.do(
                "UPDATE community.members SET subscription_status = %s, leaderboard_visible = %s "
                "WHERE member_id = %s",
                dice.choice(["ACTIVE", "TRIALING"] if is_shown else ["PAST_DUE", "CANCELLED"]),
                True, member,
            )  # fmt: skip
        self.statuses.append((session.committed_at, self.statuses[-1][1] | {member: is_shown}))

    def change_rate(self, session: AppSession, dice: random.Random, _at: datetime) -> None:
        rate = dice.choice([1, 1, 2, 0])
        with session.transaction():
            session.do(
                "UPDATE community.point_actions SET points = %s WHERE action = 'discord_activity'",
                rate,
            )
        self.rates.append((session.committed_at, rate))

    def be_in_trouble(self, _session: AppSession, dice: random.Random, _at: datetime) -> None:
        """The next reading goes wrong."""
        self.trouble = [dice.choice(["mute", "mute", "blocked", "empty", "reset"])]

    def operate(self, dice: random.Random, at: datetime, *, is_calm: bool) -> None:
        """Decide about readings that wait. Who is newer than one that was accepted can only be discarded."""
        waiting = self.house.ask(
            "SELECT sync_id, sync_id > (SELECT coalesce(max(a.sync_id), 0) FROM community.mee6_syncs AS a "
            "WHERE a.status = 'accepted') FROM community.mee6_syncs WHERE status = 'quarantined' ORDER BY 1"
        )
        if is_calm:
            self.trouble = []
        for sync_id, is_newest in waiting if is_calm else waiting[:1]:
            decisions = ["approve", "rebaseline", "discard"] if is_newest else ["discard"]
            decision = dice.choice(decisions)
            with self.house.database.transaction() as transaction:
                review_sync(
                    transaction, sync_id, decision, reason="why not", reviewed_by="op", now=at
                )

    # What must hold whenever nothing is open

    def audit(self) -> None:
        self._work_off()
        self._look_at_entries()
        self._look_at_balances()
        self._look_at_closings()

    def _work_off(self) -> None:
        """Readings that were accepted since, in order: what each brought whom."""
        syncs = self.house.ask(
            "SELECT sync_id, run_id, is_rebaseline FROM community.mee6_syncs "
            "WHERE deltas_at IS NOT NULL AND sync_id > %s ORDER BY sync_id",
            self.known.synced[-1] if self.known.synced else 0,
        )
        for sync_id, run_id, is_rebaseline in syncs:
            found = self.house.ask(
                "SELECT discord_id, member_id, xp, is_present FROM community.whole_readings WHERE sync_id = %s",
                sync_id,
            )
            self._compare_with_what_was_served(sync_id, run_id, found)
            expected = self._gains_of(sync_id, found, is_rebaseline)
            deltas = {
                account: (member, kind, delta, whole, carry)
                for account, member, kind, delta, whole, carry in self.house.ask(
                    "SELECT a.discord_id, a.member_id, d.kind, d.xp_delta, d.whole, d.carry_after "
                    "FROM community.xp_deltas AS d INNER JOIN community.accounts AS a USING (account_id) "
                    "WHERE d.sync_id = %s",
                    sync_id,
                )
            }
            require_same(
                f"XP of sync {sync_id}",
                deltas,
                {a: (m, g.kind, g.delta, g.whole, g.carry) for a, (m, g) in expected.items()},
            )
            self.known.gains |= {(sync_id, a): (m, g) for a, (m, g) in expected.items()}
            self.known.synced.append(sync_id)

    def _compare_with_what_was_served(self, sync_id: int, run_id: str, found: list[tuple]) -> None:
        """A reading is one that MEE6 gave, of links that there were while the run went on."""
        figures = {account: xp for account, _, xp, is_present in found if is_present}
        boards = self.served[-50:]
        require(
            any(all(board.get(a) == xp for a, xp in figures.items()) for board in boards),
            f"sync {sync_id} has XP that MEE6 never said",
        )
        task = self.house.runs[run_id]
        seen = [links for _, links in within(self.links, task.began, task.ended)]
        for account, member, _, _ in found:
            require(
                any(links.get(account) == member for links in seen),
                f"sync {sync_id} links {account} to {member}",
            )
        for account, member in seen[0].items():
            if all(links.get(account) == member for links in seen):
                require(
                    any((a, m) == (account, member) for a, m, _, _ in found),
                    f"sync {sync_id} lacks {account} of {member}",
                )

    def _gains_of(
        self, sync_id: int, found: list[tuple], is_rebaseline: bool
    ) -> dict[int, tuple[str, Gain]]:
        at, known = datetime.fromtimestamp(sync_id, UTC), self.known
        gains: dict[int, tuple[str, Gain]] = {}
        for account, member, xp, is_present in found:
            if is_present is None:  # what was known stands
                continue
            tenure = known.tenures.get(account)
            is_new = tenure is None or tenure.member != member or is_rebaseline
            if is_new:
                tenure = Tenure(member)
            gain = self._gain(tenure, account, xp if is_present else None, at, is_new)
            known.tenures[account] = tenure
            if gain:
                gains[account] = (member, gain)
        linked = {account for account, *_ in found}
        for account, tenure in known.tenures.items():
            if account in linked or not tenure.is_linked:
                continue
            # Where nothing is known nothing ends.
            if tenure.last is not None or account not in known.ever_present:
                gains[account] = (tenure.member, Gain("unlinked", None, 0, 0))
            known.ever_present.add(account)
            known.tenures[account] = Tenure(tenure.member, is_linked=False)
        return gains

    def _gain(
        self, tenure: Tenure, account: int, xp: int | None, at: datetime, is_new: bool
    ) -> Gain | None:
        tenure.is_linked = True
        was_present, tenure.is_present = tenure.is_present, xp is not None
        if xp is None:
            tenure.absent_since = at
            return Gain("absent", None, 0, tenure.carry) if was_present or is_new else None
        was_never_there = account not in self.known.ever_present
        self.known.ever_present.add(account)
        last, tenure.last = tenure.last, xp
        kind = "change"
        if last is not None:
            if last == xp and was_present:
                return None
            gained = xp - last
        elif tenure.absent_since is not None and was_never_there:
            quarters = max(1, (at - tenure.absent_since) / timedelta(minutes=15))
            if xp > quarters * 375 * 2:
                tenure.baseline = xp
                return Gain("baseline", None, 0, 0)
            kind, gained, tenure.baseline = "joined", xp, 0
        else:
            tenure.baseline = xp
            return Gain("baseline", None, 0, 0)
        total = tenure.carry + gained
        whole = abs(total) // 100 * (1 if total > 0 else -1)
        tenure.carry = total - 100 * whole
        return Gain(kind, gained, whole, tenure.carry)

    def _look_at_entries(self) -> None:
        """Every entry has its source, once, and says what that says."""
        rows = self.house.ask(
            "SELECT l.entry_id, l.source_key, a.member_id, a.discord_id, l.action, l.points, l.effective_at, "
            "l.effective_on, l.sync_id, l.run_id FROM community.point_ledger AS l "
            "INNER JOIN community.accounts AS a USING (account_id) WHERE l.entry_id > %s ORDER BY 1",
            self.known.last_entry,
        )
        for entry, key, member, account, action, points, at, on, sync_id, run_id in rows:
            self.known.last_entry = entry
            source = f"sync {sync_id} {account}" if sync_id else key
            require(source not in self.known.entries, f"{source} is paid twice")
            if sync_id:
                whose, gain = self.known.gains.get((sync_id, account), (None, None))
                require(gain is not None and whose == member, f"{key}: nobody gained that")
                task = self.house.runs[run_id]
                allowed = {gain.whole * r for _, r in within(self.rates, task.began, task.ended)}
                due = datetime.fromtimestamp(sync_id, UTC)
                day = (due - timedelta(microseconds=1)).date()
                require(
                    points in allowed and (at, on) == (due, day) and action == "discord_activity",
                    f"{key}: {points} at {at} on {on}, expected {allowed} at {due}",
                )
            else:
                award = self.awards.get(key.removeprefix("point_transactions:"))
                require(
                    award is not None
                    and award[1:] == (member, action, points, at)
                    and on == at.astimezone(UTC).date(),
                    f"{key}: {(member, action, points, at, on)}, awarded {award}",
                )
            self.known.entries[source] = {
                "member": member, "action": action, "points": points, "at": at, "day": on,
                "posted": commit_of(self.house, run_id, ("community/post_xp", "community/insert_entries")),
            }  # fmt: skip

    def _look_at_balances(self) -> None:
        total: dict[str, int] = defaultdict(int)
        latest: dict[str, datetime | None] = {}
        for entry in self.known.entries.values():
            total[entry["member"]] += entry["points"]
            latest.setdefault(entry["member"], None)
            if is_earned(entry):
                before = latest[entry["member"]]
                latest[entry["member"]] = max(entry["at"], before or entry["at"])
        found = self.house.ask(
            "SELECT member_id, total, last_active_at FROM community.member_points"
        )
        require_same(
            "balances",
            {member: (points, at) for member, points, at in found},
            {member: (total[member], latest[member]) for member in latest},
        )

    def _look_at_closings(self) -> None:
        """A period is closed once, with what was posted before, and nothing of it was on its way."""
        rows = self.house.ask(
            "SELECT board, period_start, period_end, run_id, members FROM leaderboards.closed_periods "
            "WHERE domain = 'community'"
        )
        for board, start, end, run_id, members in rows:
            if (board, start) in self.known.closed:
                continue
            self.known.closed.add((board, start))
            task = self.house.runs[run_id]
            closed = commit_of(self.house, run_id, ("leaderboards/insert_closed_period",))
            for key, (committed, _, _, points, at) in self.awards.items():
                entry = self.known.entries.get(f"point_transactions:{key}")
                is_late = points and start <= at.date() < end and committed < task.began
                require(
                    not is_late or (entry is not None and entry["posted"] < closed),
                    f"{board} {start} was closed while {key} of {at} was on its way",
                )
            counted = [
                entry for entry in self.known.entries.values()
                if start <= entry["day"] < end and entry["posted"] < closed
            ]  # fmt: skip
            found = [
                tuple(row)
                for row in self.house.ask(
                    "SELECT r.rank, a.member_id, r.score, r.reached_at FROM leaderboards.archived_rankings AS r "
                    "INNER JOIN community.accounts AS a ON a.account_id = r.member_id::bigint "
                    "WHERE r.domain = 'community' AND r.board = %s AND r.period_start = %s ORDER BY r.rank",
                    board, start,
                )
            ]  # fmt: skip
            possible = [
                ranked(counted, shown) for _, shown in within(self.statuses, task.began, task.ended)
            ]
            require(
                found in possible and members == len(found),
                f"archive of {board} {start}: {found}, expected {possible}",
            )

    # What must hold once everything that is due is done

    def audit_calm(self, at: datetime) -> None:
        self._look_for_what_is_lost()
        day = (at - timedelta(microseconds=1)).date()
        active = self._compare_days(day)
        self._compare_streaks(active, day - DAY)
        self._compare_boards(day - DAY)
        self._look_for_open_periods(at)

    def _look_for_what_is_lost(self) -> None:
        unposted = self.house.ask(
            "SELECT sync_id FROM community.mee6_syncs WHERE status = 'accepted' AND posted_at IS NULL"
        )
        require(not unposted, f"syncs {unposted} were never posted")
        rates = {rate for _, rate in self.rates}
        for (sync_id, account), (_, gain) in self.known.gains.items():
            is_due = gain.whole and 0 not in rates
            require(
                not is_due or f"sync {sync_id} {account}" in self.known.entries,
                f"{gain.whole} of account {account} at {sync_id} were never paid",
            )
        for key, (_, member, _, points, _) in self.awards.items():
            require(
                not points or f"point_transactions:{key}" in self.known.entries,
                f"award {key} of {points} for {member} was never posted",
            )

    def _compare_days(self, last: date) -> dict[str, set[date]]:
        """Points and XP by day; who was active when."""
        days: dict[tuple[str, date], list] = defaultdict(lambda: [0, 0, False])
        for entry in self.known.entries.values():
            row = days[entry["member"], entry["day"]]
            row[0] += entry["points"]
            row[2] |= is_earned(entry)
        for (sync_id, _), (member, gain) in self.known.gains.items():
            if gain.delta and gain.delta > 0:
                day = (datetime.fromtimestamp(sync_id, UTC) - timedelta(microseconds=1)).date()
                row = days[member, day]
                row[1] += gain.delta
                row[2] = True
        since = last - SHOWN_DAYS * DAY
        found = self.house.ask(
            "SELECT member_id, day, points, xp_gained, is_active FROM community.daily_points "
            "WHERE day BETWEEN %s AND %s",
            since, last,
        )  # fmt: skip
        require_same(
            "days",
            {(member, day): rest for member, day, *rest in found},
            {key: row for key, row in days.items() if since <= key[1] <= last},
        )
        active: dict[str, set[date]] = defaultdict(set)
        for (member, day), row in days.items():
            if row[2]:
                active[member].add(day)
        return active

    def _compare_streaks(self, active: dict[str, set[date]], last: date) -> None:
        """Day by day from the beginning: active, nothing to be seen, or broken."""
        observed = set()
        for sync_id in self.known.synced:
            before = datetime.fromtimestamp(sync_id, UTC) - timedelta(microseconds=1)
            if before.hour == 23:
                observed.add(before.date())
        expected = {}
        for member in MEMBERS:
            streak, day = 0, FIRST_DAY
            while day <= last:
                is_active, stood = day in active[member], streak > 0
                if day.weekday() < 5:
                    if is_active:
                        streak += 1
                    elif day in observed:
                        streak = 0
                if is_active or stood:
                    expected[member, day] = (is_active, streak)
                day += DAY
        since = last - SHOWN_DAYS * DAY
        found = self.house.ask(
            "SELECT member_id, day, is_active, current_streak FROM community.daily_streaks "
            "WHERE day BETWEEN %s AND %s",
            since, last,
        )  # fmt: skip
        require_same(
            "streaks",
            {(member, day): (is_active, streak) for member, day, is_active, streak in found},
            {key: value for key, value in expected.items() if key[1] >= since},
        )

    def _compare_boards(self, day: date) -> None:
        """The boards of the day that ended, whole.

        Those of the day after are made from midnight on, and then the ones before stand: who is shown no
        more may still be on them, and who is again may not yet.
        """
        ended = self.house.began.get(midnight(day + DAY), self.house.scheduler.clock)
        possible = [shown for _, shown in within(self.statuses, ended, self.house.scheduler.clock)]
        always = {member for member in MEMBERS if all(shown.get(member) for shown in possible)}
        sometimes = {member for member in MEMBERS if any(shown.get(member) for shown in possible)}
        starts = {
            "global": date.min,
            "weekly": day - day.weekday() * DAY,
            "monthly": day.replace(day=1),
        }
        for board, start in starts.items():
            counted = [e for e in self.known.entries.values() if start <= e["day"] <= day]
            found = self.house.ask(
                "SELECT rank, member_id, score, reached_at FROM community.leaderboard_rankings "
                "WHERE day = %s AND board = %s ORDER BY rank",
                day, board,
            )  # fmt: skip
            on_it = {member for _, member, _, _ in found}
            expected = ranked(counted, dict.fromkeys(always | (sometimes & on_it), True))
            require(
                [tuple(row) for row in found] == expected,
                f"the {board} board of {day}: {found}, expected {expected}",
            )

    def _look_for_open_periods(self, at: datetime) -> None:
        if not self.known.entries or not self.known.synced:
            return
        waiting = self.house.ask(
            "SELECT 1 FROM community.mee6_syncs WHERE status = 'quarantined' AND sync_id > "
            "(SELECT max(a.sync_id) FROM community.mee6_syncs AS a WHERE a.status = 'accepted')"
        )
        if waiting:
            return
        first = min(entry["day"] for entry in self.known.entries.values())
        newest = datetime.fromtimestamp(self.known.synced[-1], UTC)
        for board, start, end in ended_periods(first, at):
            is_settled = newest >= midnight(end) or at >= midnight(end) + DAY
            require(
                (board, start) in self.known.closed or not is_settled,
                f"the {board} period of {start} was never closed",
            )


def is_earned(entry: dict) -> bool:
    return entry["points"] > 0 and entry["action"] != "admin_adjustment"


def ranked(entries: list[dict], shown: dict[str, bool]) -> list[tuple]:
    """Rank, member, score, when it was reached: score, then who earned last, then the id."""
    score: dict[str, int] = defaultdict(int)
    reached: dict[str, datetime] = {}
    for entry in entries:
        score[entry["member"]] += entry["points"]
        if is_earned(entry):
            before = reached.get(entry["member"], entry["at"])
            reached[entry["member"]] = max(before, entry["at"])
    never = datetime.min.replace(tzinfo=UTC)
    order = sorted(
        (member for member in score if score[member] and shown.get(member)),
        key=lambda member: (
            -score[member],
            -(reached.get(member, never) - never).total_seconds(),
            member,
        ),
    )
    return [
        (rank, member, score[member], reached.get(member))
        for rank, member in enumerate(order, start=1)
    ]


def ended_periods(first: date, at: datetime) -> list[tuple[str, date, date]]:
    """Weeks and months from that of the first day, that are over."""
    periods = []
    for board in ("weekly", "monthly"):
        start = first - first.weekday() * DAY if board == "weekly" else first.replace(day=1)
        while True:
            end = start + 7 * DAY if board == "weekly" else (start + 31 * DAY).replace(day=1)
            if midnight(end) > at:
                break
            periods.append((board, start, end))
            start = end
    return periods


def within(history: list[tuple], began: int, ended: int) -> list[tuple]:
    """What was so at some turn from `began` to `ended`."""
    at_first = [each for each in history if each[0] <= began][-1:]
    return at_first + [each for each in history if began < each[0] <= ended]


def commit_of(house: House, run_id: str, statements: tuple[str, ...]) -> int:
    """The turn at which the run committed the transaction with one of these statements."""
    return max(
        (c.at for c in house.runs[run_id].commits if c.statements.keys() & set(statements)),
        default=0,
    )


def as_of_turn(history: list[tuple], turn: int) -> list[tuple]:
    """What a statement of that turn saw."""
    return [each for each in history if each[0] < turn][-1:]
