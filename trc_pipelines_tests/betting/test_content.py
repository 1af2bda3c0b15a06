"""Content is hidden when its time has come and removed long after; nothing else is touched."""

import threading
import time
from datetime import datetime, timedelta

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.betting import jobs
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE, Betting, ident
from trc_pipelines_tests.world import NOON

TICK = timedelta.resolution
KINDS = {"post": "posts", "story": "stories", "message": "messages", "comment": "comments"}
CHAT = 1


class Content(Betting):
    """A betting app with a chat."""

    def expire(self, as_of: datetime = NOON, **options: object) -> Result:
        return self.do(jobs.CONTENT_EXPIRATION, as_of, **options)

    def clean(self, as_of: datetime = NOON, **options: object) -> Result:
        return self.do(jobs.CLEANUP, as_of, **options)

    def numbers(self, table: str, condition: str = "TRUE", column: str = "id") -> set[int]:
        """Which rows there are."""
        return {
            int(key.replace("-", ""), 16)
            for (key,) in self.rows(f"SELECT {column}::text FROM betting.{table} WHERE {condition}")
        }

    def hidden(self, table: str) -> set[int]:
        return self.numbers(table, "deleted_at IS NOT NULL")


@pytest.fixture
def content(database, settings, simulator) -> Content:
    """Nothing posted yet."""
    return Content(database, settings, simulator)


def item(number: int, created_at: datetime = NOON - HOUR, **more: object) -> dict[str, object]:
    return {"id": number, "user_id": 1, "created_at": created_at} | more


# Expiration ----------------------------------------------------------------------------------------

# created, own deadline, whether it has expired at noon
DEADLINES = [
    (NOON - DAY, None, True),
    (NOON - DAY + TICK, None, False),
    (NOON - HOUR, NOON, True),
    (NOON - 2 * DAY, NOON + TICK, False),
    (NOON + HOUR, NOON - HOUR, True),
]


def test_posts_stories_and_messages_live_until_their_deadline_or_for_a_day(
    content: Content,
) -> None:
    expected = {number for number, (*_, expires) in enumerate(DEADLINES, start=1) if expires}
    rows = [
        item(number, created_at, expires_at=expires_at)
        for number, (created_at, expires_at, _) in enumerate(DEADLINES, start=1)
    ]
    outcomes = [row | {"id": row["id"] + 100, "post_type": "outcome"} for row in rows]
    content.write(
        posts=rows + outcomes,
        stories=rows,
        messages=[row | {"chat_id": CHAT} for row in rows],
        chats=[{"id": CHAT}],
    )
    result = content.expire()
    assert content.hidden("posts") == expected | {number + 100 for number in expected}
    assert content.hidden("stories") == content.hidden("messages") == expected
    for table in ("posts", "stories", "messages"):
        assert content.rows(
            f"SELECT DISTINCT deleted_reason, deleted_at FROM betting.{table} "
            "WHERE deleted_at IS NOT NULL"
        ) == [("expired", NOON)]
    assert (result.affected, result.rows_written) == (12, 3)
    assert result.details == {
        "posts_expired": 6, "stories_expired": 3, "messages_expired": 3, "comments_expired": 0,
        "posts_removed": 0, "stories_removed": 0, "messages_removed": 0, "comments_removed": 0,
        "items_due": 12,
    }  # fmt: skip
    assert content.rows(
        "SELECT content_type, action, item_count, expired_at FROM betting.content_expirations "
        "ORDER BY content_type"
    ) == [
        ("message", "expired", 3, NOON), ("post", "expired", 6, NOON), ("story", "expired", 3, NOON),
    ]  # fmt: skip
    before = content.state()
    assert content.expire().affected == 0
    assert content.state() == before


