"""`trc games` and `trc bankroll`: what a person does to money, with a reason, or as a dry run."""

from collections.abc import Callable
from typing import Annotated

import typer

from trc_pipelines.betting.corrections import (
    ADJUSTMENT_KINDS,
    adjust_bankroll,
    name_operator,
    resettle_game,
    restore_bankroll,
    work_by_hand,
)
from trc_pipelines.cli.installation import open_installation, require_schema
from trc_pipelines.cli.output import say
from trc_pipelines.jobs.contract import Work

games_app = typer.Typer(rich_markup_mode=None)
bankroll_app = typer.Typer(rich_markup_mode=None)

Why = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with what is done.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change, roll everything back.")
]


@games_app.command(
    "resettle", epilog='Example: trc games resettle 4711 --reason "score corrected by the league"'
)
def resettle(
    game_id: Annotated[str, typer.Argument(metavar="GAME", help="Its id.")],
    reason: Why,
    dry_run: DryRun = False,
) -> None:
    """Settle a game again as it is now.

    Wrong results are reversed, the right ones posted. Correct the game first (score, status). This
    then corrects its bets, also those that were changed by hand after they were settled. Weeks that
    are closed stay closed: what is corrected of them counts now.
    """
    _do_by_hand(lambda work: resettle_game(work, game_id, reason), dry_run=dry_run)


@bankroll_app.command(
    "adjust",
    # A negative amount would be taken for an option.
    context_settings={"ignore_unknown_options": True},
    epilog="Example: trc bankroll adjust 6f1c0f1e-8a54-4f0e-9d0c-2f6f3a3f1b11 5000 "
    '--kind promotion --reason "winner of the raffle"',
)
def adjust(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    amount: Annotated[int, typer.Argument(metavar="CENTS", help="What is added, in cents.")],
    kind: Annotated[
        str,
        typer.Option("--kind", help="promotion, deposit, or correction (may be below 0)."),
    ],
    reason: Why,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key; the same one acts once.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Add to a bankroll, or correct it.

    Only a correction takes from it. The same twice in a day is made once.
    """
    chosen = next((one for one in ADJUSTMENT_KINDS if one == kind), None)
    if chosen is None:
        raise typer.BadParameter(
            f"{kind!r} is no kind; it accepts {', '.join(ADJUSTMENT_KINDS)}", param_hint="--kind"
        )
    _do_by_hand(
        lambda work: adjust_bankroll(work, user_id, amount, chosen, reason, key), dry_run=dry_run
    )


@bankroll_app.command(
    "restore",
    epilog="Example: trc bankroll restore 6f1c0f1e-8a54-4f0e-9d0c-2f6f3a3f1b11 "
    '--reason "changed by SQL"',
)
def restore(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    reason: Why,
    dry_run: DryRun = False,
) -> None:
    """Put a balance back to what its ledger says.

    After somebody changed it by hand. What the user is owed beyond that: trc bankroll adjust.
    """
    _do_by_hand(lambda work: restore_bankroll(work, user_id, reason), dry_run=dry_run)


def _do_by_hand(change: Callable[[Work], str], *, dry_run: bool) -> None:
    with open_installation("betting") as installation:
        require_schema(installation)
        with work_by_hand(
            installation.database,
            installation.settings,
            done_by=name_operator("cli"),
            dry_run=dry_run,
        ) as work:
            done = change(work)
    say(f"Dry run, rolled back: {done}" if dry_run else done)
