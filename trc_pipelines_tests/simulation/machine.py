"""What may happen to a domain, drawn by Hypothesis: the same house and auditors, and a history that shrinks.

The simulation lives through days as a seed has them. Here each thing that happens is drawn by itself,
so that accidents come where no schedule would put them, and a history that fails is cut down to what
it fails with. After each step the auditor of the domain compares the tables with what its own loops
say, and the product's checks hold. Each history ends with a calm in which all that is due is done.
"""

import logging
import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from trc_pipelines_tests.servers import create_database, drop_database
from trc_pipelines_tests.simulation.house import (
    DAY,
    FIRST_DAY,
    HOUR,
    MAY_BE_LIMITED,
    MINUTE,
    House,
    last_tick,
    midnight,
    require,
    require_same,
)
from trc_pipelines_tests.simulation.sessions import REFUSALS, Task

SEEDS = st.integers(0, 2**32 - 1)
FAULTS = ["killed", "killed", "killed after", "cut", "answer lost", *REFUSALS]
# The call that is struck, and by what. Runs with something to do make 20 to 40, others fewer.
STRIKES = st.none() | st.tuples(st.integers(1, 12) | st.integers(1, 40), st.sampled_from(FAULTS))
PAUSES: dict[str, Callable[[datetime], datetime]] = {
    "at once": lambda now: now,
    "half an hour later": lambda now: now + 30 * MINUTE,
    "hours later": lambda now: now + 5 * HOUR,
    "at midnight": lambda now: midnight(now.date() + DAY),
    "a day later": lambda now: now + DAY,
    "three days later": lambda now: now + 3 * DAY,
    "on Monday, at midnight": lambda now: midnight(now.date() + (7 - now.weekday()) * DAY),
}
WHEN, LIMITS = st.sampled_from(list(PAUSES)), st.none() | st.integers(1, 3)
# True once everything is done that is due, not before.
DUE = {"results_stand_as_settled"}


class HouseMachine(RuleBasedStateMachine):
    """What any app, its jobs and their accidents have in common.

    Attributes:
        server: where each history has a database of its own.
        domain: of the house.
        jobs: that run, more often those that matter more.
    """

    server: ClassVar[str]
    domain: ClassVar[str]
    jobs: ClassVar[Sequence[str]]

    def __init__(self) -> None:
        super().__init__()
        self.exit = ExitStack()

    @initialize(seed=st.integers(0, 7))
    def move_in(self, seed: int) -> None:
        """The seed decides the settings."""
        url = create_database(self.server)
        self.exit.callback(drop_database, url)
        home = Path(self.exit.enter_context(TemporaryDirectory()))
        self.house = self.exit.enter_context(House(url, home, seed, [self.domain], fault_rate=0.0))
        self.house.now = midnight(FIRST_DAY) + 9 * HOUR
        self.auditor: Any = self.house.domains[0]
        [[self.look]] = self.house.ask(LOOK)
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Have something happen that histories go on from."""

    def wait(self, when: str) -> None:
        """Let time pass."""
        self.house.now = PAUSES[when](self.house.now)

    # The app

    def live(self, *acts: Callable, seed: int) -> None:
        """Have users do some things, one after the other."""
        self.house.run([self._app(acts, seed)], "app")

    def _app(self, acts: Sequence[Callable], seed: int) -> Task:
        dice, session = random.Random(seed), self.house.session("app")

        def act() -> None:
            for each in acts:
                each(session, dice, self.house.now)

        return Task("app", act)

    # Jobs

    def task(self, name: str, **options: Any) -> Task:
        """Make a run of a job's last tick."""
        job, now = self.house.jobs[name], self.house.now
        tick = last_tick(job, now - 31 * DAY, now)
        return self.house.job_task("machine", job, tick, now, **options)

    names = st.runner().flatmap(lambda machine: st.sampled_from(machine.jobs))

    @rule(when=WHEN, name=names)
    def job_runs(self, when: str, name: str) -> None:
        self.wait(when)
        task = self.task(name)
        self.house.run([task], "alone")
        require(task.error is None, f"{name} failed alone: {task.error!r}")

    @rule(when=WHEN, name=names)
    def dry_run_changes_nothing(self, when: str, name: str) -> None:
        self.wait(when)
        before = dict(self.house.ask(self.look))
        self.house.run([self.task(name, is_dry=True)], "alone")
        require_same(f"a dry run of {name}", dict(self.house.ask(self.look)), before)

    @rule(
        when=WHEN,
        runs=st.lists(st.tuples(names, LIMITS, STRIKES), min_size=1, max_size=2),
        acts=st.integers(0, 4),
        seed=SEEDS,
    )
    def jobs_have_accidents_while_others_go_on(
        self, when: str, runs: list[tuple[str, int | None, tuple | None]], acts: int, seed: int
    ) -> None:
        """A process dies, a connection ends, an answer is lost, at any call; two run at once, or not to the end.

        Users act meanwhile, and a follower takes events, or dies before it commits. Whose statement is
        next is said by the seed.
        """
        self.wait(when)
        tasks = [
            self._app([self.auditor.act] * acts, seed),
            Task("follower", lambda: self.house.follower.take(random.Random(seed))),
        ]
        for name, limit, struck in runs:
            tasks.append(task := self.task(name, limit=limit if name in MAY_BE_LIMITED else None))
            task.struck = struck
        self.house.run(tasks, f"{seed}")

    # What always holds

    @invariant()
    def tables_are_as_the_auditor_says(self) -> None:
        self.auditor.audit()
        self.house.follower.audit()

    @invariant()
    def checks_hold(self) -> None:
        self.house.verify("after a step", besides=DUE)

    def teardown(self) -> None:
        """End a history that was well so far in a calm: whatever is due is done, and nothing is missing."""
        with self.exit:
            if sys.exception() is None and hasattr(self, "auditor"):
                self.house.calm_down(0, self.house.now)


# Of all rows in a table a number, but for what Alembic says of the schema.
LOOK = """\
SELECT string_agg(
    format('SELECT %L, count(*)::text || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM %s AS t',
           c.oid::regclass, c.oid::regclass),
    ' UNION ALL '
)
FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"""


def run_machine(machine: type[HouseMachine], server: str, examples: int, steps: int) -> None:
    """Try so many histories. MACHINE_SHRINK=1: and cut down what fails, which takes minutes."""
    logging.disable(logging.ERROR)
    try:
        run_state_machine_as_test(
            type(machine.__name__, (machine,), {"server": server}),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                print_blob=True,
                phases=set(Phase)
                - (set() if os.environ.get("MACHINE_SHRINK") else {Phase.shrink, Phase.explain}),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        logging.disable(logging.NOTSET)