def test_a_pick_lives_until_three_hours_after_its_game_began(content: Content) -> None:
    content.game("over", commence_time=NOON - 3 * HOUR)
    content.game("on", commence_time=NOON - 3 * HOUR + TICK)
    for bet, game in ((1, "over"), (2, "on"), (3, "nowhere")):
        content.bet(bet, 1, game)
    pick = {"post_type": "pick"}
    content.write(
        posts=[
            item(1, bet_id=1, expires_at=NOON + DAY, **pick),
            item(2, bet_id=1, **pick),
            item(3, NOON - 3 * DAY, bet_id=2, expires_at=NOON - DAY, **pick),
            item(4, NOON - 3 * DAY, bet_id=2, **pick),
            # Without a bet, or on a game that is not there: as any post.
            item(5, NOON - DAY, **pick), item(6, NOON - DAY + TICK, **pick),
            item(7, expires_at=NOON, bet_id=3, **pick), item(8, bet_id=9, **pick),
            item(9, NOON - DAY, bet_id=3, **pick),
            # About a bet, and no pick.
            item(10, bet_id=1, post_type="outcome"), item(11, NOON - DAY, bet_id=2, post_type="content"),
        ],
        pick_actions=[{"id": n, "post_id": n, "user_id": 2, "action_type": "tail", "resulting_bet_id": n}
                      for n in (1, 2, 5)],
    )  # fmt: skip
    before = content.state("betting.bets", "betting.pick_actions", "betting.games")
    content.expire()
    assert content.hidden("posts") == {1, 2, 5, 7, 9, 11}
    content.expire(NOON + 40 * DAY)
    assert content.state("betting.bets", "betting.pick_actions", "betting.games") == before


SETTINGS = [
    ('{"expiration_hours": 1}', 1), ('{"expiration_hours": 24}', 24), ('{"expiration_hours": 168}', 168),
    ('{"expiration_hours": "168"}', 168), ("{}", 24), ('{"expiration_hours": 5}', 24),
    ('{"expiration_hours": -1}', 24), ('{"expiration_hours": "soon"}', 24), ('{"expiration_hours": [1]}', 24),
    ('{"expiration_hours": {"1": 1}}', 24), ('{"expiration_hours": null}', 24),
    ('{"expiration_hours": 1e99}', 24), ("[1]", 24), ('"expiration_hours"', 24),
    ("5", 24), ("null", 24), (None, 24),
]  # fmt: skip


def test_messages_live_as_long_as_their_chat_says(content: Content) -> None:
    chats, messages, expected = [], [], set()
    for number, (said, hours) in enumerate(SETTINGS, start=1):
        if said is not None:
            chats.append({"id": number, "settings": said})
        for key, age in (
            (number, timedelta(hours=hours)),
            (100 + number, timedelta(hours=hours) - TICK),
        ):
            messages.append(item(key, NOON - age, chat_id=number))
        messages.append(item(200 + number, NOON - 9 * DAY, chat_id=number, expires_at=NOON + TICK))
        messages.append(item(300 + number, NOON, chat_id=number, expires_at=NOON))
        expected |= {number, 300 + number}
    content.write(chats=chats, messages=messages)
    content.expire()
    assert content.hidden("messages") == expected


def test_comments_go_with_their_post(content: Content) -> None:
    content.write(
        posts=[
            item(1, NOON - 2 * DAY),
            item(2),
            item(3, NOON - 2 * DAY, deleted_at=NOON - DAY, deleted_reason="moderated"),
        ],
        comments=[
            item(number, NOON - 9 * DAY, post_id=post) for number, post in enumerate((1, 1, 2, 3), start=1)
        ] + [item(5, post_id=1, deleted_at=NOON - HOUR, deleted_reason="moderated")],
    )  # fmt: skip
    result = content.expire()
    assert (result.details["posts_expired"], result.details["comments_expired"]) == (1, 2)
    assert content.rows(
        "SELECT right(id::text, 1), deleted_reason, deleted_at FROM betting.comments "
        "WHERE deleted_at IS NOT NULL ORDER BY 1"
    ) == [("1", "expired", NOON), ("2", "expired", NOON), ("5", "moderated", NOON - HOUR)]
    assert content.rows("SELECT deleted_reason FROM betting.posts ORDER BY id") == [
        ("expired",), (None,), ("moderated",),
    ]  # fmt: skip
    assert result.affected == 3
    assert content.rows("SELECT sum(item_count)::int FROM betting.content_expirations") == [(3,)]


