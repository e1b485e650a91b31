"""The reference page says what the tables say."""

from pathlib import Path

from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.reference import page
from connector.protocol.transfer import TRANSFER

PAGE = Path(__file__).parents[2] / "connector/docs/reference/protocol.md"


def test_writing_the_page_again_changes_nothing() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_every_row_and_every_state_is_on_the_page() -> None:
    text = page()
    for table in (NEGOTIATION, TRANSFER):
        assert all(f"| {row.source} | `{row.message}` |" in text for row in table.rows)
        assert all(state in text for state in table.states)
