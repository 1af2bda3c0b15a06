"""Weeks of a betting app in which badges are earned."""

from datetime import UTC, datetime, timedelta

from trc_pipelines.betting import jobs
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.betting.conftest import DAY, HOUR, Betting
from trc_pipelines_tests.world import NOON

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # of the week of NOON
SUNDAY = MONDAY - DAY
WEEK = timedelta(days=7)
TICK = timedelta.resolution
STATUSES = {"w": "won", "l": "lost", "p": "push", "c": "cancelled", ".": "pending"}


class Week(Betting):
    """A betting app whose bets are there as they were settled."""

    bets = 0

    def bets_of(
        self, user: int, outcomes: str, at: datetime = NOON - HOUR, net: int = 1, **more: object
    ) -> None:
        """Bets of a user by the initials of their outcomes, the last one settled at a moment."""
        rows = []
        for number, initial in enumerate(outcomes):
            status = STATUSES[initial]
            settled_at = at - (len(outcomes) - 1 - number) * TICK
            self.bets += 1
            row = {
                "id": self.bets, "user_id": user, "game_id": "g", "bet_type": "moneyline",
                "stake": 1, "status": status, "created_at": settled_at - HOUR,
                "net": {"won": net, "lost": -1, "pending": None}.get(status, 0),
                "settled_at": None if status == "pending" else settled_at,
            }  # fmt: skip
            rows.append(row | more)
        self.write(bets=rows)

    def award(self, as_of: datetime = NOON, **options: object) -> dict[str, Result]:
        """Run both steps."""
        return self.run(jobs.BADGE_CALCULATION, as_of, **options)

    def held(self, monday: datetime = MONDAY) -> dict[str, list[int]]:
        """Users by badge."""
        found: dict[str, list[int]] = {}
        for badge, user in self.rows(
            "SELECT badge, ('x' || right(user_id::text, 8))::bit(32)::int FROM betting.user_badges "
            f"WHERE week_start = '{monday:%F}' AND lost_at IS NULL ORDER BY 1, 2"
        ):
            found.setdefault(badge, []).append(user)
        return found

    def tiers(self) -> list[tuple[int, int, int]]:
        """User, badges, tier."""
        return self.rows(
            "SELECT ('x' || right(user_id::text, 8))::bit(32)::int, badges, tier "
            "FROM betting.user_effect_access ORDER BY 1"
        )

    def changes(self) -> list[tuple[int, int, int]]:
        """User, tier before, tier after; as told."""
        return [
            (int(e["user_id"][-8:], 16), e["previous_tier"], e["tier"])
            for e in self.events("EffectAccessChanged")
        ]
