"""Texts that people wrote, made fit for a document: Unicode normal form C, and nothing that hides or turns the rest.

Control characters and those that change the direction of writing are left out: a contract must read in one way on every
screen. Both sides do it alike, so it changes nothing between them. What was made fit is remembered, since most of it
comes again with the next contract.
"""

import json
import re
import unicodedata
from functools import lru_cache

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HALVES = re.compile("[\ud800-\udfff]")
_AROUND = 20
"""How many characters before and after a fault are shown."""


@lru_cache(maxsize=128)
def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(_plain(text).split())


@lru_cache(maxsize=128)
def lines(text: str) -> str:
    """Return a text with its lines, each without what trails it."""
    # a separator of units ends no line, and is the one blank that no document may hold
    return "\n".join(each.rstrip() for each in _plain(text).replace("\x1f", " ").splitlines()).strip()


def unfit(text: str) -> str | None:
    """Return what is around the first character that is not in normal form C, or only half a one; None: there is none.

    It is shown in normal form itself, with the numbers of that character and of the next, which the eye cannot tell.
    """
    if text.isascii() or (unicodedata.is_normalized("NFC", text) and not _HALVES.search(text)):
        return None
    pairs = enumerate(zip(text, unicodedata.normalize("NFC", text), strict=False))
    at = next((place for place, (one, other) in pairs if one != other or _HALVES.match(one)), 0)
    around = unicodedata.normalize("NFC", text[max(at - _AROUND, 0) : at + _AROUND])
    numbers = " ".join(f"U+{ord(one):04X}" for one in text[at : at + 2])
    return f"{around} ({numbers})".encode("utf-8", "backslashreplace").decode("utf-8")


def held(text: str) -> str:
    """Return a JSON text as a document can hold it: as it is in normal form C, else all but ASCII in JSON's escapes.

    Both say the same JSON. What is escaped is the text of a message whose digest stands beside it.
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)


def given(**members: str | None) -> dict[str, str]:
    """Return the members that say something: what is absent is absent."""
    return {name: value for name, value in members.items() if value}


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _HIDDEN.sub("", text).encode("utf-8", "replace").decode("utf-8"))
