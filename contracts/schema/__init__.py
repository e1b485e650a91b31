"""The schemas of what is sealed, as JSON Schema files, and the reader that holds a document against them.

The files say it once, for us and for whoever reads a contract later with a tool of their own. The reader knows the few
words of JSON Schema (2020-12) that they use; a word that it does not know is a fault of the file, not of a document.
What a schema cannot say (that a digest is the digest, that an instant exists) is told by document.py.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from contracts.canonical import Json
from contracts.refused import BadDocument

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


@cache
def schema(name: str) -> Schema:
    """Return a schema as the file says it."""
    told: Schema = json.loads((Path(__file__).parent / _FILES[name]).read_text("utf-8"))
    return told


def check_shape(document: Json, name: str) -> None:
    """Verify that a document has the form of this schema. Raises BadDocument with the member at fault."""
    whole = schema(name)
    _check(document, whole, whole, "")


def _check(value: Json, rule: Schema, whole: Schema, pointer: str) -> None:
    for word, said in rule.items():
        if word not in _SILENT:
            _WORDS[word](value, said, rule, whole, pointer)


def _type(value: Json, said: str, rule: Schema, whole: Schema, pointer: str) -> None:
    if type(value) is not _TYPES[said]:
        raise BadDocument(needed=said, actual=type(value).__name__, pointer=pointer)


def _const(value: Json, said: str, rule: Schema, whole: Schema, pointer: str) -> None:
    if value != said:
        raise BadDocument(needed=said, actual=_shown(value), pointer=pointer)


def _enum(value: Json, said: list[str], rule: Schema, whole: Schema, pointer: str) -> None:
    if value not in said:
        raise BadDocument(needed=" | ".join(said), actual=_shown(value), pointer=pointer)


def _pattern(value: Json, said: str, rule: Schema, whole: Schema, pointer: str) -> None:
    if isinstance(value, str) and _compiled(said).search(value) is None:
        raise BadDocument(needed=said, actual=_shown(value), pointer=pointer)


def _length(sign: int) -> Callable[..., None]:
    def check(value: Json, said: int, rule: Schema, whole: Schema, pointer: str) -> None:
        if isinstance(value, str | list | dict) and sign * (len(value) - said) < 0:
            raise BadDocument(needed=f"{'≥' if sign > 0 else '≤'} {said}", actual=str(len(value)), pointer=pointer)

    return check


def _minimum(value: Json, said: int, rule: Schema, whole: Schema, pointer: str) -> None:
    if type(value) is int and value < said:
        raise BadDocument(needed=f"≥ {said}", actual=_shown(value), pointer=pointer)


def _required(value: Json, said: list[str], rule: Schema, whole: Schema, pointer: str) -> None:
    if isinstance(value, dict):
        for name in said:
            if name not in value:
                raise BadDocument(needed=name, pointer=f"{pointer}/{name}")


def _properties(value: Json, said: Schema, rule: Schema, whole: Schema, pointer: str) -> None:
    if isinstance(value, dict):
        for name, each in said.items():
            if name in value:
                _check(value[name], each, whole, f"{pointer}/{name}")


def _closed(value: Json, said: bool, rule: Schema, whole: Schema, pointer: str) -> None:
    for name in sorted(value.keys() - rule["properties"].keys()) if isinstance(value, dict) else ():
        raise BadDocument(actual=_shown(name), pointer=f"{pointer}/{_shown(name)}")


def _items(value: Json, said: Schema, rule: Schema, whole: Schema, pointer: str) -> None:
    for place, each in enumerate(value if isinstance(value, list) else ()):
        _check(each, said, whole, f"{pointer}/{place}")


def _ref(value: Json, said: str, rule: Schema, whole: Schema, pointer: str) -> None:
    _check(value, whole["$defs"][said.removeprefix("#/$defs/")], whole, pointer)


def _one_of(value: Json, said: list[Schema], rule: Schema, whole: Schema, pointer: str) -> None:
    """Take `none`, or else the object: no document fits both."""
    none, other = said
    if value != none["const"]:
        _check(value, other, whole, pointer)


_WORDS: dict[str, Callable[..., None]] = {
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
_SILENT = frozenset({"$schema", "$id", "$defs", "title", "description"})


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # `$` of Python also stands before a last line break; that of JSON Schema does not
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern))


def _shown(value: Json) -> str:
    return str(value)[:80]
