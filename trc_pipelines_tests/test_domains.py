"""Each domain runs alone: nothing of the others is there, and nothing of it misses them."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import migrate
from trc_pipelines.definitions import build_definitions
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import dry_run_jobs
from trc_pipelines.monitoring.health import watch
from trc_pipelines.settings import KNOWN_DOMAINS, Settings, SettingsError, load_settings
from trc_pipelines_tests.servers import create_database, drop_database

SHARED = {"operations", "reports"}


@pytest.fixture(params=KNOWN_DOMAINS)
def alone(
    request: pytest.FixtureRequest, servers: dict[int, str], simulator: Simulator
) -> Settings:
    """Settings with one domain, and a database that has its schema and what is shared."""
    url = create_database(servers[18], template="template1")
    migrate(url, [request.param])
    yield load_settings(
        domains=(request.param,),
        database_url=url,
        mee6_guild_id=simulator.guild_id,
        mee6_base_url=simulator.base_url,
        mee6_request_interval_seconds=0,
    )
    drop_database(url)


def test_dagster_is_told_of_nothing_else(alone: Settings) -> None:
    definitions = build_definitions(alone)
    # Without one Dagster asks the last instance of this process, which may be gone.
    with dg.instance_for_test():
        graph = definitions.resolve_asset_graph()
        names = {job.name for job in definitions.resolve_all_job_defs()}
    [domain] = alone.domains
    assert {key.path[0] for key in graph.get_all_asset_keys()} == {domain} | SHARED
    assert {key.asset_key.path[0] for key in graph.asset_check_keys} <= {domain}
    others = {
        job.name
        for other in set(KNOWN_DOMAINS) - {domain}
        for job in read_catalogue(load_settings(domains=(other,))).domains[0].jobs
    }
    assert names & others == set()
    assert {f"{domain}_closing_sensor"} & {s.name for s in definitions.sensors or ()} == (
        {f"{domain}_closing_sensor"} if read_catalogue(alone).board_jobs.jobs else set()
    )


def test_dagster_knows_of_write_backs_where_they_are_switched_on() -> None:
    def find(**settings: object) -> dict[str, set[str]]:
        definitions = build_definitions(load_settings(**settings))
        kinds = {"jobs": definitions.jobs, "sensors": definitions.sensors}
        kinds["schedules"] = definitions.schedules
        named = {kind: {one.name for one in found or ()} for kind, found in kinds.items()}
        return {
            kind: {name for name in names if "write_back" in name} for kind, names in named.items()
        }

    assert find() == {"jobs": set(), "sensors": set(), "schedules": set()}
    assert find(write_back="community, betting") == {
        "jobs": {"write_back"},
        "sensors": {"community_write_back_sensor", "betting_write_back_sensor"},
        "schedules": {"write_back_schedule"},
    }


def test_its_jobs_checks_and_health_need_nothing_else(alone: Settings) -> None:
    catalogue = read_catalogue(alone)
    database = Database(str(alone.database_url))
    now = datetime.now(UTC).replace(microsecond=0)
    jobs = [job for job in catalogue.jobs if job.is_enabled(alone)]
    options = Options.of_now("test", as_of=now)
    tried = dry_run_jobs(database, alone, jobs, options)
    assert {one.job.name: str(one.error) for one in tried if one.error} == {}
    with database.transaction(commit=False) as transaction:
        for check in catalogue.checks:
            assert check.evaluate(transaction, now).empty, check.name
        assert watch(transaction, alone, jobs, catalogue.conditions, now, catalogue.checks) == []


@pytest.mark.parametrize("given", ["chess", "quiz chess", ","])
def test_a_domain_that_is_not_there_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAINS", given)
    with pytest.raises(
        SettingsError, match=r"DOMAINS: is .*; accepts one or more of community, quiz"
    ):
        load_settings()
