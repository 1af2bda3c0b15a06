"""Writing the bankroll ledger: the same way for settlements, resets and what a person does by hand."""

import pandas as pd

from trc_pipelines.jobs.contract import JobError, Work

LEDGER = "betting.bankroll_ledger"


def write_entries(work: Work, entries: pd.DataFrame) -> None:
    """Write entries into the ledger, in their order, and move the balances by them.

    An account that has none yet is opened before, with the balance the app gave it.

    Args:
        entries: user_id, kind, amount, balance_after, bet_id and effective_at, and where they have
            any game_id, week_start (of resets), source_key and corrects_entry_id.
    """
    if entries.empty:
        return
    insert_entries(work, entries)
    move_balances(work)


def move_balances(work: Work) -> None:
    """Move balances by the entries that are staged.

    Raises:
        JobError: one did not move, so its ledger would not add up to it.
    """
    refuse_left_out("betting.move_balances", work.transaction.read("betting/move_balances"))


def refuse_left_out(port: str, left_out: pd.DataFrame) -> None:
    """Refuse what a port, an adapter's perhaps, did for some and not for all.

    Args:
        left_out: user_id of those it was given and did not say it wrote.

    Raises:
        JobError: there are any.
    """
    users = left_out["user_id"].tolist()
    if users:
        raise JobError(
            f"{port} left out {', '.join(users[:10])} ({len(users)} in all), so nothing was "
            "written. It has to write every user it is given, and return them."
        )


def insert_entries(work: Work, entries: pd.DataFrame) -> None:
    """Write entries as `write_entries` does, and leave the balances as they are."""
    types = {
        "game_id": "str", "week_start": "datetime64[s]", "source_key": "str",
        "corrects_entry_id": "Int64",
    }  # fmt: skip
    nothing = {name: None for name in types if name not in entries}
    work.transaction.stage(
        "staged_entries",
        entries.assign(position=range(len(entries)), **nothing).astype(types)[
            [
                "position",
                "user_id",
                "kind",
                "amount",
                "balance_after",
                "bet_id",
                "effective_at",
                *types,
            ]
        ],
    )
    work.transaction.execute("betting/open_accounts", as_of=work.as_of, run_id=work.options.run_id)
    work.transaction.execute("betting/insert_bankroll_entries", run_id=work.options.run_id)
