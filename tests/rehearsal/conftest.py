"""The stage of the rehearsal, set once for the session."""

import os
from collections.abc import Iterator

import pytest

from tests.harness.stages import Kept, kept
from tests.rehearsal.network import remove_leftovers
from tests.rehearsal.stage import Stage, staged
from tests.tools.postgres import Postgres
from tests.tools.what_is_missing import NEEDS, sentence


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Stage]]:
    """Three members who know each other; skipped (with CI=true: failed) where they cannot be put on hosts."""
    for need in NEEDS:
        if need.marker in ("network", "proxy") and not need.is_there():
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence(need))
    remove_leftovers()
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_database() as url:
        name = url.rpartition("/")[2]
        by_file = f"postgresql://pupitre@/{name}?host={server.folder}&port={server.port}"
        with kept(staged(tmp_path_factory.mktemp("rehearsal"), by_file)) as found:
            yield found
