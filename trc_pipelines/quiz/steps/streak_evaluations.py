"""Streaks that paused for too long."""

from collections import Counter
from datetime import date, timedelta

import pandas as pd

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.calendar import midnight
from trc_pipelines.jobs.contract import JobError, Result, Work, step
from trc_pipelines.quiz.batches import change_in_batches, publish
from trc_pipelines.quiz.relations import NAME, player_progress
from trc_pipelines.quiz.rules.streaks import STREAK_BREAK, judge_streaks


@step(
    NAME,
    deps=[player_progress],
    is_daily=True,
    unit="player",
    writes=[player_progress],
    taken_over={
        "user_id": (player_progress, "user_id"),
        "streak_before": (player_progress, "current_streak"),
        "last_quiz_at": (player_progress, "last_quiz_at"),
    },
    needs_day_before=True,
    max_age_minutes=25 * 60,
)
def streak_evaluations(work: Work) -> Result:
    """One row per player and day on which a pause of more than 48 hours cost something.

    It costs a protection if one is left, and the streak stands. Otherwise it costs the streak. Judged
    as the day begins, once: a day that is done, and any before it, is not judged again. Missed days
    follow in order.
    """
    done = work.transaction.read_value("quiz/select_last_evaluated_day")
    by_day: dict[date, Counter[str]] = {}
    for day in _days_to_judge(work, done):
        by_day[day] = _judge_day(work, day)
        if work.budget.is_spent:
            break  # the day may not be finished: the next run goes on with it
        work.transaction.execute("quiz/insert_evaluated_day", day=day, run_id=work.options.run_id)
    total = sum(by_day.values(), Counter[str]())
    unknown = int(work.transaction.read_value("quiz/count_streaks_without_quiz"))
    return Result(
        affected=total.total(),
        details={"streaks_protected": 0, "streaks_broken": 0}
        | total
        | {"days": len(by_day), "streaks_without_a_last_quiz": unknown},
        notes=[] if by_day else [f"streaks are judged up to {done} already"],
        rows_written=total.total(),
        by_day=_read_figures(work, max([*by_day, *filter(None, [done])], default=work.days[1])),
    )


def _days_to_judge(work: Work, done: date | None) -> list[date]:
    first, last = work.days[0], min(work.days[1], work.as_of.date())
    if done and first > done + timedelta(days=1):
        raise JobError(
            f"streaks of {first} cannot be judged before those of {done + timedelta(days=1)}. "
            "Materialise from that day on, as one range."
        )
    cut_over_at = work.settings.cut_over_at(NAME)  # who paused before was judged by the old job
    return [
        day
        for day in pd.date_range(first, last).date
        if (done is None or day > done) and not (cut_over_at and midnight(day) < cut_over_at)
    ]


def _read_figures(work: Work, judged_until: date) -> dict[date, dict[str, int]]:
    """Read the figures of the days that were asked for and are judged, by whatever run."""
    first_day, last_day = work.days[0], min(work.days[1], judged_until)
    found = work.transaction.read_rows(
        "quiz/count_evaluations",
        first_day=first_day,
        last_day=last_day,
        run_id=work.options.run_id,
    )
    nothing = dict.fromkeys(("streaks_protected", "streaks_broken", "rows", "rows_written"), 0)
    figures = {row.pop("day"): row for row in found}
    return {day: figures.get(day, nothing) for day in pd.date_range(first_day, last_day).date}


def _judge_day(work: Work, day: date) -> Counter[str]:
    """Judge the streaks of a day as it began, and count each outcome."""
    begin = midnight(day)
    counts = Counter[str]()

    def judge(most: int) -> pd.DataFrame | None:
        overdue = work.transaction.read(
            "quiz/select_overdue_streaks", before=begin - STREAK_BREAK, day=day, most=most
        )
        if overdue.empty:
            return None
        require_values(overdue, "user_id", {player_progress.table: ["protections_remaining"]})
        work.transaction.stage("staged_streaks", judge_streaks(overdue))
        return work.transaction.read(
            "quiz/settle_streaks", as_of=begin, day=day, run_id=work.options.run_id
        )

    for changed in change_in_batches(work.budget, judge):
        _publish_outcomes(work, changed, day)
        counts.update(("streaks_" + changed["outcome"]).tolist())
    return counts


def _publish_outcomes(work: Work, changed: pd.DataFrame, day: date) -> None:
    keys = changed["user_id"] + f":{day}"
    is_broken = changed["outcome"] == "broken"
    broken = changed[is_broken].rename(columns={"current_streak": "previous_streak"})
    broken = broken[["user_id", "previous_streak", "last_quiz_at"]]
    protected = changed[~is_broken].rename(columns={"protections_left": "protections_remaining"})
    protected = protected[["user_id", "protections_remaining", "current_streak"]]
    publish(work, "StreakBroken", broken, keys[is_broken])
    publish(work, "StreakProtectionUsed", protected, keys[~is_broken])
