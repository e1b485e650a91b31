"""The page on reading terms of use: its examples are what the node says, and no technical word is on it."""

import re
from pathlib import Path

import pytest

from policies.verified import BADGES
from tests.tools.policy_texts import pages

PAGE = Path(__file__).parents[2] / "connector/docs/how-to/read-terms.md"
BLOCKS = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
SAID = "\n".join(text for name, text in pages() if ".fr." in name)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_what_the_node_says(block: str) -> None:
    assert block.strip()
    assert f"\n{block}" in SAID


def test_the_page_shows_an_offer_a_refusal_and_a_difference() -> None:
    assert len(BLOCKS) == 5


def test_no_technical_word_is_on_the_page() -> None:
    assert not re.search(
        r"odrl|\bdsp\b|json|operand|opérande|constraint|assignee|policy|\biri\b", PAGE.read_text(), re.I
    )


def test_each_badge_is_explained() -> None:
    rows = re.findall(r"^\| \*(.+?)\* \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [badge["fr"] for badge in BADGES.values()]
