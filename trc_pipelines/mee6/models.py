"""What a leaderboard page may hold, what a reading returns, and what can go wrong.

Everything MEE6 sends is judged here, once and strictly: nothing is coerced or rounded. Only the
guild's id and each player's id and XP are required, and one player without them rejects the page.
Whatever else is odd is unknown, and counted. User names are kept only for who asks for them: ids and
figures are enough to count. Asking, waiting and asking again belong to `client`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NotRequired

import numpy as np
import pandas as pd
from pydantic import Field, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core import core_schema
from typing_extensions import TypedDict  # pydantic cannot use typing's before Python 3.12

from trc_pipelines.words import counted

MAX_PLAYERS_PER_PAGE = 1000
# Far above any real leaderboard (the top of the recorded one has 1.3 million), and low enough that
# the sum over nine million members still fits an int64.
MAX_FIGURE = 10**12


class Mee6Error(Exception):
    """The leaderboard could not be read. The message is one line and says what to do."""


class Mee6AccessError(Mee6Error):
    """401, 403 or 404: asking again cannot help, an admin has to change something."""


class Mee6Blocked(Mee6Error):  # noqa: N818 - a state of the world, as the next two
    """429 whose wait is unknown or does not fit the deadline. Asking earlier lengthens the block.

    `retry_after_seconds` is the wait MEE6 stated, None when it stated none that can be used.
    """

    def __init__(self, message: str, retry_after_seconds: float | None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Mee6Unavailable(Mee6Error):  # noqa: N818
    """No complete answer within the tries and the deadline: 5xx, timeout, connection, cut short."""


class Mee6InvalidResponse(Mee6Error):  # noqa: N818
    """A complete answer that is not the page asked for."""


class Mee6NotJson(Mee6InvalidResponse):
    """A 200 whose body is not JSON: a challenge page, or cut short. Asking again may help."""


@dataclass(frozen=True)
class Page:
    """One page. `odd_values` counts optional values that were none and are unknown now.

    `players`: one row per entry, in the order served: `discord_id` int64, `xp` int64,
    `level` Int64 and `message_count` Int64 (NA when not sent), and if asked for `username`, hostile
    text (NA when not sent). Ids may repeat.
    """

    players: pd.DataFrame
    xp_rate: float
    odd_values: int = 0


@dataclass(frozen=True)
class Leaderboard:
    """What one reading found.

    `players`: columns as on a `Page`, but one row per `discord_id`, highest XP first.
    `pages`: different pages read, an empty last one included. `requests`: all of them, also those
    that failed. `duplicates`: entries dropped because the id was read before. `is_complete`: the
    end of the leaderboard was seen, so who is not among the players is not on it. `is_exhausted`: time
    ran out before everyone was found. `odd_values`: as of a `Page`, over all of them.
    """

    guild_id: int
    players: pd.DataFrame
    xp_rate: float
    pages: int
    requests: int
    duplicates: int
    is_complete: bool = True
    is_exhausted: bool = False
    odd_values: int = 0


# int() alone would take " 12 ", "1_2", "007" and the digits of every script. Both checks run in
# pydantic's core: one Python call per player would cost more than all the rest.
DiscordId = Annotated[
    int,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.chain_schema(
            [
                core_schema.str_schema(strict=True, pattern="^[1-9][0-9]{0,18}$"),
                core_schema.int_schema(strict=False, le=2**63 - 1),
            ]
        )
    ),
]
Figure = Annotated[int, Field(strict=True, ge=0, le=MAX_FIGURE)]
# What stands for an optional value that is none: never a figure, and told apart from a missing one.
ODD = -1


def _or_odd(schema: core_schema.CoreSchema) -> GetPydanticSchema:
    lenient = core_schema.with_default_schema(
        core_schema.nullable_schema(schema), default=ODD, on_error="default"
    )
    # In a chain the default is for errors only: a missing key stays missing.
    return GetPydanticSchema(
        lambda _source, _handler: core_schema.chain_schema([core_schema.any_schema(), lenient])
    )


OptionalFigure = Annotated[int, _or_odd(core_schema.int_schema(strict=True, ge=0, le=MAX_FIGURE))]
OptionalRate = Annotated[
    float, _or_odd(core_schema.float_schema(strict=True, ge=0, le=1000, allow_inf_nan=False))
]


# A name decides nothing: what is none is unknown.
OptionalName = Annotated[
    str,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.with_default_schema(
            core_schema.nullable_schema(core_schema.str_schema(strict=True)),
            default=None,
            on_error="default",
        )
    ),
]


class Player(TypedDict):
    """What is read of a player. All other keys are ignored."""

    id: DiscordId
    xp: Figure
    level: NotRequired[OptionalFigure | None]
    message_count: NotRequired[OptionalFigure | None]
    username: NotRequired[OptionalName | None]


class _Guild(TypedDict):
    id: str


class _Envelope(TypedDict):
    guild: _Guild
    page: NotRequired[OptionalFigure | None]
    players: Annotated[list[Player], Field(max_length=MAX_PLAYERS_PER_PAGE)]
    xp_rate: NotRequired[OptionalRate | None]


_ENVELOPE = TypeAdapter(_Envelope)
# Escapes one after the other: a pair of surrogates, half a pair, any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def parse_page(body: bytes, guild_id: int, page: int, *, with_names: bool = False) -> Page:
    """The players of page `page` (0-based) of a guild's leaderboard, from the decoded body of a 200.

    Raises Mee6NotJson when the body is not JSON, and Mee6InvalidResponse when it is not that
    page or when a required field is missing or out of range, with the number of bad players.
    """
    try:
        envelope = _validate(body)
    except ValidationError as error:
        raise _explained(error, page) from None  # the cause would hold names from the body
    if envelope["guild"]["id"] != str(guild_id):
        raise Mee6InvalidResponse(
            f"MEE6 answered page {page} with another guild's leaderboard than {guild_id}: "
            "nothing was taken; check MEE6_GUILD_ID and the base URL"
        )
    answered = envelope.get("page")
    if answered not in (page, ODD, None):
        raise Mee6InvalidResponse(
            f"MEE6 answered page {page} with page {answered}: "
            "nothing was taken; the next reading starts again"
        )
    xp_rate = envelope.get("xp_rate")
    players = players_frame(envelope["players"])
    if with_names:
        names = [player.get("username") for player in envelope["players"]]
        players["username"] = pd.Series(names, players.index, dtype="str")
    figures = players[["level", "message_count"]]
    odd = int((figures == ODD).sum().sum()) + (answered == ODD) + (xp_rate == ODD)
    players[figures.columns] = figures.mask(figures == ODD)
    return Page(players, 1.0 if xp_rate in (None, ODD) else xp_rate, odd)


def players_frame(players: Sequence[Player]) -> pd.DataFrame:
    """The columns of `Page.players` from validated players."""
    return pd.DataFrame(
        {
            "discord_id": np.array([player["id"] for player in players], dtype=np.int64),
            "xp": np.array([player["xp"] for player in players], dtype=np.int64),
            "level": pd.array([player.get("level") for player in players], dtype="Int64"),
            "message_count": pd.array(
                [player.get("message_count") for player in players], dtype="Int64"
            ),
        }
    )


def _validate(body: bytes) -> _Envelope:
    try:
        return _ENVELOPE.validate_json(body)
    except ValidationError as error:
        if not _is_not_json(error):
            raise
        # Half a surrogate pair in one member's name makes all of the page bad JSON. It must not
        # stop everybody's figures: each such escape becomes U+FFFD.
        mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)
        if mended == body:
            raise
    return _ENVELOPE.validate_json(mended)


def _is_not_json(error: ValidationError) -> bool:
    return error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid"


def _explained(error: ValidationError, page: int) -> Mee6InvalidResponse:
    # Without the input: it may be all of a player, name included.
    errors = error.errors(include_url=False, include_input=False)
    first = errors[0]
    if first["type"] == "json_invalid":
        return Mee6NotJson(
            f"MEE6 answered page {page} with something that is not JSON ({first['msg']}): "
            "probably a challenge or maintenance page; look at the address in a browser"
        )
    bad = {e["loc"][1] for e in errors if e["loc"][:1] == ("players",) and len(e["loc"]) > 1}
    where = ".".join(str(step) for step in first["loc"]) or "body"
    return Mee6InvalidResponse(
        f"MEE6 answered page {page} with something unexpected at {where}: {first['msg']} "
        f"({counted(len(bad), 'bad players')} in all). Nothing was taken; if it persists, the API "
        "has changed and this client must follow"
    )
