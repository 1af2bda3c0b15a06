"""Files that are made from the declarations of the apps' tables are as they would be made now."""

import pytest

from trc_pipelines.cli.contract import write_files
from trc_pipelines.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    "path", sorted(str(path.relative_to(PROJECT_ROOT)) for path in write_files())
)
def test_a_file_is_what_make_contract_writes(path: str) -> None:
    made = write_files()[PROJECT_ROOT / path]
    assert (PROJECT_ROOT / path).read_text() == made, "run: make contract"
