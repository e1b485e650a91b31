"""A condition in words: what follows the verb of a rule, in French and English.

A `Clause` is one such piece with its rank, for a sentence reads best when time comes first and what begins with *if*
last. Where phrases.py has nothing for an operand and operator, the general grammar says `si le territoire fait partie
de la France`. Every value is told, and so are unit, status, a value that stands elsewhere and members that nobody here
understands.

Combinations are told in one line when they are simple (`soit …, soit …`), else as a list with one line for each
condition, indented; or in brackets, where a list has no place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from policies import operands, phrases, prose, vocabulary
from policies.errors import Language, Text
from policies.members import JSON_LITERAL
from policies.model import Condition, Constraint, Extras, Logic, LogicalConstraint, Value
from policies.phrases import Phrase
from policies.prose import AND, COLON, OR, SEMICOLON, joined, quoted
from policies.vocabulary import ANNOTATIONS, ODRL, XSD, short

INDENT = "    "

_NUMBERS = frozenset(
    XSD + name for name in ("integer", "decimal", "nonNegativeInteger", "positiveInteger", "int", "long")
)
_BOOLEANS: dict[str, Text] = {"true": {"fr": "oui", "en": "yes"}, "false": {"fr": "non", "en": "no"}}
_BOUNDS = frozenset(ODRL + name for name in ("lt", "lteq", "gt", "gteq"))
_TIMES = frozenset(ODRL + name for name in ("dateTime", "elapsedTime", "delayPeriod", "event"))

# verb, and what joins several values
_VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "eq": {"fr": ("est {}", "et"), "en": ("is {}", "and")},
    "neq": {"fr": ("n’est pas {}", "et"), "en": ("is not {}", "and")},
    "lt": {"fr": ("reste en dessous de {}", "et"), "en": ("is less than {}", "and")},
    "lteq": {"fr": ("ne dépasse pas {}", "et"), "en": ("is at most {}", "and")},
    "gt": {"fr": ("dépasse {}", "et"), "en": ("is more than {}", "and")},
    "gteq": {"fr": ("atteint au moins {}", "et"), "en": ("is at least {}", "and")},
    "isA": {"fr": ("relève de {}", "ou"), "en": ("is a kind of {}", "or")},
    "hasPart": {"fr": ("comprend {}", "ou"), "en": ("contains {}", "or")},
    "isPartOf": {"fr": ("fait partie de {}", "ou"), "en": ("is part of {}", "or")},
    "isAllOf": {"fr": ("est à la fois {}", "et"), "en": ("is all of {}", "and")},
    "isAnyOf": {"fr": ("est {}", "ou"), "en": ("is {}", "or")},
    "isNoneOf": {"fr": ("n’est ni {}", "ni"), "en": ("is neither {}", "nor")},
}
_ALL: Text = {"fr": "toutes ces conditions sont remplies", "en": "all these conditions are met"}
_HEADS: dict[Logic, Text] = {
    Logic.AND: _ALL,
    Logic.OR: {"fr": "au moins une de ces conditions est remplie", "en": "at least one of these conditions is met"},
    Logic.XONE: {"fr": "exactement une de ces conditions est remplie", "en": "exactly one of these conditions is met"},
    Logic.ANDSEQUENCE: {
        "fr": "toutes ces conditions sont remplies, dans cet ordre",
        "en": "all these conditions are met, in this order",
    },
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition in words; `rank` orders the clauses of a sentence."""

    text: str
    rank: int


def conditions_text(conditions: Iterable[Condition], language: Language, *, of_duty: bool = False) -> str:
    """Return what conditions add to a sentence, with the space or the comma before it; a list when they are deep."""
    parts = list(_flat(conditions))
    if not parts:
        return ""
    if _is_deep(parts):
        logic, listed = _taken_apart(parts)
        return " " + _listed(logic, listed, language, of_duty, INDENT, opening=True)
    clauses = sorted((clause(each, language, of_duty=of_duty) for each in parts), key=lambda each: each.rank)
    said = f" {clauses[0].text}"
    for before, each in pairwise(clauses):
        both = before.text[:3] in ("si ", "if ") and each.text[:3] in ("si ", "if ")
        said += f", {AND[language]} {each.text}" if both else f", {each.text}"
    return said


