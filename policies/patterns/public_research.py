"""Public research: until a date, with a report on the results."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="public-research",
    labels={"fr": "Recherche publique", "en": "Public research"},
    help={
        "fr": "Pour un organisme de recherche publique, jusqu’à une date ; la source est citée et les résultats font "
        "l’objet d’un compte rendu.",
        "en": "For a public research body, until a date; the source is named and the results are reported.",
    },
    parameters=(common.purposes("RechercheScientifique"), common.until()),
    body={
        "profile": common.PROFILE,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    hole("odrl:purpose", "isAnyOf", "purposes"),
                    {
                        "leftOperand": T + "participantCategory",
                        "operator": "isAnyOf",
                        "rightOperand": T + "RecherchePublique",
                    },
                    hole("odrl:dateTime", "lteq", "until"),
                ],
            }
        ],
        "obligation": [{"action": "odrl:attribute"}, {"action": T + "publishReuseReport"}],
    },
)
