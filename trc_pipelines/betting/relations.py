"""The tables of the betting app and how each is made."""

from datetime import timedelta

from trc_pipelines.betting.rules.statistics import summarise_bets
from trc_pipelines.betting.settlement import settle_games
from trc_pipelines.betting.steps.bankroll_weekly_history import reset_due_weeks
from trc_pipelines.betting.steps.content_expirations import CONTENT_TYPES, LEFTOVERS, expire_content
from trc_pipelines.betting.steps.media_orphans import clean_media
from trc_pipelines.betting.steps.user_badges import close_weeks, judge_week, unlock_effects
from trc_pipelines.calendar import week_start
from trc_pipelines.jobs.contract import Relation, Result, Work, step

DOMAIN = "betting"
SHOWN = 5

users = Relation("betting.users", "One row per user, as the betting app keeps them.")
games = Relation("betting.games", "One row per game, with its score once it is over.")
chats = Relation("betting.chats", "One row per chat; says how long its messages stay.")
reports = Relation("betting.reports", "One row per report of content by a user.")
bets = Relation("betting.bets", "One row per bet. The app places them, settlement decides them.")
posts = Relation("betting.posts", "One row per post: content, a pick, or the outcome of one.")
stories = Relation("betting.stories", "One row per story.")
messages = Relation("betting.messages", "One row per message in a chat.")
comments = Relation("betting.comments", "One row per comment on a post.")
reactions = Relation("betting.reactions", "One row per reaction to content.")
media_objects = Relation(
    "betting.media_objects", "Pictures and videos in the media store (MEDIA_URL).", is_table=False
)
APP_TABLES = [
    users, games, chats, reports, bets, posts, stories, messages, comments, reactions, media_objects,
]  # fmt: skip


@step(DOMAIN, deps=[games, bets], max_age_minutes=35, unit="game")
def game_settlements(work: Work) -> Result:
    """One row per game whose bets were settled, and by which result.

    Completed games pay, cancelled ones give back; a game is one transaction, and one that cannot be
    settled keeps no other waiting. Bets that cannot be graded beyond doubt stay pending. A score
    that changes afterwards settles nothing again by itself: `trc games resettle` does.
    """
    over = work.transaction.read_rows("betting/select_games_to_settle", as_of=work.as_of)
    due = [game["game_id"] for game in over if not game["problem"]]
    settled, refused = settle_games(work, due)
    waiting = work.transaction.read_rows("betting/count_waiting_bets", as_of=work.as_of)
    troubles = [f"{game['game_id']}: {game['problem']}" for game in over if game["problem"]]
    troubles += [f"{game_id}: {why}" for game_id, why in refused.items()]
    pending = sum(sum(game.problems.values()) for game in settled.values())
    reasons = sorted({reason for game in settled.values() for reason in game.problems})
    outcomes = {
        outcome: sum(game.outcomes[outcome] for game in settled.values())
        for outcome in ("won", "lost", "push", "cancelled")
    }
    affected = sum(game.bets for game in settled.values())
    return Result(
        affected=affected,
        message=f"{affected} bets settled on {sum(game.bets > 0 for game in settled.values())} games"
        + (f"; {pending} stay pending ({'; '.join(reasons)})" if pending else "")
        + (f"; games not settled: {', '.join(troubles[:SHOWN])}" if troubles else "")
        + "".join(f"; {row['bets']} of a {row['game']}" for row in waiting),
        details={
            **outcomes,
            "left_pending": pending,
            "games_not_settled": len(troubles),
            "waiting_in_vain": sum(row["bets"] for row in waiting),
        },
        rows=affected,
        success=not refused,
    )


@step(DOMAIN, deps=[users], max_age_minutes=169 * 60, unit="bankroll")
def bankroll_weekly_history(work: Work) -> Result:
    """One row per user and closed week: how the bankroll did before it was set to the new target.

    $1,000 and $100 for each referral. The balance counts as of Monday 00:00: what settled since is
    kept on top. Once per user and week; a missed week is made up for, in order.
    """
    counts = reset_due_weeks(work)
    total = sum(counts.values())
    weeks = ", ".join(f"{week} ({count})" for week, count in counts.items())
    return Result(
        affected=total,
        message=f"bankrolls reset for the week of {weeks}"
        if total
        else "no bankroll is to be reset",
        details={"bankrolls": total, "weeks": len(counts)},
        rows=total,
    )


bankroll_ledger = Relation(
    "betting.bankroll_ledger",
    "One row per movement of a balance, in cents. Append-only; written by settlement and reset.",
    deps=[game_settlements, bankroll_weekly_history],
)
bankrolls = Relation(
    "betting.bankrolls",
    "One row per user: the balance, which is the sum of the ledger. The app creates the row.",
    deps=[bankroll_ledger],
)
RELATIONS = [*APP_TABLES, bankroll_ledger, bankrolls]


