"""Every conversation reads as it is written: `pytest tests/conversations --rewrite` writes what the node says now."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.conversation import render

FILES = sorted(Path(__file__).parent.glob("*.txt"))
CITES = re.compile(r"DSP 2025-1|\bCN(?:_C)?:|\bTP(?:_C)?:|\bCAT:|\bMET:|\bEDC\b|\brule [1-5]\b")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Refusals are the subject here, not news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_regenerating_changes_nothing(path: Path, request: pytest.FixtureRequest) -> None:
    written = path.read_text("utf-8")
    now = render(written)
    if request.config.getoption("--rewrite", default=False):
        path.write_text(now, "utf-8")
        return
    assert now == written


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_opens_with_what_it_shows_and_cites(path: Path) -> None:
    opening = path.read_text("utf-8").split("\n\n")[0]
    assert all(line.startswith("#") for line in opening.splitlines())
    assert CITES.search(opening)


def test_each_line_of_the_kits_tables_is_a_conversation() -> None:
    """DSP kit 1.0.1: 67 tests, the two that it disables among them."""
    told = set(re.findall(r"^# ((?:MET|CAT|CN|CN_C|TP|TP_C):\d\d-\d\d)", "\n".join(map(_text, FILES)), re.MULTILINE))
    counts = {"MET": {1: 1}, "CAT": {1: 3}, "CN": {1: 4, 2: 7, 3: 4}, "CN_C": {1: 4, 2: 6, 3: 6}}
    counts |= {"TP": {1: 5, 2: 5, 3: 6}, "TP_C": {1: 5, 2: 5, 3: 6}}
    kit = {
        f"{group}:{part:02}-{number:02}"
        for group, parts in counts.items()
        for part, last in parts.items()
        for number in range(1, last + 1)
    }
    assert len(kit) == 67
    assert kit - told == set()


def _text(path: Path) -> str:
    return path.read_text("utf-8")
