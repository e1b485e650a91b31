"""Cursors: what was written is read again; anything else is refused, never believed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.services import cursors
from connector.services.cursors import BadCursor

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_a_cursor_is_read_as_it_was_written(parts: list[str]) -> None:
    assert cursors.read(cursors.write(*parts), len(parts)) == tuple(parts)


@given(st.text(max_size=100))
def test_any_other_text_is_refused_or_holds_texts(text: str) -> None:
    try:
        parts = cursors.read(text, 2)
    except BadCursor:
        return
    assert all(isinstance(part, str) for part in parts)


@pytest.mark.parametrize("parts", [(), ("a", "b", "c"), ("\0", "b"), ("\ud800", "b")])
def test_a_key_of_another_form_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(BadCursor):
        cursors.read(cursors.write(*parts), 2)


def test_an_instant_is_read_with_its_zone() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert cursors.read_instant(cursors.write(at.isoformat(), "urn:x")) == (at, "urn:x")


@pytest.mark.parametrize("at", ["2026-03-01T00:00:00", "yesterday", ""])
def test_an_instant_without_a_zone_is_refused(at: str) -> None:
    with pytest.raises(BadCursor):
        cursors.read_instant(cursors.write(at, "urn:x"))


def test_the_last_page_has_no_cursor() -> None:
    assert cursors.paged(["a", "b"], 2, lambda row: (row,)).following is None
    page = cursors.paged(["a", "b", "c"], 2, lambda row: (row,))
    assert page.items == ["a", "b"]
    assert cursors.read_key(page.following) == "b"
