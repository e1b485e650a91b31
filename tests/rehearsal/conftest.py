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
def networks() -> None:
    """A machine on which networks may be made, with nothing left of runs that died."""
    _require("network")
    remove_leftovers()


@pytest.fixture(scope="session")
def stage(
    networks: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept[Stage]]:
    """Three members who know each other."""
    _require("proxy")
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_database() as url:
        name = url.rpartition("/")[2]
        by_file = f"postgresql://pupitre@/{name}?host={server.folder}&port={server.port}"
        with kept(staged(tmp_path_factory.mktemp("rehearsal"), by_file)) as found:
            yield found


def _require(marker: str) -> None:
    """Skip (with CI=true: fail) where something is missing that tests of this marker need, and say in one line what."""
    for need in NEEDS:
        if need.marker == marker and not need.is_there():
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence(need))
