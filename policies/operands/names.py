"""Judges operands whose values are names: participants, purposes, sectors. A name equals itself and nothing else.

*isA*, *hasPart* and *isPartOf* need to know what contains what. Nobody tells that here: *isA* is true of the same name
and otherwise not known, the two others are never known.
"""

from collections.abc import Callable, Iterator

from policies.model import Constraint, Value
from policies.operands.spec import Finding
from policies.truth import Truth
from policies.vocabulary import ODRL, XSD, short

Names = frozenset[str]
Comparison = Callable[[Names], Truth]

ANY_URI = XSD + "anyURI"


def comparison(constraint: Constraint) -> Comparison | None:
    """Return how the names found compare with those wanted, or None when that cannot be decided."""
    if not all(_is_name(value) for value in constraint.values):
        return None
    wanted = frozenset(value.text for value in constraint.values)
    match constraint.operator.removeprefix(ODRL):
        case "eq" if len(wanted) == 1:
            return lambda found: found == wanted
        case "neq" if len(wanted) == 1:
            return lambda found: found != wanted
        case "isAnyOf":
            return lambda found: not found.isdisjoint(wanted)
        case "isNoneOf":
            return lambda found: found.isdisjoint(wanted)
        case "isAllOf":
            return lambda found: wanted <= found
        case "isA" if len(wanted) == 1:
            return lambda found: True if wanted <= found else None
    return None


def normal(value: Value) -> Value:
    """An IRI, a string and an xsd:anyURI that spell the same name are the same."""
    return Value(value.text) if _is_name(value) else value


def findings(constraint: Constraint) -> Iterator[Finding]:
    """Say why a constraint on a name cannot be judged."""
    name = short(constraint.operand)
    if not all(_is_name(value) for value in constraint.values):
        yield Finding(
            "not-a-name",
            "error",
            {
                "fr": f"« {name} » se compare à un nom ou à un identifiant, pas à une autre sorte de valeur.",
                "en": f"“{name}” is compared with a name or an identifier, not with another kind of value.",
            },
        )
    elif comparison(constraint) is None:
        yield undecidable(constraint)


def undecidable(constraint: Constraint) -> Finding:
    """Say that the operator does not suit the operand or the number of values."""
    operand, operator = short(constraint.operand), short(constraint.operator)
    return Finding(
        "operator-unsuited",
        "error",
        {
            "fr": f"« {operator} » ne permet pas de vérifier « {operand} » avec ces valeurs.",
            "en": f"“{operator}” cannot be used to check “{operand}” with these values.",
        },
    )


def _is_name(value: Value) -> bool:
    return value.is_iri or (value.datatype in (None, ANY_URI) and value.language is None)
