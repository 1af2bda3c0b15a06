"""The tables of the community and how each is made: read, compute, write, say what happened."""

import pandas as pd

from trc_pipelines.calendar import day_before, month_start, week_start
from trc_pipelines.community import activity, ledger, streaks, syncs
from trc_pipelines.community.boards import BOARDS, CACHED_BOARDS
from trc_pipelines.community.deltas import write_pending_deltas
from trc_pipelines.jobs.contract import JobError, Relation, Result, Work, step
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.leaderboards.cache import publish_boards
from trc_pipelines.leaderboards.closing import close_periods
from trc_pipelines.leaderboards.ranking import rank_boards

DOMAIN = BOARDS.domain

members = Relation(
    "community.members", "One row per member of the community, as the web app keeps it."
)
point_actions = Relation(
    "community.point_actions", "One row per action that earns points, and how many."
)
point_transactions = Relation(
    "community.point_transactions", "One row per award the web app made itself."
)


@step(
    DOMAIN,
    deps=[members],
    prepare=syncs.read_board,
    kinds=("python", "postgres", "api"),
    verdicts={
        syncs.AUDIT_CHECK: "The board is whole, of our guild, newer than the last one, and has not "
        "collapsed; else the sync is quarantined and no XP moves."
    },
    max_age_minutes=35,
    unit="sync",
    others_go_on=True,
)
def mee6_leaderboard_snapshot(work: Work) -> Result:
    """One row per linked member per sync: XP on the MEE6 leaderboard at that moment.

    Absent is who is not on a board that was read to its end, not confirmed (`is_present` NULL) who
    is not on the part that was read. Players who are not linked are not kept. A reading is staged,
    audited, then accepted or quarantined; only accepted ones feed anything. The API only knows
    *now*: a missed slot stays missed, and the next reading catches up what was gained.
    """
    return syncs.take_snapshot(work)


# Lineage passes through it, failure does not: what follows works off the syncs that were accepted,
# whether or not there is a new one.
mee6_syncs = Relation(
    "community.mee6_syncs",
    "One row per reading of the MEE6 leaderboard, and how far it has travelled.",
    deps=[mee6_leaderboard_snapshot],
)
RELATIONS = [members, point_actions, point_transactions, mee6_syncs]


@step(DOMAIN, deps=[mee6_syncs], max_age_minutes=35, unit="sync")
def xp_deltas(work: Work) -> Result:
    """One row per linked account and accepted sync in which something changed. Append-only.

    Works off every accepted sync not yet processed, oldest first. The first reading of an account
    is its baseline: history is never awarded. Absence never deducts.
    """
    written = write_pending_deltas(work.transaction, work.budget.left)
    deltas = pd.concat(written) if written else pd.DataFrame({"kind": [], "xp_delta": []})
    return Result(
        affected=len(deltas),
        message=f"{len(deltas)} changes in {len(written)} syncs",
        details={
            "syncs": len(written),
            "baselines": int((deltas["kind"] == "baseline").sum()),
            "xp_gained": int(deltas["xp_delta"].clip(lower=0).sum()),
            "xp_removed": int(-deltas["xp_delta"].clip(upper=0).sum()),
        },
        rows=len(deltas),
    )


@step(
    DOMAIN,
    deps=[xp_deltas, point_actions, point_transactions],
    max_age_minutes=35,
    unit="sync",
)
def point_ledger(work: Work) -> Result:
    """One row per award or correction of points. Append-only, each source once.

    XP becomes points at the rate in force now; the app's own awards flow in beside them, whether or
    not MEE6 was read. Those that cannot be posted are set aside (`rejected_transactions`), those
    dated ahead wait for their day. Balances (`member_points`) move in the same transaction.
    """
    sync_ids = work.transaction.read("community/select_unposted_syncs", most=work.budget.left)[
        "sync_id"
    ].tolist()
    rate = int(work.transaction.read_value("community/select_discord_rate"))
    deltas = work.transaction.read("community/select_deltas_to_post", sync_ids=sync_ids)
    transactions, rejected = take_transactions(work)
    entries = pd.concat(
        [
            ledger.entries_from_deltas(deltas, points_per_100_xp=rate),
            ledger.entries_from_transactions(transactions),
        ],
        ignore_index=True,
    )
    posted = post_entries(work, entries)
    work.transaction.execute("community/mark_syncs_posted", sync_ids=sync_ids)
    work.transaction.execute(
        "community/record_sync_mode",
        day=day_before(work.options.now),
        is_sync_enabled=work.settings.mee6_sync_enabled,
    )
    return Result(
        affected=posted["entries"],
        message=f"{posted['entries']} entries, {posted['points_awarded']} points awarded, "
        f"{posted['points_deducted']} deducted"
        + (f"; {rejected} awards of the app are set aside" if rejected else ""),
        details={
            **posted,
            "syncs": len(sync_ids),
            "app_transactions": len(transactions),
            "rejected_transactions": rejected,
        },
        rows=posted["entries"],
    )


