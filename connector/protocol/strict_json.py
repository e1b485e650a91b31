"""JSON as evidence needs it: one text has one meaning, or it is refused.

Python's reader takes duplicate keys, NaN, lone surrogates, null characters and any depth in silence. Two programs would
then read two different contracts in the same bytes. Here each is a `MalformedMessage` with a JSON pointer (RFC 6901).
The quick path is the C reader with one look at each object; the place of a fault is searched only when there is one.
Not here: what a message must contain. See wire.py.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson

from connector.protocol.errors import MalformedMessage

MAX_DEPTH = 32
"""Deepest nesting of objects and arrays that is read; the specification's messages reach 12."""

JsonObject = dict[str, Any]

_MAX_POINTER = 500
_PLAIN = frozenset({str, int, bool, type(None)})
"""What an object holds and nothing is in."""
_SPACE, _COLON, _COMMA = (re.compile(rf"[ \t\r\n]*{mark}[ \t\r\n]*") for mark in ("", ":", ",?"))

_DETAILS = {
    "not-json": {"fr": "Le corps n’est pas du JSON en UTF-8.", "en": "The body is not JSON in UTF-8."},
    "not-object": {"fr": "Le corps n’est pas un objet JSON.", "en": "The body is not a JSON object."},
    "duplicate": {"fr": "La clé apparaît deux fois.", "en": "The key appears twice."},
    "number": {"fr": "Nombre hors de JSON (NaN, infini).", "en": "A number outside JSON (NaN, infinity)."},
    "character": {"fr": "Demi-caractère isolé ou caractère nul.", "en": "A lone surrogate or a null character."},
    "depth": {"fr": f"Plus de {MAX_DEPTH} niveaux.", "en": f"More than {MAX_DEPTH} levels."},
}


def read_object(raw: bytes) -> JsonObject:
    """Return the object that the bytes say, members in their order.

    Raises MalformedMessage when they are not JSON, not an object, ambiguous, or nested deeper than MAX_DEPTH.
    """
    text = _text(raw)
    try:
        value = _DECODER.decode(text)
    except (_Duplicate, _Number) as fault:
        _refuse_precisely(text, fault)
    except RecursionError:
        raise malformed("depth") from None
    except ValueError:
        raise malformed("not-json") from None
    _check_depth(text, value)
    if "\\u" in text:
        _check_characters(value)
    if not isinstance(value, dict):
        raise malformed("not-object")
    return value


def write(value: JsonObject) -> bytes:
    """Return compact UTF-8 JSON, members in their order."""
    return _compact(value)


def fingerprint(value: JsonObject) -> str:
    """Return the hexadecimal SHA-256 of the content, the same for any order of members and any spacing."""
    return hashlib.sha256(_compact(value, orjson.OPT_SORT_KEYS)).hexdigest()


def _compact(value: JsonObject, order: int = 0) -> bytes:
    """Return the one compact form. orjson writes it many times faster, but for fractions and what is beyond 64 bits."""
    if _is_usual(value):
        with contextlib.suppress(orjson.JSONEncodeError):
            return orjson.dumps(value, option=order)
    is_sorted = order == orjson.OPT_SORT_KEYS
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=is_sorted).encode()


def _is_usual(value: JsonObject) -> bool:
    """True when nothing but objects, arrays, texts, whole numbers, booleans and nulls is in it."""
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        for node in level:
            for each in node.values() if type(node) is dict else node:
                kind = type(each)
                if kind is dict or kind is list:
                    below.append(each)
                elif kind not in _PLAIN:
                    return False
        level = below
    return True


def member_text(text: str, name: str) -> str | None:
    """Return the very text of a member of the object that this JSON text is; None when it has none of that name."""
    scan, place = json.JSONDecoder().raw_decode, _SPACE.match(text, text.index("{") + 1).end()  # type: ignore[union-attr]
    while text[place] != "}":
        member, place = scan(text, place)
        place = _COLON.match(text, place).end()  # type: ignore[union-attr]
        _, end = scan(text, place)
        if member == name:
            return text[place:end]
        place = _COMMA.match(text, end).end()  # type: ignore[union-attr]
    return None


def pointer_to(*steps: str | int) -> str:
    """Return the JSON pointer that these member names and indexes spell, cut where it would fill an answer."""
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return pointer[:_MAX_POINTER].encode(errors="replace").decode()


def malformed(reason: str, pointer: str = "") -> MalformedMessage:
    return MalformedMessage(_DETAILS[reason], pointer=pointer)


class _Duplicate(Exception):
    """An object names a member twice."""


class _Number(Exception):
    """A number that JSON does not have."""


class _Pairs(list[tuple[str, Any]]):
    """An object with its members as they were written, kept to say where a duplicate stands."""


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Duplicate
    return members


def _no_constant(name: str) -> NoReturn:
    raise _Number


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Number
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
_EXPLAINING_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_constant=lambda name: float("nan"), parse_float=float
)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise malformed("not-json") from None


def _refuse_precisely(text: str, fault: Exception) -> NoReturn:
    reason = "duplicate" if isinstance(fault, _Duplicate) else "number"
    try:
        value = _EXPLAINING_DECODER.decode(text)
    except (ValueError, RecursionError):
        raise malformed("not-json") from None
    found = _duplicates(value) if reason == "duplicate" else _non_numbers(value)
    raise malformed(reason, next(found, "")) from None


def _walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each value with its path, outermost first, no deeper than one level below MAX_DEPTH.

    Without recursion, and bounded, since a hostile depth may be what is looked for.
    """
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, current = waiting.pop()
        yield path, current
        if len(path) >= MAX_DEPTH:
            continue
        if isinstance(current, _Pairs):
            waiting.extend(((*path, key), item) for key, item in reversed(current))
        elif isinstance(current, dict):
            waiting.extend(((*path, key), item) for key, item in reversed(current.items()))
        elif isinstance(current, list):
            waiting.extend(((*path, index), item) for index, item in reversed(list(enumerate(current))))


def _duplicates(value: Any) -> Iterator[str]:
    for path, current in _walk(value):
        if isinstance(current, _Pairs):
            seen: set[str] = set()
            for key, _ in current:
                if key in seen:
                    yield pointer_to(*path, key)
                seen.add(key)


def _non_numbers(value: Any) -> Iterator[str]:
    for path, current in _walk(value):
        if isinstance(current, float) and not float("-inf") < current < float("inf"):
            yield pointer_to(*path)


def _check_depth(text: str, value: Any) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return  # cannot be too deep; most messages end here
    level = [value]  # it has a bracket, so it is a container
    for _ in range(MAX_DEPTH):
        inside: list[Any] = []
        for node in level:
            inside.extend(node.values() if type(node) is dict else node)
        level = [item for item in inside if type(item) is dict or type(item) is list]
        if not level:
            return
    deep = next(path for path, node in _walk(value) if len(path) == MAX_DEPTH and isinstance(node, (dict, list)))
    raise malformed("depth", pointer_to(*deep))


def _check_characters(value: Any) -> None:
    for path, current in _walk(value):
        texts = current if isinstance(current, dict) else (current,)
        if not all(is_storable(text) for text in texts if isinstance(text, str)):
            raise malformed("character", pointer_to(*path))


def is_storable(text: str) -> bool:
    """True when the text can be written as UTF-8 and kept by any database: no lone surrogate, no null character."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
