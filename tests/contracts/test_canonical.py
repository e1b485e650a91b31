"""Canonical JSON: one text for each value, the same as a second library and a third program write."""

import json
import os
import shutil
import string
import subprocess
import unicodedata
from random import Random

import jcs
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import refused
from contracts.canonical import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, assembled, canonical, read_canonical, sha256

LOTS, LOT = 50, 100
"""Together the documents that are compared."""
ALPHABETS = (
    string.printable,
    "\x00\x1f\x7f\x80\x9f\u2028\u2029\ufeff",
    "éàçœŒß€’«»\u00a0\u0301\u0327",
    "\ud7ff\ue000\uf8ff\uffff\U00010000\U0001f600\U0010ffff",
)
"""The last tells the order of UTF-16 from that of Unicode."""


def text_of(chance: Random, alphabets=ALPHABETS) -> str:
    drawn = (chance.choice(chance.choice(alphabets)) for _ in range(chance.randrange(7)))
    return unicodedata.normalize("NFC", "".join(drawn))


def value_of(chance: Random, depth: int, alphabets=ALPHABETS):
    match chance.randrange(8 if depth else 5):
        case 0:
            return chance.random() < 0.5
        case 1:
            return chance.randint(-MAX_INTEGER, MAX_INTEGER) if chance.random() < 0.5 else chance.randint(-9, 9)
        case 2 | 3 | 4:
            return text_of(chance)
        case 5:
            return [value_of(chance, depth - 1, alphabets) for _ in range(chance.randrange(4))]
        case _:
            return document_of(chance, depth - 1, alphabets)


def document_of(chance: Random, depth: int = 4, alphabets=ALPHABETS) -> dict:
    return {text_of(chance, alphabets): value_of(chance, depth, alphabets) for _ in range(chance.randrange(6))}


def lot(seed: int) -> list[dict]:
    """Return documents, one half of them with names in ASCII, as ours are."""
    chance = Random(seed)
    return [document_of(chance, alphabets=ALPHABETS[:1] if one % 2 else ALPHABETS) for one in range(LOT)]


def has_ascii_names(value) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and has_ascii_names(each) for name, each in value.items())
    return not isinstance(value, list) or all(map(has_ascii_names, value))


@settings(max_examples=LOTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 64))
def test_two_other_libraries_write_the_same(seed):
    for document in lot(seed):
        written = canonical(document)
        assert written == jcs.canonicalize(document) == rfc8785.dumps(document)
        assert read_canonical(written) == document
        assert not has_ascii_names(document) or assembled(document) == written


@settings(max_examples=LOTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 64))
def test_the_order_of_members_does_not_matter(seed):
    for document in lot(seed)[:10]:
        members = list(document.items())
        Random(seed).shuffle(members)
        assert canonical(dict(members)) == canonical(document)


NODE = """
const member = (v, k) => JSON.stringify(k) + ':' + sorted(v[k]);
const sorted = v => Array.isArray(v) ? '[' + v.map(sorted).join() + ']'
  : v !== null && typeof v === 'object' ? '{' + Object.keys(v).sort().map(k => member(v, k)).join() + '}'
  : JSON.stringify(v);
const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);
process.stdout.write(JSON.stringify(lines.map(line => sorted(JSON.parse(line)))));
"""