def take_transactions(work: Work) -> tuple[pd.DataFrame, int]:
    """The app's awards to post now, lowest id first, and how many are set aside."""
    today, limit = work.as_of.date(), work.budget.left
    cursor = work.transaction.read_row("community/select_posting_cursor") or {}
    is_swept = cursor.get("swept_on") is not None and cursor["swept_on"] >= today
    listed = work.transaction.read("community/select_rejected_transactions")[
        "transaction_id"
    ].tolist()
    found = work.transaction.read(
        "community/select_transactions_to_post",
        after_transaction_id=cursor["last_id"] if is_swept else None,
        transaction_ids=listed,
    )
    due, rejected = ledger.judge_transactions(found, as_of=work.as_of, now=work.options.now)
    work.transaction.stage(
        "staged_rejections", rejected[["transaction_id", "reason", "member_id", "points"]]
    )
    work.transaction.execute("community/replace_rejected_transactions", now=work.options.now)
    if limit is None or len(due) <= limit:
        swept_on = max(today, cursor.get("swept_on") or today)
        work.transaction.execute("community/upsert_posting_cursor", swept_on=swept_on)
    return due.head(len(due) if limit is None else limit), len(rejected)


def post_entries(work: Work, entries: pd.DataFrame) -> dict[str, int]:
    """Insert entries whose source key is new; counts of entries, points and days touched.

    Raises:
        JobError: a key is in the ledger already with other contents.
    """
    if entries.empty:
        return {"entries": 0, "points_awarded": 0, "points_deducted": 0, "days": 0}
    work.transaction.stage("staged_entries", entries)
    posted = work.transaction.read_row("community/insert_entries", run_id=work.options.run_id) or {}
    posted.pop("marked")
    if posted["entries"] < len(entries):
        conflict = work.transaction.read_value("community/find_conflicting_entry")
        if conflict is not None:
            raise JobError(
                f"the ledger has {conflict} already, with other contents; nothing was posted. "
                "A correction needs a source of its own."
            )
    return posted


@step(DOMAIN, deps=[xp_deltas, point_ledger], is_daily=True, max_age_minutes=35)
def daily_points(work: Work) -> Result:
    """One row per member per day with XP or entries: points by kind, XP gained, active or not."""
    first_day, last_day = work.days
    work.transaction.execute(
        "community/claim_days_for_points", first_day=first_day, last_day=last_day
    )
    summary = activity.summarise_days(
        work.transaction.read("community/select_xp_gains", first_day=first_day, last_day=last_day),
        work.transaction.read(
            "community/select_entries_of_days", first_day=first_day, last_day=last_day
        ),
    )
    work.transaction.stage("staged_daily_points", summary)
    changed = int(
        work.transaction.read_value(
            "community/replace_daily_points", first_day=first_day, last_day=last_day
        )
    )
    return Result(
        affected=changed,
        message=f"{len(summary)} member-days, {changed} changed",
        details={
            "active_members": int(summary.loc[summary["is_active"], "member_id"].nunique()),
            "points": int(summary["points"].sum()),
            "xp_gained": int(summary["xp_gained"].sum()),
        },
        rows=len(summary),
    )


