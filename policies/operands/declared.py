"""What only the party that asks can say: its purpose, its sector, its product, its use case.

Nobody can check these at the moment of the request. Asking for an offer unchanged is the declaration that its terms
hold; the decision then finds the term among `accepted_terms`. A fact that is stated (`Request.facts`) weighs more than
an accepted term: it is compared like any other.
"""

from policies import vocabulary
from policies.facts import Request, as_set
from policies.model import Constraint
from policies.operands import names
from policies.operands.spec import Leaf, Operand, OperandKind
from policies.truth import Truth
from policies.vocabulary import ODRL, TERRI, Labels


def _leaf(constraint: Constraint) -> Leaf | None:
    compare, operand = names.comparison(constraint), constraint.operand
    if compare is None:
        return None

    def test(request: Request) -> Truth:
        stated = _stated(request, operand)
        return compare(stated) if stated else None

    return Leaf(test)


def _stated(request: Request, operand: str) -> frozenset[str]:
    fact = request.facts.get(operand)
    return frozenset() if fact is None else as_set(fact)


def _declared(iri: str, labels: Labels) -> Operand:
    def actual(request: Request) -> str | None:
        return ", ".join(sorted(_stated(request, iri))) or None

    return Operand(
        iri=iri,
        kind=OperandKind.DECLARATIVE,
        labels=labels,
        leaf=_leaf,
        actual=actual,
        normal=names.normal,
        findings=names.findings,
    )


USE_CASE_IRI = TERRI + "useCase"
PURPOSE_IRI = ODRL + "purpose"

DECLARED = (
    *(
        _declared(ODRL + name, vocabulary.LABELS[ODRL + name])
        for name in ("purpose", "industry", "product", "media", "deliveryChannel")
    ),
    _declared(USE_CASE_IRI, ("cas d’usage", "use case")),
)
