"""Fixtures that every room may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.postgres import Postgres, server

CITY = Path(__file__).resolve().parents[2] / "shared" / "data" / "montpellier"
collect_ignore = [] if CITY.is_dir() else ["acceptance/test_city.py"]


def pytest_report_header() -> list[str]:
    """Say what this run leaves out because its data is not there."""
    return [] if CITY.is_dir() else [f"not run: the catalogue of a real city ({CITY} is not there)"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own, for the session."""
    with server() as running:
        yield running