def condition_text(condition: Condition, language: Language, *, of_duty: bool = False) -> str:
    """Return a condition in one line, whatever its depth."""
    return clause(_simple(condition), language, of_duty=of_duty).text


def stated(condition: Condition, language: Language, *, of_duty: bool = False) -> str:
    """Return a condition in one line as what has to be so: without the *if* or the *when* before it."""
    said = condition_text(condition, language, of_duty=of_duty)
    for opening in ("si ", "if ", "lorsqu’", "lorsque ", "when "):
        said = said.removeprefix(opening)
    return said


def clause(condition: Condition, language: Language, *, of_duty: bool = False) -> Clause:
    """Return a condition as what may follow the verb."""
    if isinstance(condition, LogicalConstraint):
        return Clause(_combined(condition, language, of_duty), 5)
    said = _of_constraint(condition, language, of_duty)
    rank = 4 if said.startswith(("si ", "if ")) else 0 if condition.operand in _TIMES else 1
    rank = 2 if rank == 1 and condition.operand != ODRL + "purpose" else rank
    return Clause(said + _added(condition, language), rank)


def is_listed(conditions: Iterable[Condition]) -> bool:
    """True if the conditions are told as a list with several lines."""
    return _is_deep(list(_flat(conditions)))


def value_text(value: Value, operand: str, language: Language, edge: str = "") -> str:
    """Return a value as people read it: a date, a duration, a number, a name."""
    name = vocabulary.expand(value.text)
    if name in phrases.NAMES and value.datatype != JSON_LITERAL:
        return phrases.NAMES[name][language != "fr"]
    if name in vocabulary.LABELS and value.datatype is None:
        return quoted(vocabulary.label(name, language), language)
    if value.datatype == XSD + "boolean" and value.text in _BOOLEANS:
        return _BOOLEANS[value.text][language]
    counted = operand in phrases.NUMERIC and value.datatype is None and prose.is_number(value.text)
    if value.datatype in _NUMBERS or (counted and not value.is_iri):
        return prose.number_text(value.text, language)
    if prose.is_moment(value):
        return prose.moment_text(value.text, language, edge=edge)
    if prose.is_duration(value):
        return prose.duration_text(value.text, language)
    if value.is_iri or (value.datatype is None and ":" in value.text and " " not in value.text):
        return short(value.text)
    tag = f" ({value.language})" if value.language else ""
    return quoted(value.text, language) + tag


def subject(operand: str, language: Language) -> str:
    """Return a left operand as the subject of a sentence."""
    if operand in phrases.SUBJECTS:
        return phrases.SUBJECTS[operand][language != "fr"]
    label = operands.label(operand, language)
    if label == short(operand):
        return {"fr": "l’information ", "en": "the information "}[language] + quoted(label, language)
    return phrases.with_article(label) if language == "fr" else f"the {label}"


def not_understood(extras: Extras, language: Language) -> str:
    """Name the members that nobody here understands; empty when there is none."""
    names = [quoted(short(name), language) for name, _ in extras if name not in ANNOTATIONS]
    if not names:
        return ""
    several = len(names) > 1
    told = {
        "fr": "éléments non compris" if several else "élément non compris",
        "en": "not understood",
    }[language]
    return f"{told}{COLON[language]}{joined(names, AND[language])}"


# --- one constraint ---


def _of_constraint(constraint: Constraint, language: Language, of_duty: bool) -> str:
    flag = _flag(constraint)
    if flag:
        return flag[language != "fr"]
    found = phrases.phrase(constraint.operand, constraint.operator, of_duty=of_duty)
    if found and _suits(found, constraint):
        return _by_phrase(found, constraint, language, of_duty)
    return _by_grammar(constraint, language)


