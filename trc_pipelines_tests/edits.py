"""Edits of the product that make it wrong on purpose: what is planted, what is removed."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Edit:
    """A text that is another one now.

    Attributes:
        file: of the product; every `old` in it becomes `new`.
    """

    name: str
    file: str
    old: str
    new: str

    def read_changed(self) -> str:
        """The file as it would be.

        Raises:
            ValueError: the text is not there (any more).
        """
        source = (ROOT / self.file).read_text()
        if self.old not in source:
            raise ValueError(
                f"{self.name}: {self.file} has no such text; mend the list: {self.old}"
            )
        return source.replace(self.old, self.new)
