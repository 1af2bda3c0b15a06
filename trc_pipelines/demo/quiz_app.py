"""The quiz app of the demo: players who come and go, each act a transaction, several at a time.

It writes its own tables as an app would and knows nothing of the jobs. Who does what and when
follows from the seed and the hour.
"""

import uuid
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from trc_pipelines.database.connection import Connection
from trc_pipelines.demo.crowd import CrowdApp, act
from trc_pipelines.demo.play import refuse_strangers
from trc_pipelines.quiz.jobs import JOBS

SEED = 11
PLAYERS = 60
HISTORY = timedelta(days=10)
HOUR = timedelta(hours=1)
AT_ONCE = 4
NAMESPACE = uuid.UUID(int=SEED)
# Players by number modulo ten: who stays away for some days, or for good, who loses patience, who
# plays until no life is left.
PAUSING, LEAVING, IMPATIENT, GREEDY = 3, 4, 5, 6
PAUSE_DAYS = 4
QUIZZES_AN_HOUR = {IMPATIENT: 0.25, GREEDY: 2.5}
USUAL_QUIZZES_AN_HOUR = 0.16
PROTECTIONS = 2


def player_id(number: int) -> str:
    """Return the id of a made-up player."""
    return str(uuid.uuid5(NAMESPACE, f"player {number}"))


@lru_cache(maxsize=8)
def plan_hour(hour: datetime) -> pd.DataFrame:
    """Plan the quizzes that begin in an hour, in order: player, session, begins_at, ends_at, score.

    `ends_at` is NULL where the player closes the app in the middle.
    """
    rng = np.random.default_rng([SEED, int(hour.timestamp()) // 3600])
    player = np.arange(PLAYERS)
    kind = player % 10
    day = hour.toordinal()
    # Each has other days off, and some do not come back in the second half of a fortnight.
    is_away = ((kind == PAUSING) & ((day + player) % 9 < PAUSE_DAYS)) | (
        (kind == LEAVING) & ((day + player) % 14 >= 7)
    )
    rate = pd.Series(kind).map(QUIZZES_AN_HOUR).fillna(USUAL_QUIZZES_AN_HOUR).to_numpy()
    quizzes = rng.poisson(np.where(is_away, 0, rate))
    who = np.repeat(player, quizzes)
    begins = pd.Timestamp(hour) + pd.to_timedelta(rng.integers(0, 3600, who.size), unit="s")
    lasts = pd.to_timedelta(rng.integers(60, 420, who.size), unit="s")
    leaves = rng.random(who.size) < np.where(who % 10 == IMPATIENT, 0.5, 0.06)
    plan = pd.DataFrame(
        {
            "player": who,
            "session": [str(uuid.uuid5(NAMESPACE, f"{hour} {n}")) for n in range(who.size)],
            "begins_at": begins,
            "ends_at": pd.Series(begins + lasts).mask(leaves),
            "score": rng.integers(2, 11, who.size) * 10,
        }
    )
    return plan.sort_values(["begins_at", "session"], ignore_index=True)


class QuizApp(CrowdApp):
    """The app at work: a few connections, each for a share of the players."""

    what = "quizzes"
    jobs = JOBS
    at_once = AT_ONCE

    def create_users(self, now: datetime) -> datetime:
        """Have everybody join who has not.

        Returns:
            Up to when they have played, HISTORY ago at most.
        """
        with self._database.transaction(commit=False) as transaction:
            refuse_strangers(transaction.read_value("demo/count_strange_players"))
            last = transaction.read_value("demo/select_quiz_played_until")
        after: datetime = max(last or now - HISTORY, now - HISTORY)
        self.join_players(after)
        return after

    def join_players(self, at: datetime) -> None:
        """Have everybody join who has not."""
        with self._connections[0].transaction() as app:
            for number in range(PLAYERS):
                protections = number % (PROTECTIONS + 1)
                app.execute(
                    "demo/join_quiz",
                    user_id=player_id(number),
                    username=f"player-{number:02}",
                    protections=protections,
                    at=at,
                )

    def play(self, after: datetime, until: datetime) -> None:
        """Do what happens in (after, until]: quizzes begin, and those that began end."""
        first = (after - HOUR).replace(minute=0, second=0, microsecond=0)
        hours = pd.date_range(first, until, freq=HOUR)
        quizzes = pd.concat([plan_hour(hour.to_pydatetime()) for hour in hours])
        acts = _acts_of(quizzes)
        due = acts[(acts["at"] > after) & (acts["at"] <= until)]
        crowds = [due[due["player"] % AT_ONCE == crowd] for crowd in range(AT_ONCE)]
        # Each player is one person, who does one thing after the other.
        for done in [
            self._pool.submit(_perform, connection, crowd)
            for connection, crowd in zip(self._connections, crowds, strict=True)
        ]:
            done.result()


def _acts_of(quizzes: pd.DataFrame) -> pd.DataFrame:
    """List what players do, in order: player, at, session, score (NULL: a quiz begins)."""
    begun = quizzes.drop(columns="score").assign(at=quizzes["begins_at"])
    ended = quizzes.assign(at=quizzes["ends_at"]).dropna(subset="at")
    acts = pd.concat([begun, ended], ignore_index=True)[["player", "at", "session", "score"]]
    return acts.sort_values(["at", "session"], ignore_index=True)


def _perform(connection: Connection, acts: pd.DataFrame) -> None:
    for player, at, session, score in acts.itertuples(index=False):
        moment = at.to_pydatetime()
        if pd.isna(score):
            user_id = player_id(player)
            act(connection, "demo/begin_quiz", user_id=user_id, session_id=session, at=moment)
        else:
            act(connection, "demo/finish_quiz", session_id=session, score=int(score), at=moment)