@step(
    DOMAIN,
    deps=[daily_points],
    is_daily=True,
    needs_day_before=True,
    max_age_minutes=25 * 60,
)
def daily_streaks(work: Work) -> Result:
    """One row per member per day on which the member was active or a streak stood, or broke.

    Consecutive active weekdays; weekends carry the value; a weekday nobody could observe breaks
    nothing. The open day is provisional: it can add, not break. Computed from activity alone; the
    view `current_streaks` shows members who are ACTIVE or TRIALING.
    """
    first, last = work.days
    missing = work.transaction.read_value(
        "community/find_uncomputed_day", before=first, start_on=work.settings.community_start_on
    )
    if missing is not None:
        raise JobError(
            f"streaks of {first} need those of {first - pd.Timedelta(days=1)}, which are missing. "
            f"Materialise from {missing} on, as one range."
        )
    settings, today = work.settings, work.as_of.date()
    work.transaction.execute("community/open_days", first_day=first, last_day=last)
    work.transaction.execute(
        "community/claim_days_for_streaks",
        first_day=first,
        last_day=last,
        start_on=settings.community_start_on,
        today=today,
        is_sync_enabled=settings.mee6_sync_enabled,
    )
    before = work.transaction.read(
        "community/select_streaks_before", first_day=first, last_day=last
    )
    active = work.transaction.read("community/select_active_days", first_day=first, last_day=last)
    days = work.transaction.read("community/select_observed_days", first_day=first, last_day=last)
    days["is_observed"] &= days["day"] < pd.Timestamp(today)
    work.transaction.execute("community/delete_daily_streaks", first_day=first, last_day=last)
    rows, standing = 0, pd.Series(dtype="int32")
    incremented = reset = 0
    for part in streaks.split_members(before, active, len(days)):
        computed = streaks.compute_streaks(*part, days)
        work.transaction.append("community.daily_streaks", computed)
        rows += len(computed)
        counts, breaks = streaks.count_moves(computed)
        incremented, reset = incremented + counts, reset + breaks
        now = computed.loc[computed["day"] == days["day"].iat[-1], "current_streak"]
        standing = pd.concat([standing, now[now > 0]])
    longest = int(standing.max()) if len(standing) else 0
    return Result(
        affected=rows,
        message=f"{len(standing)} streaks stand on {last}, the longest {longest} weekdays",
        details={
            "streaks": len(standing),
            "incremented": incremented,
            "reset": reset,
            "longest_current_streak": longest,
            "days": len(days),
        },
        rows=rows,
    )


@step(DOMAIN, deps=[daily_points, members], is_daily=True, max_age_minutes=65)
def leaderboard_rankings(work: Work) -> Result:
    """One row per day, board (global, weekly, monthly) and ranked member: the day's last state.

    Points of members who are ACTIVE or TRIALING and agreed to be shown; a score of 0 is on no
    board, as in no archive. Score descending, then
    latest point-earning time, then member id: every rank is unique.
    """
    first_day, last_day = work.days
    work.transaction.execute("community/open_days", first_day=first_day, last_day=last_day)
    work.transaction.execute(
        "community/claim_days_for_boards",
        first_day=first_day,
        last_day=last_day,
        start_on=work.settings.community_start_on,
    )
    rows = 0
    for day in pd.date_range(*work.days).date:
        week, month = week_start(day), month_start(day)
        ranked = rank_boards(
            work.transaction.read(
                "community/select_board_scores", day=day, week_start=week, month_start=month
            )
        )
        starts = {"global": None, "weekly": week, "monthly": month}
        work.transaction.execute("community/delete_rankings", day=day)
        work.transaction.append(
            "community.leaderboard_rankings",
            ranked.assign(
                day=pd.Timestamp(day),
                period_start=pd.to_datetime(ranked["board"].map(starts)),
            ),
        )
        record_boards(work.transaction, DOMAIN, day, ranked, starts)
        rows += len(ranked)
    sizes = ranked["board"].value_counts()
    return Result(
        affected=rows,
        message=", ".join(f"{board}: {size} members" for board, size in sizes.items())
        or "no scores",
        details={f"{board}_members": int(size) for board, size in sizes.items()},
        rows=rows,
    )


@step(DOMAIN, deps=[point_ledger, members], max_age_minutes=169 * 60, unit="period")
def leaderboard_archive(work: Work) -> Result:
    """One row per closed week or month and rank: its final standings, archived once and for good.

    Every period that has ended and in which nothing is still on its way is closed, oldest first,
    with one `LeaderboardReset` event each. The next period is new; nothing is set to zero.
    """
    return close_periods(work, BOARDS)


@step(DOMAIN, deps=[leaderboard_rankings], kinds=("python", "redis"), max_age_minutes=65)
def leaderboard_cache(work: Work) -> Result:
    """One list in Redis per board, exchanged whole when the board changed: for apps that ask often.

    Nothing depends on it: without Redis the boards in the database are as fresh as ever.
    """
    return publish_boards(work, CACHED_BOARDS)


STEPS = [
    mee6_leaderboard_snapshot,
    xp_deltas,
    point_ledger,
    daily_points,
    daily_streaks,
    leaderboard_rankings,
    leaderboard_archive,
    leaderboard_cache,
]
