"""Pages as who reads them takes them in: text by figure, tables, and what a browser would ask for."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}


@dataclass
class Page(HTMLParser):
    """What a page has in it.

    Attributes:
        tables: by the id of their figure the rows of cells, the header first; "troubles" and
            "" (jobs) are in none.
        titles: by the id of the figure what a screen reader says of its drawing.
        elements: names of all.
        links: values of attributes that lead anywhere or do something.
    """

    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    figures: list[str] = field(default_factory=list)
    elements: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, dict]] = []
        self._figure = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        own = dict(attrs)
        self.elements.add(tag)
        self.links += [
            value or ""
            for name, value in attrs
            if name in ("href", "src", "xlink:href", "action", "style") or name.startswith("on")
        ]
        if tag == "figure":
            self._figure = own["id"]
            self.figures.append(self._figure)
        if own.get("class") == "troubles":
            self._figure = "troubles"
        if tag == "table":
            self.tables[self._figure] = []
        if tag == "tr":
            self.tables[self._figure].append([])
        if tag in ("td", "th"):
            self.tables[self._figure][-1].append("")
        if tag not in VOID:
            self._open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        assert self._open.pop()[0] == tag, f"{tag} closes nothing that is open"
        if tag in ("figure", "section"):
            self._figure = ""

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if "style" not in tags:
            self.texts.append(data)
        if tags[-1:] in (["td"], ["th"]):
            self.tables[self._figure][-1][-1] += data
        if tags[-1:] == ["desc"]:
            self.titles[self._figure] = data
        if tags[-2:] == ["div", "p"] and self._open[-2][1].get("class") == "sentences":
            self.sentences.append(data)


def parse_page(html: str) -> Page:
    """Parse a page. Every element that is opened is closed, in order."""
    page = Page()
    page.feed(html)
    assert not page._open
    return page


def figure_of(cell: str) -> object:
    """Give the number a cell shows, None for a dash, text as it is."""
    if cell == "–":
        return None
    number = cell.replace(",", "").replace("−", "-").removesuffix(" %")
    return float(number) if re.fullmatch(r"-?\d+(\.\d+)?", number) else cell
