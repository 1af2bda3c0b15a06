"""Imports go one way down, as CONTRIBUTING says: no room knows those above it or beside it."""

import ast
import re
from collections.abc import Iterator

from trc_pipelines.settings import KNOWN_DOMAINS, PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "trc_pipelines"


def read_floors() -> dict[str, int]:
    """The floor of each room, the ground is 0."""
    text = (PROJECT_ROOT / "CONTRIBUTING.md").read_text()
    [chain] = re.findall(r"\*\*One way down\.\*\* `([^`]+)`", text)
    floors = chain.replace("the domains", ", ".join(KNOWN_DOMAINS)).split(" → ")
    return {
        room.removesuffix(".py"): floor
        for floor, rooms in enumerate(reversed(floors))
        for room in rooms.split(", ")
    }


def find_imports() -> Iterator[tuple[str, str, str]]:
    """Each file, its room, and a room of ours that it imports."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                if module.startswith("trc_pipelines."):
                    yield name, name.split("/")[0].removesuffix(".py"), module.split(".")[1]


def test_imports_go_one_way_down() -> None:
    floors = read_floors()
    found = [each for each in find_imports() if each[1] in floors and each[2] in floors]
    assert len(found) > 400
    upward = {
        (name, imported)
        for name, room, imported in found
        if room != imported and floors[imported] >= floors[room]
    }
    assert upward == set()
