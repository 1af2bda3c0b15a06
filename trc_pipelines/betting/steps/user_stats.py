"""What became of users' bets, by day, by week and in all."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.betting.relations import bets, games, posts
from trc_pipelines.betting.rules.statistics import Bases, summarise_bets
from trc_pipelines.betting.steps.bankroll_ledger import bankroll_ledger
from trc_pipelines.calendar import midnight, week_start
from trc_pipelines.jobs.contract import Result, Work, step

SUMMARISED = [
    "user_id", "status", "stake", "payout", "net", "is_tail", "is_fade", "created_at", "settled_at",
]  # fmt: skip


@step("betting", deps=[bankroll_ledger, bets, games, posts], max_age_minutes=65)
def user_stats(work: Work) -> Result:
    """One row per user and period (day of settlement, ISO week, all time): what became of the bets.

    Computed again for users with entries in the ledger since the last time, and for those whose
    settled bets, or others' bets on their picks, are not what they were. Of them only the open week
    is read: what was before is folded into bases. An entry that concerns a bet of a week before has
    all of its users computed again. What the app itself changed in those weeks is found by the first
    run of a day. Rows that come out as they were are not touched.
    """
    [cursor] = work.transaction.read_rows("betting/select_stats_cursor")
    scope = _choose_scope(cursor, work.as_of.date())
    users = _find_users(work, cursor, scope)
    if not (scope.is_whole or users["is_told"].all()):
        # The app changed bets of the open week: it may have changed others with them.
        scope = replace(scope, is_whole=True)
        users = _find_users(work, cursor, scope)
    users["is_late"] |= scope.is_anew
    work.transaction.stage("staged_users", users)
    summary, bases = _summarise(work, scope)
    changed = _write(work, summary, scope, has_rows=cursor["has_rows"])
    _write_bases(work, bases, users if scope.folds else users[users["is_late"]], scope)
    work.transaction.execute("betting/replace_stats_sources")
    work.transaction.execute(
        "betting/upsert_stats_cursor",
        last_entry_id=cursor["newest"],
        week_start=scope.week_start,
        compared_on=work.as_of.date() if scope.is_whole else cursor["compared_on"],
    )
    figures = {"rows_changed": changed, "rows_computed": len(summary)}
    return Result(changed, details=figures | {"users_looked_at": len(users)}, rows_written=changed)


@dataclass(frozen=True)
class Scope:
    """What a run looks at.

    Attributes:
        since: Monday before which everything is in bases.
        week_start: Monday before which everything is in bases afterwards.
        is_anew: nothing that was computed before is used.
        is_whole: bets settled before `since` are compared with what statistics were made of.
    """

    since: date
    week_start: date
    is_anew: bool
    is_whole: bool

    @property
    def folds(self) -> bool:
        """Whether everybody's bases change."""
        return self.is_anew or self.since < self.week_start

    @property
    def since_at(self) -> datetime:
        """The instant from which bets and balances are in no base."""
        return midnight(self.since)


def _choose_scope(cursor: dict[str, Any], today: date) -> Scope:
    is_anew = cursor["counted"] is None or not cursor["has_rows"]
    since = week_start(today) if is_anew else cursor["week_start"]
    newest = max(since, week_start(today))  # a base never goes back, for an old tick either
    is_first_of_day = cursor["compared_on"] != today
    return Scope(since, newest, is_anew, is_anew or since < newest or is_first_of_day)


def _find_users(work: Work, cursor: dict[str, Any], scope: Scope) -> pd.DataFrame:
    """Find users whose statistics may have changed, before their bets are read.

    What changes in between is found again by the next run.
    """
    looked_at = {"since": scope.since_at, "is_whole": scope.is_whole}
    work.transaction.execute("betting/insert_missing_pick_authors", **looked_at)
    return work.transaction.read(
        "betting/select_users_to_summarise",
        **looked_at,
        week_start=midnight(scope.week_start),
        is_everybody=scope.folds,
        # Where nothing is used of before, no entry has to tell what changed.
        after_entry_id=cursor["newest"] if scope.is_anew else cursor["counted"],
        last_entry_id=cursor["newest"],
    )


def _summarise(work: Work, scope: Scope) -> tuple[pd.DataFrame, Bases]:
    own, others, balances = (
        work.transaction.read(statement, since=scope.since_at)
        for statement in (
            "betting/select_bets_to_summarise",
            "betting/select_others_bets_to_summarise",
            "betting/select_balances_to_summarise",
        )
    )
    return summarise_bets(
        require_values(own, "bet_id", {bets.table: SUMMARISED}),
        require_values(others, "bet_id", {bets.table: ["net", "settled_at"]}),
        balances,
        Bases(
            work.transaction.read("betting/select_stats_bases"),
            work.transaction.read("betting/select_stats_base_teams"),
        ),
        scope.week_start,
    )


def _write(work: Work, summary: pd.DataFrame, scope: Scope, *, has_rows: bool) -> int:
    """Write the rows of the users that are staged. Count those that changed."""
    if not has_rows:
        work.transaction.append("betting.user_stats", summary)
        return len(summary)
    work.transaction.stage("staged_stats", summary)
    return int(work.transaction.read_value("betting/replace_stats", since=scope.since))


def _write_bases(work: Work, bases: Bases, users: pd.DataFrame, scope: Scope) -> None:
    """Write the bases of these users, where they may have changed."""
    if users.empty:
        return
    for name, frame in (("staged_bases", bases.totals), ("staged_base_teams", bases.teams)):
        # Of everybody there is none to leave out.
        chosen = frame if scope.folds else frame[frame["user_id"].isin(users["user_id"])]
        work.transaction.stage(name, chosen)
    work.transaction.execute("betting/replace_stats_bases", anew=scope.is_anew)
