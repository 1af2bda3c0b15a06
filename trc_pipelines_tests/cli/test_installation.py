"""The folder of an installation: what trc writes there, and what it leaves alone."""

from pathlib import Path

import pytest

from trc_pipelines.cli import installation
from trc_pipelines.cli.installation import make_home
from trc_pipelines.settings import PROJECT_ROOT, Settings


@pytest.fixture
def home_settings(tmp_path: Path) -> Settings:
    return Settings(trc_home=tmp_path)


@pytest.fixture
def instance(home_settings: Settings) -> Path:
    make_home(home_settings)
    return home_settings.trc_home / "dagster" / "dagster.yaml"


def test_an_instance_begins_as_the_project_has_it(instance: Path) -> None:
    mark, _, text = instance.read_text().partition("\n")
    assert mark.startswith("# Written by trc.")
    assert text == (PROJECT_ROOT / "dagster.yaml").read_text()


def test_what_an_operator_adds_to_the_instance_is_never_overwritten(
    home_settings: Settings, instance: Path
) -> None:
    edited = instance.read_text() + "run_launcher:\n  module: ours\n  class: OurLauncher\n"
    instance.write_text(edited)
    make_home(home_settings)
    assert instance.read_text() == edited


def test_an_instance_nobody_edited_follows_the_version(
    home_settings: Settings, instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setattr(installation, "PROJECT_ROOT", newer)
    make_home(home_settings)
    assert instance.read_text().endswith("\ntelemetry:\n  enabled: false\n")
    make_home(home_settings)
    assert instance.read_text().count("Written by trc") == 1
