"""While hosts are upgraded one by one the old code runs on the new schema: what is added breaks nothing."""

import pytest

from trc_pipelines.database.migrations import SHARED, pending_migrations
from trc_pipelines.settings import KNOWN_DOMAINS
from trc_pipelines_tests.database.plain_sql import run_sql
from trc_pipelines_tests.database.test_pooling import run_everything
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

# What any later version may do before its own code runs: a column in every table of ours, at its end.
EXPAND = f"""\
DO $$
DECLARE each regclass;
BEGIN
    FOR each IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace::regnamespace::text IN {(*SHARED, *KNOWN_DOMAINS)}
            AND c.relname NOT IN ('alembic_version', 'migrations')
    LOOP
        EXECUTE 'ALTER TABLE ' || each || ' ADD COLUMN of_the_next text NOT NULL DEFAULT ''x''';
    END LOOP;
END $$;
INSERT INTO operations.migrations (name, schema_name, sha256)
VALUES ('0999_community_next', 'community', repeat('0', 64));
"""


def test_the_code_of_this_version_works_on_the_schema_of_the_next(world: World) -> None:
    run_sql(world.database.url, EXPAND)
    assert pending_migrations(world.database.url) == []
    run_everything(world)
