"""The betting app of the demo: games, bets on them, picks that are followed, posts, chats, photos.

It writes its own tables and its own media as an app would, and knows nothing of the jobs. All that
happens on a day follows from the seed and the day.
"""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from trc_pipelines.betting.jobs import JOBS
from trc_pipelines.database.connection import Connection, Database
from trc_pipelines.demo.crowd import CrowdApp, act
from trc_pipelines.demo.play import refuse_strangers

SEED = 13
USERS = 24
HISTORY = timedelta(days=8)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONCE = 3
SCHEDULE = "demo/schedule_game"
NAMESPACE = uuid.UUID(int=SEED)
CHAT_HOURS = (1, 24, 168)
NFL = ["Hawks", "Owls", "Bisons", "Comets", "Pirates", "Foxes", "Giants", "Storm"]
NBA = ["Rockets", "Sharks", "Kings", "Waves", "Wolves", "Suns"]
# Weekday → hours after midnight UTC at which NFL games begin: Sunday, late on Sunday, Monday night.
NFL_HOURS = {6: (18, 18, 21), 0: (1.5,), 1: (1.25,)}
NBA_HOURS = (0.5, 20, 23)
CANCELLED_SHARE = 0.04
GAME_LASTS = 3 * HOUR
BETTORS_A_GAME = 7
POSTS_A_DAY, STORIES_A_DAY, MESSAGES_A_DAY = 14, 8, 30
ONE_BY_ONE_PIXEL = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64 + "ffc0000b080001000101011100"
    "ffc40014000100000000000000000000000000000009ffda0008010100003f0054ffd9"
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """Something one user, or the app itself (user 0), does at a time: a statement."""

    at: datetime
    user: int
    statement: str
    parameters: dict[str, object]


def name_id(*name: object) -> str:
    """Return the id of a made-up thing."""
    return str(uuid.uuid5(NAMESPACE, " ".join(map(str, name))))


@lru_cache(maxsize=8)
def plan_day(day: date) -> Sequence[Act]:
    """Plan all that happens because of a day: its games, bets on them, its posts and messages."""
    rng = np.random.default_rng([SEED, day.toordinal()])
    midnight = datetime.combine(day, time(), UTC)
    acts: list[Act] = []
    slots = [("NBA", hour) for hour in NBA_HOURS]
    slots += [("NFL", hour) for hour in NFL_HOURS.get(day.weekday(), ())]
    for number, (sport, hour) in enumerate(slots):
        acts += _plan_game(f"{day}-{number}", sport, midnight + hour * HOUR, rng)
    acts += _plan_content(midnight, rng)
    return acts