@step(DOMAIN, deps=[bankroll_ledger, bets, posts], max_age_minutes=65)
def user_stats(work: Work) -> Result:
    """One row per user and period (day of settlement, ISO week, all time): what became of the bets.

    Made anew for users with entries in the ledger since the last time, and for those whose settled
    bets, or others' bets on their picks, are not what they were; rows that come out as they were are
    not touched.
    """
    cursor = work.transaction.read_row("betting/select_stats_cursor") or {}
    work.transaction.execute("betting/insert_missing_pick_authors")
    # Before the bets are read: what changes in between is found again by the next run.
    users = work.transaction.read(
        "betting/claim_users_to_summarise",
        after_entry_id=cursor["counted"],
        last_entry_id=cursor["newest"],
    )
    work.transaction.stage("staged_users", users)
    computed = summarise_bets(
        work.transaction.read("betting/select_bets_to_summarise"),
        work.transaction.read("betting/select_balances_to_summarise"),
    )
    # Others who followed their picks are in it too, with only a part of their bets.
    computed = computed[computed["user_id"].isin(users["user_id"])]
    work.transaction.stage("staged_stats", computed)
    changed = int(work.transaction.read_value("betting/replace_stats"))
    work.transaction.execute("betting/upsert_stats_cursor", last_entry_id=cursor["newest"])
    return Result(
        affected=changed,
        message=f"{changed} rows changed, of {len(users)} users",
        details={"users": len(users), "rows_computed": len(computed), "rows_changed": changed},
        rows=len(computed),
    )


@step(DOMAIN, deps=[user_stats, bets, posts, games], max_age_minutes=65)
def user_badges(work: Work) -> Result:
    """One row per user, badge and ISO week in which it was ever held. A new week begins empty.

    Merged by difference: earned, lost, or untouched. A week is judged once more after its end, when
    its games are settled, a day later at the latest; then its badges stand for good. A calculator
    that fails leaves its badge as it stands.
    """
    monday = week_start(work.as_of.date())
    closing = close_weeks(work, monday)
    if closing is None:
        return Result(0, f"badges of the week of {monday} stand for good")
    week = judge_week(work, monday, work.as_of)
    new, lost = week.new + closing.new, week.lost + closing.lost
    failed = sorted({*week.failed, *closing.failed})
    if failed:
        # The next step is not reached, and effects are not to wait until a calculator is mended.
        unlock_effects(work, monday)
    held = {str(badge): int(n) for badge, n in week.earned["badge"].value_counts().items()}
    return Result(
        affected=new + lost,
        message=f"{new} badges earned, {lost} lost"
        + (f"; not calculated, and left as they were: {', '.join(failed)}" if failed else ""),
        details={**held, "earned": new, "lost": lost},
        rows=len(week.earned),
        success=not failed,
    )


@step(DOMAIN, deps=[user_badges], max_age_minutes=65)
def user_effect_access(work: Work) -> Result:
    """One row per user who ever held a badge: which tier of effects is unlocked this week.

    No badge: 0, one or two: 1, three or more: 2.
    """
    return unlock_effects(work, week_start(work.as_of.date()))


@step(
    DOMAIN,
    deps=[posts, stories, messages, comments, chats, reports, bets, games],
    max_age_minutes=65,
    unit="item",
)
def content_expirations(work: Work) -> Result:
    """One row per run and kind of content: how much expired, or was removed for good.

    Posts and stories after a day, picks three hours after their game began, messages as their chat
    says. What was deleted thirty days ago is removed, unless a report on it waits for review. Bets
    and actions on picks are left alone.
    """
    details: dict[str, int] = {}
    done = eligible = 0
    for action, counts in expire_content(work):
        eligible += counts["eligible"]
        for kind in CONTENT_TYPES:
            done += counts[kind]
            details[f"{kind}_{action}"] = counts[kind]
            if counts[kind]:
                work.transaction.execute(
                    "betting/insert_content_expiration",
                    run_id=work.options.run_id,
                    content_type=kind,
                    action=action,
                    item_count=counts[kind],
                    as_of=work.as_of,
                )
    return Result(
        affected=done,
        message=f"{done} items expired or removed, of {eligible} that were due",
        details={**details, "eligible": eligible},
        rows=done,
    )


@step(
    DOMAIN,
    deps=[posts, stories, messages, comments, reactions, chats],
    max_age_minutes=25 * 60,
    unit="row",
)
def cleanups(work: Work) -> Result:
    """One row per run and kind of leftover: how many were removed.

    Comments, reactions, views and reads of what is gone for a week, members of chats that are,
    notifications after thirty days. Each kind is a transaction of its own. Bets that are still
    pending on finished games are only counted.
    """

    def remove(work: Work, target: str) -> int:
        statement, age = LEFTOVERS[target]
        removed = int(
            work.transaction.read_value(statement, until=work.as_of - age, most=work.budget.left)
        )
        work.transaction.execute(
            "betting/insert_cleanup",
            run_id=work.options.run_id,
            target=target,
            removed_count=removed,
            as_of=work.as_of,
        )
        work.budget.take(removed)
        return removed

    removed, refused = work.change_each(LEFTOVERS, remove)
    stuck = int(
        work.transaction.read_value(
            "betting/count_stuck_bets", until=work.as_of - timedelta(days=1)
        )
    )
    return Result(
        affected=sum(removed.values()),
        message=f"{sum(removed.values())} leftovers removed"
        + (f"; {stuck} bets are pending on games that were over a day ago" if stuck else "")
        + "".join(f"; not removed: {target} ({why})" for target, why in refused.items()),
        details={**removed, "stuck_bets": stuck},
        rows=len(removed),
        success=not refused,
    )


@step(
    DOMAIN, deps=[media_objects, posts, stories, messages, users, chats], max_age_minutes=25 * 60,
    kinds=("python", "postgres", "s3"), unit="object",
)  # fmt: skip
def media_orphans(work: Work) -> Result:
    """One row per object in the media store that no row of the app refers to, and what became of it.

    Deleted when it is older than a week and was seen so twice, a day apart; looked for again right
    before. When anything is in doubt, nothing is deleted.
    """
    return clean_media(work)


STEPS = [
    game_settlements,
    bankroll_weekly_history,
    user_stats,
    user_badges,
    user_effect_access,
    content_expirations,
    cleanups,
    media_orphans,
]
