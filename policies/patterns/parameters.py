"""The parameters of a template: what they accept, how they are written in a policy, how they are read back.

Values are plain: text, whole numbers, tuples of text. `canonical` gives one spelling to a value that a person gave, or
raises BadParameter with what is wrong, where, and what to do. `written` is the right operand that it becomes, `read`
the way back.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from policies.errors import BadParameter, Text
from policies.model import Value
from policies.operands.date_time import span
from policies.operands.date_time import written as instant_text
from policies.profile.terms import LEGAL_BASES, TERMS, TermKind
from policies.strict_json import Json
from policies.vocabulary import expand, short

ParameterValue = str | int | tuple[str, ...]
Given = str | int | date | Collection[str] | None

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]")
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_MOST = 50
"""A list of names has at most this many."""


class ParameterKind(StrEnum):
    """The sort of a parameter."""

    UNTIL = "until"
    SINCE = "since"
    COUNT = "count"
    DAYS = "days"
    MONTHS = "months"
    PARTY = "party"
    PARTIES = "parties"
    PURPOSES = "purposes"
    CATEGORIES = "categories"
    LEGAL_BASIS = "legal-basis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter: `default` stands when nothing is given; one that is `optional` may be left out for good.

    `minimum` and `maximum` bound a number.
    """

    name: str
    kind: ParameterKind
    labels: Text
    help: Text
    default: ParameterValue | None = None
    optional: bool = False
    minimum: int = 1
    maximum: int = 1_000_000_000

    @property
    def required(self) -> bool:
        """True when a value has to be given."""
        return self.default is None and not self.optional

    def canonical(self, given: Given) -> ParameterValue | None:
        """Return a value in its one spelling. Raises BadParameter."""
        if given is None:
            if self.required:
                raise self.bad("Il faut une valeur.", "A value is needed.")
            return self.default
        return _SPELT[self.kind](self, given)

    def written(self, value: ParameterValue) -> Json:
        """Return the right operand of a canonical value."""
        match self.kind:
            case ParameterKind.UNTIL | ParameterKind.SINCE:
                return {"@type": "xsd:dateTime", "@value": str(value)}
            case ParameterKind.COUNT:
                return {"@type": "xsd:integer", "@value": str(value)}
            case ParameterKind.DAYS:
                return {"@type": "xsd:duration", "@value": f"P{value}D"}
            case ParameterKind.MONTHS:
                return {"@type": "xsd:duration", "@value": f"P{value}M"}
        return list(value) if isinstance(value, tuple) else value

    def read(self, values: tuple[Value, ...]) -> ParameterValue | None:
        """Return the canonical value that a right operand may have come from, or None."""
        try:
            return _SPELT[self.kind](self, _raw(self.kind, values))
        except (BadParameter, ValueError):
            return None

    def bad(self, fr: str, en: str) -> BadParameter:
        """Return the error about this parameter; the help says what to do."""
        return BadParameter({"fr": f"{fr} {self.help['fr']}", "en": f"{en} {self.help['en']}"}, pointer=f"/{self.name}")


def _raw(kind: ParameterKind, values: tuple[Value, ...]) -> Given:
    """Return what a right operand holds, as a person would have given it."""
    texts = tuple(value.text for value in values)
    if kind in (ParameterKind.PARTIES, ParameterKind.PURPOSES, ParameterKind.CATEGORIES):
        return texts
    (text,) = texts
    if kind in (ParameterKind.DAYS, ParameterKind.MONTHS):
        return _length(text, kind)
    return text


def _length(period: str, kind: ParameterKind) -> int:
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(period)
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    if kind is ParameterKind.MONTHS and not weeks and not days:
        return 12 * years + months
    if kind is ParameterKind.DAYS and not years and not months:
        return 7 * weeks + days
    raise ValueError(period)


def _number(parameter: Parameter, given: Given) -> int:
    text = given if isinstance(given, str) else str(given) if isinstance(given, int) else ""
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        raise parameter.bad(
            f"« {_shown(given)} » n’est pas un nombre entier.", f"“{_shown(given)}” is no whole number."
        )
    number = int(text)
    if not parameter.minimum <= number <= parameter.maximum:
        least, most = parameter.minimum, parameter.maximum
        raise parameter.bad(
            f"{number} n’est pas entre {least} et {most}.", f"{number} is not between {least} and {most}."
        )
    return number


