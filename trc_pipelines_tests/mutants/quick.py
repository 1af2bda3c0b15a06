"""How pytest runs while mutants are tried: without a database, the same examples each time, none shrunk."""

import atexit
import os
import shutil

import hypothesis
import pytest
from hypothesis import Phase

# A fork that ends with an exception must not take the folder of them all with it (isolation.py): nothing
# would run in those that come after, and every mutant look killed.
os.register_at_fork(after_in_child=lambda: atexit.unregister(shutil.rmtree))

hypothesis.settings.register_profile(
    "mutants",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


def pytest_configure(config: pytest.Config) -> None:
    """Load the profile after conftest.py, which has its own."""
    hypothesis.settings.load_profile("mutants")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server: a mutant of a rule is killed by the rule's own tests, or lives."""
    left_out = [
        item
        for item in items
        if {"database_url", "servers", "trc"} & {*getattr(item, "fixturenames", ())}
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]
