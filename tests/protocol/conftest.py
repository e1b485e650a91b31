"""The specification's own schemas and examples (tests/dsp-2025-1, unchanged), ready to hold messages against."""

from collections.abc import Callable

import pytest

from tests.harness import schemas
from tests.harness.schemas import SPECIFICATION

Check = Callable[[str, bytes], list[str]]


@pytest.fixture(scope="session")
def schema_faults() -> Check:
    """Return a function that says what the specification's schema of that name finds wrong with a text."""
    return schemas.faults


@pytest.fixture(scope="session")
def example() -> Callable[[str], bytes]:
    """Return a function that reads an example of the specification by its path below tests/dsp-2025-1."""
    return lambda path: (SPECIFICATION / path).read_bytes()
