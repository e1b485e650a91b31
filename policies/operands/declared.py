"""What only the party that asks can say: its purpose, its sector, its product, its use case, for whom it acts.

Nobody can check these at the moment of the request. Asking for an offer unchanged is the declaration that its terms
hold; the decision then finds the term among `accepted_terms`. A fact that is stated (`Request.facts`) weighs more than
an accepted term: it is compared like any other.
"""

from policies import vocabulary
from policies.operands.names import named
from policies.operands.spec import OperandKind
from policies.vocabulary import ODRL, TERRI

USE_CASE_IRI = TERRI + "useCase"
ON_BEHALF_OF_IRI = TERRI + "onBehalfOf"
LEGAL_BASIS_IRI = TERRI + "legalBasis"
PURPOSE_IRI = ODRL + "purpose"

DECLARED = (
    *(
        named(ODRL + name, vocabulary.LABELS[ODRL + name], kind=OperandKind.DECLARATIVE)
        for name in ("purpose", "industry", "product", "media", "deliveryChannel")
    ),
    named(USE_CASE_IRI, vocabulary.LABELS[USE_CASE_IRI], kind=OperandKind.DECLARATIVE),
    named(ON_BEHALF_OF_IRI, vocabulary.LABELS[ON_BEHALF_OF_IRI], kind=OperandKind.DECLARATIVE),
    named(LEGAL_BASIS_IRI, vocabulary.LABELS[LEGAL_BASIS_IRI], kind=OperandKind.DECLARATIVE),
)
