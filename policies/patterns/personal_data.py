"""Data drawn from personal data: named recipients, the officer's consent, no small cells, deletion with proof."""

from policies.patterns import common
from policies.patterns.common import hole
from policies.patterns.form import Template
from policies.patterns.parameters import Parameter, ParameterKind
from policies.profile.terms import GDPR
from policies.profile.terms import NAMESPACE as T

TEMPLATE = Template(
    name="personal-data",
    labels={"fr": "Données issues de données personnelles", "en": "Data drawn from personal data"},
    help={
        "fr": "Pour des destinataires nommés, des finalités et une base légale dites, avec l’accord du délégué à la "
        "protection des données ; aucune case sous l’effectif minimal ; ni ré-identification, ni rediffusion, ni "
        "décision individuelle automatisée ; suppression dans le délai, avec attestation.",
        "en": "For named recipients, the purposes and the legal basis said, with the consent of the data protection "
        "officer; no cell below the smallest count; no re-identification, no redistribution, no automated individual "
        "decision; deletion in time, with an attestation.",
    },
    parameters=(
        common.purposes(),
        common.parties("recipients", "Destinataires", "Recipients"),
        Parameter(
            name="legal_basis",
            kind=ParameterKind.LEGAL_BASIS,
            labels={"fr": "Base légale du traitement", "en": "Legal basis of the processing"},
            help={
                "fr": "Une lettre de l’article 6 du RGPD : a consentement, b contrat, c obligation légale, d intérêts "
                "vitaux, e mission d’intérêt public, f intérêt légitime.",
                "en": "A letter of article 6 of the GDPR: a consent, b contract, c legal obligation, d vital "
                "interests, e task in the public interest, f legitimate interests.",
            },
            default=GDPR + "A6-1-e",
        ),
        Parameter(
            name="min_cell_count",
            kind=ParameterKind.COUNT,
            labels={"fr": "Effectif minimal par case", "en": "Smallest count in a cell"},
            help={"fr": "De 3 à 1 000.", "en": "From 3 to 1,000."},
            default=11,
            minimum=3,
            maximum=1_000,
        ),
        Parameter(
            name="months",
            kind=ParameterKind.MONTHS,
            labels={"fr": "Suppression sous (mois)", "en": "Deletion within (months)"},
            help={"fr": "De 1 à 120 mois après l’accord.", "en": "From 1 to 120 months after the agreement."},
            default=12,
            maximum=120,
        ),
    ),
    body={
        "profile": common.PROFILE,
        "odrl:conflict": common.PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    hole("odrl:purpose", "isAnyOf", "purposes"),
                    hole("odrl:recipient", "isAnyOf", "recipients"),
                    hole(T + "legalBasis", "eq", "legal_basis"),
                    hole(T + "minCellCount", "gteq", "min_cell_count"),
                    {"leftOperand": T + "accordDPO", "operator": "eq", "rightOperand": "true"},
                ],
            }
        ],
        "prohibition": [
            {"action": T + "reidentify"},
            {"action": "odrl:distribute"},
            {"action": T + "automatedIndividualDecision"},
        ],
        "obligation": [
            {"action": "odrl:delete", "constraint": [hole("odrl:elapsedTime", "lteq", "months")]},
            {"action": T + "attestDeletion"},
        ],
    },
)
