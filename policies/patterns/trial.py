"""A trial: some weeks to see whether a use is worth an agreement, on synthetic data or a sample."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.patterns.parameters import Parameter, ParameterKind
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="trial",
    labels={"fr": "Essai, incubateur", "en": "Trial"},
    help={
        "fr": "Pour expérimenter pendant une durée comptée depuis l’accord, sans rediffusion ; suppression au terme. "
        "À réserver à des données synthétiques ou à un échantillon.",
        "en": "To experiment for a time counted from the agreement, without redistribution; deletion at the end. Meant "
        "for synthetic data or a sample.",
    },
    parameters=(
        Parameter(
            name="days",
            kind=ParameterKind.DAYS,
            labels={"fr": "Durée en jours", "en": "Length in days"},
            help={"fr": "De 1 à 366 jours.", "en": "From 1 to 366 days."},
            default=90,
            maximum=366,
        ),
    ),
    body={
        "profile": common.PROFILE,
        "odrl:conflict": common.PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    {
                        "leftOperand": "odrl:purpose",
                        "operator": "isAnyOf",
                        "rightOperand": T + "Experimentation",
                    },
                    hole("odrl:elapsedTime", "lteq", "days"),
                ],
            }
        ],
        "prohibition": [{"action": "odrl:distribute"}],
        "obligation": [{"action": "odrl:delete", "constraint": [hole("odrl:elapsedTime", "lteq", "days")]}],
    },
)
