"""Whoever is alerted: what is wrong is said once, that it is over once, and nothing of it is lost.

What is wrong is found by the product. Here it is only asked what people hear of it.
"""

import random
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trc_pipelines.monitoring.alerts import Condition
from trc_pipelines.monitoring.channels import DeliveryError, QueuedAlert
from trc_pipelines.monitoring.delivery import deliver_due
from trc_pipelines.monitoring.health import watch
from trc_pipelines_tests.simulation.sessions import Task, this_task

if TYPE_CHECKING:
    from trc_pipelines_tests.simulation.house import House

# A channel is out of order so often. Nothing here waits for a clock.
DEAF, PATIENCE_SECONDS = 0.1, 3600
# An incident is over after a quarter of an hour; what was not sent is tried again within an hour.
OVER_AFTER, TRIED_AGAIN_AFTER = timedelta(minutes=16), timedelta(hours=2)
LOOKED = "monitoring/select_job_health"


class Watcher:
    """The sensors that look and send, and who receives what they send."""

    key = "receiver"
    is_for_everything = False
    is_for_community = False

    def __init__(self, house: "House") -> None:
        self.house = house
        self.dice: random.Random | None = None
        self.looks: list[tuple[Task, list[Condition]]] = []
        self.received: dict[int, list[Task]] = defaultdict(list)
        self.titles: dict[int, str] = {}
        self.told: set[str] = set()

    def look(self, at: datetime, dice: random.Random | None) -> None:
        """Look what is wrong, and send what is due."""
        house, self.dice = self.house, dice
        jobs = list(house.jobs.values())
        with house.database.transaction() as transaction:
            found = watch(transaction, house.settings, jobs, house.catalogue.conditions, at)
            self.looks.append((this_task(), found))
        self.deliver(at)

    def deliver(self, at: datetime) -> None:
        deliver_due(self.house.database, [self], at, PATIENCE_SECONDS)

    def send(self, alert: QueuedAlert) -> None:
        """Receive an alert.

        Raises:
            DeliveryError: out of order.
        """
        if self.dice and self.dice.random() < DEAF:
            raise DeliveryError("out of order")
        self.received[alert.alert_id].append(this_task())
        self.titles[alert.alert_id] = alert.title

    def audit(self) -> None:
        """Nothing is received twice, but where it is not known that it was."""
        from trc_pipelines_tests.simulation.house import require

        for number, tasks in self.received.items():
            require(
                all(task.faults for task in tasks[:-1]),
                f"alert {number} came {len(tasks)} times: {self.titles[number]}",
            )
        for task, found in self.looks:
            if any(LOOKED in commit.statements for commit in task.commits):
                self.told |= names_of(found)
        self.looks = self.looks[-1:]

    def audit_calm(self, _at: datetime) -> None:
        """What is wrong was said, what was wrong is said to be over, in turns."""
        from trc_pipelines_tests.simulation.house import require

        heard: dict[str, str] = {}
        for _, title in sorted(self.titles.items()):
            words, _, what = title.rpartition(": ")
            is_open = heard.get(what, "Over") != "Over"
            require(is_open == bool(words), f"{title!r} came after {heard.get(what)!r}")
            heard[what] = words or "opened"
        wrong = names_of(self.looks[-1][1])
        still = {what for what, words in heard.items() if words != "Over"}
        require(
            worth_telling(wrong, heard) <= still <= wrong,
            f"people believe that {still} are wrong, what is wrong is {wrong}",
        )
        unheard = worth_telling(self.told, heard) - heard.keys()
        require(not unheard, f"nobody heard of {unheard}")


def names_of(found: Collection[Condition]) -> set[str]:
    return {f"{each.subject} {each.kind}" for each in found}


def worth_telling(names: set[str], heard: Collection[str]) -> set[str]:
    """Leave out jobs that are late or fail, where people hear of something else with them."""
    return {
        name
        for name in names
        if not name.endswith((" failing", " stale"))
        or not any(
            other != name and other.rpartition(" ")[0] == name.rpartition(" ")[0] for other in heard
        )
    }
