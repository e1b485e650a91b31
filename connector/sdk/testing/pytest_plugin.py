"""A fixture for pytest: `pytest_plugins = ["connector.sdk.testing.pytest_plugin"]` in the outermost conftest.py."""

from collections.abc import Iterator

import pytest

from connector.sdk.testing.peer import FakePeer


@pytest.fixture
def fake_peer() -> Iterator[FakePeer]:
    """A correct partner, made for this test alone; its script makes it anything else."""
    with FakePeer() as peer:
        yield peer
