"""What the views of the community ought to say, computed from the base tables in plain Python.

A second computation: it shares neither SQL nor code with the first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from trc_pipelines.names import clean_name
from trc_pipelines_tests.views.growth_model import count_day

DAY = timedelta(days=1)
Rows = list[dict]
Query = Callable[[str], Rows]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class Model:
    """The base tables of a community, and what follows from them."""

    def __init__(self, query: Query) -> None:
        self.points = query(
            "SELECT member_id, day, is_active, points, xp_gained FROM community.daily_points"
        )
        self.entries = query(
            "SELECT action, points, effective_on AS day FROM community.point_ledger"
        )
        self.streaks = query(
            "SELECT member_id, day, is_active, current_streak, longest_streak FROM community.daily_streaks"
        )
        self.members = {row["member_id"]: row for row in query("SELECT * FROM community.members")}
        self.balances = {
            row["member_id"]: row["total"] for row in query("SELECT * FROM community.member_points")
        }
        self.ranks = query("SELECT * FROM community.leaderboard_rankings")
        self.syncs = query("SELECT synced_at, status, requests FROM community.mee6_syncs")
        self.streaks_until = max(
            (
                row["day"]
                for row in query("SELECT day FROM community.days WHERE streaks_at IS NOT NULL")
            ),
            default=None,
        )
        self.days = [
            row["day"] for row in query("SELECT day FROM community.daily_growth ORDER BY day")
        ]
        self.active: dict[str, set[date]] = defaultdict(set)
        for row in self.points:
            if row["is_active"]:
                self.active[row["member_id"]].add(row["day"])
        self.weeks = sorted({monday(day) for day in self.days})

    def gained(self, name: str, days: set[date]) -> int:
        return sum(row[name] for row in self.points if row["day"] in days)

    def daily_activity(self) -> Rows:
        made = []
        for day in self.days:
            counted = count_day(self.active, day)
            figures = {name: counted[name] for name in list(counted)[:4]}
            stickiness = share(counted["active_members"], counted["monthly_active_members"])
            read = {
                row["synced_at"] for row in self.syncs
                if row["status"] == "accepted"
                and timedelta(hours=23) < row["synced_at"] - midnight(day) <= DAY
            }  # fmt: skip
            made.append(
                figures
                | {"stickiness": stickiness, "xp_gained": self.gained("xp_gained", {day})}
                | {"points": self.gained("points", {day}), "is_observed": bool(read)}
            )
        return made

    def weekly_activity(self) -> Rows:
        made = []
        for week in self.weeks:
            days = {week + i * DAY for i in range(7)} & set(self.days)
            made.append(
                {
                    "week": week,
                    "active_members": sum(bool(on & days) for on in self.active.values()),
                    "new_members": sum(min(on) in days for on in self.active.values()),
                    "xp_gained": self.gained("xp_gained", days),
                    "points": self.gained("points", days),
                }
            )
        return made

    def growth_accounting(self) -> Rows:
        made = []
        for day in self.days:
            now, before = count_day(self.active, day), count_day(self.active, day - DAY)
            ever = sum(min(on) <= day for on in self.active.values())
            monthly, weekly = now["monthly_active_members"], now["weekly_active_members"]
            states = ("new", "current", "reactivated", "resurrected")
            made.append(
                {"day": day}
                | {f"{state}_members": now[f"{state}_members"] for state in states}
                | {
                    "at_risk_weekly_members": weekly - now["active_members"],
                    "at_risk_monthly_members": monthly - weekly,
                    "dormant_members": ever - monthly,
                }
                | {
                    rate: share(now[f"{state}_returned"], before[f"{state}_members"])
                    if day - DAY in self.days
                    else None
                    for rate, state in zip(("nurr", "curr", "rurr", "surr"), states, strict=True)
                }
            )
        return made

    def retention_cohorts(self) -> Rows:
        cohorts = defaultdict(list)
        for on in self.active.values():
            cohorts[monday(min(on))].append({monday(day) for day in on})
        return [
            {
                "cohort_week": begun,
                "weeks_since": (week - begun).days // 7,
                "cohort_members": len(members),
                "active_members": sum(week in weeks for weeks in members),
                "retention": sum(week in weeks for weeks in members) / len(members),
            }
            for begun, members in cohorts.items()
            for week in self.weeks
            if week >= begun
        ]

    def lapsed_members(self) -> Rows:
        longest = Counter()
        for row in self.streaks:
            longest[row["member_id"]] = max(longest[row["member_id"]], row["longest_streak"])
        return [
            {
                "member_id": member,
                "last_active_on": max(on),
                "days_since": (self.days[-1] - max(on)).days,
                "points": self.balances.get(member, 0),
                "longest_streak": longest[member],
            }
            for member, on in self.active.items()
            if member in self.members and (self.days[-1] - max(on)).days >= 14
        ]

    def streak_distribution(self) -> Rows:
        now = {
            row["member_id"]: row["current_streak"]
            for row in self.streaks
            if row["day"] == self.streaks_until
        }
        counts = Counter(
            now.get(member, 0)
            for member, row in self.members.items()
            if row["subscription_status"] in ("ACTIVE", "TRIALING")
        )
        return [{"current_streak": length, "members": n} for length, n in counts.items()]

    def streak_survival(self) -> Rows:
        """Each member's streaks, walked through from day to day."""
        by_member = defaultdict(dict)
        for row in self.streaks:
            by_member[row["member_id"]][row["day"]] = row["current_streak"]
        ended, running = Counter(), Counter()
        for days in by_member.values():
            for day, length in days.items():
                if length == 0:
                    continue
                after = days.get(day + DAY, 0)
                if day == self.streaks_until:
                    running[length] += 1
                elif after < length:
                    ended[length] += 1
        lengths = range(1, max([*ended, *running], default=0) + 1)
        reached = {
            n: sum(c for length, c in (ended + running).items() if length >= n)
            for n in [*lengths, len(lengths) + 1]
        }
        return [
            {
                "length": n,
                "reached": reached[n],
                "survived": share(reached[n + 1], reached[n] - running[n]),
            }
            for n in lengths
        ]

    def points_by_source(self) -> Rows:
        begins = {"day": lambda day: day, "week": monday, "month": lambda day: day.replace(day=1)}
        entries, points = Counter(), Counter()
        for row in self.entries:
            for grain, begin in begins.items():
                key = grain, begin(row["day"]), row["action"]
                entries[key] += 1
                points[key] += row["points"]
        return [
            {"grain": key[0], "period_start": key[1], "action": key[2], "entries": n, "points": points[key]}
            for key, n in entries.items()
        ]  # fmt: skip

    def point_concentration(self) -> Rows:
        earned = defaultdict(Counter)
        for row in self.points:
            earned[monday(row["day"])][row["member_id"]] += row["points"]
        made = []
        for week, by_member in earned.items():
            best = sorted((n for n in by_member.values() if n > 0), reverse=True)
            if best:
                made.append(
                    {"week": week, "members": len(best), "points": sum(best)}
                    | {
                        f"top_{n}_percent_share": sum(best[: -(-len(best) * n // 100)]) / sum(best)
                        for n in (1, 10)
                    }
                )  # fmt: skip
        return made

    def rank_movement(self) -> Rows:
        ranks = {
            (row["day"], row["board"], row["period_start"], row["member_id"]): row["rank"]
            for row in self.ranks
        }
        made = []
        for (day, board, period, member), rank in ranks.items():
            before = ranks.get((day - DAY, board, period, member))
            movement = None if before is None else before - rank
            made.append(
                {"day": day, "board": board, "member_id": member}
                | {"rank": rank, "rank_before": before, "movement": movement}
            )
        return made

    def top_gainers(self) -> Rows:
        """From points by day: who is published now, a hundred at most."""
        earned = defaultdict(list)
        totals = defaultdict(Counter)
        for row in self.points:
            totals[monday(row["day"])][row["member_id"]] += row["points"]
        for row in self.ranks:
            if row["board"] == "weekly":
                earned[row["period_start"]].append((row["day"], row["rank"], row["member_id"]))
        made = []
        for week, ranked in earned.items():
            last = max(day for day, _, _ in ranked)
            shown = [
                self.members[member]
                for day, rank, member in sorted(ranked)
                if day == last
                and rank <= 100
                and member in self.members
                and is_published(self.members[member])
            ]
            made += [
                {"week": week, "place": place, "member_id": member["member_id"]}
                | {
                    "name": shown_name(member["discord_username"]),
                    "points": totals[week][member["member_id"]],
                }
                for place, member in enumerate(shown, 1)
            ]
        return made

    def reading_quality(self) -> Rows:
        if not self.syncs:
            return []
        begin, end = (pick(row["synced_at"] for row in self.syncs) for pick in (min, max))
        made = []
        day = reported(begin)
        while day <= reported(end):
            read = [row for row in self.syncs if reported(row["synced_at"]) == day]
            bounds = [max(begin, midnight(day)), min(end, midnight(day + DAY))]
            moments = sorted(
                {*bounds, *(row["synced_at"] for row in read if row["status"] == "accepted")}
            )
            minutes = [(after - before).total_seconds() / 60 for before, after in pairwise(moments)]
            made.append(
                {"day": day, "syncs": len(read)}
                | {s: sum(row["status"] == s for row in read) for s in ("accepted", "quarantined", "failed")}
                | {"gaps": sum(n > 30 for n in minutes), "longest_gap_minutes": max(minutes, default=0)}
                | {"requests": sum(row["requests"] for row in read)}
            )  # fmt: skip
            day += DAY
        return made


def is_published(member: dict) -> bool:
    return member["leaderboard_visible"] and member["subscription_status"] in ("ACTIVE", "TRIALING")


def shown_name(name: str | None) -> str:
    """A name that a spreadsheet takes for a formula begins with a quote."""
    cleaned = clean_name(name or "")
    return "'" + cleaned if cleaned[0] in "=+@-" else cleaned


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def reported(moment: datetime) -> date:
    return (moment - timedelta(microseconds=1)).date()


VIEWS = [
    "daily_activity", "weekly_activity", "growth_accounting", "retention_cohorts", "lapsed_members",
    "streak_distribution", "streak_survival", "points_by_source", "point_concentration",
    "rank_movement", "top_gainers", "reading_quality",
]  # fmt: skip
