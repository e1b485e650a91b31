"""The typefaces of the PDF: Source Serif for what is read, Source Sans for headings, tables and small print.

Both are free (SIL Open Font Licence) and come as packages, so that a PDF looks the same wherever it is made; every
glyph in use is embedded, as PDF/A demands. A character that a typeface lacks is replaced, never left to a blank box.
"""

import importlib.resources
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

SERIF = "serif"
SANS = "sans"
_FILES = {
    (SERIF, ""): ("font_source_serif_pro", "SourceSerifPro-Regular.ttf"),
    (SERIF, "B"): ("font_source_serif_pro", "SourceSerifPro-Semibold.ttf"),
    (SANS, ""): ("font_source_sans_pro", "SourceSansPro-Regular.ttf"),
    (SANS, "B"): ("font_source_sans_pro", "SourceSansPro-Semibold.ttf"),
}
_INSTEAD = {
    "\u202f": "\u00a0",
    "\u2009": "\u00a0",
    "\u2007": "\u00a0",
    "\u2010": "-",
    "\u2011": "-",
    "\u2212": "–",
    "\t": "    ",
}
"""What stands for a character that a typeface lacks."""
UNKNOWN = "¤"
"""What stands for a character that has no likeness; the document itself holds it unchanged."""


def _path(package: str, name: str) -> Path:
    with importlib.resources.as_file(importlib.resources.files(package) / "files" / name) as path:
        return Path(path)


_PATHS = {face: _path(*file) for face, file in _FILES.items()}


def faces() -> list[tuple[str, str, Path]]:
    """Return family, style and file of each typeface."""
    return [(family, style, path) for (family, style), path in _PATHS.items()]


def fitted(text: str, family: str, style: str) -> str:
    """Return a text in characters that the typeface has."""
    known = _known(family, style)
    if known.issuperset(text):
        return text
    return "".join(each if each in known else _instead(each, known) for each in text)


def _instead(character: str, known: frozenset[str]) -> str:
    found = _INSTEAD.get(character, UNKNOWN)
    return found if known.issuperset(found) else UNKNOWN


@lru_cache(maxsize=len(_FILES))
def _known(family: str, style: str) -> frozenset[str]:
    with TTFont(_PATHS[family, style], lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))
