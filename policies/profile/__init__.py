"""The territory profile, `terri:`: what ODRL has no word for and local authorities need.

`terms.py` is the table: left operands, actions, purposes and categories of participants, with labels and definitions in
French and English, and for each whether a node checks it. vocabulary.py takes labels and inclusions from it, so that
texts read well and a rule on an action speaks of those that it includes. `skos.py` gives it to others, as JSON-LD.

What the left operands mean for a decision is in operands/, as for those of ODRL.
"""

from policies.profile.skos import as_jsonld
from policies.profile.terms import (
    ASSURANCES,
    LEGAL_BASES,
    NAMESPACE,
    TERMS,
    Assurance,
    Term,
    TermKind,
    covers,
    find,
    knowledge,
    lineage,
)

__all__ = [
    "ASSURANCES",
    "LEGAL_BASES",
    "NAMESPACE",
    "TERMS",
    "Assurance",
    "Term",
    "TermKind",
    "as_jsonld",
    "covers",
    "find",
    "knowledge",
    "lineage",
]
