"""XP gained between readings, and the carry."""

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.community.rules.xp import compute_deltas, follow_states, plausible_xp


def reading(
    xp: int,
    *,
    is_present: bool = True,
    known: bool = True,
    was_present: bool = True,
    last_xp: int | None = None,
    baseline: int | None = None,
    carry: int = 0,
    absent_seconds: int | None = None,
    holder: str = "ann",
) -> pd.DataFrame:
    """One account's reading and what was known of it."""
    missing = None
    frame = pd.DataFrame(
        {
            "discord_id": [1],
            "member_id": ["ann"],
            "xp": [xp],
            "is_present": [is_present],
            "state_member_id": [holder if known else missing],
            "state_is_present": [was_present if known else missing],
            "state_is_never_present": [last_xp is None if known else missing],
            "state_xp": [last_xp],
            "state_baseline_xp": [baseline],
            "state_carry": [carry if known else missing],
            "absent_seconds": [absent_seconds],
        }
    )
    whole_numbers = ["xp", "state_xp", "state_baseline_xp", "state_carry", "absent_seconds"]
    return frame.astype(
        dict.fromkeys(whole_numbers, "Int64")
        | {
            "state_member_id": "str",
            "state_is_present": "boolean",
            "state_is_never_present": "boolean",
        }
    )


def delta(frame: pd.DataFrame, xp_rate: float = 1.0) -> dict:
    """The only row."""
    (row,) = compute_deltas(frame, xp_rate=xp_rate).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("gain", "carry", "whole", "left"),
    [(150, 0, 1, 50), (50, 50, 1, 0), (49, 50, 0, 99), (-250, 0, -2, -50), (60, -50, 0, 10)],
)
def test_whole_hundreds_are_paid_and_the_rest_is_carried(
    gain: int, carry: int, whole: int, left: int
) -> None:
    row = delta(reading(1_000 + gain, last_xp=1_000, baseline=1_000 - carry, carry=carry))
    assert (row["xp_delta"], row["whole"], row["carry_after"]) == (gain, whole, left)


def test_nothing_changed_needs_no_row() -> None:
    assert compute_deltas(reading(1_000, last_xp=1_000, baseline=0), xp_rate=1.0).empty


def test_the_first_figure_is_a_baseline() -> None:
    row = delta(reading(54_321, known=False))
    assert row["kind"] == "baseline"
    assert pd.isna(row["xp_delta"])
    assert row["baseline_xp"] == 54_321


def test_absence_is_noted_once_and_keeps_the_carry() -> None:
    row = delta(reading(0, is_present=False, last_xp=900, baseline=850, carry=50))
    assert row["kind"] == "absent"
    assert (row["whole"], row["carry_after"]) == (0, 50)
    gone = reading(0, is_present=False, was_present=False, last_xp=900, baseline=850, carry=50)
    assert compute_deltas(gone, xp_rate=1.0).empty


def test_a_return_is_counted_from_the_last_present_reading() -> None:
    row = delta(reading(960, was_present=False, last_xp=900, baseline=850, carry=50))
    assert (row["kind"], row["xp_delta"], row["whole"], row["carry_after"]) == ("change", 60, 1, 10)


@pytest.mark.parametrize(
    ("xp", "absent_seconds", "rate", "kind"),
    [
        (750, 900, 1.0, "joined"),
        (751, 900, 1.0, "baseline"),
        (750, 1, 1.0, "joined"),
        (1_500, 1_800, 1.0, "joined"),
        (1_500, 900, 2.0, "joined"),
        (1_501, 900, 2.0, "baseline"),
    ],
)
def test_who_was_recorded_absent_keeps_what_can_be_gained_since(
    xp: int, absent_seconds: int, rate: float, kind: str
) -> None:
    frame = reading(xp, was_present=False, absent_seconds=absent_seconds)
    row = delta(frame, xp_rate=rate)
    assert row["kind"] == kind
    assert row["is_flagged"] is (kind == "baseline")


def test_an_account_of_another_member_starts_anew() -> None:
    row = delta(reading(2_000, holder="bob", last_xp=1_000, baseline=500, carry=33))
    assert (row["kind"], row["carry_after"]) == ("baseline", 0)


@given(st.lists(st.integers(0, 5_000), min_size=2, max_size=40))
def test_every_history_accounts_for_all_its_xp(history: list[int]) -> None:
    baseline, carry, whole = history[0], 0, 0
    for last_xp, xp in pairwise(history):
        rows = compute_deltas(
            reading(xp, last_xp=last_xp, baseline=baseline, carry=carry), xp_rate=1.0
        )
        for row in rows.to_dict("records"):
            whole, carry = whole + row["whole"], row["carry_after"]
    assert 100 * whole + carry == history[-1] - baseline
    assert abs(carry) < 100


def follow(frame: pd.DataFrame, **known: int) -> dict | None:
    """Where an account stands after sync 300, of which level 6 and 60 messages were read."""
    frame = frame.assign(
        level=6, message_count=60, confirmed_sync_id=200, state_account_id=7, state_last_sync_id=100,
        state_whole_total=known.get("whole_total", 3), state_level=5, state_message_count=50,
    )  # fmt: skip
    read = frame.assign(is_present=frame["is_present"].fillna(True).astype(bool))
    is_rebaseline = known.get("is_rebaseline", False)
    deltas = compute_deltas(read, xp_rate=1.0, is_rebaseline=is_rebaseline)
    if known.get("is_confirmed") is False:
        deltas = deltas[:0]
        frame = frame.assign(is_present=pd.array([None], dtype="boolean"))
    rows = follow_states(frame, deltas.assign(account_id=8), 300)
    named = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return named[0] if named else None


