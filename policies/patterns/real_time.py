"""Real time with a quota: measures as they come, so many calls and no more."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.patterns.parameters import Parameter, ParameterKind
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="real-time",
    labels={"fr": "Temps réel avec quota", "en": "Real time with a quota"},
    help={
        "fr": "Pour les finalités dites et dans la limite d’un nombre d’appels sur la durée de l’accord ; les valeurs "
        "ne sont pas présentées comme des mesures réglementaires ; la source est citée, les anomalies sont signalées.",
        "en": "For the purposes said and within a number of calls over the time of the agreement; the values are not "
        "presented as regulatory measures; the source is named and anomalies are reported.",
    },
    parameters=(
        common.purposes(),
        Parameter(
            name="calls",
            kind=ParameterKind.COUNT,
            labels={"fr": "Nombre d’appels", "en": "Number of calls"},
            help={"fr": "De 1 à 1 000 000 000, en tout.", "en": "From 1 to 1,000,000,000, in all."},
            default=20_000,
        ),
        common.until(optional=True),
    ),
    body={
        "profile": common.PROFILE,
        "odrl:conflict": common.PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    hole("odrl:purpose", "isAnyOf", "purposes"),
                    hole("odrl:count", "lteq", "calls"),
                    hole("odrl:dateTime", "lteq", "until"),
                ],
            }
        ],
        "prohibition": [{"action": T + "publishAsRegulatoryMeasure"}],
        "obligation": [{"action": "odrl:attribute"}, {"action": "odrl:inform"}],
    },
)
