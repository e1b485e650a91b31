"""What several templates share: parameters that mean the same, and rules that are written the same."""

from typing import Any

from policies.errors import Text
from policies.patterns.parameters import Parameter, ParameterKind
from policies.profile.terms import NAMESPACE

PROFILE = [NAMESPACE]
PROHIBITION_WINS = {"@id": "odrl:prohibit"}
"""Said where `use` is permitted and an action included in it prohibited: other readers would void the policy."""


def _help(fr: str, en: str) -> Text:
    return {
        "fr": f"Un jour (2028-12-31{fr}, heure UTC) ou un instant avec son fuseau (2028-12-31T18:00:00+01:00).",
        "en": f"A day (2028-12-31{en}, in UTC) or an instant with its time zone (2028-12-31T18:00:00+01:00).",
    }


def until(fr: str = "Jusqu’au", en: str = "Until", *, optional: bool = False) -> Parameter:
    """Return the last day, or the last instant, of the permission."""
    return Parameter(
        name="until",
        kind=ParameterKind.UNTIL,
        labels={"fr": fr, "en": en},
        help=_help(", inclus", ", included"),
        optional=optional,
    )


def since() -> Parameter:
    """Return the first day, or the first instant, of the permission."""
    return Parameter(
        name="since",
        kind=ParameterKind.SINCE,
        labels={"fr": "À partir du", "en": "From"},
        help=_help("", ""),
        optional=True,
    )


def purposes(*default: str) -> Parameter:
    """Return the purposes that are permitted; by default those terms of the profile, else they must be given."""
    return Parameter(
        name="purposes",
        kind=ParameterKind.PURPOSES,
        labels={"fr": "Finalités", "en": "Purposes"},
        help={
            "fr": "Une ou plusieurs finalités : un nom du profil (TrameNoire) ou un IRI.",
            "en": "One or more purposes: a name of the profile (TrameNoire) or an IRI.",
        },
        default=tuple(NAMESPACE + name for name in default) or None,
    )


def party(name: str, fr: str, en: str) -> Parameter:
    """Return one organisation."""
    return Parameter(
        name=name,
        kind=ParameterKind.PARTY,
        labels={"fr": fr, "en": en},
        help={"fr": "Son identifiant (did:web:exemple.fr).", "en": "Its identifier (did:web:example.org)."},
    )


def parties(name: str, fr: str, en: str) -> Parameter:
    """Return a list of organisations."""
    return Parameter(
        name=name,
        kind=ParameterKind.PARTIES,
        labels={"fr": fr, "en": en},
        help={"fr": "Leurs identifiants (did:web:exemple.fr).", "en": "Their identifiers (did:web:example.org)."},
    )


def hole(operand: str, operator: str, parameter: str) -> dict[str, Any]:
    """Return a constraint whose right operand a parameter gives."""
    return {"leftOperand": operand, "operator": operator, "rightOperand": {"$": parameter}}
