"""`make contract`: write everything that is made from the declarations of the apps' relations."""

from pathlib import Path

from trc_pipelines.app_relations.ddl import write_ddl
from trc_pipelines.app_relations.pages import fill_page
from trc_pipelines.domains import Catalogue, load_domains
from trc_pipelines.settings import PROJECT_ROOT


def write_files() -> dict[Path, str]:
    """Write each file that is made from declarations, as a text by its path."""
    catalogue = Catalogue(load_domains())
    domains = {domain.name: domain.app_relations for domain in catalogue.domains}
    page = PROJECT_ROOT / "docs" / "app-tables.md"
    tables = {
        PROJECT_ROOT / "sql" / "app_relations" / f"{name}.sql": write_ddl(name, relations)
        for name, relations in domains.items()
    }
    return {page: fill_page(page.read_text(), domains, catalogue.steps)} | tables


if __name__ == "__main__":
    for path, text in write_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
