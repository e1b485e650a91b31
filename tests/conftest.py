"""Fixtures that every room may use."""

from collections.abc import Iterator

import pytest

from tests.tools.postgres import Postgres, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own, for the session."""
    with server() as running:
        yield running
