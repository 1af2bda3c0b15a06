"""Games that are over are settled: their bets are graded, paid and published, all of a game or none.

Bets are graded here, in units of whole games; what follows from that stays in the database, one
statement for each table that is written.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trc_pipelines.betting.ledger import refuse_left_out
from trc_pipelines.betting.relations import bankrolls, bets, games, notifications
from trc_pipelines.betting.settlement import OUTCOMES, begin_unit, claim, grade
from trc_pipelines.jobs.contract import Result, Work, step

MADE_PENDING = "it was settled before and made pending by hand: trc games resettle corrects it"
CHANGED = "the bet or its game changed while it was graded"
MOST_NAMED = 5
# Bets of a unit: as many as make what each statement costs by itself count for nothing, and so few
# that their rows are locked for a fraction of a second.
UNIT_BETS = 5_000

Unit = tuple[str, ...]


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

    Completed games pay, cancelled ones give back. One that cannot be settled keeps no other waiting.
    Bets that cannot be graded beyond doubt stay pending. A score that changes afterwards settles
    nothing again by itself: `trc games resettle` does.
    """
    over = work.transaction.read_rows("betting/select_games_to_settle", as_of=work.as_of)
    settled, refused = settle_games(work, [one for one in over if not one["problem"]])
    problems = {one["game_id"]: one["problem"] for one in over if one["problem"]} | refused
    waiting = work.transaction.read_rows("betting/count_waiting_bets", as_of=work.as_of)
    figures = _add_up(settled, problems, waiting)
    return Result(
        affected=figures["bets_settled"],
        details=figures,
        notes=[*_explain(settled, problems, waiting)],
        rows_written=figures["games_settled"],
        success=not refused,
    )


@dataclass(frozen=True)
class Settled:
    """What was settled of a unit: bets by outcome, of how many games; why others were not, by reason."""

    games: int
    outcomes: Mapping[str, int]
    problems: Mapping[str, int]


def _add_up(
    settled: Collection[Settled], problems: Mapping[str, str], waiting: Sequence[dict[str, Any]]
) -> dict[str, int]:
    outcomes = {name: sum(unit.outcomes[name] for unit in settled) for name in OUTCOMES}
    return {
        "bets_settled": sum(outcomes.values()),
        "games_settled": sum(unit.games for unit in settled),
        **outcomes,
        "bets_left_pending": sum(sum(unit.problems.values()) for unit in settled),
        "games_not_settled": len(problems),
        "bets_waiting_in_vain": sum(row["bets"] for row in waiting),
    }


def _explain(
    settled: Collection[Settled], problems: Mapping[str, str], waiting: Sequence[dict[str, Any]]
) -> Iterator[str]:
    reasons = sorted({reason for unit in settled for reason in unit.problems})
    if reasons:
        yield f"left pending: {', '.join(reasons)}"
    if problems:
        named = [f"{game_id}: {why}" for game_id, why in problems.items()][:MOST_NAMED]
        yield f"games not settled: {', '.join(named)}"
    if waiting:
        of = [f"{row['bets']} of a {row['game']}" for row in waiting]
        yield f"waiting in vain: {', '.join(of)}"


def settle_games(
    work: Work, games: Sequence[Mapping[str, Any]]
) -> tuple[list[Settled], dict[str, str]]:
    """Settle games in their order, in units that are a transaction each.

    A unit that the database refuses is tried again game by game, in its place. The budget counts games
    of which bets were settled. Those that nobody can settle use none of it.

    Args:
        games: game_id, bets (how many are pending).

    Returns:
        What became of each unit, and why games were refused.
    """
    settled: list[Settled] = []
    refused: dict[str, str] = {}
    while games and not work.budget.is_spent:
        at_once = work.budget.at_most(len(games))
        batch, games = games[:at_once], games[at_once:]
        done, failed = work.change_each(pack(batch), settle_unit, split_into_games)
        settled += done.values()
        refused |= {game_id: why for (game_id,), why in failed.items()}
        work.budget.take(sum(unit.games for unit in done.values()))
    return settled, refused


def pack(games: Sequence[Mapping[str, Any]]) -> list[Unit]:
    """Pack games, in their order, into units of at most `UNIT_BETS` bets. A larger game is one by itself."""
    units: list[Unit] = []
    size = 0
    for game in games:
        size += game["bets"]
        if units and size <= UNIT_BETS:
            units[-1] += (game["game_id"],)
        else:
            units.append((game["game_id"],))
            size = game["bets"]
    return units


def split_into_games(unit: Unit) -> list[Unit]:
    """The games of a unit, each by itself; none when it is one."""
    return [(game_id,) for game_id in unit] if len(unit) > 1 else []


def settle_unit(work: Work, unit: Unit) -> Settled:
    """Grade and pay the pending bets of games that are over.

    Bets are claimed as they were graded. Of two settlements at once, one pays, and what changed
    meanwhile waits for the next.
    """
    begin_unit(work)
    work.transaction.execute("betting/stage_pending_bets", game_ids=list(unit))
    bets = work.transaction.read("betting/select_unit_bets")
    graded = grade(work, bets)
    graded["problem"] = graded["problem"].mask(bets["is_settled"], MADE_PENDING)
    problems = {str(why): int(n) for why, n in graded["problem"].value_counts().items()}
    right = graded[graded["problem"].isna()]
    if right.empty:
        return Settled(0, dict.fromkeys(OUTCOMES, 0), problems)
    claim(work, right)
    [counts] = work.transaction.read_rows("betting/count_results")
    changed = len(right) - counts["bets"]
    problems |= {CHANGED: changed} if changed else {}
    if counts["bets"]:
        _post(work)
        _publish(work)
    return Settled(counts["games"], {name: counts[name] for name in OUTCOMES}, problems)


def _post(work: Work) -> None:
    """Write the ledger, and move the balances by it."""
    left_out = work.transaction.read(
        "betting/post_results", as_of=work.as_of, run_id=work.options.run_id
    )
    refuse_left_out("betting.move_balances", left_out)


def _publish(work: Work) -> None:
    """Tell users and apps, and record by which result each game was settled."""
    work.transaction.execute("betting/notify_results", as_of=work.as_of)
    work.transaction.execute(
        "betting/upsert_game_settlements", as_of=work.as_of, run_id=work.options.run_id
    )
    work.transaction.execute(
        "betting/insert_settlement_events", as_of=work.as_of, run_id=work.options.run_id
    )
