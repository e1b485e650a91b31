"""How the fixed sentences are said: French spaces put in, braces filled; dates, identifiers and badges in words."""

import re
from datetime import UTC, datetime
from typing import Any

from policies.errors import Language, Text
from policies.prose import NO_BREAK, THIN, moment_text
from policies.verified import Verification, badge

BADGES = {
    "node": Verification.BY_NODE,
    "afterwards": Verification.AFTERWARDS,
    "commitment": Verification.COMMITMENT,
}
"""How far a rule is verified, by the word that a document has for it."""
_SPACES = (
    (" :", f"{NO_BREAK}:"),
    (" ;", f"{THIN};"),
    ("« ", f"«{NO_BREAK}"),
    (" »", f"{NO_BREAK}»"),
    ("n° ", f"n°{NO_BREAK}"),
)


_BEFORE_UNIT = re.compile(rf" (?=[\d,]+{NO_BREAK}(?:min|s)\b)")
"""The space before minutes or seconds: a time of day stays together."""


_BESIDE_NUMBER = re.compile(r"(?<=\d) (?=\w)|(?<=\b1er) (?=\w)|(?<=[a-zéû]) (?=\d{4}\b)")
"""The spaces between a number and its unit, and between a month and its year."""


def say(text: Text, language: Language, **filled: Any) -> str:
    """Return a fixed sentence; what is filled in stays as its author spaced it."""
    template = text[language]
    if language == "fr":
        for plain, spaced in _SPACES:
            template = template.replace(plain, spaced)
    return template.format(**filled) if filled else template


def unbroken(text: str) -> str:
    """Return a sentence whose numbers stay on the line of what they count, and its dates whole."""
    return _BESIDE_NUMBER.sub(NO_BREAK, text)


def badge_text(verified: str, language: Language) -> str:
    """Return how far a rule is verified: `vérifié par le nœud`."""
    return badge(BADGES[verified], language)


def instant_text(instant: datetime, language: Language) -> str:
    """Return an instant: `26 novembre 2026 à 9 h 05 (UTC)`."""
    return date_text(f"{instant.astimezone(UTC):%FT%TZ}", language)


def date_text(text: str, language: Language, *, edge: str = "") -> str:
    """Return a date in words whose day, month and year stay together, or the text as it stands when it is none."""
    said = moment_text(text, language, edge=edge)
    return text if text in said else _BEFORE_UNIT.sub(NO_BREAK, said.replace(" ", NO_BREAK, 2))


def identifier_text(digits: str) -> str:
    """Return a SIREN or SIRET as people read it: `252 200 239`, `252 200 239 00018`."""
    parts = [digits[:3], digits[3:6], digits[6:9], digits[9:]]
    return NO_BREAK.join(part for part in parts if part)
