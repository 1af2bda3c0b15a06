"""Settings for channels, and a deadline that tests can wait for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trc_pipelines.settings import Settings, load_settings

# For what never comes. What comes is given its time: a busy machine needs it.
SOON, PATIENT = 2.0, 60.0
Configure = Callable[..., Settings]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    for name in ("SENTRY_DSN", "ALERT_URLS", "ENVIRONMENT", "MEE6_GUILD_ID"):
        monkeypatch.delenv(name, raising=False)
    return lambda **settings: load_settings(trc_home=tmp_path, **settings)
