"""The weekly post: once, of who agrees, through the outbox to the community's own channels alone."""

import base64
from datetime import UTC, date, datetime, timedelta

import pytest

from trc_pipelines.database.connection import Database
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Job
from trc_pipelines.monitoring.alerts import Alert, enqueue_alert
from trc_pipelines.monitoring.channels import open_channels
from trc_pipelines.monitoring.delivery import deliver_due, next_attempt
from trc_pipelines.settings import Settings
from trc_pipelines_tests.catalogue import CATALOGUE
from trc_pipelines_tests.receivers import Receiver
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either
[WEEKLY_POST] = CATALOGUE.weekly_post
MONDAY = datetime(2026, 3, 9, 0, 25, tzinfo=UTC)
WEEK = date(2026, 3, 2)
MINUTE = timedelta(minutes=1)
PNG = b"\x89PNG\r\n\x1a\n"


def join(world: World, **names: str) -> None:
    """Members with these names; of who begins with `hides` it is known that they do not agree."""
    for member, name in names.items():
        shown = not member.startswith("hides")
        world.execute(
            "INSERT INTO community.members (member_id, discord_username, subscription_status, "
            f"leaderboard_visible) VALUES ('{member}', $n${name}$n$, 'ACTIVE', {shown}); "
            f"INSERT INTO community.accounts (member_id) VALUES ('{member}')"
        )


def close(world: World, week: date, **scores: int) -> None:
    """Close a week with these scores in its archive, and streaks as long as their names."""
    ranked = sorted(scores, key=scores.get, reverse=True)
    for rank, member in enumerate(ranked, 1):
        world.execute(
            "INSERT INTO leaderboards.archived_rankings (domain, board, period_start, rank, "
            f"member_id, score) SELECT 'community', 'weekly', '{week}', {rank}, account_id, "
            f"{scores[member]} FROM community.accounts WHERE member_id = '{member}'; "
            "INSERT INTO community.daily_streaks (member_id, day, is_active, current_streak, "
            f"longest_streak) VALUES ('{member}', DATE '{week}' + 6, TRUE, {len(member)}, 99)"
        )
    world.execute(
        "INSERT INTO leaderboards.closed_periods (domain, board, period_start, period_end, period, "
        f"members, run_id) VALUES ('community', 'weekly', '{week}', DATE '{week}' + 7, 'W', "
        f"{len(scores)}, 'r')"
    )


def announce(world: World, receiver: Receiver, now: datetime) -> int:
    """Deliver what is due to a receiver of the community; how much was sent."""
    settings = world.settings.model_copy(update={"announce_urls": (receiver.hook,)})
    return deliver_due(world.database, open_channels(settings), now).sent


def test_a_closed_week_is_posted_once_with_winners_gainers_and_streaks(
    world: World, receiver: Receiver
) -> None:
    join(world, ann="Ann", bob="Bob", cleo="Cleo")
    close(world, WEEK - timedelta(days=7), ann=1000, bob=20)
    close(world, WEEK, ann=1200, bob=500, cleo=30)
    for minutes in range(3):
        world.run(WEEKLY_POST, MONDAY + minutes * MINUTE)
        announce(world, receiver, MONDAY + minutes * MINUTE)
    [sent] = receiver.sent
    [payload] = sent.parsed
    assert payload["title"] == "Week 10, 2 to 8 March 2026"
    assert payload["message"].splitlines() == [
        "Most points", "1. Ann, 1,200 points", "2. Bob, 500 points", "3. Cleo, 30 points", "",
        "Biggest gains on the week before", "1. Bob, 480 points", "2. Ann, 200 points",
        "3. Cleo, 30 points", "",
        "Longest streaks", "1. Cleo, 4 weekdays", "2. Ann, 3 weekdays", "3. Bob, 3 weekdays",
    ]  # fmt: skip
    [picture] = payload["attachments"]
    assert picture["mimetype"] == "image/png"
    assert base64.b64decode(picture["base64"]).startswith(PNG)
    posts = world.query("SELECT week_start::text, members FROM reports.weekly_posts")
    assert posts.to_dict("records") == [{"week_start": "2026-03-02", "members": 3}]


