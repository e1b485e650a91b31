"""Who asks: the participant's DID, as the node verified it.

Two left operands say it. `odrl:recipient` is the word of ODRL: who receives what comes of the use; a node delivers to
the participant that asks and to nobody else, so for it the two are one. `terri:participant` (`TERRI` + `participant`)
is our own and says just that: the DID of the participant that makes the request. A rule's `assignee` says it too, and
is judged with the rule.
"""

from policies.facts import Request
from policies.model import Constraint
from policies.operands import names
from policies.operands.spec import Leaf, Operand, OperandKind
from policies.truth import Truth
from policies.vocabulary import ODRL, TERRI

RECIPIENT_IRI = ODRL + "recipient"
PARTICIPANT_IRI = TERRI + "participant"


def _leaf(constraint: Constraint) -> Leaf | None:
    compare = names.comparison(constraint)
    if compare is None:
        return None

    def test(request: Request) -> Truth:
        return None if request.party is None else compare(frozenset((request.party,)))

    return Leaf(test)


def _actual(request: Request) -> str | None:
    return request.party


RECIPIENT = Operand(
    iri=RECIPIENT_IRI,
    kind=OperandKind.TESTABLE,
    labels=("destinataire", "recipient"),
    leaf=_leaf,
    actual=_actual,
    normal=names.normal,
    findings=names.findings,
)

PARTICIPANT = Operand(
    iri=PARTICIPANT_IRI,
    kind=OperandKind.TESTABLE,
    labels=("participant", "participant"),
    leaf=_leaf,
    actual=_actual,
    normal=names.normal,
    findings=names.findings,
)
