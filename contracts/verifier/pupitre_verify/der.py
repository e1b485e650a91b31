"""DER (X.690 §8, §10, §11), read so that one value has one spelling.

Own code on purpose, and small: what a signature does not cover in a time-stamp has to be read by its bytes. Lengths are
definite and minimal, nothing follows a value, the basic types have their one form. The order of a SET is not looked at:
authorities send certificates in the order in which they sign, and readers take them so.
"""

from dataclasses import dataclass
from itertools import pairwise

MAX_DEPTH = 32
MAX_BYTES = 1 << 18
"""A token with a long chain of certificates takes some 10,000."""
BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
SEQUENCE, SET, TIME = 0x30, 0x31, 0x18
_TEXTS = frozenset({0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, TIME, 0x1A, 0x1B, 0x1C, 0x1E})
_CONSTRUCTED, _CLASS, _NUMBER = 0x20, 0xC0, 0x1F


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its identifier octet, its contents, all of its bytes, and the values in it if it is constructed."""

    tag: int
    content: bytes
    whole: bytes
    parts: tuple["Value", ...]


def read_first(der: bytes) -> Value:
    """Return the value that these bytes begin with. Raises ValueError."""
    if len(der) > MAX_BYTES:
        raise ValueError("too many bytes")
    return _value(der, 0, len(der), 0)[0]


def read(der: bytes) -> Value:
    """Return the one value that these bytes are. Raises ValueError for anything else."""
    value = read_first(der)
    if value.whole != der:
        raise ValueError("bytes after the value")
    return value


def _value(der: bytes, start: int, limit: int, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    tag, begin, end = _header(der, start, limit)
    content, parts = der[begin:end], []
    if tag & _CONSTRUCTED:
        while begin < end:
            part, begin = _value(der, begin, end, depth + 1)
            parts.append(part)
    if tag & _CLASS == 0:
        _check_form(tag, content)
    return Value(tag, content, der[start:end], tuple(parts)), end


def _header(der: bytes, start: int, limit: int) -> tuple[int, int, int]:
    """Return the identifier octet, and where the contents begin and end."""
    header = der[start : min(start + 2, limit)]
    if len(header) < 2 or header[0] & _NUMBER == _NUMBER:
        raise ValueError("not a value")
    tag, length, begin = header[0], header[1], start + 2
    if length & 0x80:
        begin += length & 0x7F
        octets = der[start + 2 : begin]
        length = int.from_bytes(octets, "big")
        if not 1 <= len(octets) <= 4 or octets[0] == 0 or length < 0x80:
            raise ValueError("an indefinite length, or a long one for a short value")
    if begin + length > limit:
        raise ValueError("a value that is cut off")
    return tag, begin, begin + length


def _check_form(tag: int, content: bytes) -> None:
    """Refuse a second spelling of a value of the basic types."""
    if tag in (SEQUENCE, SET, OCTETS) or tag in _TEXTS:
        return
    if tag == BOOLEAN:
        is_right = content in (b"\x00", b"\xff")
    elif tag in (INTEGER, ENUMERATED):
        is_right = content[:1] != b"" and not (len(content) > 1 and _is_padded(content))
    elif tag == BITS:
        unused = content[0] if content else 8
        is_right = unused < 8 and (content[-1] & (1 << unused) - 1 == 0 if len(content) > 1 else unused == 0)
    elif tag == NULL:
        is_right = content == b""
    elif tag == OID:
        is_right = content != b"" and content[-1] < 0x80 and not _has_padded_number(b"\x00" + content)
    else:
        raise ValueError(f"a type that has no place here: {tag:#04x}")
    if not is_right:
        raise ValueError(f"not the one form of a value of type {tag:#04x}")


def _is_padded(content: bytes) -> bool:
    return content[0] == (0xFF if content[1] & 0x80 else 0x00)


def _has_padded_number(content: bytes) -> bool:
    """Return whether a number of an object identifier begins with an empty group; a group before it ends below 0x80."""
    return any(last < 0x80 and first == 0x80 for last, first in pairwise(content))


def dotted(value: Value) -> str:
    """Return an object identifier in its written form. Raises ValueError for another value."""
    if value.tag != OID:
        raise ValueError("not an object identifier")
    numbers, number = [], 0
    for octet in value.content:
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