def test_a_limit_is_one_budget_the_oldest_first_and_hides_before_it_removes(
    content: Content,
) -> None:
    gone = {"deleted_at": NOON - 40 * DAY}
    content.write(
        chats=[{"id": CHAT}],
        posts=[item(1, expires_at=NOON - 2 * HOUR), item(4, **gone)],
        stories=[item(2, expires_at=NOON - 3 * HOUR), item(5, deleted_at=NOON - 41 * DAY)],
        messages=[
            item(3, chat_id=CHAT, expires_at=NOON - HOUR),
            item(6, chat_id=CHAT, deleted_at=NOON - 42 * DAY),
        ],
        comments=[item(7, post_id=1), item(8, post_id=9, deleted_at=NOON - 43 * DAY)],
    )  # fmt: skip
    rehearsed = content.expire(limit=4, dry_run=True)
    assert rehearsed.details["items_due"] == 7
    assert "7 items due" in rehearsed.message
    done = [
        {kind: count for kind, count in content.expire(limit=1).details.items() if count}
        for _ in range(8)
    ]
    assert done == [
        {"stories_expired": 1, "items_due": 7},
        {"posts_expired": 1, "comments_expired": 1, "items_due": 6},
        {"messages_expired": 1, "items_due": 5},
        {"comments_removed": 1, "items_due": 4},
        {"messages_removed": 1, "items_due": 3},
        {"stories_removed": 1, "items_due": 2},
        {"posts_removed": 1, "items_due": 1},
        {},
    ]
    assert content.rows(
        "SELECT action, sum(item_count)::int FROM betting.content_expirations GROUP BY 1 ORDER BY 1"
    ) == [("expired", 4), ("removed", 4)]


def test_a_rehearsal_of_expiration_tells_the_same_and_leaves_everything(content: Content) -> None:
    content.write(
        posts=[item(1, NOON - 2 * DAY), item(2, deleted_at=NOON - 30 * DAY)],
        stories=[item(3, NOON - DAY)],
    )
    before = content.state()
    for limit in (2, None):
        rehearsed = content.expire(limit=limit, dry_run=True)
        assert (rehearsed.affected, rehearsed.details["items_due"]) == (limit or 3, 3)
        assert content.state() == before
    assert content.expire() == rehearsed


def test_what_was_deleted_is_removed_after_thirty_days_unless_a_report_waits(
    content: Content,
) -> None:
    tables: dict[str, list] = {table: [] for table in KINDS.values()}
    reports = []
    for kind, table in KINDS.items():
        more = {"comment": {"post_id": 9}, "message": {"chat_id": CHAT}}.get(kind, {})
        for number, deleted_at in enumerate(
            [NOON - 30 * DAY + TICK] + [NOON - 30 * DAY] * 5, start=1
        ):
            tables[table].append(item(number, NOON - 60 * DAY, deleted_at=deleted_at, **more))
        other = "story" if kind == "post" else "post"
        for about, said, at in [
            (3, kind, None), (4, kind, NOON), (5, kind, NOON), (5, kind, None), (6, other, NOON),
        ]:  # fmt: skip
            reports.append(
                {"id": len(reports), "content_type": said, "content_id": about, "reviewed_at": at}
            )
    reports.append({"id": 99, "content_type": "user", "content_id": 2})
    content.write(reports=reports, **tables)
    result = content.expire()
    for table in KINDS.values():
        assert content.numbers(table) == {1, 3, 5}
    assert (result.affected, result.details["items_due"]) == (12, 12)
    assert [result.details[f"{kinds}_removed"] for kinds in KINDS.values()] == [3] * 4
    assert (
        content.rows("SELECT action, item_count FROM betting.content_expirations")
        == [("removed", 3)] * 4
    )
    content.execute("UPDATE betting.reports SET reviewed_at = now()")
    assert content.expire(NOON + TICK).affected == 12
    assert content.expire(NOON + TICK).affected == 0


