"""The judges need no partner: nothing of the exchanges with other connectors is started."""

import pytest


@pytest.fixture(autouse=True)
def in_the_journal() -> None:
    """Take the place of the fixture that writes the journal of exchanges."""
