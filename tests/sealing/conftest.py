"""Two nodes that know each other, have cards and seal keys, on which a test plays its scene."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sealing.pair import play
from tests.simulator import places

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with the template of both nodes."""
    with tempfile.TemporaryDirectory(prefix="sealing", dir=MEMORY if MEMORY.is_dir() else None) as name:
        places.make_template(Path(name) / "template")
        yield Path(name)


@pytest.fixture
def perform(folder: Path) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes, whose signers may be slow or fail."""
    return lambda scene: play(folder / "pair", folder / "template", scene)
