"""Adapters: views and ports over the tables of an app that exists, a folder of `sql/adapters` each."""

import hashlib
from dataclasses import dataclass

from trc_pipelines.database.statements import SQL_FOLDER, read_file

_FOLDER = SQL_FOLDER / "adapters"
_DOMAIN = "-- domain: "


class AdapterError(Exception):
    """There is no such adapter. The message names those that there are."""


@dataclass(frozen=True)
class Adapter:
    """How one domain is attached to one app: `views.sql` names the domain in its first line."""

    name: str

    @property
    def folder(self) -> str:
        """Where its statements are, below `sql/`."""
        return f"adapters/{self.name}"

    @property
    def domain(self) -> str:
        """The domain whose relations it makes."""
        return read_file(f"{self.folder}/views").splitlines()[0].removeprefix(_DOMAIN).strip()

    @property
    def has_ports(self) -> bool:
        """Whether it writes in another way than our ports do."""
        return (_FOLDER / self.name / "ports.sql").exists()

    @property
    def digest(self) -> str:
        """SHA-256 of its files."""
        texts = [read_file(f"{self.folder}/views")]
        if self.has_ports:
            texts.append(read_file(f"{self.folder}/ports"))
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def list_adapters() -> list[Adapter]:
    """List the adapters that there are."""
    return [Adapter(path.parent.name) for path in sorted(_FOLDER.glob("*/views.sql"))]


def find_adapter(name: str) -> Adapter:
    """Find an adapter by its name.

    Raises:
        AdapterError: there is none.
    """
    every = {adapter.name: adapter for adapter in list_adapters()}
    if name not in every:
        raise AdapterError(
            f"there is no adapter {name!r}; there are: {', '.join(every) or 'none'}. For another app "
            "make a folder in sql/adapters, as docs/connecting.md says."
        )
    return every[name]
