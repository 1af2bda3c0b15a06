"""What a domain declares: all that the other packages know of it. Nothing here knows Dagster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.jobs.checks import Check
from trc_pipelines.jobs.contract import Action, Job, Relation, Step, Trigger
from trc_pipelines.leaderboards.jobs import Boards
from trc_pipelines.monitoring.health import FindConditions
from trc_pipelines.monitoring.housekeeping import Target
from trc_pipelines.reports.declarations import Section, WeeklyPost


@dataclass(frozen=True)
class Domain:
    """One community, game or app: a package, a database schema, a group in Dagster, all of one name.

    Attributes:
        app_relations: the app's tables and views, which its steps read and partly change.
        jobs: its steps with their schedules. The jobs of boards are shared with other domains.
        checks: sentences that are true of its tables.
        retention: what of it grows old, and for how long it is kept.
        boards: its leaderboards; None when it ranks nobody.
        triggers: what asks for its jobs beyond their schedules.
        actions: what people do by hand in the UI.
        conditions: what may be wrong with it beyond failing jobs and checks.
        relations: what its steps write beside their own tables, and stores outside the database.
        shown: views that an operator may make of what the app shows, for `trc compare`, by the
            statement that compares them.
        section: what the report shows of it.
        weekly_post: what is posted of a week of its board that has closed.
        write_back: the step that writes what the app shows itself, run where WRITE_BACK says so.
        run_all: the jobs that `trc run all` runs, in order: never a reset, never a cleanup.
    """

    name: str
    app_relations: Sequence[AppRelation]
    jobs: Sequence[Job]
    checks: Sequence[Check]
    retention: Sequence[Target]
    boards: Boards | None = None
    triggers: Sequence[Trigger] = ()
    actions: Sequence[Action] = ()
    conditions: FindConditions | None = None
    relations: Sequence[Relation] = ()
    shown: Mapping[str, AppRelation] = field(default_factory=dict)
    section: Section | None = None
    weekly_post: WeeklyPost | None = None
    write_back: Step | None = None
    run_all: Sequence[Job] = ()

    @property
    def steps(self) -> list[Step]:
        """Its tables and how each is written, in the order of its jobs."""
        ranked = (
            [self.boards.rankings, self.boards.archive, self.boards.cache] if self.boards else []
        )
        every = [*[step for job in self.jobs for step in job.steps], *ranked]
        return list({step.table: step for step in every}.values())
