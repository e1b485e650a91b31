"""Where, in which form and with what: names that the node or its caller states of this very use.

`odrl:device` and `odrl:system` are older words for `odrl:systemDevice`, and read its fact. Languages compare as their
tags do (`fr-CA` is part of `fr`), versions have an order, places are parts of others by the taxonomy that comes with
the request. `terri:accordDPO` is whether the data protection officer agreed.
"""

from policies.operands.names import FLAGS, LANGUAGES, PLAIN, VERSIONS, named
from policies.vocabulary import LABELS, ODRL, TERRI

DPO_IRI = TERRI + "accordDPO"
_DEVICE = ODRL + "systemDevice"
_SORTS = {"language": LANGUAGES, "version": VERSIONS}

CIRCUMSTANCES = (
    *(
        named(ODRL + name, LABELS[ODRL + name], _SORTS.get(name, PLAIN))
        for name in ("fileFormat", "language", "spatial", "unitOfCount", "version", "virtualLocation")
    ),
    *(
        named(ODRL + name, LABELS.get(ODRL + name, LABELS[ODRL + "system"]), fact=_DEVICE)
        for name in ("systemDevice", "device", "system")
    ),
    named(DPO_IRI, LABELS[DPO_IRI], FLAGS),
)
