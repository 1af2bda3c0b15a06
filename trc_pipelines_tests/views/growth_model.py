"""Growth of a day, member by member: a second computation that shares nothing with the first."""

from collections import Counter
from collections.abc import Mapping
from datetime import date


def state_on(days: set[date], day: date) -> str:
    """Where a member stands on a day, from their active days."""
    until = [(day - other).days for other in days if other <= day]
    if not until:
        return "unknown"
    if 0 not in until:
        away = min(until)
        return "at_risk_weekly" if away < 7 else "at_risk_monthly" if away < 30 else "dormant"
    before = [n for n in until if n > 0]
    if not before:
        return "new"
    if min(before) <= 7:
        return "current"
    return "reactivated" if min(before) <= 30 else "resurrected"


def count_day(history: Mapping[str, set[date]], day: date) -> dict[str, object]:
    """Count a day as `community.daily_growth` does, without what was gained."""
    yesterday = date.fromordinal(day.toordinal() - 1)
    now = Counter(state_on(days, day) for days in history.values())
    back = Counter(state_on(days, yesterday) for days in history.values() if day in days)
    active = ("new", "current", "reactivated", "resurrected")
    daily = sum(now[state] for state in active)
    return (
        {
            "day": day,
            "active_members": daily,
            "weekly_active_members": daily + now["at_risk_weekly"],
            "monthly_active_members": daily + now["at_risk_weekly"] + now["at_risk_monthly"],
        }
        | {f"{state}_members": now[state] for state in active}
        | {f"{state}_returned": back[state] for state in active}
    )
