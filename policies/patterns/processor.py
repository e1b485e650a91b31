"""A partner's contractor: one named company, on behalf of one named partner, until their contract ends."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="processor",
    labels={"fr": "Prestataire d’un partenaire", "en": "A partner’s contractor"},
    help={
        "fr": "Pour un prestataire nommé, pour le compte d’un mandant nommé et jusqu’à la fin de leur marché ; ni "
        "rediffusion ni sous-traitance en chaîne ; suppression à la fin, avec attestation.",
        "en": "For a named contractor, on behalf of a named partner and until their contract ends; no redistribution "
        "and no further subcontracting; deletion at the end, with an attestation.",
    },
    parameters=(
        common.party("processor", "Prestataire", "Contractor"),
        common.party("mandator", "Mandant", "Partner it works for"),
        common.until("Fin du marché", "End of the contract"),
    ),
    body={
        "profile": common.PROFILE,
        "odrl:conflict": common.PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    hole("odrl:recipient", "eq", "processor"),
                    hole(T + "onBehalfOf", "eq", "mandator"),
                    hole("odrl:dateTime", "lteq", "until"),
                ],
            }
        ],
        "prohibition": [{"action": "odrl:distribute"}, {"action": "odrl:grantUse"}],
        "obligation": [
            {"action": "odrl:delete", "constraint": [hole("odrl:dateTime", "lteq", "until")]},
            {"action": T + "attestDeletion"},
        ],
    },
)
