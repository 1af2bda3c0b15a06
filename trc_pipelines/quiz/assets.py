"""The tables of the quiz and how each is made: read what is due, judge, write, tell the app."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from trc_pipelines.calendar import month_start, week_start
from trc_pipelines.jobs.contract import Budget, JobError, Relation, Result, Work, step
from trc_pipelines.jobs.events import record_events
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.leaderboards.cache import publish_boards
from trc_pipelines.leaderboards.closing import close_periods
from trc_pipelines.quiz.boards import BOARDS, CACHED_BOARDS, DOMAIN, rank_players
from trc_pipelines.quiz.lives import regenerate_lives
from trc_pipelines.quiz.streaks import STREAK_BREAK, judge_streaks

SESSION_TIMEOUT = timedelta(minutes=10)
# Rows in memory at a time, however many players there are.
BATCH = 200_000
MOST_REFUSALS = 100

users = Relation("quiz.users", "One row per player, as the quiz app keeps it.")
xp_events = Relation("quiz.xp_events", "One row per gain of XP, each source of a session once.")
lives = Relation(
    "quiz.lives",
    "One row per player: lives now and when the next comes back. The app takes them, the job gives "
    "them back.",
)
player_progress = Relation(
    "quiz.player_progress",
    "One row per player: XP, streak, protections. The app counts up, the job ends streaks.",
)
RELATIONS = [users, xp_events, lives, player_progress]


@step(DOMAIN, deps=[lives], max_age_minutes=35, unit="player")
def life_regenerations(work: Work) -> Result:
    """One row per player and tick that gave lives back: one each, or with QUIZ_LIFE_CATCH_UP all owed.

    A life comes back half an hour after the one before; a full player waits for nothing. The same
    tick gives nothing twice. A quiz that begins at the same moment is waited for, and counts.
    """
    given = players = repaired = 0

    def give(most: int) -> pd.DataFrame | None:
        due = work.transaction.read("quiz/select_due_lives", as_of=work.as_of, most=most)
        if due.empty:
            return None
        catch_up = work.settings.quiz_life_catch_up
        work.transaction.stage("staged_lives", regenerate_lives(due, work.as_of, catch_up=catch_up))
        return work.transaction.read(
            "quiz/grant_lives", as_of=work.as_of, run_id=work.options.run_id
        )

    for changed in _in_batches(work.budget, give):
        granted = changed[changed["lives_added"] > 0]
        _tell(work, "LifeRegenerated", granted, granted["user_id"] + f":{work.as_of.isoformat()}")
        given += int(granted["lives_added"].sum())
        players += len(granted)
        repaired += len(changed) - len(granted)
    return Result(
        affected=players + repaired,
        message=f"{given} lives for {players} players"
        + (f"; {repaired} lost lives had no deadline and got one" if repaired else ""),
        details={"lives": given, "players": players, "deadlines_set": repaired},
        rows=players,
    )


@step(
    DOMAIN,
    deps=[player_progress],
    is_daily=True,
    unit="player",
    needs_day_before=True,
    max_age_minutes=25 * 60,
)
def streak_evaluations(work: Work) -> Result:
    """One row per player and day on which a pause of more than 48 hours cost something.

    A protection if one is left, and the streak stands; else the streak. Judged as the day begins,
    once: a day that is done, and any before it, is not judged again. Missed days follow in order.
    """
    first, last = work.days[0], min(work.days[1], work.as_of.date())
    done = work.transaction.read_value("quiz/select_last_evaluated_day")
    if done and first > done + timedelta(days=1):
        raise JobError(
            f"streaks of {first} cannot be judged before those of {done + timedelta(days=1)}. "
            "Materialise from that day on, as one range."
        )
    outcomes = {"protected": 0, "broken": 0}
    days = [day for day in pd.date_range(first, last).date if done is None or day > done]
    for day in days:
        for outcome, count in _judge_day(work, day).items():
            outcomes[outcome] += count
        if work.budget.is_spent:
            break  # the day may not be finished: the next run goes on with it
        work.transaction.execute("quiz/insert_evaluated_day", day=day, run_id=work.options.run_id)
    unknown = int(work.transaction.read_value("quiz/count_streaks_without_quiz"))
    message = f"{outcomes['protected']} streaks protected, {outcomes['broken']} broken"
    return Result(
        affected=sum(outcomes.values()),
        message=(message if days else f"streaks are judged up to {done} already")
        + (f"; {unknown} streaks have no last quiz and are left alone" if unknown else ""),
        details={**outcomes, "days": len(days), "without_last_quiz": unknown},
        rows=sum(outcomes.values()),
    )


def _judge_day(work: Work, day: date) -> dict[str, int]:
    """Judge the streaks of a day as it began; how many of each outcome."""
    begin = datetime.combine(day, time(), UTC)
    outcomes = {"protected": 0, "broken": 0}

    def judge(most: int) -> pd.DataFrame | None:
        overdue = work.transaction.read(
            "quiz/select_overdue_streaks", before=begin - STREAK_BREAK, day=day, most=most
        )
        if overdue.empty:
            return None
        work.transaction.stage("staged_streaks", judge_streaks(overdue))
        return work.transaction.read(
            "quiz/settle_streaks", as_of=begin, day=day, run_id=work.options.run_id
        )

    for changed in _in_batches(work.budget, judge):
        keys = changed["user_id"] + f":{day}"
        is_broken = changed["outcome"] == "broken"
        broken = changed[is_broken].rename(columns={"current_streak": "previous_streak"})
        protected = changed[~is_broken].rename(
            columns={"protections_left": "protections_remaining"}
        )
        _tell(
            work,
            "StreakBroken",
            broken[["user_id", "previous_streak", "last_quiz_at"]],
            keys[is_broken],
        )
        _tell(
            work,
            "StreakProtectionUsed",
            protected[["user_id", "protections_remaining", "current_streak"]],
            keys[~is_broken],
        )
        outcomes["broken"] += len(broken)
        outcomes["protected"] += len(protected)
    return outcomes


@step(DOMAIN, deps=[users], max_age_minutes=65, unit="session")
def quiz_sessions(work: Work) -> Result:
    """One row per session of a quiz. The app begins and completes them; whose time is up expires here.

    A session expires at its deadline, or ten minutes after it began when it has none. Whoever commits
    first wins: a last answer, or this. The life that it cost stays spent.
    """
    expired = 0
    began = work.as_of - SESSION_TIMEOUT

    def expire(most: int) -> pd.DataFrame | None:
        due = work.transaction.read(
            "quiz/expire_sessions", as_of=work.as_of, began_until=began, most=most
        )
        return None if due.empty else due[due["user_id"].notna()]

    for ended in _in_batches(work.budget, expire):
        told = ended.assign(reason="expired", expired_at=work.as_of)
        _tell(work, "QuizAbandoned", told, ended["session_id"])
        expired += len(ended)
    return Result(expired, f"{expired} sessions expired", {"expired": expired})


@step(DOMAIN, deps=[xp_events, player_progress, users], max_age_minutes=65)
def leaderboard_rankings(work: Work) -> Result:
    """One row per board (global, weekly, monthly) and player: the boards as they stand.

    Global counts XP of a lifetime, the others XP earned in their period up to the tick; who earned
    last comes first among equals, then the lower id. Who has no XP has no rank. Only rows that
    changed are written; an older tick does not undo a newer one.
    """
    newest = work.transaction.read_value("quiz/select_ranked_at")
    if newest and work.as_of < newest:
        return Result(0, f"the boards stand for {newest:%Y-%m-%dT%H:%M:%SZ} already")
    day = work.as_of.date()
    starts = {"global": None, "weekly": week_start(day), "monthly": month_start(day)}
    sizes, rewritten = {}, 0
    for board, start in starts.items():
        scores = (
            work.transaction.read(
                "quiz/select_board_scores",
                begins_at=datetime.combine(start, time(), UTC),
                as_of=work.as_of,
                board=board,
            )
            if start
            else work.transaction.read("quiz/select_lifetime_scores")
        )
        ranked, changed = rank_players(board, scores)
        work.transaction.stage("staged_rankings", changed)
        work.transaction.execute("quiz/delete_rankings", board=board)
        work.transaction.execute("quiz/insert_rankings", board=board, as_of=work.as_of)
        record_boards(work.transaction, DOMAIN, day, ranked, {board: start})
        sizes[board] = len(ranked)
        rewritten += len(changed)
    return Result(
        affected=rewritten,
        message=", ".join(f"{board}: {size} ranked" for board, size in sizes.items()),
        details={f"{board}_ranked": size for board, size in sizes.items()}
        | {"rewritten": rewritten},
        rows=len(scores) * len(starts),
    )


@step(DOMAIN, deps=[xp_events, users], max_age_minutes=169 * 60, unit="period")
def leaderboard_archive(work: Work) -> Result:
    """One row per closed week or month and rank: its final standings, archived once and for good.

    From the XP earned in exactly that period; who earned none is not in it. One `LeaderboardReset`
    event per period. The next one is new; nothing is set to zero.
    """
    return close_periods(work, BOARDS)


@step(DOMAIN, deps=[leaderboard_rankings], kinds=("python", "redis"), max_age_minutes=65)
def leaderboard_cache(work: Work) -> Result:
    """One list in Redis per board, exchanged whole when the board changed: for apps that ask often."""
    return publish_boards(work, CACHED_BOARDS)


def _in_batches(
    budget: Budget, change: Callable[[int], pd.DataFrame | None]
) -> Iterator[pd.DataFrame]:
    """What is changed, some rows at a time, until nothing is left to change or the budget is spent.

    Args:
        change: finds at most so many rows, changes those that still are as they were found, and
            gives what it changed; None when it found none.

    Raises:
        JobError: everything found is changed by others, time after time.
    """
    refusals = 0
    while not budget.is_spent:
        changed = change(budget.at_most(BATCH))
        if changed is None:
            return
        refusals = 0 if len(changed) else refusals + 1
        if refusals == MOST_REFUSALS:
            raise JobError(
                f"{refusals} times all rows that were due had changed before they could be written. "
                "Nothing was done: run it again, or look who writes them."
            )
        budget.take(len(changed))
        yield changed


def _tell(work: Work, event_type: str, payloads: pd.DataFrame, keys: pd.Series) -> None:
    record_events(
        work.transaction,
        event_type,
        payloads,
        dedupe_keys=keys,
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )


STEPS = [
    life_regenerations,
    streak_evaluations,
    quiz_sessions,
    leaderboard_rankings,
    leaderboard_archive,
    leaderboard_cache,
]
