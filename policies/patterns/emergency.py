"""An emergency: listed bodies, for the crisis, between two dates, and a note afterwards."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="emergency",
    labels={"fr": "Urgence, crise", "en": "Emergency"},
    help={
        "fr": "Pour les organismes listés, le temps de la crise, sans rediffusion ; il est rendu compte de l’usage et "
        "les copies sont supprimées. L’accord automatique convient.",
        "en": "For the bodies listed, while the crisis lasts, without redistribution; the use is reported afterwards "
        "and copies are deleted. Automatic acceptance suits.",
    },
    parameters=(
        common.parties("recipients", "Organismes", "Bodies"),
        common.until(),
        common.since(),
        common.purposes("GestionCrise"),
    ),
    body={
        "profile": common.PROFILE,
        "odrl:conflict": common.PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    hole("odrl:recipient", "isAnyOf", "recipients"),
                    hole("odrl:purpose", "isAnyOf", "purposes"),
                    hole("odrl:dateTime", "gteq", "since"),
                    hole("odrl:dateTime", "lteq", "until"),
                ],
            }
        ],
        "prohibition": [{"action": "odrl:distribute"}],
        "obligation": [{"action": T + "publishReuseReport"}, {"action": "odrl:delete"}],
    },
)
