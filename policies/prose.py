"""The small change of sentences in French and English: lists, elision, quotes, dates, durations, numbers.

French spaces do not break: U+00A0 before a colon and within quotes, U+202F before a semicolon and between thousands.
They are set where the words are put together, so that what somebody else wrote is never respaced. What cannot be said
in words (a date that is none, a duration with a sign) is quoted as it stands.
"""

import re
from collections.abc import Iterable, Sequence

from policies.errors import Language, Text
from policies.model import Value
from policies.operands.date_time import span
from policies.vocabulary import XSD

NO_BREAK = "\u00a0"
THIN = "\u202f"
COLON: Text = {"fr": f"{NO_BREAK}: ", "en": ": "}
SEMICOLON: Text = {"fr": f"{THIN}; ", "en": "; "}
AND: Text = {"fr": "et", "en": "and"}
OR: Text = {"fr": "ou", "en": "or"}

_MONTHS: Text = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_SPAN_UNITS: dict[str, tuple[tuple[str, str], ...]] = {
    "fr": (
        ("an", "ans"),
        ("mois", "mois"),
        ("semaine", "semaines"),
        ("jour", "jours"),
        ("heure", "heures"),
        ("minute", "minutes"),
        ("seconde", "secondes"),
    ),
    "en": tuple((one, one + "s") for one in ("year", "month", "week", "day", "hour", "minute", "second")),
}
_MOMENT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(?:\.(?P<part>\d+))?", re.ASCII)
_VOWELS = frozenset("aàâeéèêëiîïoôuùûhœæ")
_DURATIONS = frozenset(XSD + name for name in ("duration", "dayTimeDuration", "yearMonthDuration"))


def joined(parts: Sequence[str], word: str) -> str:
    """Return `a, b et c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def quoted(text: str, language: Language) -> str:
    return f"«{NO_BREAK}{text}{NO_BREAK}»" if language == "fr" else f"“{text}”"


def elided(word: str, text: str) -> str:
    """Return `de l’utiliser`, `d’utiliser`: a French word that loses its vowel before another."""
    if text[:1].lower() in _VOWELS:
        return f"{word[:-1]}’{text}"
    return f"{word} {text}"


def of_noun(noun: str) -> str:
    """Return a French noun after `de`: `du ciblage`, `d’une collectivité`; an identifier keeps its distance."""
    if ":" in noun.split(" ", 1)[0]:
        return f"de {noun}"
    for article, contracted in (("le ", "du "), ("les ", "des ")):
        if noun.startswith(article):
            return contracted + noun.removeprefix(article)
    return elided("de", noun)


def is_several(number: str, language: Language) -> bool:
    """True if a noun after this number is plural: from 2 on in French, for all but 1 in English."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        return True
    whole = found["whole"].lstrip("0")
    return whole not in ("", "1") if language == "fr" else whole != "1" or bool(found["part"])


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def number_text(text: str, language: Language) -> str:
    """Return a decimal number as people write it: `20 000` and `1,5`, `20,000` and `1.5`."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return quoted(text, language)
    whole, first = found["whole"], len(found["whole"]) % 3
    threes = [whole[:first]] * bool(first) + [whole[at : at + 3] for at in range(first, len(whole), 3)]
    grouped = (THIN if language == "fr" else ",").join(threes)
    mark = "," if language == "fr" else "."
    return found["sign"] + grouped + (mark + found["part"] if found["part"] else "")


def is_duration(value: Value) -> bool:
    """True if the value is a length of time that can be said in words."""
    return value.datatype in (None, *_DURATIONS) and not value.is_iri and bool(_DURATION.fullmatch(value.text))


def duration_text(text: str, language: Language) -> str:
    """Return a length of time: `24 mois`, `1 an et 6 mois`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return quoted(text, language)
    parts = [
        f"{number_text(number, language)} {names[is_several(number, language)]}"
        for number, names in zip(found.groups(), _SPAN_UNITS[language], strict=True)
        if number is not None
    ]
    return joined(parts, AND[language])


def is_several_of_one_unit(text: str) -> bool:
    """True if a duration is `24 mois` and not `1 an` or `1 an et 6 mois`."""
    found = _DURATION.fullmatch(text)
    numbers = [number for number in found.groups() if number is not None] if found else []
    return len(numbers) == 1 and is_several(numbers[0], "fr")


def is_moment(value: Value) -> bool:
    """True if the value is an instant or a day that can be said in words."""
    return span(value) is not None and _MOMENT.fullmatch(value.text) is not None


def moment_text(text: str, language: Language, *, edge: str = "") -> str:
    """Return a day, with its time unless that is the `start` or the `end` of the day, as `edge` says.

    A whole day is one in UTC unless it says otherwise; one that was written alone, without a zone, says nothing of it.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return quoted(text, language)
    day, month = int(found["day"]), _MONTHS[language].split()[int(found["month"]) - 1]
    said = f"{day}{'er' if day == 1 and language == 'fr' else ''} {month} {int(found['year'])}"
    zone = _zone_text(found["zone"], language)
    if found["hour"] is None or _is_edge(found, edge):
        is_plain = zone == "UTC" or (found["hour"] is None and found["zone"] is None)
        return said if is_plain else f"{said} ({zone})"
    time = _time_text(found, language)
    return f"{said} à {time} ({zone})" if language == "fr" else f"{said} at {time} ({zone})"


def _is_edge(found: re.Match[str], edge: str) -> bool:
    clock = (found["hour"], found["minute"], found["second"] or "00", (found["fraction"] or "").rstrip("0"))
    if edge == "start":
        return clock == ("00", "00", "00", "")
    if edge == "end":
        last = clock[:2] == ("23", "59") and found["second"] in (None, "59") and not clock[3].strip("9")
        return last or clock == ("24", "00", "00", "")
    return False


def _time_text(found: re.Match[str], language: Language) -> str:
    hour, minute, fraction = found["hour"], found["minute"], (found["fraction"] or "").rstrip("0")
    second = found["second"] or "00"
    exact = second != "00" or fraction
    if language == "en":
        return f"{hour}:{minute}" + (f":{second}" if exact else "") + (f".{fraction}" if fraction else "")
    said = f"{int(hour)}{NO_BREAK}h"
    if exact:
        return f"{said} {int(minute)}{NO_BREAK}min {int(second)}{',' + fraction if fraction else ''}{NO_BREAK}s"
    return said if minute == "00" else f"{said}{NO_BREAK}{minute}"


def _zone_text(zone: str | None, language: Language) -> str:
    if zone is None:
        return {"fr": "fuseau horaire non précisé", "en": "time zone not given"}[language]
    if zone == "Z" or zone[1:] == "00:00":
        return "UTC"
    hours, minutes = zone[1:].split(":")
    return f"UTC{zone[0]}{int(hours)}" + (f":{minutes}" if minutes != "00" else "")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def paragraph(sentences: Iterable[str]) -> str:
    """Return sentences one after the other."""
    return " ".join(each for each in sentences if each)