def test_a_receiver_that_is_down_gets_it_once_it_is_up(world: World, receiver: Receiver) -> None:
    join(world, ann="Ann")
    close(world, WEEK, ann=5)
    world.run(WEEKLY_POST, MONDAY)
    receiver.answer = 503
    assert announce(world, receiver, MONDAY) == 0
    receiver.answer = 200
    receiver.sent.clear()
    assert announce(world, receiver, MONDAY) == 0  # not yet again
    assert announce(world, receiver, next_attempt(1, MONDAY)) == 1
    assert announce(world, receiver, MONDAY + timedelta(hours=5)) == 0
    assert len(receiver.sent) == 1


def test_nothing_of_it_goes_to_who_operates_and_no_alert_to_the_community(
    world: World, receiver: Receiver
) -> None:
    join(world, ann="Ann")
    close(world, WEEK, ann=5)
    world.run(WEEKLY_POST, MONDAY)
    operators = world.settings.model_copy(
        update={"alert_urls": (receiver.hook,), "sentry_dsn": receiver.dsn}
    )
    assert deliver_due(world.database, open_channels(operators), MONDAY).sent == 0
    with world.database.transaction() as transaction:
        enqueue_alert(transaction, Alert("a", "error", "late", "look"), MONDAY)
    assert announce(world, receiver, MONDAY) == 1
    assert receiver.last["title"].startswith("Week 10")


def test_it_is_off_unless_somewhere_is_named_to_post_to(world: World) -> None:
    assert not WEEKLY_POST.is_enabled(world.settings)
    assert WEEKLY_POST.is_enabled(
        world.settings.model_copy(update={"announce_urls": ("json://127.0.0.1",)})
    )


def test_who_hides_is_not_in_it_and_neither_is_who_left(world: World, receiver: Receiver) -> None:
    join(world, hides1="Hidden", ann="Ann", left="Left")
    world.execute(
        "UPDATE community.members SET subscription_status = 'CANCELLED' WHERE member_id = 'left'"
    )
    close(world, WEEK, hides1=900, left=800, ann=5)
    world.run(WEEKLY_POST, MONDAY)
    announce(world, receiver, MONDAY)
    lines = receiver.last["message"].splitlines()
    assert lines == ["Most points", "1. Ann, 5 points", "", "Longest streaks", "1. Ann, 3 weekdays"]


@pytest.mark.parametrize(
    "name",
    [
        "@everyone", "<@123>", "<@&5>", "@here", "[x](https://evil.example)", "https://evil.example",
        "evil.example", "`code`", "**bold**", "||spoiler||", "a\n@everyone", "@\u200beveryone",
        "discord.gg/x",
    ],
)  # fmt: skip
def test_a_name_calls_nobody_and_leads_nowhere(world: World, receiver: Receiver, name: str) -> None:
    join(world, ann=name)
    close(world, WEEK, ann=5)
    world.run(WEEKLY_POST, MONDAY)
    announce(world, receiver, MONDAY)
    shown = receiver.last["message"].splitlines()[1]
    assert shown.startswith("1. ")
    assert shown.endswith(", 5 points")
    for mark in ("@", "<", "`", "*", "|", "://", "](", "/", "evil.example", "discord.gg"):
        assert mark not in shown


def test_a_week_that_closed_long_after_its_end_is_no_news(world: World) -> None:
    join(world, ann="Ann")
    close(world, WEEK, ann=5)
    [result] = world.run(WEEKLY_POST, MONDAY + timedelta(days=3)).values()
    assert (result.affected, result.message) == (0, "nothing to do")


def test_an_empty_week_is_not_posted(world: World, receiver: Receiver) -> None:
    close(world, WEEK)
    world.run(WEEKLY_POST, MONDAY)
    assert announce(world, receiver, MONDAY) == 0
    assert len(world.query("SELECT 1 FROM reports.weekly_posts")) == 1


def test_a_dry_run_posts_nothing(world: World) -> None:
    join(world, ann="Ann")
    close(world, WEEK, ann=5)
    [result] = world.run(WEEKLY_POST, MONDAY, dry_run=True).values()
    assert result.message == "1 week posted; week from 2026-03-02"
    assert world.query("SELECT 1 FROM operations.alerts").empty


def test_a_domain_without_a_post_has_no_such_job(settings: Settings, database: Database) -> None:
    def jobs(*domains: str) -> list[Job]:
        return read_catalogue(settings.model_copy(update={"domains": domains})).weekly_post

    assert [jobs("quiz"), jobs("betting")] == [[], []]
    assert len(jobs("community", "quiz")) == 1