def _flag(constraint: Constraint) -> vocabulary.Labels | None:
    answers = phrases.FLAGS.get(constraint.operand)
    alone = len(constraint.values) == 1 and not constraint.reference and constraint.unit is None
    text = constraint.values[0].text if constraint.values else ""
    asked = constraint.operator == ODRL + "eq" and text in _BOOLEANS
    return answers[text == "false"] if answers and alone and asked else None


def _suits(found: Phrase, constraint: Constraint) -> bool:
    """True if the values are of the sort that the phrase is made for."""
    if constraint.reference:
        return False
    if constraint.operator in _BOUNDS and len(constraint.values) > 1:
        return False
    if constraint.operand == ODRL + "dateTime":
        return all(map(prose.is_moment, constraint.values))
    if constraint.operand in phrases.NUMERIC:
        return all(prose.is_number(value.text) for value in constraint.values)
    if constraint.operand in _TIMES or constraint.operand in (ODRL + "meteredTime", ODRL + "timeInterval"):
        return constraint.operand == ODRL + "event" or all(map(prose.is_duration, constraint.values))
    return found is not None


def _by_phrase(found: Phrase, constraint: Constraint, language: Language, of_duty: bool) -> str:
    at = language != "fr"
    word = AND[language] if constraint.operator == ODRL + "isAllOf" else OR[language]
    values = joined([_named(found, value, constraint, language) for value in constraint.values], word)
    whole = found.whole[at]
    if whole.startswith("dans un délai de {}") and prose.is_several_of_one_unit(constraint.values[0].text):
        whole = whole.replace("dans un délai de {}", "dans les {}")
    plural = len(constraint.values) > 1 or prose.is_several(constraint.values[0].text, language)
    return whole.replace("[s]", "s" if plural else "").replace("{}", values)


def _named(found: Phrase, value: Value, constraint: Constraint, language: Language) -> str:
    at = language != "fr"
    wrap = found.each
    if found.unnamed and vocabulary.expand(value.text) not in phrases.NAMES:
        wrap = found.unnamed
    return wrap[at].replace("{}", _measured(value, constraint, language, found.edge))


def _by_grammar(constraint: Constraint, language: Language) -> str:
    values = [_measured(value, constraint, language) for value in constraint.values]
    verb, word = _verb(constraint, language)
    if word in ("ni", "nor") and len(values) == 1:
        verb, word = _VERBS["neq"][language]
    said = f" {word} ".join(values) if word in ("ni", "nor") else joined(values, word)
    if constraint.reference:
        said = {"fr": "la valeur donnée à l’adresse ", "en": "the value given at "}[language] + said
    opening = {"fr": "si ", "en": "if "}[language]
    if verb.endswith(" de {}"):
        verb, said = verb.removesuffix("de {}") + "{}", prose.of_noun(said)
    return f"{opening}{subject(constraint.operand, language)} {verb.replace('{}', said)}"


def _verb(constraint: Constraint, language: Language) -> tuple[str, str]:
    found = _VERBS.get(constraint.operator.removeprefix(ODRL))
    if found:
        return found[language]
    named = quoted(short(constraint.operator), language)
    whole = {"fr": f"est dans la relation {named} avec {{}}", "en": f"stands in the relation {named} to {{}}"}
    return whole[language], AND[language]


def _measured(value: Value, constraint: Constraint, language: Language, edge: str = "") -> str:
    said = value_text(value, constraint.operand, language, edge)
    if constraint.operand == ODRL + "percentage" and constraint.unit is None and prose.is_number(value.text):
        return f"{said}{prose.NO_BREAK}%" if language == "fr" else f"{said}%"
    if constraint.unit is None:
        return said
    unit = phrases.UNITS.get(constraint.unit) or phrases.UNITS.get(short(constraint.unit))
    return f"{said}{prose.NO_BREAK}{unit[language != 'fr'] if unit else short(constraint.unit)}"


