"""Plots of an asset: each day's figures, and those of its table."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd
import pytest

from trc_pipelines import definitions
from trc_pipelines.jobs.orchestration import connected, day_range_tags
from trc_pipelines_tests.jobs.plots import QUERIES, read_plots, read_tables
from trc_pipelines_tests.jobs.test_orchestration import MONDAY, after_two_weeks
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either
DAYS = pd.date_range(MONDAY.date(), periods=14)


@pytest.fixture
def instance(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance whose assets write to the world's database."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    connected.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
    connected.cache_clear()


def backfill(instance: dg.DagsterInstance, job: str) -> None:
    tags = day_range_tags(DAYS[0].date(), DAYS[-1].date())
    done = definitions.defs().resolve_job_def(job).execute_in_process(instance=instance, tags=tags)
    assert done.success


def play_streaks(world: World) -> None:
    """Judge a streak on the first day, two on the second, and so on, as the quiz's job does."""
    world.execute(
        "INSERT INTO quiz.streak_evaluations SELECT 'u' || n, day, (ARRAY['protected', 'broken'])[1 + "
        f"n % 2], 1, 0, day, 'r' FROM generate_series(DATE '{DAYS[0]:%Y-%m-%d}', "
        f"DATE '{DAYS[-1]:%Y-%m-%d}', '1 day') AS t (day), generate_series(1, 14) AS n "
        f"WHERE n <= 1 + day::date - DATE '{DAYS[0]:%Y-%m-%d}'; "
        "INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, run_id) "
        "SELECT DISTINCT evaluated_on, 0, 0, 'r' FROM quiz.streak_evaluations"
    )


@after_two_weeks
def test_every_plot_of_a_backfill_shows_each_day_what_the_table_says(
    world: World, instance: dg.DagsterInstance
) -> None:
    play_streaks(world)
    for job in ("recompute_days", "quiz_streak_update"):
        backfill(instance, job)
    for asset in QUERIES:
        shown = read_plots(instance, asset, DAYS)
        counted = read_tables(world.query, asset, DAYS)
        pd.testing.assert_frame_equal(shown, counted, check_like=True, check_freq=False, obj=asset)
    evaluated = read_plots(instance, "quiz/streak_evaluations", DAYS)
    assert evaluated["dagster/partition_row_count"].tolist() == list(range(1, 15))