def meanwhile(content: Content, *changes: str) -> Result:
    """Expire while the app changes rows: its transaction commits once the job waits for it."""
    url = make_url(content.database.url).set(drivername="postgresql")
    app = psycopg2.connect(url.render_as_string(hide_password=False))
    with app, app.cursor() as cursor:
        for change in changes:
            cursor.execute(f"UPDATE betting.{change}")
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.append(content.expire()))
        thread.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not content.rows(
            "SELECT 1 FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            time.sleep(0.02)
    thread.join()
    app.close()
    (result,) = results
    return result


@pytest.mark.undisturbed("a thread and a lock of its own")
def test_what_the_app_deletes_or_extends_meanwhile_is_as_the_app_says(content: Content) -> None:
    due = NOON - HOUR
    content.game("over", commence_time=NOON - 5 * HOUR)
    content.bet(1, 1, "over")
    content.write(
        chats=[{"id": CHAT}],
        posts=[item(1, expires_at=due), item(2, expires_at=due), item(3, expires_at=due),
               item(4, expires_at=due, post_type="pick", bet_id=1), item(5, NOON - 2 * DAY)],
        stories=[item(1, expires_at=due)],
        messages=[item(1, chat_id=CHAT, expires_at=due)],
        comments=[item(1, post_id=1), item(2, post_id=2), item(3, post_id=3)],
    )  # fmt: skip
    later = f"expires_at = '{NOON + DAY}'"
    result = meanwhile(
        content,
        f"posts SET deleted_at = '{NOON - MINUTE}', deleted_reason = 'by the author' "
        f"WHERE id = '{ident(1)}'",
        f"posts SET {later} WHERE id IN ('{ident(2)}', '{ident(4)}', '{ident(5)}')",
        f"stories SET {later}",
        f"messages SET {later}",
    )
    # A pick goes by its game, whatever deadline it is given: the next run looks at it again.
    assert content.rows(
        "SELECT right(id::text, 1), deleted_reason FROM betting.posts WHERE deleted_at IS NOT NULL ORDER BY 1"
    ) == [("1", "by the author"), ("3", "expired")]
    assert content.hidden("stories") == content.hidden("messages") == set()
    assert content.hidden("comments") == {3}
    assert (result.affected, result.details["posts_expired"]) == (2, 1)
    assert content.do(jobs.CONTENT_EXPIRATION, NOON + MINUTE).details["posts_expired"] == 1


@pytest.mark.undisturbed("a thread and a lock of its own")
def test_what_the_app_restores_meanwhile_is_not_removed(content: Content) -> None:
    old = [item(number, deleted_at=NOON - 31 * DAY) for number in (1, 2)]
    content.write(
        posts=old,
        stories=old,
        messages=[row | {"chat_id": CHAT} for row in old],
        comments=[row | {"post_id": 9} for row in old],
    )
    restore = f"SET deleted_at = NULL WHERE id = '{ident(1)}'"
    result = meanwhile(content, *(f"{table} {restore}" for table in KINDS.values()))
    assert [content.numbers(table) for table in KINDS.values()] == [{1}] * 4
    assert (result.affected, result.details["items_due"]) == (4, 8)


# Cleanup -------------------------------------------------------------------------------------------

# How long ago what it is about was deleted (None: live, "gone": not there), how long ago it was made,
# and whether it is cleared away.
LEFTOVERS = [
    ("gone", 7 * DAY, True),
    ("gone", 7 * DAY - TICK, False),
    (7 * DAY, 8 * DAY, True),
    (7 * DAY - TICK, 8 * DAY, False),
    (20 * DAY, 7 * DAY, True),
    (20 * DAY, 7 * DAY - TICK, False),
    (None, 90 * DAY, False),
]


def leave(content: Content) -> set[int]:
    """Leftovers of every kind and age; numbers of those that are to go."""
    tables: dict[str, list] = {table: [] for table in KINDS.values()}
    reactions, views, reads = [], [], []
    for number, (deleted, made, _) in enumerate(LEFTOVERS, start=1):
        at = {"user_id": 2, "created_at": NOON - made}
        for kind, table in KINDS.items():
            more = {"comment": {"post_id": 9}, "message": {"chat_id": CHAT}}.get(kind, {})
            if deleted != "gone":
                deleted_at = None if deleted is None else NOON - deleted
                tables[table].append(item(number, NOON - 99 * DAY, deleted_at=deleted_at, **more))
            reactions.append({"content_type": kind, "content_id": number} | at)
        reactions.append({"content_type": "user", "content_id": number} | at)
        views.append({"story_id": number} | at)
        reads.append({"message_id": number} | at)
    tables["posts"].append(item(9))  # the one the comments are on
    content.write(
        **tables,
        reactions=reactions,
        story_views=views,
        message_reads=reads,
        notifications=[
            {"user_id": 1, "type": "system", "created_at": NOON - 30 * DAY, "dedupe_key": "old"},
            {
                "user_id": 1,
                "type": "system",
                "created_at": NOON - 30 * DAY + TICK,
                "dedupe_key": "new",
            },
        ],
    )
    return {number for number, (*_, goes) in enumerate(LEFTOVERS, start=1) if goes}


def test_leftovers_of_what_is_gone_for_a_week_are_removed(content: Content) -> None:
    gone = leave(content)
    kept = set(range(1, len(LEFTOVERS) + 1)) - gone
    before = content.state()
    rehearsed = content.clean(dry_run=True)
    assert content.state() == before
    result = content.clean()
    assert result == rehearsed
    assert result.details == {
        "comments_removed": 0, "reactions_removed": 4 * len(gone), "story_views_removed": len(gone),
        "message_reads_removed": len(gone), "chat_members_removed": 0, "notifications_removed": 1,
        "bets_pending_a_day_after_their_game": 0,
    }  # fmt: skip
    for kind in KINDS:
        assert content.numbers("reactions", f"content_type = '{kind}'", "content_id") == kept
    assert len(content.numbers("reactions", "content_type = 'user'", "content_id")) == len(
        LEFTOVERS
    )
    assert content.numbers("story_views", column="story_id") == kept
    assert content.numbers("message_reads", column="message_id") == kept
    assert content.rows("SELECT dedupe_key FROM betting.notifications") == [("new",)]
    assert content.rows("SELECT target, removed_count, cleaned_at FROM betting.cleanups ORDER BY 1") == [
        ("chat_members", 0, NOON), ("comments", 0, NOON),
        ("message_reads", len(gone), NOON), ("notifications", 1, NOON),
        ("reactions", 4 * len(gone), NOON), ("story_views", len(gone), NOON),
    ]  # fmt: skip
    assert content.clean().affected == 0


def test_a_limit_of_cleanup_is_one_budget_over_the_targets_the_oldest_first(
    content: Content,
) -> None:
    content.write(
        **{
            # The oldest has the largest id.
            table: [
                {name: 9 - n, "user_id": 1, "created_at": NOON - (10 - n) * DAY} | more
                for n in (3, 1, 2)
            ]
            for table, name, more in [
                ("reactions", "content_id", {"content_type": "post"}),
                ("story_views", "story_id", {}),
                ("message_reads", "message_id", {}),
            ]
        },
        notifications=[
            {"user_id": n, "type": "system", "created_at": NOON - (40 - n) * DAY} for n in (3, 1, 2)
        ],
    )  # fmt: skip
    assert content.clean(limit=1).details["reactions_removed"] == 1
    assert content.numbers("reactions", column="content_id") == {7, 6}
    result = content.clean(limit=4)
    assert (result.details["reactions_removed"], result.details["story_views_removed"]) == (2, 2)
    assert content.numbers("story_views", column="story_id") == {6}
    assert content.clean(limit=3).details == {
        "comments_removed": 0, "reactions_removed": 0, "story_views_removed": 1,
        "message_reads_removed": 2, "chat_members_removed": 0, "notifications_removed": 0,
        "bets_pending_a_day_after_their_game": 0,
    }  # fmt: skip
    assert content.numbers("message_reads", column="message_id") == {6}
    assert content.clean(limit=2).details["notifications_removed"] == 1
    assert content.numbers("notifications", column="user_id") == {2, 3}


def test_a_target_that_fails_stops_no_other(content: Content) -> None:
    gone = leave(content)
    content.execute("ALTER TABLE betting.story_views RENAME TO views_of_stories")
    result = content.clean()
    assert not result.success
    assert "not removed: story_views (" in result.message
    assert result.details == {
        "comments_removed": 0, "reactions_removed": 4 * len(gone), "message_reads_removed": len(gone),
        "chat_members_removed": 0, "notifications_removed": 1, "bets_pending_a_day_after_their_game": 0,
    }  # fmt: skip
    assert content.rows("SELECT target FROM betting.cleanups ORDER BY 1") == [
        ("chat_members",), ("comments",), ("message_reads",), ("notifications",), ("reactions",),
    ]  # fmt: skip
    content.execute("ALTER TABLE betting.views_of_stories RENAME TO story_views")
    result = content.clean()
    assert (result.success, result.affected) == (True, len(gone))


def test_bets_that_are_stuck_are_counted_and_left_alone(content: Content) -> None:
    content.game("a", 1, 0, completed_at=NOON - DAY)
    content.game("b", 1, 0, completed_at=NOON - DAY + TICK)
    content.game("c", status="cancelled", commence_time=NOON - DAY)
    content.game("d", status="postponed", commence_time=NOON - 9 * DAY)
    for bet, game in enumerate("abcd", start=1):
        content.bet(bet, 1, game)
    content.bet(5, 1, "a", status="lost", settled_at=NOON - HOUR)
    before = content.state("betting.bets")
    result = content.clean()
    assert result.details["bets_pending_a_day_after_their_game"] == 2
    assert "2 bets pending a day after their game" in result.message
    assert content.state("betting.bets") == before


def test_comments_go_with_their_post_unless_somebody_has_to_look(content: Content) -> None:
    week_ago = NOON - 7 * DAY
    posts = {1: None, 2: week_ago, 3: week_ago + TICK, 4: week_ago}
    content.write(
        posts=[item(post, NOON - 9 * DAY, deleted_at=gone) for post, gone in posts.items()],
        comments=[
            *[item(10 + post, NOON - 8 * DAY, post_id=post) for post in (*posts, 5)],
            *[item(20 + late, week_ago + (late == 0) * TICK, post_id=5) for late in range(3)],
        ],
        reports=[
            {"id": 1, "content_type": "comment", "content_id": 21, "created_at": week_ago},
            {"id": 2, "content_type": "post", "content_id": 4, "created_at": week_ago},
            {"id": 3, "content_type": "comment", "content_id": 22, "reviewed_at": week_ago},
        ],
        reactions=[
            {"content_type": "comment", "content_id": 15, "user_id": 1, "created_at": week_ago}
        ],
    )  # fmt: skip
    result = content.clean()
    assert content.numbers("comments") == {11, 13, 14, 20, 21}
    assert (result.details["comments_removed"], result.details["reactions_removed"]) == (3, 1)
    assert content.clean().affected == 0


def test_members_go_with_their_chat_and_reports_and_actions_on_picks_stay(content: Content) -> None:
    content.write(
        chats=[{"id": CHAT}],
        chat_members=[
            {"chat_id": chat, "user_id": user, "joined_at": NOON - 7 * DAY + user * TICK}
            for chat, user in [(CHAT, 0), (77, 0), (77, 1)]
        ],
        reports=[
            {"id": 1, "content_type": "post", "content_id": 99, "created_at": NOON - 90 * DAY}
        ],
        pick_actions=[
            {
                "id": 1,
                "post_id": 99,
                "user_id": 1,
                "action_type": "tail",
                "created_at": NOON - 90 * DAY,
            }
        ],
    )
    assert content.clean().details["chat_members_removed"] == 1
    assert content.numbers("chat_members", f"chat_id = '{ident(77)}'", "user_id") == {1}
    assert len(content.rows("SELECT 1 FROM betting.chat_members")) == 2
    assert len(content.rows("SELECT 1 FROM betting.reports")) == 1
    assert len(content.rows("SELECT 1 FROM betting.pick_actions")) == 1