STOOD = {
    "discord_id": 1,
    "member_id": "ann",
    "account_id": 8,
    "last_sync_id": 300,
    "is_present": True,
    "is_never_present": False,
    "xp": 1250,
    "baseline_xp": 900,
    "whole_total": 5,
    "carry": 0,
    "level": 6,
    "message_count": 60,
    "confirmed_sync_id": None,
}


def test_a_state_moves_on_by_what_was_gained() -> None:
    assert follow(reading(1250, last_xp=1050, baseline=900, carry=0)) == STOOD


def test_who_begins_anew_stands_at_the_baseline_with_nothing_paid() -> None:
    anew = STOOD | {"baseline_xp": 1250, "whole_total": 0}
    assert follow(reading(1250, known=False)) == anew
    assert follow(reading(1250, last_xp=1050, baseline=900, holder="eve")) == anew


def test_who_is_absent_keeps_what_is_known_and_is_not_taken_for_somebody_who_never_was_there() -> (
    None
):
    absent = STOOD | {"is_present": False, "xp": 1050, "whole_total": 3, "carry": 50}
    assert follow(reading(0, is_present=False, last_xp=1050, baseline=900, carry=50)) == absent


def test_who_was_never_there_has_no_baseline_and_no_xp() -> None:
    never = STOOD | {"is_present": False, "is_never_present": True, "whole_total": 0}
    never |= {"xp": None, "baseline_xp": None}
    assert follow(reading(0, is_present=False, known=False)) == never
    # What was there under another member is no proof that this one was.
    taken_over = reading(0, is_present=False, last_xp=1050, baseline=900, carry=50, holder="eve")
    assert follow(taken_over) == never | {"is_never_present": False}


def test_who_joins_with_little_is_paid_from_nothing_on() -> None:
    joined = reading(250, last_xp=None, was_present=False, absent_seconds=900)
    assert follow(joined, whole_total=0) == STOOD | {
        "xp": 250,
        "baseline_xp": 0,
        "whole_total": 2,
        "carry": 50,
    }


def test_who_is_as_before_keeps_the_state_with_the_figures_that_were_read() -> None:
    same = reading(1050, last_xp=1050, baseline=900, carry=50)
    stood = STOOD | {
        "account_id": 7,
        "last_sync_id": 100,
        "xp": 1050,
        "whole_total": 3,
        "carry": 50,
    }
    assert follow(same) == stood
    # Who was not confirmed keeps them all, and since when.
    unconfirmed = stood | {"level": 5, "message_count": 50, "confirmed_sync_id": 200}
    assert follow(same, is_confirmed=False) == unconfirmed


def test_of_an_account_that_nothing_is_known_of_and_nothing_was_read_there_is_no_state() -> None:
    assert follow(reading(0, known=False), is_confirmed=False) is None


@pytest.mark.parametrize(
    ("seconds", "rate", "most"),
    [(0, 1.0, 750), (900, 1.0, 750), (1800, 1.0, 1500), (900, 2.0, 1500), (1350, 0.5, 562.5)],
)
def test_chatting_is_believed_to_give_twice_what_it_can(
    seconds: int, rate: float, most: float
) -> None:
    assert plausible_xp(pd.Series([seconds]), rate).tolist() == [most]


def test_with_a_new_baseline_nothing_was_paid_so_far() -> None:
    anew = STOOD | {"baseline_xp": 1250, "whole_total": 0}
    assert follow(reading(1250, last_xp=1050, baseline=900), is_rebaseline=True) == anew


def test_states_that_move_and_states_that_stand_are_rows_of_one_table() -> None:
    names = ["account_id", "last_sync_id", "whole_total", "level", "message_count"]
    rows = [reading(1250, last_xp=1050, baseline=900), reading(1050, last_xp=1050, baseline=900)]
    readings = pd.concat([rows[1].assign(discord_id=2), rows[0]], ignore_index=True)
    readings = readings.assign(**{f"state_{name}": 1 for name in names})
    readings = readings.assign(level=6, message_count=60, confirmed_sync_id=200)
    deltas = compute_deltas(readings, xp_rate=1.0).assign(account_id=8)
    assert list(deltas["discord_id"]) == [1]
    states = follow_states(readings, deltas, 300)
    assert list(states.index) == [0, 1]
    assert states["discord_id"].tolist() == [1, 2]
    assert states["last_sync_id"].tolist() == [300, 1]


def test_who_was_known_with_little_is_paid_the_difference_alone() -> None:
    known = delta(reading(150, last_xp=100, baseline=0, absent_seconds=900))
    assert (known["kind"], known["xp_delta"], known["whole"]) == ("change", 50, 0)


def test_who_comes_nobody_knows_from_where_gets_a_baseline_and_is_flagged() -> None:
    came = delta(reading(150, last_xp=None, was_present=False))
    assert (came["kind"], came["is_flagged"], came["baseline_xp"]) == ("baseline", True, 150)


def test_a_delta_has_the_columns_of_its_table_and_no_others() -> None:
    deltas = compute_deltas(reading(150, last_xp=100, baseline=0), xp_rate=1.0)
    assert list(deltas.columns) == [
        *("discord_id", "member_id", "kind", "is_flagged", "xp_total", "xp_delta"),
        *("baseline_xp", "carry_before", "whole", "carry_after"),
    ]
