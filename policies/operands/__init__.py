"""The left operands that this library judges: one file each, or one for a family that is judged alike.

| operand | kind | the fact is |
|---|---|---|
| `odrl:dateTime` | testable | the instant of the request |
| `odrl:recipient`, `terri:participant` | testable | the DID of the participant that asks |
| `odrl:purpose`, `industry`, `product`, `media`, `deliveryChannel` | declarative | stated, or accepted |
| `terri:useCase` | declarative | stated, or accepted |

A constraint on any other operand is read, kept, shown and compared; it is never known to hold.
"""

from policies import vocabulary
from policies.operands.date_time import DATE_TIME
from policies.operands.declared import DECLARED
from policies.operands.participant import PARTICIPANT, RECIPIENT
from policies.operands.spec import Operand, OperandKind

OPERANDS: dict[str, Operand] = {each.iri: each for each in (DATE_TIME, RECIPIENT, PARTICIPANT, *DECLARED)}


def is_declarative(iri: str) -> bool:
    """True if a condition on the operand is settled by accepting it."""
    operand = OPERANDS.get(iri)
    return operand is not None and operand.kind is OperandKind.DECLARATIVE


def label(iri: str, language: str) -> str:
    """Return what a person reads for a left operand."""
    operand = OPERANDS.get(iri)
    return operand.labels[0 if language == "fr" else 1] if operand else vocabulary.label(iri, language)


__all__ = ["OPERANDS", "Operand", "OperandKind", "is_declarative", "label"]
