"""The schemas of what is sealed, as JSON Schema files, and the reader that holds a document against them.

The files say it once, for us and for whoever reads a contract later with a tool of their own. The reader knows the few
words of JSON Schema (2020-12) that they use; a word that it does not know is a fault of the file, not of a document.
What a schema cannot say (that a digest is the digest, that an instant exists) is told by document.py.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from contracts.canonical import Json
from contracts.refused import BadDocument
from contracts.schema.fits import SILENT, Fit, fit, searching

CONTRACT = "https://w3id.org/pupitre/contract/1"
CONCLUSION = "https://w3id.org/pupitre/conclusion/1"
NOTICE = "https://w3id.org/pupitre/notice/1"
CHECKPOINT = "https://w3id.org/pupitre/checkpoint/1"

_FILES = {
    CONTRACT: "contract-1.json",
    CONCLUSION: "conclusion-1.json",
    NOTICE: "notice-1.json",
    CHECKPOINT: "checkpoint-1.json",
}
_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
Schema = dict[str, Any]
Check = Callable[[Json], None]
"""Holds a value against a part of a schema. Raises BadDocument, its pointer from there."""
Word = Callable[[Any, Schema, Schema], Check]
"""What a word of JSON Schema demands: what is said after it, in which rule, in which schema."""


@cache
def schema(name: str) -> Schema:
    """Return a schema as the file says it."""
    told: Schema = json.loads((Path(__file__).parent / _FILES[name]).read_text("utf-8"))
    return told


def check_shape(document: Json, name: str) -> bool:
    """Verify that a document has the form of this schema. Raises BadDocument with the member at fault.

    True when no text in it is blank; False: one may be, which no schema forbids.
    """
    if _fits(name)(document):
        return True
    _reader(name)(document)
    return False


def check_member(value: Json, name: str, member: str) -> None:
    """Verify that a value may stand as this member of such a document. Raises BadDocument, its pointer from there."""
    _reader(name, member)(value)


@cache
def _fits(name: str) -> Fit:
    return fit(schema(name), schema(name))


@cache
def _reader(name: str, member: str | None = None) -> Check:
    """Return what holds a document, or one member, against a schema; the file is gone through once, not each time."""
    whole = schema(name)
    return _read(whole if member is None else whole["properties"][member], whole)


def _read(rule: Schema, whole: Schema) -> Check:
    checks = [_WORDS[word](said, rule, whole) for word, said in rule.items() if word not in SILENT]

    def check(value: Json) -> None:
        for one in checks:
            one(value)

    return check


def _type(said: str, rule: Schema, whole: Schema) -> Check:
    needed = _TYPES[said]

    def check(value: Json) -> None:
        if type(value) is not needed:
            raise BadDocument(needed=said, actual=type(value).__name__)

    return check


def _const(said: str, rule: Schema, whole: Schema) -> Check:
    def check(value: Json) -> None:
        if value != said:
            raise BadDocument(needed=said, actual=_shown(value))

    return check


def _enum(said: list[str], rule: Schema, whole: Schema) -> Check:
    def check(value: Json) -> None:
        if value not in said:
            raise BadDocument(needed=" | ".join(said), actual=_shown(value))

    return check


def _pattern(said: str, rule: Schema, whole: Schema) -> Check:
    search = searching(said)

    def check(value: Json) -> None:
        if isinstance(value, str) and search(value) is None:
            raise BadDocument(needed=said, actual=_shown(value))

    return check


def _length(sign: int) -> Word:
    def read(said: int, rule: Schema, whole: Schema) -> Check:
        def check(value: Json) -> None:
            if isinstance(value, str | list | dict) and sign * (len(value) - said) < 0:
                raise BadDocument(needed=f"{'≥' if sign > 0 else '≤'} {said}", actual=str(len(value)))

        return check

    return read


def _minimum(said: int, rule: Schema, whole: Schema) -> Check:
    def check(value: Json) -> None:
        if type(value) is int and value < said:
            raise BadDocument(needed=f"≥ {said}", actual=_shown(value))

    return check


def _required(said: list[str], rule: Schema, whole: Schema) -> Check:
    def check(value: Json) -> None:
        for name in said if isinstance(value, dict) else ():
            if name not in value:
                raise BadDocument(needed=name, pointer=f"/{name}")

    return check


def _properties(said: Schema, rule: Schema, whole: Schema) -> Check:
    members = {name: _read(each, whole) for name, each in said.items()}

    def check(value: Json) -> None:
        for name, one in members.items() if isinstance(value, dict) else ():
            if name in value:
                try:
                    one(value[name])
                except BadDocument as error:
                    raise _below(name, error) from None

    return check


def _closed(said: bool, rule: Schema, whole: Schema) -> Check:
    known = rule["properties"].keys()

    def check(value: Json) -> None:
        for name in sorted(value.keys() - known) if isinstance(value, dict) else ():
            raise BadDocument(actual=_shown(name), pointer=f"/{_shown(name)}")

    return check


def _items(said: Schema, rule: Schema, whole: Schema) -> Check:
    one = _read(said, whole)

    def check(value: Json) -> None:
        for place, each in enumerate(value if isinstance(value, list) else ()):
            try:
                one(each)
            except BadDocument as error:
                raise _below(place, error) from None

    return check


def _ref(said: str, rule: Schema, whole: Schema) -> Check:
    return _read(whole["$defs"][said.removeprefix("#/$defs/")], whole)


def _one_of(said: list[Schema], rule: Schema, whole: Schema) -> Check:
    """Take `none`, or else the object: no document fits both."""
    none, other = said[0]["const"], _read(said[1], whole)

    def check(value: Json) -> None:
        if value != none:
            other(value)

    return check


_WORDS: dict[str, Word] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _length(1),
    "maxLength": _length(-1),
    "minimum": _minimum,
    "minItems": _length(1),
    "minProperties": _length(1),
    "required": _required,
    "additionalProperties": _closed,
    "properties": _properties,
    "items": _items,
    "$ref": _ref,
    "oneOf": _one_of,
}


def _below(name: str | int, error: BadDocument) -> BadDocument:
    """Return what is wrong with a part as what is wrong with the whole: the way is only written when it is."""
    return BadDocument(needed=error.needed, actual=error.actual, pointer=f"/{name}{error.pointer}")


def _shown(value: Json) -> str:
    return str(value)[:80]
