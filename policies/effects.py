"""Which answer follows from what the rules came to: the table of evaluation.py as one function.

The quick path of evaluation.py stops as soon as the answer is settled; this function looks at everything. A property
test holds them together.
"""

from enum import StrEnum

from policies.truth import Truth

UNDECIDED = frozenset({"catalogue", "negotiation"})
"""Phases in which an answer that is not known is told as such; in all others it is a denial."""


class Effect(StrEnum):
    """The answer. Only PERMIT lets anything pass."""

    PERMIT = "permit"
    DENY = "deny"
    NOT_APPLICABLE = "not-applicable"
    INDETERMINATE = "indeterminate"


def effect_of(
    granted: Truth, forbidden: Truth, *, is_concerned: bool, permission_wins: bool, is_void: bool, phase: str
) -> Effect:
    """Return the effect.

    `granted`: one of the permissions applies; `forbidden`: one of the prohibitions does; `is_concerned`: one of the
    permissions is, or may be, about this target and party.
    """
    if is_void or granted is False:
        return Effect.DENY if is_concerned or forbidden is not False else Effect.NOT_APPLICABLE
    counts = False if permission_wins else forbidden
    if granted and counts is False:
        return Effect.PERMIT
    if counts:
        return Effect.DENY
    return Effect.INDETERMINATE if phase in UNDECIDED else Effect.DENY