@pytest.mark.skipif(shutil.which("node") is None and os.environ.get("CI") != "true", reason="Node.js is not here")
def test_the_json_of_javascript_writes_the_same():
    documents = [document for seed in range(LOTS) for document in lot(seed)]
    assert len(documents) >= 5_000
    lines = "\n".join(json.dumps(document) for document in documents)
    told = subprocess.run(["node", "-e", NODE], input=lines, capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [canonical(document).decode() for document in documents]


def test_the_example_of_the_specification():  # RFC 8785 §3.2.3, sorting by UTF-16
    told = {"\u20ac": "Euro", "\r": "Return", "\ufb33": "x", "1": "One", "\U0001f600": "Smile", "\u0080": "Control"}
    del told["\ufb33"]  # not in normal form C
    assert canonical(told | {"ö": "o"}) == (
        '{"\\r":"Return","1":"One","\u0080":"Control","ö":"o","€":"Euro","\U0001f600":"Smile"}'.encode()
    )


@pytest.mark.parametrize(
    ("value", "error", "pointer"),
    [
        ({"a": None}, refused.ValueNotAllowed, "/a"),
        ({"a": [1, 1.5]}, refused.ValueNotAllowed, "/a/1"),
        ({"a": float("nan")}, refused.ValueNotAllowed, "/a"),
        ({"a": 1.0}, refused.ValueNotAllowed, "/a"),
        ({"a": 2**53}, refused.ValueNotAllowed, "/a"),
        ({"a": -(2**53)}, refused.ValueNotAllowed, "/a"),
        ({"a": (1,)}, refused.ValueNotAllowed, "/a"),
        ({"a": b""}, refused.ValueNotAllowed, "/a"),
        ({1: "a"}, refused.ValueNotAllowed, ""),
        ({"a/b~": {"c": "e\u0301"}}, refused.NotNormalised, "/a~1b~0/c"),
        ({"a": ["c", "b", "e\u0301"]}, refused.NotNormalised, "/a/2"),
        ({"e\u0301": 1}, refused.NotNormalised, ""),
        ({"a": "\ud800"}, refused.NotNormalised, "/a"),
        ({"a": "x" * MAX_BYTES}, refused.DocumentTooLarge, ""),
    ],
)
def test_what_two_readers_could_take_for_two_is_refused(value, error, pointer):
    with pytest.raises(error) as caught:
        canonical(value)
    assert type(caught.value) is error
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 500 + "Donne\u0301es ouvertes" + "y" * 500, "x" * 16 + "Données ouvertesyyyyyyy (U+0065 U+0301)"),
        ("\u212bngström", "Ångström (U+212B U+006E)"),
        ("a\u0301\u0323", "\u1ea1\u0301 (U+0061 U+0301)"),
        ("é\ud800", "é\\ud800 (U+D800)"),
    ],
)
def test_a_text_that_is_not_normal_is_shown_where_it_is_not(text, shown):
    with pytest.raises(refused.NotNormalised) as caught:
        canonical({"a": text})
    assert caught.value.actual == shown


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("e\u0301\u0323\u00e9\u1100\u1161\n"))))
def test_each_text_is_in_normal_form_by_itself(listed):
    if all(unicodedata.is_normalized("NFC", text) for text in listed):
        assert canonical(listed) == rfc8785.dumps(listed)
    else:
        with pytest.raises(refused.NotNormalised):
            canonical(listed)


def test_what_cannot_be_written_is_not_assembled_either():
    with pytest.raises(refused.NotNormalised):
        assembled({"a": "\ud800"})
    with pytest.raises(refused.DocumentTooLarge):
        assembled({"a": "x" * MAX_BYTES})


def nested(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_a_document_may_be_so_deep_and_no_deeper():
    assert read_canonical(canonical(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(refused.DocumentTooDeep):
        canonical(nested(MAX_DEPTH + 2))
    with pytest.raises(refused.DocumentTooDeep):
        read_canonical(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


@pytest.mark.parametrize(
    "written",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"b":1,"a":1}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1.0}',
        b'{"a":1e0}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\u0061"}',
        b'{"a":"\\/"}',
        b'{"a":"\xc3"}',
        b'{"a":"\xed\xa0\x80"}',
        b"[]",
        b'"a"',
        b"1",
        b"",
        b"{",
        '{"a":"é"}'.encode("utf-16"),
    ],
)
def test_any_other_spelling_is_refused(written):
    with pytest.raises(refused.ContractError):
        read_canonical(written)


def test_a_member_given_twice_is_named():
    with pytest.raises(refused.NotCanonical, match="“a” is given twice"):
        read_canonical(b'{"a":1,"a":1}')


@pytest.mark.parametrize("written", [b'{"a":null}', b'{"a":"e\xcc\x81"}', b'{"a":"\\ud800"}'])
def test_what_may_not_be_written_may_not_be_read(written):
    with pytest.raises((refused.ValueNotAllowed, refused.NotNormalised)):
        read_canonical(written)


def test_the_digest_of_a_text_is_that_of_its_bytes():
    assert sha256("é") == sha256("é".encode())
    assert sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
