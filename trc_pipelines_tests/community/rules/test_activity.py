"""What a member did on a day, and whether it was a day active."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from trc_pipelines.community.rules.activity import summarise_days

DAY = pd.Timestamp("2026-03-04")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def gains(*rows: tuple[str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["member_id", "xp_delta"])
    return frame.assign(day=DAY, gained_at=pd.Timestamp(NOON)).astype({"xp_delta": "int64"})


def entries(*rows: tuple) -> pd.DataFrame:
    """Member, action, points, and hours after noon."""
    frame = pd.DataFrame(rows, columns=["member_id", "action", "points", "hours"])
    at = pd.Timestamp(NOON) + pd.to_timedelta(frame.pop("hours").astype("float64"), unit="h")
    return frame.assign(day=DAY, effective_at=at.astype("datetime64[us, UTC]"))


def of(member: str, *facts: pd.DataFrame, **options: datetime) -> dict:
    rows = summarise_days(*facts, **options).set_index("member_id")
    return rows.loc[member].to_dict()


def test_points_are_told_apart_by_what_earned_them() -> None:
    day = of(
        "ann",
        gains(("ann", 120), ("ann", 30)),
        entries(
            ("ann", "discord_activity", 1, 0),
            ("ann", "intro_completed", 25, 1),
            ("ann", "benchmark_submission", -5, 2),
            ("ann", "admin_adjustment", 7, 3),
        ),
    )
    assert day == {
        "day": DAY,
        "discord_points": 1,
        "contribution_points": 20,
        "adjustment_points": 7,
        "points": 28,
        "xp_gained": 150,
        "is_active": True,
        # Neither what was taken nor what an admin gave.
        "last_active_at": pd.Timestamp(NOON) + pd.Timedelta(hours=1),
    }


@pytest.mark.parametrize(
    ("action", "points", "is_active"),
    [
        ("intro_completed", 1, True),
        ("intro_completed", -1, False),
        ("intro_completed", 0, False),
        ("admin_adjustment", 50, False),
    ],
)
def test_an_entry_makes_a_day_active_when_it_adds_and_no_admin_made_it(
    action: str, points: int, is_active: bool
) -> None:
    day = of("ann", gains(), entries(("ann", action, points, 0)))
    assert day["is_active"] == is_active
    assert pd.isna(day["last_active_at"]) != is_active
    assert day["xp_gained"] == 0


def test_xp_alone_makes_a_day_active_and_no_points() -> None:
    day = of("ann", gains(("ann", 1)), entries())
    assert (day["is_active"], day["points"], day["xp_gained"]) == (True, 0, 1)
    assert (day["discord_points"], day["contribution_points"], day["adjustment_points"]) == (
        0,
        0,
        0,
    )
    assert pd.isna(day["last_active_at"])


@pytest.mark.parametrize(
    ("hours", "points", "is_active"),
    [(-1, 1, True), (0, 1, False), (-1, -1, False), (-1, 0, False)],
)
def test_before_the_cut_over_what_an_admin_gave_counted_too(
    hours: int, points: int, is_active: bool
) -> None:
    facts = gains(), entries(("ann", "admin_adjustment", points, hours))
    assert of("ann", *facts, cut_over_at=NOON)["is_active"] == is_active
    assert not of("ann", *facts)["is_active"]


def test_a_cut_over_takes_nothing_from_what_counts_anyhow() -> None:
    assert of("ann", gains(), entries(("ann", "intro_completed", 1, 5)), cut_over_at=NOON)[
        "is_active"
    ]


def test_days_come_in_order_of_member_and_day() -> None:
    rows = summarise_days(gains(("bob", 1), ("ann", 1)), entries(("ann", "intro_completed", 1, 0)))
    assert list(rows["member_id"]) == ["ann", "bob"]