def _added(constraint: Constraint, language: Language) -> str:
    """Return in brackets what a constraint says beyond its comparison."""
    parts = []
    if constraint.status:
        told = {"fr": "valeur atteinte", "en": "value reached"}[language]
        parts.append(f"{told}{COLON[language]}{value_text(constraint.status, constraint.operand, language)}")
    parts.append(not_understood(constraint.extras, language))
    said = SEMICOLON[language].join(part for part in parts if part)
    return f" ({said})" if said else ""


# --- combinations ---


def _flat(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Yield the conditions, an *and* among them taken apart."""
    for each in map(_simple, conditions):
        if isinstance(each, LogicalConstraint) and each.logic is Logic.AND and not _unknown(each):
            yield from _flat(each.operands)
        else:
            yield each


def _simple(condition: Condition) -> Condition:
    """Return a combination of one condition as that condition."""
    if isinstance(condition, LogicalConstraint):
        inner = tuple(map(_simple, condition.operands))
        if len(inner) == 1 and not _unknown(condition):
            return inner[0]
        return replace(condition, operands=inner)
    return condition


def _unknown(condition: Condition) -> bool:
    return any(name not in ANNOTATIONS for name, _ in condition.extras)


def _is_deep(parts: list[Condition]) -> bool:
    combined = [each for each in parts if isinstance(each, LogicalConstraint)]
    return len(combined) > 1 or any(
        isinstance(inner, LogicalConstraint) for each in combined for inner in each.operands
    )


def _combined(condition: LogicalConstraint, language: Language, of_duty: bool) -> str:
    """Return a combination in one line; what is nested stands in brackets."""
    parts = [_nested(each, language, of_duty) for each in condition.operands]
    added = not_understood(condition.extras, language)
    match condition.logic:
        case Logic.OR if language == "fr":
            said = ", ".join(f"soit {part}" for part in parts)
        case Logic.OR:
            said = "either " + " or ".join(parts)
        case Logic.AND:
            said = joined(parts, AND[language])
        case logic:
            heading = _HEADS[logic][language]
            opening = prose.elided("lorsque", heading) if language == "fr" else f"when {heading}"
            said = f"{opening}{COLON[language]}{SEMICOLON[language].join(parts)}"
    return f"{said} ({added})" if added else said


def _nested(condition: Condition, language: Language, of_duty: bool) -> str:
    said = clause(condition, language, of_duty=of_duty).text
    return f"({said})" if isinstance(condition, LogicalConstraint) else said


def _listed(
    logic: Logic, parts: Iterable[Condition], language: Language, of_duty: bool, indent: str, *, opening: bool = False
) -> str:
    """Return conditions as a list, a line each, under what they have to come to."""
    heading = _HEADS[logic][language]
    if opening:
        heading = prose.elided("lorsque", heading) if language == "fr" else f"when {heading}"
    lines = [f"\n{indent}– {_item(each, language, of_duty, indent)}" for each in parts]
    return heading + COLON[language].rstrip() + SEMICOLON[language].rstrip().join(lines)


def _item(condition: Condition, language: Language, of_duty: bool, indent: str) -> str:
    if not isinstance(condition, LogicalConstraint):
        return clause(condition, language, of_duty=of_duty).text
    if any(isinstance(each, LogicalConstraint) for each in condition.operands):
        added = not_understood(condition.extras, language)
        said = _listed(condition.logic, condition.operands, language, of_duty, indent + INDENT)
        return f"({added}) {said}" if added else said
    return _combined(condition, language, of_duty)


def _taken_apart(parts: list[Condition]) -> tuple[Logic, Iterable[Condition]]:
    """Return what a list has to come to, and its lines: those of the one combination, or all parts."""
    match parts:
        case [LogicalConstraint() as whole] if not _unknown(whole):
            return whole.logic, whole.operands
    return Logic.AND, parts
