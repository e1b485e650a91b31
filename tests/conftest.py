"""Fixtures that every room may use."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.postgres import Postgres, server

TESTS = Path(__file__).resolve().parent
CITY = TESTS.parents[1] / "shared" / "data" / "montpellier"
STAYS_TOGETHER = frozenset({"deploy", "interop", "kits", "rehearsal"})
"""Rooms whose files share what is dear to start, or much of the machine: one process runs them all."""
GOES_FIRST = ("interop", "kits", "deploy", "rehearsal", "acceptance", "simulator", "backup", "docs", "api")
"""Rooms that take longest, so that no process is left alone with one at the end."""
collect_ignore = [] if CITY.is_dir() else ["acceptance/test_city.py"]


def pytest_report_header() -> list[str]:
    """Say what this run leaves out because its data is not there."""
    return [] if CITY.is_dir() else [f"not run: the catalogue of a real city ({CITY} is not there)"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests (`-n`), begin with the longest rooms."""
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give whole files to a process, and rooms that stay together as one; marks for that do not reach pytest-xdist."""
    from xdist.scheduler import LoadScopeScheduling

    class WholeFiles(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            room = file.split("/")[1]
            return room if room in STAYS_TOGETHER else file

    return WholeFiles(config, log)


def _turn(item: pytest.Item) -> int:
    room = _room(item)
    return GOES_FIRST.index(room) if room in GOES_FIRST else len(GOES_FIRST)


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own, for the session."""
    with server() as running:
        yield running
