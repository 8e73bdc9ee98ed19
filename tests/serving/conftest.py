"""Sites for the real server: `site` on SQLite, `any_site` on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import SQLite
from tests.serving.site import Site, site_on


@pytest.fixture
def site(sqlite_databases: SQLite, tmp_path: Path) -> Iterator[Site]:
    with site_on(sqlite_databases.clone(tmp_path), tmp_path) as site:
        yield site


@pytest.fixture
def any_site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with site_on(database_url, tmp_path) as site:
        yield site
