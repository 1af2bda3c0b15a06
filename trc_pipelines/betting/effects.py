"""Which effects the badges of a week unlock: for their own step, and for that of badges when it fails."""

from datetime import date

from trc_pipelines.betting.publishing import record_changes
from trc_pipelines.betting.rules.badges import tier_of
from trc_pipelines.jobs.contract import Result, Work

EFFECTS = "betting.user_effect_access"


def unlock_effects(work: Work, monday: date) -> Result:
    """Set everybody's tier by the badges held in the week, unless a newer week decides already."""
    work.transaction.execute("jobs/lock_step", table=EFFECTS)
    newest = work.transaction.read_value("betting/select_effect_week")
    if newest and monday < newest:
        return Result(0, notes=[f"effects stand for the week of {newest} already"])
    access = work.transaction.read("betting/select_effect_access", week_start=monday)
    access["tier"] = tier_of(access["badges"])
    standing = access["standing_tier"].fillna(0)
    is_new = (access["standing_badges"].fillna(-1) != access["badges"]) | ~access["is_of_week"]
    work.transaction.stage("staged_access", access.loc[is_new, ["user_id", "tier", "badges"]])
    work.transaction.execute("betting/upsert_effect_access", week_start=monday, as_of=work.as_of)
    changed = access.assign(previous_tier=standing)[access["tier"] != standing]
    payloads = changed[["user_id", "tier", "previous_tier"]]
    record_changes(work, "EffectAccessChanged", payloads, changed["user_id"])
    tiers = {f"users_in_tier_{tier}": int(n) for tier, n in access["tier"].value_counts().items()}
    return Result(
        affected=len(changed),
        details={"users_changed": len(changed)} | tiers,
        rows_written=int(is_new.sum()),
    )
