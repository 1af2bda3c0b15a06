"""What the plots of a daily asset show, day by day, and the same figures from the tables."""

from collections.abc import Callable

import dagster as dg
import pandas as pd

# By asset; {first} and {last} are days.
DAYS = "generate_series(DATE '{first}', DATE '{last}', '1 day') AS t(at), LATERAL (SELECT at::date AS d) AS x"
POINTS = "community.daily_points AS p WHERE p.day = d"
BOARDS = "community.leaderboard_rankings AS r WHERE r.day = d"
STREAKS = "community.daily_streaks AS s WHERE s.day = d"
RANKED = f"(SELECT count(*) FROM {BOARDS} AND r.board = '{{}}')"
EVALUATED = "quiz.streak_evaluations AS e WHERE e.evaluated_on = d"
QUERIES = {
    "community/daily_points": f"""SELECT d AS day,
        (SELECT count(*) FROM {POINTS} AND p.is_active) AS active_members,
        (SELECT coalesce(sum(l.points), 0) FROM community.point_ledger l WHERE l.effective_on = d) AS points,
        (SELECT coalesce(sum(g.xp_delta) FILTER (WHERE g.xp_delta > 0), 0) FROM community.xp_deltas g
            WHERE (to_timestamp(g.sync_id) - interval '1 microsecond')::date = d) AS xp_gained,
        (SELECT count(*) FROM {POINTS}) AS "dagster/partition_row_count" FROM {DAYS}""",
    "community/daily_streaks": f"""SELECT d AS day,
        (SELECT count(*) FROM {STREAKS} AND s.current_streak > 0) AS streaks_standing,
        (SELECT count(*) FROM {STREAKS} AND s.is_active AND extract(ISODOW FROM d) < 6) AS streaks_extended,
        (SELECT count(*) FROM {STREAKS} AND NOT s.is_active AND s.current_streak = 0) AS streaks_broken,
        (SELECT coalesce(max(s.current_streak), 0) FROM {STREAKS}) AS weekdays_of_the_longest,
        (SELECT count(*) FROM {STREAKS}) AS "dagster/partition_row_count" FROM {DAYS}""",
    "community/leaderboard_rankings": f"""SELECT d AS day,
        {RANKED.format("global")} AS members_on_the_global_board,
        {RANKED.format("weekly")} AS members_on_the_weekly_board,
        {RANKED.format("monthly")} AS members_on_the_monthly_board,
        (SELECT count(*) FROM {BOARDS}) AS "dagster/partition_row_count" FROM {DAYS}""",
    "quiz/streak_evaluations": f"""SELECT d AS day,
        (SELECT count(*) FROM {EVALUATED} AND e.outcome = 'protected') AS streaks_protected,
        (SELECT count(*) FROM {EVALUATED} AND e.outcome = 'broken') AS streaks_broken,
        (SELECT count(*) FROM {EVALUATED}) AS "dagster/partition_row_count" FROM {DAYS}""",
}
# Of the run, or of the whole table.
OTHERS = {"rows_written", "dagster/row_count"}


def read_plots(instance: dg.DagsterInstance, asset: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Read the numbers that the newest materialisation of each partition shows, a row for each day."""
    key = dg.AssetKey(asset.split("/"))
    partitions = [f"{day:%Y-%m-%d}" for day in days]
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
    )
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values())), len(partitions)
    ).records
    shown = {
        record.partition_key: {
            name: value.value
            for name, value in record.asset_materialization.metadata.items()
            if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue) and name not in OTHERS
        }
        for record in records
    }
    return pd.DataFrame([shown[name] for name in partitions], index=days)


def read_tables(
    query: Callable[[str], pd.DataFrame], asset: str, days: pd.DatetimeIndex
) -> pd.DataFrame:
    """Count the same in the tables, independently of the jobs."""
    frame = query(QUERIES[asset].format(first=days[0].date(), last=days[-1].date()))
    return frame.set_index(pd.DatetimeIndex(frame.pop("day")).rename(None)).astype("int64")
