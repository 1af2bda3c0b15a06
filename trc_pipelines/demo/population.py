"""An invented community whose XP is a pure function of (seed, size, time).

Nothing is stored: a simulator that is started again continues exactly where it was. How the
figures are served is the simulator's business.

The constants were fitted to recorded figures of one real board, June-July 2020: five readings of
its first 300 members, and thirteen readings over two weeks.
"""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
SLOT = timedelta(minutes=15)
SLOTS_PER_DAY = 96

# XP by rank: ln xp = 18.565 - 1.489 ln(rank + 20), within 18 % on all 300 recorded ranks.
RANK_INTERCEPT, RANK_SLOPE, RANK_OFFSET = 18.565, -1.489, 20
XP_PER_MESSAGE = (15, 25)  # MEE6's own; 20.0 on average in the recorded figures
# Over two recorded weeks 52 % gained anything: 86 % of the first 50, falling to 28 % of the last.
EVER_ACTIVE_AT_TOP, EVER_ACTIVE_AT_BOTTOM = 0.84, 0.22
# In a recorded interval of 15 minutes by day 13 of 300 gained, between 33 and 248 XP, evenly
# spread: 1 to 12 messages. The rates below give that on a weekday afternoon. MEE6 counts one
# message per minute, so 12 also stays within the organic 375 XP per slot.
USUAL_MESSAGES_PER_SLOT = (1, 12)

# Of those who are ever active. Columns: share, chance to be active on a weekday, on a weekend day,
# and usual number of active slots on such a day.
DAILY_CHATTER, REGULAR, WEEKENDER, LURKER = range(4)
SHARE = np.array([0.30, 0.50, 0.20])
WEEKDAY_CHANCE = np.array([0.985, 0.45, 0.04, 0.0])
WEEKEND_CHANCE = np.array([0.75, 0.30, 0.85, 0.0])
ACTIVE_SLOTS = np.array([13.0, 6.0, 7.0, 0.0])

# Relative activity by hour of the member's own day.
HOURLY_RHYTHM = np.array(
    [3, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 11, 10, 9, 9, 10, 11, 13, 14, 14, 13, 10, 6], float
)
# Where the members live, as hours ahead of UTC, and how many of them.
UTC_OFFSETS, UTC_OFFSET_SHARES = np.array([-6, -5, 0, 1, 2]), np.array([0.1, 0.2, 0.2, 0.35, 0.15])

ADJECTIVES = (
    "amber bold brave bright calm clever cosmic dapper eager fancy fuzzy gentle golden happy "
    "hidden humble jolly keen lively lucky mellow mighty nimble polite proud quiet rapid silver "
    "sunny swift tidy witty"
)
ANIMALS = (
    "badger bat bear beaver bison crane crow deer dolphin eagle falcon ferret finch fox gecko hare "
    "hawk heron ibis koala lemur lynx magpie marten moose otter owl panda raven seal tapir wolf"
)


