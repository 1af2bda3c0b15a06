"""The domains there are, and everything that those switched on declare, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module

from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.domain import Domain
from trc_pipelines.jobs.checks import Check
from trc_pipelines.jobs.contract import Action, Job, Relation, Step, Trigger
from trc_pipelines.jobs.write_backs import build_write_back
from trc_pipelines.leaderboards.jobs import BoardJobs
from trc_pipelines.monitoring.health import FindConditions
from trc_pipelines.monitoring.housekeeping import build_housekeeping
from trc_pipelines.reports.engagement import TARGETS as REPORTS
from trc_pipelines.reports.engagement import build_engagement
from trc_pipelines.reports.weekly_post import build_weekly_post
from trc_pipelines.settings import KNOWN_DOMAINS, Settings


@dataclass(frozen=True)
class Catalogue:
    """What the domains declare.

    Attributes:
        written_back: names of those whose apps are written back to.
    """

    domains: Sequence[Domain]
    written_back: Sequence[str] = ()

    @cached_property
    def housekeeping(self) -> Job:
        """The job that removes what has grown old in any of them."""
        return build_housekeeping(
            [*REPORTS, *[target for domain in self.domains for target in domain.retention]]
        )

    @cached_property
    def engagement(self) -> Job:
        """The job that makes the page of the day, over all of them."""
        return build_engagement(
            {domain.name: domain.section for domain in self.domains if domain.section},
            lambda: [job.name for job in self.jobs],
        )

    @cached_property
    def weekly_post(self) -> list[Job]:
        """The job that posts closed weeks to the community, where a domain has something to post."""
        posts = {
            domain.name: (domain.weekly_post, domain.boards.archive)
            for domain in self.domains
            if domain.weekly_post and domain.boards
        }
        return [build_weekly_post(posts)] if posts else []

    @cached_property
    def board_jobs(self) -> BoardJobs:
        """The jobs that domains with boards share."""
        return BoardJobs([domain.boards for domain in self.domains if domain.boards])

    @cached_property
    def write_back(self) -> list[Job]:
        """The job that writes back to apps; none where it is switched off, which is the default."""
        steps = [
            domain.write_back
            for domain in self.domains
            if domain.write_back and domain.name in self.written_back
        ]
        return [build_write_back(steps)] if steps else []

    @cached_property
    def jobs(self) -> list[Job]:
        """Every job."""
        own = [job for domain in self.domains for job in domain.jobs]
        return [
            *own,
            *self.board_jobs.jobs,
            *self.write_back,
            self.engagement,
            *self.weekly_post,
            self.housekeeping,
        ]

    @property
    def run_all(self) -> list[Job]:
        """What `trc run all` runs, in order."""
        return [job for domain in self.domains for job in domain.run_all]

    @property
    def app_relations(self) -> list[AppRelation]:
        """Every table and view of the apps."""
        return [relation for domain in self.domains for relation in domain.app_relations]

    @property
    def relations(self) -> list[Relation]:
        """Every relation that no step has as its own table."""
        own = {step.table for step in self.steps}
        of_apps = [relation for relation in self.app_relations if relation.table not in own]
        return [*of_apps, *[each for domain in self.domains for each in domain.relations]]

    @property
    def steps(self) -> list[Step]:
        """Every step."""
        return [
            *[step for domain in self.domains for step in domain.steps],
            *[step for job in self.write_back for step in job.steps],
            *self.engagement.steps,
            *[step for job in self.weekly_post for step in job.steps],
            *self.housekeeping.steps,
        ]

    def written_beside(self, step: Step) -> list[Relation]:
        """Find what a step writes beside its own table: tables of ours and the app's."""
        ours = [one for one in self.relations if step.table in {dep.table for dep in one.deps}]
        every = {one.table: one for one in (*ours, *step.writes) if one.is_table}
        return [one for table, one in every.items() if table != step.table]

    def tables_written_by(self, job: Job) -> dict[str, Sequence[str]]:
        """Find the tables that a run of the job writes, and what names a row of an app's."""
        beside = [
            one.table
            for one in self.relations
            if one.is_table and {dep.table for dep in one.deps} & set(job.tables)
        ]
        of_the_app = {one.table for step in job.steps for one in step.writes if one.is_table}
        shown = [one for domain in self.domains for one in domain.shown.values()]
        keys = {relation.table: relation.key for relation in [*self.app_relations, *shown]}
        written = dict.fromkeys([*job.tables, *beside, *sorted(of_the_app)])
        return {table: keys.get(table, ()) for table in written}

    @property
    def checks(self) -> list[Check]:
        """Every check."""
        return [check for domain in self.domains for check in domain.checks]

    @property
    def triggers(self) -> list[Trigger]:
        """Everything that asks for a job beyond its schedule."""
        own = [trigger for domain in self.domains for trigger in domain.triggers]
        return [*own, *self.board_jobs.triggers]

    @property
    def actions(self) -> list[Action]:
        """Everything that people do by hand in the UI."""
        return [action for domain in self.domains for action in domain.actions]

    @property
    def conditions(self) -> list[FindConditions]:
        """What else may be wrong, one function per domain."""
        return [domain.conditions for domain in self.domains if domain.conditions]


def load_domains(names: Sequence[str] = KNOWN_DOMAINS) -> list[Domain]:
    """Load what the packages of these names declare. The others are not loaded."""
    return [import_module(f"trc_pipelines.{name}").DOMAIN for name in names]


def read_catalogue(settings: Settings) -> Catalogue:
    """Read what the domains declare that the settings switch on."""
    wanted = [name for name in KNOWN_DOMAINS if name in settings.domains]
    return Catalogue(load_domains(wanted), settings.write_back)
