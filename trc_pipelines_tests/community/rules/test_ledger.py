"""Which awards of the app are posted, and which are set aside."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.community.rules.ledger import (
    ERASED,
    MOST_POINTS,
    entries_from_transactions,
    judge_transactions,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
GOOD = {
    "transaction_id": "t1",
    "member_id": "ann",
    "action": "intro_completed",
    "points": 25,
    "created_at": NOON,
    "is_posted": False,
    "is_erased": False,
}


def frame(*changes: dict) -> pd.DataFrame:
    rows = pd.DataFrame([GOOD | change for change in changes])
    at = pd.Series(rows["created_at"], dtype="datetime64[us, UTC]")
    return rows.assign(created_at=at).astype({"points": "Int64"})


def judge(*changes: dict, **options: datetime) -> tuple[list[str], list[str]]:
    """Ids to post, and reasons of those that are not."""
    posted, rejected = judge_transactions(
        frame(*changes), **({"as_of": NOON, "now": NOON} | options)
    )
    return list(posted["transaction_id"]), list(rejected["reason"])


def test_a_good_award_is_posted() -> None:
    assert judge({}) == (["t1"], [])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_erased": True}, ERASED),
        ({"is_posted": True}, "it was edited after it was posted"),
        ({"transaction_id": ""}, "it has no id"),
        ({"member_id": ""}, "it has no member"),
        ({"member_id": None}, "it has no member"),
        ({"action": ""}, "it has no action"),
        ({"action": None}, "it has no action"),
        ({"points": MOST_POINTS + 1}, "its points are not within ±1000000000000"),
        ({"points": -MOST_POINTS - 1}, "its points are not within ±1000000000000"),
        ({"points": None}, "its points are not within ±1000000000000"),
        ({"created_at": None}, "its time is none"),
        ({"created_at": NOON + timedelta(days=1) + MOMENT}, "its time is more than a day ahead"),
        # Of several the first counts.
        ({"is_erased": True, "points": None, "member_id": None}, ERASED),
    ],
)
def test_an_award_that_cannot_be_meant_so_is_set_aside_with_its_reason(
    change: dict, reason: str
) -> None:
    assert judge(change, {"transaction_id": "t2"}) == (["t2"], [reason])


@pytest.mark.parametrize("points", [MOST_POINTS, -MOST_POINTS, 0])
def test_points_at_their_bounds_are_points(points: int) -> None:
    assert judge({"points": points}) == (["t1"], [])


def test_an_id_that_is_there_twice_is_set_aside_once() -> None:
    assert judge({}, {"points": 5}, {"transaction_id": "t2"}) == (["t2"], ["its id is there twice"])


def test_an_award_waits_for_its_day() -> None:
    assert judge({"created_at": MIDNIGHT - MOMENT}) == (["t1"], [])
    assert judge({"created_at": MIDNIGHT}) == ([], [])
    assert judge({"created_at": MIDNIGHT}, as_of=MIDNIGHT) == (["t1"], [])
    assert judge({"created_at": NOON + timedelta(days=1)}) == ([], [])


def test_xp_that_an_old_job_pays_after_the_cut_over_is_set_aside() -> None:
    paid = {"action": "discord_activity"}
    assert judge(paid) == (["t1"], [])
    reason = "an old job paid XP after the cut-over (2026-03-04T12:00:00Z): stop it"
    assert judge(paid, cut_over_at=NOON) == ([], [reason])
    assert judge(paid, cut_over_at=NOON + MOMENT) == (["t1"], [])
    assert judge({}, cut_over_at=NOON) == (["t1"], [])


def test_an_award_becomes_an_entry_of_its_utc_day_unless_it_is_of_nothing() -> None:
    awards = frame({"created_at": MIDNIGHT - MOMENT}, {"transaction_id": "t2", "points": 0})
    entries = entries_from_transactions(awards.assign(account_id=7))
    assert len(entries) == 1
    entry = entries.loc[0].to_dict()
    assert pd.isna(entry.pop("sync_id"))
    assert entry == {
        "account_id": 7,
        "action": "intro_completed",
        "points": 25,
        "effective_at": pd.Timestamp(MIDNIGHT - MOMENT),
        "effective_on": pd.Timestamp("2026-03-04"),
        "source_key": "point_transactions:t1",
        "metadata": "{}",
    }


def test_what_is_posted_and_what_is_not_are_rows_as_they_came() -> None:
    awards = frame({"transaction_id": "t0", "action": ""}, {}, {"transaction_id": "", "points": 1})
    posted, rejected = judge_transactions(awards, as_of=NOON, now=NOON)
    assert list(posted.columns) == list(awards.columns)
    assert list(rejected.columns) == [*awards.columns, "reason"]
    assert (list(posted.index), list(rejected.index)) == ([0], [0, 1])