def _until(parameter: Parameter, given: Given) -> str:
    return _instant(parameter, given, timedelta(hours=23, minutes=59, seconds=59))


def _since(parameter: Parameter, given: Given) -> str:
    return _instant(parameter, given, timedelta())


def _instant(parameter: Parameter, given: Given, hour: timedelta) -> str:
    """Return an instant in UTC; a day alone, which is a day of UTC, stands for its hour."""
    if isinstance(given, date):
        given = given.isoformat()
    found = span(Value(given)) if isinstance(given, str) else None
    is_day = found is not None and found.start < found.end
    if found is None or (found.loose and not is_day):
        raise parameter.bad(
            f"« {_shown(given)} » n’est ni un jour ni un instant avec son fuseau horaire.",
            f"“{_shown(given)}” is neither a day nor an instant with its time zone.",
        )
    return instant_text(found.start + hour if is_day else found.start)


def _party(parameter: Parameter, given: Given) -> str:
    if not isinstance(given, str) or not _DID.fullmatch(given):
        raise parameter.bad(f"« {_shown(given)} » n’est pas un DID.", f"“{_shown(given)}” is no DID.")
    return given


def _parties(parameter: Parameter, given: Given) -> tuple[str, ...]:
    return _several(parameter, given, lambda each: _party(parameter, each))


def _purposes(parameter: Parameter, given: Given) -> tuple[str, ...]:
    return _several(parameter, given, lambda each: _term(parameter, each, TermKind.PURPOSE))


def _categories(parameter: Parameter, given: Given) -> tuple[str, ...]:
    return _several(parameter, given, lambda each: _term(parameter, each, TermKind.CATEGORY))


def _term(parameter: Parameter, text: str, kind: TermKind) -> str:
    """Return the IRI of a term: one of the profile by its name, with its prefix or in full, or any other IRI."""
    names = {term.name: term.iri for term in TERMS if term.kind is kind}
    iri = names.get(text) or expand(text)
    if not _IRI.fullmatch(iri) or (short(iri).startswith("terri:") and iri not in names.values()):
        known = ", ".join(names)
        raise parameter.bad(
            f"« {_shown(text)} » n’est ni un terme du profil ({known}) ni un IRI.",
            f"“{_shown(text)}” is neither a term of the profile ({known}) nor an IRI.",
        )
    return iri


def _legal_basis(parameter: Parameter, given: Given) -> str:
    """Return the IRI of a basis of article 6 of the GDPR: given by its letter, or in full."""
    text = given if isinstance(given, str) else ""
    for iri in LEGAL_BASES:
        if text in (iri, iri.rpartition("-")[2]):
            return iri
    raise parameter.bad(f"« {_shown(given)} » n’est pas une base légale.", f"“{_shown(given)}” is no legal basis.")


def _several(parameter: Parameter, given: Given, spell: Callable[[str], str]) -> tuple[str, ...]:
    """Return names sorted, each once; a text is a list with commas."""
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",")]
    if isinstance(given, int | date) or given is None or not 1 <= len(given) <= _MOST:
        raise parameter.bad(f"Il faut de 1 à {_MOST} valeurs.", f"Between 1 and {_MOST} values are needed.")
    return tuple(sorted({spell(each) for each in given}))


def _shown(given: object) -> str:
    text = str(given)
    return text if len(text) <= 80 else f"{text[:80]}…"


_SPELT: dict[ParameterKind, Callable[[Parameter, Given], ParameterValue]] = {
    ParameterKind.UNTIL: _until,
    ParameterKind.SINCE: _since,
    ParameterKind.COUNT: _number,
    ParameterKind.DAYS: _number,
    ParameterKind.MONTHS: _number,
    ParameterKind.PARTY: _party,
    ParameterKind.PARTIES: _parties,
    ParameterKind.PURPOSES: _purposes,
    ParameterKind.CATEGORIES: _categories,
    ParameterKind.LEGAL_BASIS: _legal_basis,
}
