"""Games that are over are settled: their bets are graded, paid and published, all of a game or none."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trc_pipelines.betting.ledger import LEDGER, write_entries
from trc_pipelines.betting.publishing import record
from trc_pipelines.betting.relations import bankrolls, bets, games, notifications
from trc_pipelines.betting.rules.bankrolls import post_results
from trc_pipelines.betting.settlement import (
    OUTCOMES,
    claim,
    count,
    grade,
    publish_results,
    result_of,
    settlement_keys,
)
from trc_pipelines.jobs.contract import Result, Work, step

MADE_PENDING = "it was settled before and made pending by hand: trc games resettle corrects it"
CHANGED = "the bet or its game changed while it was graded"
MOST_NAMED = 5


@step(
    "betting",
    deps=[games, bets],
    max_age_minutes=35,
    unit="game",
    writes=[bets, bankrolls, notifications],
    taken_over={
        "game_id": (games, "id"),
        "status": (games, "status"),
        "home_score": (games, "home_score"),
        "away_score": (games, "away_score"),
    },
)
def game_settlements(work: Work) -> Result:
    """One row per game whose bets were settled, and by which result.

    Completed games pay, cancelled ones give back. Each game is a transaction of its own, so that one
    that cannot be settled keeps no other waiting. Bets that cannot be graded beyond doubt stay
    pending. A score that changes afterwards settles nothing again by itself: `trc games resettle`
    does.
    """
    over = work.transaction.read_rows("betting/select_games_to_settle", as_of=work.as_of)
    settled, refused = settle_games(work, [one["game_id"] for one in over if not one["problem"]])
    problems = {one["game_id"]: one["problem"] for one in over if one["problem"]} | refused
    waiting = work.transaction.read_rows("betting/count_waiting_bets", as_of=work.as_of)
    figures = _add_up(settled.values(), problems, waiting)
    return Result(
        affected=figures["bets_settled"],
        details=figures,
        notes=[*_explain(settled.values(), problems, waiting)],
        rows_written=figures["games_settled"],
        success=not refused,
    )


@dataclass(frozen=True)
class Settled:
    """What was settled of a game: bets by outcome, and why others were not, by reason."""

    outcomes: dict[str, int]
    problems: dict[str, int]

    @property
    def bets(self) -> int:
        """How many."""
        return sum(self.outcomes.values())


def _add_up(
    settled: Collection[Settled], problems: Mapping[str, str], waiting: Sequence[dict[str, Any]]
) -> dict[str, int]:
    outcomes = {name: sum(game.outcomes[name] for game in settled) for name in OUTCOMES}
    return {
        "bets_settled": sum(outcomes.values()),
        "games_settled": sum(game.bets > 0 for game in settled),
        **outcomes,
        "bets_left_pending": sum(sum(game.problems.values()) for game in settled),
        "games_not_settled": len(problems),
        "bets_waiting_in_vain": sum(row["bets"] for row in waiting),
    }


def _explain(
    settled: Collection[Settled], problems: Mapping[str, str], waiting: Sequence[dict[str, Any]]
) -> Iterator[str]:
    reasons = sorted({reason for game in settled for reason in game.problems})
    if reasons:
        yield f"left pending: {', '.join(reasons)}"
    if problems:
        named = [f"{game_id}: {why}" for game_id, why in problems.items()][:MOST_NAMED]
        yield f"games not settled: {', '.join(named)}"
    if waiting:
        of = [f"{row['bets']} of a {row['game']}" for row in waiting]
        yield f"waiting in vain: {', '.join(of)}"


def settle_games(work: Work, games: list[str]) -> tuple[dict[str, Settled], dict[str, str]]:
    """Settle games in their order, each in a transaction of its own.

    The budget counts games of which bets were settled. Those that nobody can settle use none of it.

    Returns:
        What became of each game, and why the others were refused.
    """
    settled: dict[str, Settled] = {}
    refused: dict[str, str] = {}
    while games and not work.budget.is_spent:
        at_once = work.budget.at_most(len(games))
        batch, games = games[:at_once], games[at_once:]
        done, failed = work.change_each(batch, settle_game)
        settled |= done
        refused |= failed
        work.budget.take(sum(game.bets > 0 for game in done.values()))
    return settled, refused


def settle_game(work: Work, game_id: str) -> Settled:
    """Grade and pay the pending bets of a game that is over.

    Bets are claimed as they were graded. Of two settlements at once, one pays, and what changed
    meanwhile waits for the next.
    """
    # Balances are moved by one at a time, so what is read here is what is moved.
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    pending = work.transaction.read("betting/select_pending_bets", game_id=game_id)
    graded = grade(work, pending)
    graded["problem"] = graded["problem"].mask(pending["is_settled"], MADE_PENDING)
    claimed = claim(work, graded[graded["problem"].isna()], is_correction=False)
    problems = {str(why): int(n) for why, n in graded["problem"].value_counts().items()}
    changed = int(graded["problem"].isna().sum()) - len(claimed)
    problems |= {CHANGED: changed} if changed else {}
    figures = count(claimed, left_pending=sum(problems.values()))
    if len(claimed):
        _post(work, game_id, claimed)
        publish_results(work, claimed, "BetSettled", claimed["reversals"] + 1)
        _record(work, game_id, figures, result_of(pending))
    return Settled({outcome: figures[outcome] for outcome in OUTCOMES}, problems)


def _post(work: Work, game_id: str, claimed: pd.DataFrame) -> None:
    entries = post_results(claimed)
    when = claimed.groupby("user_id")["decided_at"].first()
    write_entries(
        work,
        entries.assign(
            game_id=game_id,
            effective_at=entries["user_id"].map(when),
            source_key=entries["bet_id"].map(settlement_keys(claimed)),
        ),
    )


def _record(
    work: Work, game_id: str, figures: dict[str, int], result: dict[str, str | int | None]
) -> None:
    work.transaction.execute(
        "betting/upsert_game_settlement",
        game_id=game_id,
        figures=json.dumps(figures | result),
        as_of=work.as_of,
        run_id=work.options.run_id,
    )
    about = pd.DataFrame({"game_id": [game_id]} | figures)
    corrected = work.transaction.read_value("betting/select_last_round", game_id=game_id)
    record(work, "GameSettled", about, [f"{game_id}:{corrected}" if corrected else game_id])
