"""How much and how many: the rank of the use, amounts, shares, sizes, the smallest cell of a table.

`odrl:count` is stateful. Its value is the rank of the use being decided: 1 for the first. It comes from the counter of
the rule (state.py) or, where the caller keeps count, from the fact of that name. A count has no unit.
"""

from policies.operands.numbers import numbered
from policies.operands.spec import OperandKind
from policies.vocabulary import LABELS, ODRL, TERRI

COUNT_IRI = ODRL + "count"
CELL_IRI = TERRI + "minCellCount"

MEASURES = (
    numbered(COUNT_IRI, LABELS[COUNT_IRI], OperandKind.STATEFUL, unit="none"),
    *(numbered(ODRL + name, LABELS[ODRL + name], unit="wanted") for name in ("payAmount", "absoluteSize")),
    *(numbered(ODRL + name, LABELS[ODRL + name]) for name in ("percentage", "relativeSize", "resolution")),
    numbered(CELL_IRI, LABELS[CELL_IRI], unit="none"),
)
