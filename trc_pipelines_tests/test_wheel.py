"""What `pip install` of the built wheel brings: everything that running needs, and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trc_pipelines.settings import PROJECT_ROOT

LOOK = """
from pathlib import Path
from trc_pipelines import settings
from trc_pipelines.database.statements import load_statement
assert not settings.IS_CHECKOUT, settings.PROJECT_ROOT
folder = settings.PROJECT_ROOT / "sql"
names = [str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.sql")]
for name in names:
    if not name.startswith(("migrations/", "analytics/", "views/")):
        load_statement(name)
print(len(names), settings.VERSION, settings.load_settings().trc_home)
assert (settings.PROJECT_ROOT / "dagster.yaml").is_file()
assert (settings.PROJECT_ROOT / "workspace.yaml").is_file()
from trc_pipelines.definitions import defs
assert defs().resolve_job_def("mee6_sync")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_an_installed_wheel_has_its_sql_and_its_dagster_files(
    installed: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(installed), "HOME": str(tmp_path)}
    environment.pop("TRC_HOME", None)
    ended = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    files, version, home = ended.stdout.split()
    assert int(files) == len(list((PROJECT_ROOT / "sql").rglob("*.sql")))
    assert version in str(next(installed.glob("*.dist-info")))
    assert home.startswith(str(tmp_path))


def test_a_wheel_has_no_tests(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {
        "trc_pipelines"
    }
