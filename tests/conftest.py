"""Fixtures that every room may use."""

from collections.abc import Iterator

import pytest

from tests.services_postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own, for the session."""
    with running_postgres() as server:
        yield server
