"""What a person does from the Dagster UI: settle a game again, adjust a bankroll."""

from typing import Any, cast

import dagster as dg

from trc_pipelines.betting.corrections import (
    ADJUSTMENT_KINDS,
    AdjustmentKind,
    adjust_bankroll,
    resettle_game,
    work_by_hand,
)
from trc_pipelines.jobs.orchestration import MAX_RUNTIME_SECONDS, connected
from trc_pipelines.names import clean_name

BY_HAND = {
    "reason": dg.Field(dg.String, description="Why; it is kept with what is done."),
    "done_by": dg.Field(dg.String, description="Who does it: the UI knows nobody by name."),
    "dry_run": dg.Field(
        dg.Bool, default_value=False, description="Say what would change, roll everything back."
    ),
}


@dg.op(
    config_schema={
        "game_id": dg.Field(dg.String, description="Its id, as the check or the message names it."),
        **BY_HAND,
    }
)
def settle_again(context: dg.OpExecutionContext) -> None:
    """Settle the game by what it is now."""
    config = context.op_config
    with work_by_hand(
        *connected(context.run.run_id), done_by=_who(config), dry_run=config["dry_run"]
    ) as work:
        done = resettle_game(work, config["game_id"], config["reason"])
    _report(context, done)


@dg.op(
    config_schema={
        "user_id": dg.Field(dg.String, description="The user's id."),
        "cents": dg.Field(dg.Int, description="What is added; below 0 only as a correction."),
        "kind": dg.Field(dg.Enum("adjustment", [dg.EnumValue(kind) for kind in ADJUSTMENT_KINDS])),
        "key": dg.Field(
            dg.String, is_required=False, description="Idempotency key: made once for each."
        ),
        **BY_HAND,
    }
)
def adjust(context: dg.OpExecutionContext) -> None:
    """Add to the bankroll, or take from it."""
    config = context.op_config
    with work_by_hand(
        *connected(context.run.run_id), done_by=_who(config), dry_run=config["dry_run"]
    ) as work:
        done = adjust_bankroll(
            work,
            config["user_id"],
            config["cents"],
            cast("AdjustmentKind", config["kind"]),
            config["reason"],
            config.get("key"),
        )
    _report(context, done)


@dg.job(tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)})
def resettle() -> None:
    """Correct a settled game: fill in the launchpad. The same as `trc games resettle`."""
    settle_again()


@dg.job(tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)})
def bankroll_adjustment() -> None:
    """Adjust a bankroll: fill in the launchpad. The same as `trc bankroll adjust`."""
    adjust()


def _who(config: dict[str, Any]) -> str:
    return f"ui: {clean_name(config['done_by'])}"


def _report(context: dg.OpExecutionContext, done: str) -> None:
    line = f"Dry run, rolled back: {done}" if context.op_config["dry_run"] else done
    context.log.info(line)
    context.add_output_metadata({"done": line})