def _plan_game(game: str, sport: str, begins: datetime, rng: np.random.Generator) -> Iterator[Act]:
    home, away = rng.choice(NFL if sport == "NFL" else NBA, 2, replace=False).tolist()
    yield Act(
        begins - 30 * HOUR,
        0,
        SCHEDULE,
        {
            "game_id": game,
            "sport": sport,
            "home_team": home,
            "away_team": away,
            "commence_time": begins,
        },
    )
    is_cancelled = rng.random() < CANCELLED_SHARE
    most = 45 if sport == "NFL" else 125
    home_score, away_score = (
        (None, None) if is_cancelled else rng.integers(most // 3, most, 2).tolist()
    )
    status = "cancelled" if is_cancelled else "completed"
    yield Act(
        begins + GAME_LASTS,
        0,
        "demo/end_game",
        {
            "game_id": game,
            "status": status,
            "home_score": home_score,
            "away_score": away_score,
            "at": begins + GAME_LASTS,
        },
    )
    bettors = rng.choice(USERS, BETTORS_A_GAME, replace=False).tolist()
    # The first says what was bet. Some of the others follow, or bet against it.
    pick, picked = name_id("pick", game), home
    for order, user in enumerate(bettors):
        placed = begins - 10 * HOUR + order * HOUR + timedelta(minutes=int(rng.integers(0, 59)))
        follows = "" if order == 0 else ["tail", "fade", "", ""][int(rng.integers(0, 4))]
        team = {"tail": picked, "fade": away}.get(
            follows, picked if order == 0 else [home, away][order % 2]
        )
        kind = "moneyline" if follows or order == 0 else ["spread", "total", "moneyline"][order % 3]
        details: dict[str, object] = {"team": team}
        if kind == "spread":
            details["line"] = float(rng.integers(-14, 15)) / 2
        if kind == "total":
            details = {"total_type": ["over", "under"][order % 2], "line": most * 4 // 3 + 0.5}
        bet = name_id("bet", game, order)
        stake, odds = (
            int(rng.integers(1, 40)) * 500,
            [-110, -150, 120, 200][int(rng.integers(0, 4))],
        )
        yield Act(
            placed,
            user,
            "demo/place_bet",
            {
                "bet_id": bet,
                "user_id": name_id("user", user),
                "game_id": game,
                "bet_type": kind,
                "bet_details": json.dumps(details),
                "stake": stake,
                "odds": odds,
                "at": placed,
                "is_tail": follows == "tail",
                "is_fade": follows == "fade",
                "original_pick_id": pick if follows else None,
            },
        )
        if order == 0:
            yield Act(
                placed,
                user,
                "demo/publish_post",
                {
                    "post_id": pick,
                    "user_id": name_id("user", user),
                    "post_type": "pick",
                    "bet_id": bet,
                    "media_url": None,
                    "at": placed,
                },
            )


def _plan_content(midnight: datetime, rng: np.random.Generator) -> Iterator[Act]:
    def moments(count: int) -> list[datetime]:
        return [midnight + timedelta(seconds=int(s)) for s in rng.integers(0, 86_400, count)]

    for number, at in enumerate(moments(POSTS_A_DAY)):
        user = int(rng.integers(0, USERS))
        post = name_id("post", midnight, number)
        photo = f"posts/{post}.jpg" if number % 3 == 0 else None
        yield Act(
            at,
            user,
            "demo/publish_post",
            {
                "post_id": post,
                "user_id": name_id("user", user),
                "post_type": "content",
                "bet_id": None,
                "media_url": photo,
                "at": at,
            },
        )
        later = at + timedelta(minutes=int(rng.integers(1, 600)))
        reader = int(rng.integers(0, USERS))
        yield Act(
            later,
            reader,
            "demo/write_comment",
            {
                "comment_id": name_id("comment", post),
                "post_id": post,
                "user_id": name_id("user", reader),
                "at": later,
            },
        )
    for number, at in enumerate(moments(STORIES_A_DAY)):
        user = int(rng.integers(0, USERS))
        yield Act(
            at,
            user,
            "demo/publish_story",
            {
                "story_id": name_id("story", midnight, number),
                "user_id": name_id("user", user),
                "at": at,
            },
        )
    for number, at in enumerate(moments(MESSAGES_A_DAY)):
        user = int(rng.integers(0, USERS))
        chat = name_id("chat", CHAT_HOURS[number % len(CHAT_HOURS)])
        yield Act(
            at,
            user,
            "demo/send_message",
            {
                "message_id": name_id("message", midnight, number),
                "chat_id": chat,
                "user_id": name_id("user", user),
                "at": at,
            },
        )


class BettingApp(CrowdApp):
    """The app at work: a few connections, each for a share of the users, and a folder of media."""

    what = "bets"
    jobs = JOBS
    at_once = AT_ONCE

    def __init__(self, database: Database, media: Path) -> None:
        super().__init__(database, media)
        self._media = media

    def create_users(self, now: datetime) -> datetime:
        """Have everybody join who has not.

        Returns:
            Up to when they have played, HISTORY ago at most.
        """
        with self._database.transaction(commit=False) as transaction:
            refuse_strangers(transaction.read_value("demo/count_strange_bettors"))
            last = transaction.read_value("demo/select_betting_played_until")
        after: datetime = max(last or now - HISTORY, now - HISTORY)
        self.open_doors(after)
        return after

    def open_doors(self, at: datetime) -> None:
        """Let users join, open chats, and have somebody just change their picture."""
        with self._connections[0].transaction() as app:
            for user in range(USERS):
                picture = f"avatars/{name_id('user', user)}.jpg"
                app.execute(
                    "demo/join_betting",
                    user_id=name_id("user", user),
                    username=f"punter-{user:02}",
                    referral_count=user % 4,
                    avatar_url=picture,
                    at=at,
                )
                self._store(picture, at)
            for hours in CHAT_HOURS:
                app.execute("demo/open_chat", chat_id=name_id("chat", hours), hours=hours)
        # Nothing refers to it: once it is a week old media cleanup finds it, and lets it wait.
        self._store("avatars/the-picture-before.jpg", at + 20 * HOUR)

    def play(self, after: datetime, until: datetime) -> None:
        """Do what happens in (after, until]."""
        # A game is planned a day and a half ahead, and a comment may come ten hours late.
        days = range(-1, (until.date() - after.date()).days + 3)
        acts = [act for n in days for act in plan_day(after.date() + n * DAY)]
        # Games on which the first bets are placed were announced before there was anybody.
        due = sorted(
            (a for a in acts if a.at <= until and (a.at > after or a.statement == SCHEDULE)),
            key=lambda act: (act.at, act.statement != SCHEDULE),
        )
        for done in [
            self._pool.submit(
                self._perform, connection, [a for a in due if a.user % AT_ONCE == share]
            )
            for share, connection in enumerate(self._connections)
        ]:
            done.result()

    def _perform(self, connection: Connection, acts: list[Act]) -> None:
        for one in acts:
            act(connection, one.statement, **one.parameters)
            photo = one.parameters.get("media_url")
            if photo:
                self._store(str(photo), one.at)
                self._store(str(photo).replace(".jpg", "-small.jpg"), one.at)

    def _store(self, key: str, at: datetime) -> None:
        path = self._media / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(ONE_BY_ONE_PIXEL)
            os.utime(path, (at.timestamp(), at.timestamp()))
