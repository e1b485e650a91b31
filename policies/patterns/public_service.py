"""Between local authorities, for a public service mission: no redistribution, and a report on the use."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.patterns.parameters import Parameter, ParameterKind
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="public-service",
    labels={"fr": "Entre collectivités, mission de service public", "en": "Between authorities, for public service"},
    help={
        "fr": "Pour les organismes des catégories admises et les finalités dites, sans rediffusion ; la source est "
        "citée et il est rendu compte de l’usage.",
        "en": "For participants of the categories admitted and for the purposes said, without redistribution; the "
        "source is named and a report on the use is given.",
    },
    parameters=(
        common.purposes("MissionServicePublic"),
        Parameter(
            name="categories",
            kind=ParameterKind.CATEGORIES,
            labels={"fr": "Catégories d’organismes", "en": "Categories of participants"},
            help={
                "fr": "Une ou plusieurs catégories : un nom du profil (Collectivite) ou un IRI.",
                "en": "One or more categories: a name of the profile (Collectivite) or an IRI.",
            },
            default=(T + "Collectivite",),
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
                    hole(T + "participantCategory", "isAnyOf", "categories"),
                    hole("odrl:dateTime", "lteq", "until"),
                ],
            }
        ],
        "prohibition": [{"action": "odrl:distribute"}],
        "obligation": [{"action": "odrl:attribute"}, {"action": T + "publishReuseReport"}],
    },
)
