"""Tokens, as pure functions."""

from hypothesis import given
from hypothesis import strategies as st

from connector.dataplane import tokens


def test_a_token_is_found_in_what_is_presented() -> None:
    token = tokens.mint()
    for header in (token, f"Bearer {token}", f"bearer  {token} "):
        assert tokens.presented(header) == token


def test_tokens_differ() -> None:
    assert len({tokens.mint() for _ in range(1000)}) == 1000


@given(st.text(max_size=80))
def test_what_cannot_be_a_token_costs_no_look_up(header: str) -> None:
    found = tokens.presented(header)
    assert found is None or (len(found) == 43 and found.isascii())


@given(st.text(max_size=80))
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert len(tokens.fingerprint(text)) == 64