class Population:
    """Members in no order of rank. All arrays have one entry per member, in the same order.

    Attributes:
        size: how many members, at most 4,194,304.
        discord_ids: int64.
        temperaments: int64: DAILY_CHATTER, REGULAR, WEEKENDER, LURKER.
    """

    def __init__(self, seed: int, size: int) -> None:
        if not 1 <= size <= 2**22:
            raise ValueError(f"a population accepts 1 to {2**22} members, not {size}")
        self.seed, self.size = seed, size
        rng = np.random.default_rng(seed)
        self.discord_ids = _snowflakes(rng, size)
        self.usernames = _usernames(rng, size)

        ranks = rng.permutation(size) + 1
        noise = rng.normal(0.0, 0.1, size)
        xp = np.exp(RANK_INTERCEPT + RANK_SLOPE * np.log(ranks + RANK_OFFSET) + noise)
        self._base_xp = np.maximum(xp, 20).astype(np.int64)
        self._base_messages = self._base_xp // 20

        ever_active = np.interp(ranks, [1, size], [EVER_ACTIVE_AT_TOP, EVER_ACTIVE_AT_BOTTOM])
        self.temperaments = np.where(
            rng.random(size) < ever_active, rng.choice(3, size, p=SHARE), LURKER
        ).astype(np.int64)
        # A few talk very much: the recorded two-week gains go from 15 to 100,648 XP.
        self._active_slots = ACTIVE_SLOTS[self.temperaments] * rng.lognormal(-0.3, 1.0, size)
        self._utc_offsets = rng.choice(UTC_OFFSETS, size, p=UTC_OFFSET_SHARES)

        self._lock = threading.Lock()  # the simulator asks from several threads
        nothing = np.zeros(size, dtype=np.int64)
        # Gains before each day since the epoch, filled in order, and the latest days slot by slot.
        self._gained_before: list[tuple[Ints, Ints]] = [(nothing, nothing)]
        self._days: dict[int, tuple[Ints, Ints]] = {}

    def xp_at(self, time: datetime) -> Ints:
        """Return each member's total XP at `time` (aware), moving in steps of 15 minutes.

        What is gained within a slot shows at its end. Before the epoch nothing moves.
        """
        return self._base_xp + self._gained(time)[0]

    def message_count_at(self, time: datetime) -> Ints:
        """Return each member's counted messages at `time` (aware): every one gave 15 to 25 XP."""
        return self._base_messages + self._gained(time)[1]

    def _gained(self, time: datetime) -> tuple[Ints, Ints]:
        if time.tzinfo is None:
            raise ValueError(f"{time} has no time zone: give an aware datetime, such as UTC")
        slots = max(0, (time - EPOCH) // SLOT)
        day, slot = divmod(slots, SLOTS_PER_DAY)
        with self._lock:
            while len(self._gained_before) <= day:
                xp, messages = self._gained_before[-1]
                day_xp, day_messages = self._day(len(self._gained_before) - 1)
                self._gained_before.append((xp + day_xp[-1], messages + day_messages[-1]))
            xp, messages = self._gained_before[day]
            day_xp, day_messages = self._day(day)
        return xp + day_xp[slot], messages + day_messages[slot]

    def _day(self, day: int) -> tuple[Ints, Ints]:
        """Return XP and messages gained since midnight, each 97 slots by member, kept for two days."""
        if day not in self._days:
            messages = self._messages(day)
            talks = messages > 0
            said = messages[talks]
            noise = np.random.default_rng([self.seed, day, 1]).standard_normal(said.size)
            low, high = XP_PER_MESSAGE
            # The sum of n even draws from 15 to 25 has mean 20 n and deviation 3.16 sqrt(n).
            earned = np.rint(20 * said + 3.16 * np.sqrt(said) * noise)
            xp = np.zeros_like(messages)
            xp[talks] = np.clip(earned, low * said, high * said)
            while len(self._days) >= 2:
                del self._days[next(iter(self._days))]
            self._days[day] = (_running_total(xp), _running_total(messages))
        return self._days[day]

    def _messages(self, day: int) -> Ints:
        """Draw the messages in each of a day's 96 slots, slots by member."""
        rng = np.random.default_rng([self.seed, day, 0])
        is_weekend = (EPOCH + timedelta(days=day)).weekday() >= 5
        chance = (WEEKEND_CHANCE if is_weekend else WEEKDAY_CHANCE)[self.temperaments]
        is_active = np.flatnonzero(rng.random(self.size) < chance)

        messages = np.zeros((SLOTS_PER_DAY, self.size), dtype=np.int64)
        hours = np.arange(SLOTS_PER_DAY)[:, np.newaxis] // 4 + self._utc_offsets[is_active]
        rhythm = HOURLY_RHYTHM[hours % 24]
        slot_chance = self._active_slots[is_active] * rhythm / (HOURLY_RHYTHM.sum() * 4)
        draw = rng.random(slot_chance.shape) / slot_chance
        # Whoever is active on a day shows up in one slot at least: the likeliest by the draw.
        talks = draw <= np.maximum(1.0, draw.min(axis=0, initial=np.inf))
        low, high = USUAL_MESSAGES_PER_SLOT
        said = rng.integers(low, high, slot_chance.shape, endpoint=True)
        messages[:, is_active] = np.where(talks, said, 0)
        return messages


def _running_total(steps: Ints) -> Ints:
    return np.concatenate([np.zeros((1, steps.shape[1]), np.int64), steps.cumsum(axis=0)])


def _snowflakes(rng: np.random.Generator, size: int) -> Ints:
    """Make ids of accounts opened 2016-2025: milliseconds since 2015, then 22 bits to differ in."""
    year = 365 * 24 * 3600 * 1000
    opened = rng.integers(year, 11 * year, size)
    return (opened << 22) | (np.arange(size) * 2654435761 % 2**22)


def _usernames(rng: np.random.Generator, size: int) -> list[str]:
    pairs = [
        f"{adjective}-{animal}" for adjective in ADJECTIVES.split() for animal in ANIMALS.split()
    ]
    order = rng.permutation(len(pairs))
    rounds, turns = np.divmod(np.arange(size), len(pairs))
    return [
        pairs[pair] + (f"-{lap + 1}" if lap else "")
        for lap, pair in zip(rounds.tolist(), order[turns].tolist(), strict=True)
    ]
