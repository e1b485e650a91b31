"""JSON, its canonical form (RFC 8785) and base64url, read so that one text has one meaning.

Own code on purpose: what is sealed is compared byte for byte with what this module would write.
"""

import base64
import binascii
import json
import unicodedata
from typing import Any, NoReturn

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Unreadable(ValueError):
    """The text is not strict JSON, canonical JSON or base64url; it says why in French and English."""

    def __init__(self, place: str, fr: str, en: str) -> None:
        super().__init__(en)
        self.place, self.fr, self.en = place, fr, en


def read_json(raw: bytes | str) -> Any:
    """Return what the text says. Duplicate names, NaN, lone surrogates and deep nesting are refused."""
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        text.encode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("", "ce n’est pas du JSON en UTF-8", "this is not JSON in UTF-8") from error
    if isinstance(value, dict | list):
        _check_depth(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"/{twice}", "ce nom apparaît deux fois", "this name appears twice")
    return members


def _no_constant(word: str) -> NoReturn:
    raise Unreadable("", f"{word} n’est pas du JSON", f"{word} is not JSON")


def _check_depth(value: Any, depth: int) -> None:
    if depth == MAX_DEPTH and value:
        raise Unreadable("", "trop de niveaux imbriqués", "nested too deep")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _check_depth(inner, depth + 1)


def read_canonical(raw: bytes) -> dict[str, Any]:
    """Return the object that the bytes say, if they are its canonical form; texts must be in NFC."""
    value = read_json(raw)
    if not isinstance(value, dict):
        raise Unreadable("", "ce n’est pas un objet JSON", "this is not a JSON object")
    if write_canonical(value) != raw:
        raise Unreadable("", "ce n’est pas la forme canonique (RFC 8785)", "this is not the canonical form (RFC 8785)")
    return value


def write_canonical(value: Any) -> bytes:
    """Return the canonical form of objects, lists, texts, booleans and integers; nothing else has one here."""
    try:
        return _ENCODER.encode(_ordered(value, "")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable("", "demi-caractère isolé", "a lone surrogate") from error


def _ordered(value: Any, place: str) -> Any:
    """Return the value with its members in the order of their UTF-16 code units; refuse what has no canonical form."""
    match value:
        case bool():
            return value
        case int() if abs(value) <= MAX_INTEGER:
            return value
        case str() if unicodedata.is_normalized("NFC", value):
            return value
        case list():
            return [_ordered(inner, f"{place}/{n}") for n, inner in enumerate(value)]
        case dict():
            names = sorted(value, key=None if all(map(str.isascii, value)) else _utf_16)
            return {_ordered(name, place): _ordered(value[name], f"{place}/{name}") for name in names}
    raise Unreadable(
        place,
        "seuls des textes (NFC), des entiers et des booléens peuvent être signés",
        "only texts (NFC), integers and booleans can be sealed",
    )


def _utf_16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def unbase64url(text: Any) -> bytes:
    """Return the bytes; only the one canonical spelling without padding is read (RFC 7515 §2)."""
    if isinstance(text, str):
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raw = None
        if raw is not None and base64url(raw) == text:
            return raw
    raise Unreadable("", "base64url non canonique", "not canonical base64url")


def base64url(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unbase64(text: Any) -> bytes:
    """Return the bytes of ordinary base64 with padding, in its one canonical spelling."""
    if isinstance(text, str):
        try:
            raw = base64.b64decode(text.encode("ascii"), validate=True)
        except (ValueError, binascii.Error):
            raw = None
        if raw is not None and base64.b64encode(raw).decode("ascii") == text:
            return raw
    raise Unreadable("", "base64 non canonique", "not canonical base64")
