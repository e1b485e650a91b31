"""One text has one meaning, or it is refused."""

import json
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import MAX_DEPTH, fingerprint, is_storable, pointer_to, read_object, write

REFUSED = [
    (b"", ""),
    (b"{", ""),
    (b"[]", ""),
    (b'"text"', ""),
    (b"{} {}", ""),
    (b"\xff\xfe{}", ""),
    (b"\xef\xbb\xbf{}", ""),
    ('{"a":"é"}'.encode("latin-1"), ""),
    (b'{"a":1,"a":1}', "/a"),
    (b'{"a":[{"b":1},{"c/d":1,"x":0,"c/d":2}]}', "/a/1/c~1d"),
    (b'{"a":NaN}', "/a"),
    (b'{"a":[0,-Infinity]}', "/a/1"),
    (b'{"a":1e400}', "/a"),
    (b'{"a":"\\ud800"}', "/a"),
    (b'{"a":{"\\udc00":1}}', "/a"),
    (b'{"a":"\\u0000"}', "/a"),
    (b'{"\\ud800":1,"\\ud800":2}', "/?"),
    (b'{"a":' + b"9" * 5000 + b"}", ""),
]


@pytest.mark.parametrize(("raw", "pointer"), REFUSED, ids=lambda value: repr(value)[:30])
def test_a_text_without_one_meaning_is_refused_where_it_is_wrong(raw: bytes, pointer: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_object(raw)
    assert caught.value.pointer == pointer
    assert caught.value.say("fr").encode()


@pytest.mark.parametrize("opening", [b'{"a":', b"["])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 100_000])
def test_a_deep_text_is_refused(opening: bytes, depth: int) -> None:
    closing = b"}" if opening == b'{"a":' else b"]"
    with pytest.raises(MalformedMessage, match=str(MAX_DEPTH)):
        read_object(opening * depth + b"1" + closing * depth)


def test_the_deepest_text_that_is_allowed_is_read() -> None:
    assert read_object(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
    assert read_object(b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")


def test_a_wide_text_is_not_a_deep_one() -> None:
    assert len(read_object(b'{"a":[' + b",".join([b"{}"] * 1000) + b"]}")["a"]) == 1000


def test_a_pointer_never_fills_an_answer() -> None:
    key = b"k" * 100_000
    with pytest.raises(MalformedMessage) as caught:
        read_object(b'{"%s":1,"%s":2}' % (key, key))
    assert len(caught.value.pointer) <= 500


def test_pointers_are_escaped() -> None:
    assert pointer_to("a/b", "c~d", 0) == "/a~1b/c~0d/0"


def test_only_what_any_database_keeps_is_storable() -> None:
    assert is_storable("é 🏛")
    assert not is_storable("a\0b")
    assert not is_storable("\ud800")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
objects = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(texts, objects, max_size=5))
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    assert read_object(write(value)) == value


@given(st.dictionaries(texts, objects, max_size=5), st.randoms(use_true_random=False))
def test_the_fingerprint_does_not_see_order_or_spacing(value: dict[str, object], chance: Random) -> None:
    members = list(value.items())
    chance.shuffle(members)
    assert fingerprint(read_object(json.dumps(dict(members), indent=3).encode())) == fingerprint(value)


numbers = st.integers(-(2**70), 2**70) | st.sampled_from((1e16, 1e-7, 0.1))


@given(st.dictionaries(texts, objects | numbers | st.characters(max_codepoint=0x1F), max_size=5))
def test_a_text_has_one_compact_form_whatever_is_in_it(value: dict[str, object]) -> None:
    """That of Python's writer, which is also that of an agreement (contracts/agreement.py), to the byte."""
    assert write(value).decode() == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    in_order = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert fingerprint(value) == sha256(in_order.encode()).hexdigest()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_outside_json_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write({"a": [{"b": number}]})
