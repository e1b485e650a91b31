"""The left operands that this library judges: one file each, or one for a family that is judged alike.

| operand | kind | the fact is |
|---|---|---|
| `odrl:dateTime` | testable | the instant of the request |
| `odrl:recipient`, `terri:participant` | testable | the DID of the participant that asks |
| `odrl:count` | stateful | the rank of this use, from the counter of the rule or stated |
| `odrl:elapsedTime`, `delayPeriod`, `meteredTime`, `timeInterval` | testable | a duration, or since when |
| `odrl:payAmount`, `absoluteSize`, `relativeSize`, `percentage`, `resolution` | testable | a number, with its unit |
| `odrl:event` | testable | when the event took place |
| `odrl:spatial`, `language`, `version`, `fileFormat`, `virtualLocation` | testable | a name, or several |
| `odrl:unitOfCount`, `systemDevice` (and `device`, `system`) | testable | a name, or several |
| `terri:participantCategory`, `charterSigned`, `accordDPO` | testable | what is attested |
| `terri:minCellCount` | testable | a number |
| `odrl:purpose`, `industry`, `product`, `media`, `deliveryChannel` | declarative | stated, or accepted |
| `terri:useCase`, `onBehalfOf`, `legalBasis` | declarative | stated, or accepted |

A constraint on any other operand (ODRL's seven positions and coordinates are among them) is read, kept, shown and
compared; it is never known to hold, and `validate` says so.

`named`, `numbered`, `dated` and `lasting` make an operand of one's own, for `compile(policy, operands=…)`.
"""

from policies import vocabulary
from policies.operands.circumstances import CIRCUMSTANCES
from policies.operands.date_time import DATE_TIME, dated
from policies.operands.declared import DECLARED
from policies.operands.durations import DURATIONS, lasting
from policies.operands.events import EVENT
from policies.operands.measures import MEASURES
from policies.operands.names import named
from policies.operands.numbers import numbered
from policies.operands.participant import ATTESTED, PARTICIPANT, RECIPIENT
from policies.operands.spec import Operand, OperandKind

OPERANDS: dict[str, Operand] = {
    each.iri: each
    for each in (
        DATE_TIME,
        RECIPIENT,
        PARTICIPANT,
        *DECLARED,
        *MEASURES,
        *DURATIONS,
        EVENT,
        *CIRCUMSTANCES,
        *ATTESTED,
    )
}


def is_declarative(iri: str) -> bool:
    """True if a condition on the operand is settled by accepting it."""
    operand = OPERANDS.get(iri)
    return operand is not None and operand.kind is OperandKind.DECLARATIVE


def label(iri: str, language: str) -> str:
    """Return what a person reads for a left operand."""
    operand = OPERANDS.get(iri)
    return operand.labels[0 if language == "fr" else 1] if operand else vocabulary.label(iri, language)


__all__ = ["OPERANDS", "Operand", "OperandKind", "dated", "is_declarative", "label", "lasting", "named", "numbered"]
