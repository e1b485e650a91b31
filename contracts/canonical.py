"""The one text of a document: canonical JSON (RFC 8785), with what two readers could take for two kept out.

A document is made of texts in Unicode normal form C, booleans, whole numbers up to 2^53 − 1, lists and objects. There
is no null and no fraction; an amount is a text. Reading takes nothing but the bytes that writing would give, so the
hash of a document is the hash of what it says.
"""

import hashlib
import json
import unicodedata
from typing import Any, NoReturn

import orjson
import rfc8785

from contracts.refused import DocumentTooDeep, DocumentTooLarge, NotCanonical, NotNormalised, ValueNotAllowed
from contracts.texts import unfit

Json = Any
"""A parsed JSON value."""

Way = tuple[Any, ...]
"""To a value in a document: the way to what holds it, and its name there; empty for the document itself."""

_PLAIN = frozenset({str, bool})
"""What holds nothing and needs no look of its own."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1


def canonical(value: Json, *, limit_bytes: int = MAX_BYTES) -> bytes:
    """Return the canonical bytes of a JSON value.

    Raises ValueNotAllowed, NotNormalised, DocumentTooDeep, DocumentTooLarge.
    """
    written = _written(value)
    if written is None:
        _check_slowly(value)
        written = rfc8785.dumps(value)
    if len(written) > limit_bytes:
        raise DocumentTooLarge(needed=f"≤ {limit_bytes}", actual=str(len(written)))
    return written


def assembled(value: Json, *, limit_bytes: int = MAX_BYTES) -> bytes:
    """Return the canonical bytes of what is put together here from parts that were looked at, with names in ASCII.

    The parts are not looked at again; what orjson cannot write is refused as `canonical` does. Raises DocumentTooLarge.
    """
    try:
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return canonical(value, limit_bytes=limit_bytes)
    if len(written) > limit_bytes:
        raise DocumentTooLarge(needed=f"≤ {limit_bytes}", actual=str(len(written)))
    return written


def read_canonical(written: bytes, *, limit_bytes: int = MAX_BYTES) -> dict[str, Json]:
    """Return the object that these bytes are the canonical form of.

    Raises NotCanonical for anything else, and what `canonical` raises.
    """
    if len(written) > limit_bytes:
        raise DocumentTooLarge(needed=f"≤ {limit_bytes}", actual=str(len(written)))
    value = _read(written)
    if type(value) is dict and _written(value) == written:
        return value
    try:  # again, slowly: what is unusual in it, or wrong with it
        value = _DECODER.decode(written.decode("utf-8"))
    except RecursionError:
        raise DocumentTooDeep(needed=f"≤ {MAX_DEPTH}") from None
    except ValueError as error:
        raise NotCanonical(actual=_shown(str(error))) from error
    if not isinstance(value, dict):
        raise NotCanonical(needed="{…}", actual=type(value).__name__)
    if canonical(value, limit_bytes=limit_bytes) != written:
        raise NotCanonical()
    return value


def _read(written: bytes) -> Json:
    """Return the value of a JSON text; None when it is none."""
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return None


def _written(value: Json) -> bytes | None:
    """Return the canonical bytes of a usual value; None for another one.

    orjson writes it as RFC 8785 does and is many times faster: only the order of names that are not ASCII (by UTF-16)
    and the form of fractions differ.
    """
    try:
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half of a character, or a name that is no text
        return None
    if not _is_usual(value):
        return None
    # Quotation marks, and what stands for control characters, are not changed by what follows them: texts are in normal
    # form where the whole is.
    return written if written.isascii() or unicodedata.is_normalized("NFC", written.decode()) else None


def _is_usual(value: Json) -> bool:
    """True for what may be in a document but for its texts, with names in ASCII, as all of ours have."""
    level, names = [value], list[str]()
    for _ in range(MAX_DEPTH):
        below: list[Json] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                names += node
                held = node.values()
            elif kind is list:
                held = node
            elif kind is int and -MAX_INTEGER <= node <= MAX_INTEGER:
                continue
            else:
                return False
            for each in held:
                if type(each) not in _PLAIN:
                    below.append(each)
        level = below
        if not level:
            return "".join(names).isascii()
    return False


def sha256(written: bytes | str) -> str:
    """Return the SHA-256 of bytes, or of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(written if isinstance(written, bytes) else written.encode("utf-8")).hexdigest()


def check_values(value: Json) -> None:
    """Verify that a JSON value is made of what a document may hold. Raises as `canonical`."""
    if _written(value) is None:
        _check_slowly(value)


def _check_slowly(value: Json) -> None:
    """Verify the same, node by node, so that what is wrong is named with its place."""
    level: list[tuple[Way, Json]] = [((), value)]
    for _ in range(MAX_DEPTH + 1):
        level = [child for way, node in level for child in _children(way, node)]
        if not level:
            return
    raise DocumentTooDeep(needed=f"≤ {MAX_DEPTH}", pointer=_pointer(level[0][0]))


def _children(way: Way, node: Json) -> list[tuple[Way, Json]]:
    """Return what a node holds, each with the way to it, after a look at the node itself."""
    kind = type(node)
    if kind is dict:
        for name in node:
            _check_text(name, way)
        return [((way, name), child) for name, child in node.items()]
    if kind is list:
        return [((way, place), child) for place, child in enumerate(node)]
    if kind is str:
        _check_text(node, way)
    elif kind is int:
        if abs(node) > MAX_INTEGER:
            raise ValueNotAllowed(needed="≤ 2^53 − 1", actual=_shown(str(node)), pointer=_pointer(way))
    elif kind is not bool:
        raise ValueNotAllowed(actual="null" if node is None else kind.__name__, pointer=_pointer(way))
    return []


def _check_text(text: Json, way: Way) -> None:
    if type(text) is not str:
        raise ValueNotAllowed(actual=type(text).__name__, pointer=_pointer(way))
    if (fault := unfit(text)) is not None:
        raise NotNormalised(actual=fault, pointer=_pointer(way))


def _pointer(way: Way) -> str:
    """Return a JSON pointer; it is only written when something is wrong."""
    if not way:
        return ""
    above, name = way
    return f"{_pointer(above)}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _members_of(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"“{next(name for name in names if names.count(name) > 1)}” is given twice")
    return members


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is no whole number")


def _integer(text: str) -> int:
    if len(text) > len(str(-MAX_INTEGER)):
        raise ValueError(f"{text[:40]} is beyond 2^53 − 1")
    return int(text)


def _shown(text: str) -> str:
    """Return a text as a message may show it: short, and in characters that can be written."""
    return text[:80].encode("utf-8", "backslashreplace").decode("utf-8")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members_of, parse_constant=_refuse_number, parse_float=_refuse_number, parse_int=_integer
)
