"""Who asks: the participant's DID, as the node verified it, and what is attested of it.

Two left operands say who it is. `odrl:recipient` is the word of ODRL: who receives what comes of the use; a node
delivers to the participant that asks and to nobody else, so for it the two are one. `terri:participant` is our own and
says just that: the DID of the participant that makes the request. A rule's `assignee` says it too, and is judged with
the rule.

What is attested comes as a fact: the category of the organisation (`terri:participantCategory`) and the charters that
it signed (`terri:charterSigned`, each by its IRI, or true for "yes"). Both may be several names: a category with those
that include it, the charters and "true". So for these two *eq* asks whether the name is among them, and *neq* whether
it is not.
"""

from dataclasses import replace

from policies.facts import Request
from policies.model import Constraint
from policies.operands import names
from policies.operands.names import FLAGS, PLAIN, Sort, leaf_of, named
from policies.operands.spec import Leaf, Operand, OperandKind
from policies.truth import Truth
from policies.vocabulary import LABELS, ODRL, TERRI, Labels

RECIPIENT_IRI = ODRL + "recipient"
PARTICIPANT_IRI = TERRI + "participant"
CATEGORY_IRI = TERRI + "participantCategory"
CHARTER_IRI = TERRI + "charterSigned"


def _leaf(constraint: Constraint) -> Leaf | None:
    found = names.ready(constraint)
    if found is None:
        return None
    judge, quick = found
    wanted, within = quick or (frozenset(), True)

    def test(request: Request) -> Truth:
        if request.party is None:
            return None
        return (request.party in wanted) is within if quick else judge(request.party, request)

    return Leaf(test)


def _actual(request: Request) -> str | None:
    return request.party


def _who(iri: str, labels: Labels) -> Operand:
    return Operand(
        iri=iri,
        kind=OperandKind.TESTABLE,
        labels=labels,
        leaf=_leaf,
        actual=_actual,
        normal=names.normal,
        findings=names.findings,
    )


_AMONG = {ODRL + "eq": ODRL + "isAnyOf", ODRL + "neq": ODRL + "isNoneOf"}


def _attested(iri: str, sort: Sort = PLAIN) -> Operand:
    def leaf(constraint: Constraint) -> Leaf | None:
        asked = constraint
        if len(constraint.values) == 1:
            asked = replace(constraint, operator=_AMONG.get(constraint.operator, constraint.operator))
        return leaf_of(asked, iri, sort)

    return replace(named(iri, LABELS[iri], sort), leaf=leaf)


RECIPIENT = _who(RECIPIENT_IRI, ("destinataire", "recipient"))
PARTICIPANT = _who(PARTICIPANT_IRI, ("participant", "participant"))
ATTESTED = (
    _attested(CATEGORY_IRI),
    _attested(CHARTER_IRI, FLAGS),
)
