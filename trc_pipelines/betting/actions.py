"""What a person does from the Dagster UI: settle a game again, adjust a bankroll, put it back."""

from pydantic import BaseModel, Field

from trc_pipelines.betting.corrections import (
    AdjustmentKind,
    adjust_bankroll,
    resettle_game,
    restore_bankroll,
    work_by_hand,
)
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Action
from trc_pipelines.names import clean_name
from trc_pipelines.settings import Settings


class ByHand(BaseModel):
    """What is asked of everything that a person does to money."""

    reason: str = Field(description="Why; it is kept with what is done.")
    done_by: str = Field(description="Who does it: the UI knows nobody by name.")
    dry_run: bool = Field(False, description="Say what would change, roll everything back.")

    @property
    def executed_by(self) -> str:
        """Who, as it is kept."""
        return f"ui: {clean_name(self.done_by)}"

    def say(self, done: str) -> str:
        """What was done, or would be."""
        return f"Dry run, rolled back: {done}" if self.dry_run else done


class Resettlement(ByHand):
    """Which game."""

    game_id: str = Field(description="Its id, as the check or the message names it.")


class Adjustment(ByHand):
    """Whose bankroll, by how much, and what for."""

    user_id: str = Field(description="The user's id.")
    cents: int = Field(description="What is added; below 0 only as a correction.")
    kind: AdjustmentKind = Field(description="What it is for.")
    key: str | None = Field(None, description="Idempotency key: made once for each.")


class Restoration(ByHand):
    """Whose bankroll."""

    user_id: str = Field(description="The user's id, as the check names it.")


def _resettle(database: Database, settings: Settings, _run_id: str, asked: Resettlement) -> str:
    who = asked.executed_by
    with work_by_hand(database, settings, done_by=who, dry_run=asked.dry_run) as work:
        return asked.say(resettle_game(work, asked.game_id, asked.reason))


def _adjust(database: Database, settings: Settings, _run_id: str, asked: Adjustment) -> str:
    who = asked.executed_by
    with work_by_hand(database, settings, done_by=who, dry_run=asked.dry_run) as work:
        return asked.say(
            adjust_bankroll(work, asked.user_id, asked.cents, asked.kind, asked.reason, asked.key)
        )


def _restore(database: Database, settings: Settings, _run_id: str, asked: Restoration) -> str:
    who = asked.executed_by
    with work_by_hand(database, settings, done_by=who, dry_run=asked.dry_run) as work:
        return asked.say(restore_bankroll(work, asked.user_id, asked.reason))


ACTIONS = [
    Action(
        "resettle",
        "Correct a settled game: fill in the launchpad. The same as `trc games resettle`.",
        Resettlement,
        _resettle,
    ),
    Action(
        "bankroll_adjustment",
        "Adjust a bankroll: fill in the launchpad. The same as `trc bankroll adjust`.",
        Adjustment,
        _adjust,
    ),
    Action(
        "bankroll_restoration",
        "Put a balance changed by hand back to its ledger: fill in the launchpad. "
        "The same as `trc bankroll restore`.",
        Restoration,
        _restore,
    ),
]
