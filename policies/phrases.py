"""The phrases that policies are told with, as data: one for each action, operand and name, in French and English.

An *action* is an infinitive. `{}` stands where the dataset is named; the second time French puts a pronoun before the
verb (`utiliser {}` → `l’utiliser`), and where another turn is needed, in either language, it stands after a bar.
`{votre}` is the possessive of who acts. A *condition* is what can follow the verb: `jusqu’au {}`, `pour {}`; `[s]` is
there when the number is plural. Where there is no phrase, the general grammar of clauses.py makes one from the label of
the operand.

Purposes, categories and countries are names with their article; any other name is shown as it is.
"""

from dataclasses import dataclass

from policies.profile.terms import LEGAL_BASES
from policies.vocabulary import CC, ODRL, TERRI, Labels

_ACTIONS: dict[str, Labels] = {
    "use": ("utiliser {}", "use {}"),
    "transfer": ("céder {}", "transfer {}"),
    "acceptTracking": ("accepter le suivi de l’usage", "accept that the use is tracked"),
    "adHocShare": ("partager {} ponctuellement", "share {} ad hoc"),
    "aggregate": ("agréger {} avec d’autres données", "aggregate {} with other data"),
    "annotate": ("annoter {}", "annotate {}"),
    "anonymize": ("anonymiser {}", "anonymise {}"),
    "append": ("compléter {}", "append to {}"),
    "appendTo": ("compléter {}", "append to {}"),
    "archive": ("archiver {}", "archive {}"),
    "attachPolicy": ("joindre ces règles d’usage à chaque copie", "attach these terms of use to each copy"),
    "attachSource": ("joindre la source à chaque copie", "attach the source to each copy"),
    "attribute": ("citer la source", "credit the source"),
    "commercialize": ("exploiter {} commercialement", "exploit {} commercially"),
    "compensate": ("verser une rémunération", "pay a compensation"),
    "concurrentUse": ("utiliser {} à plusieurs en même temps", "have several people use {} at the same time"),
    "copy": ("copier {}", "copy {}"),
    "delete": ("supprimer {votre} copie", "delete {votre} copy"),
    "derive": ("produire des données dérivées de {}|en produire des données dérivées", "derive data from {}"),
    "digitize": ("numériser {}", "digitise {}"),
    "display": ("afficher {}", "display {}"),
    "distribute": ("redistribuer {}", "redistribute {}"),
    "ensureExclusivity": ("garantir l’exclusivité", "ensure exclusivity"),
    "execute": ("exécuter {}", "execute {}"),
    "export": ("exporter {}", "export {}"),
    "extract": ("extraire une partie de {}|en extraire une partie", "extract part of {}"),
    "extractChar": ("extraire des caractères de {}|en extraire des caractères", "extract characters from {}"),
    "extractPage": ("extraire des pages de {}|en extraire des pages", "extract pages from {}"),
    "extractWord": ("extraire des mots de {}|en extraire des mots", "extract words from {}"),
    "give": ("donner {}", "give {} away"),
    "grantUse": ("autoriser un tiers à utiliser {}|autoriser un tiers à l’utiliser", "grant others the use of {}"),
    "include": ("joindre les éléments associés", "include the related material"),
    "index": ("indexer {}", "index {}"),
    "inform": (
        "informer le fournisseur de l’usage fait de {}|informer le fournisseur de l’usage fait des données",
        "inform the provider of the use made of {}|inform the provider of the use made of the data",
    ),
    "install": ("installer {}", "install {}"),
    "lease": ("louer {}", "lease {}"),
    "lend": ("prêter {}", "lend {}"),
    "license": ("concéder une licence sur {}|en concéder une licence", "license {}"),
    "modify": ("modifier {}", "modify {}"),
    "move": ("déplacer {}", "move {}"),
    "nextPolicy": (
        "imposer les règles d’usage prévues aux destinataires suivants",
        "impose the terms of use provided for on the next recipients",
    ),
    "obtainConsent": ("obtenir un consentement", "obtain consent"),
    "pay": ("effectuer un paiement", "make a payment"),
    "play": ("lire {} (contenu audiovisuel)", "play {}"),
    "present": ("présenter {} au public", "present {} to the public"),
    "preview": ("prévisualiser {}", "preview {}"),
    "print": ("imprimer {}", "print {}"),
    "read": ("consulter {}", "read {}"),
    "reproduce": ("reproduire {}", "reproduce {}"),
    "reviewPolicy": ("faire relire ces règles d’usage", "have these terms of use reviewed"),
    "secondaryUse": ("réutiliser {} à une autre fin", "use {} for another purpose"),
    "sell": ("vendre {}", "sell {}"),
    "share": ("partager {}", "share {}"),
    "shareAlike": ("partager les données dérivées aux mêmes conditions", "share derived data under the same terms"),
    "stream": ("diffuser {} en flux", "stream {}"),
    "synchronize": ("synchroniser {}", "synchronise {}"),
    "textToSpeech": ("faire lire {} à voix haute|le faire lire à voix haute", "have {} read aloud"),
    "transform": ("convertir {}", "convert {}"),
    "translate": ("traduire {}", "translate {}"),
    "uninstall": ("désinstaller {}", "uninstall {}"),
    "watermark": ("marquer {} d’un filigrane", "watermark {}"),
    "write": ("écrire dans {}|y écrire", "write to {}"),
    "writeTo": ("écrire dans {}|y écrire", "write to {}"),
}
_COMMONS: dict[str, Labels] = {
    "Attribution": ("citer l’auteur", "credit the author"),
    "CommercialUse": ("utiliser {} à des fins commerciales", "use {} commercially"),
    "DerivativeWorks": ("tirer de {} des œuvres dérivées|en tirer des œuvres dérivées", "make derivative works of {}"),
    "Distribution": ("diffuser {}", "distribute {}"),
    "Notice": ("conserver les mentions légales", "keep the legal notices"),
    "Reproduction": ("reproduire {}", "reproduce {}"),
    "ShareAlike": ("partager les données dérivées aux mêmes conditions", "share derived data under the same terms"),
    "Sharing": ("partager {}", "share {}"),
    "SourceCode": ("fournir le code source", "provide the source code"),
}
_TERRITORIES: dict[str, Labels] = {
    "reidentify": ("chercher à ré-identifier des personnes", "try to re-identify people"),
    "publishAsRegulatoryMeasure": (
        "présenter ces valeurs comme des mesures réglementaires",
        "present these values as regulatory measurements",
    ),
    "publishReuseReport": (
        "rendre compte, au public ou au fournisseur, de l’usage fait de {}"
        "|rendre compte, au public ou au fournisseur, de l’usage fait des données",
        "report, to the public or to the provider, on the use made of {}"
        "|report, to the public or to the provider, on the use made of the data",
    ),
    "automatedIndividualDecision": (
        "recourir à la décision individuelle automatisée",
        "take automated decisions about individuals",
    ),
    "attestDeletion": (
        "attester auprès du fournisseur de la suppression de {votre} copie",
        "attest to the provider that {votre} copy is deleted",
    ),
}
ACTIONS: dict[str, Labels] = {
    **{ODRL + name: labels for name, labels in _ACTIONS.items()},
    **{CC + name: labels for name, labels in _COMMONS.items()},
    **{TERRI + name: labels for name, labels in _TERRITORIES.items()},
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A condition as what follows the verb. `each` wraps a value, `unnamed` one without article; `edge` cuts a time."""

    whole: Labels
    each: Labels = ("{}", "{}")
    unnamed: Labels | None = None
    edge: str = ""


_ON: Labels = ("le {}", "{}")
_EVENT: Labels = ("l’événement {}", "the event {}")
_PURPOSE: Labels = ("la finalité {}", "the purpose {}")
_WITHIN: Labels = ("dans un délai de {}", "within {}")

# an operand may have a phrase for several operators, spelt in one line
_PHRASES: dict[str, dict[str, Phrase]] = {
    ODRL + "dateTime": {
        "lteq": Phrase(("jusqu’au {}", "until {}"), edge="end"),
        "lt": Phrase(("avant le {}", "before {}"), edge="start"),
        "gteq": Phrase(("à partir du {}", "from {}"), edge="start"),
        "gt": Phrase(("après le {}", "after {}"), edge="end"),
        "eq isAnyOf": Phrase(("{}", "on {}"), _ON),
        "neq isNoneOf": Phrase(("à tout autre moment que {}", "at any other time than {}"), _ON),
    },
    ODRL + "purpose": {
        "eq isA isAnyOf": Phrase(("pour {}", "for {}"), unnamed=_PURPOSE),
        "neq isNoneOf": Phrase(("pour tout autre usage que {}", "for anything but {}"), unnamed=_PURPOSE),
        "isAllOf": Phrase(("tout à la fois pour {}", "all at once for {}"), unnamed=_PURPOSE),
    },
    TERRI + "useCase": {
        "eq isA isAnyOf": Phrase(("pour le cas d’usage {}", "for the use case {}")),
        "neq isNoneOf": Phrase(("pour tout autre cas d’usage que {}", "for any other use case than {}")),
    },
    ODRL + "count": {
        "lteq": Phrase(("dans la limite de {} utilisation[s]", "up to {} use[s]")),
        "lt": Phrase(("moins de {} fois", "fewer than {} time[s]")),
        "gteq": Phrase(("à partir de {} utilisation[s]", "from {} use[s] on")),
        "gt": Phrase(("au-delà de {} utilisation[s]", "beyond {} use[s]")),
        "eq": Phrase(("exactement {} fois", "exactly {} time[s]")),
    },
    ODRL + "elapsedTime": {
        "lteq": Phrase(("pendant {} à compter de l’accord", "for {} from the agreement")),
        "lt": Phrase(("pendant moins de {} à compter de l’accord", "for less than {} from the agreement")),
        "gteq": Phrase(
            ("après un délai d’au moins {} à compter de l’accord", "after at least {} from the agreement"),
        ),
        "gt": Phrase(
            ("après un délai de plus de {} à compter de l’accord", "after more than {} from the agreement"),
        ),
        "eq": Phrase(("au bout de {} à compter de l’accord", "after exactly {} from the agreement")),
    },
    ODRL + "delayPeriod": {
        "lteq": Phrase((f"{_WITHIN[0]} suivant le fait déclencheur", f"{_WITHIN[1]} of what triggers it")),
        "lt": Phrase(
            ("dans un délai de moins de {} suivant le fait déclencheur", "in less than {} from what triggers it"),
        ),
        "gteq": Phrase(
            ("après un délai d’au moins {} à compter du fait déclencheur", "after at least {} from what triggers it"),
        ),
        "gt": Phrase(
            ("après un délai de plus de {} à compter du fait déclencheur", "after more than {} from what triggers it"),
        ),
        "eq": Phrase(("au bout de {} à compter du fait déclencheur", "after exactly {} from what triggers it")),
    },
    ODRL + "meteredTime": {
        "lteq": Phrase(("pour une durée d’utilisation cumulée de {} au plus", "for at most {} of use in all")),
        "lt": Phrase(("pour une durée d’utilisation cumulée de moins de {}", "for less than {} of use in all")),
    },
    ODRL + "timeInterval": {
        "eq": Phrase(("à intervalles de {}", "at intervals of {}")),
        "gteq": Phrase(("à intervalles d’au moins {}", "at intervals of at least {}")),
        "lteq": Phrase(("à intervalles de {} au plus", "at intervals of at most {}")),
    },
    ODRL + "event": {
        "lt lteq": Phrase(("avant {}", "before {}"), unnamed=_EVENT),
        "gt gteq": Phrase(("après {}", "after {}"), unnamed=_EVENT),
        "eq": Phrase(("pendant {}", "during {}"), unnamed=_EVENT),
    },
    ODRL + "payAmount": {
        "eq": Phrase(("pour un montant de {}", "for an amount of {}")),
        "lteq": Phrase(("pour un montant de {} au plus", "for an amount of at most {}")),
        "gteq": Phrase(("pour un montant d’au moins {}", "for an amount of at least {}")),
    },
    ODRL + "percentage": {
        "eq": Phrase(("à hauteur de {}", "at exactly {}")),
        "lteq": Phrase(("à hauteur de {} au plus", "up to {}")),
        "gteq": Phrase(("à hauteur d’au moins {}", "for at least {}")),
    },
    ODRL + "fileFormat": {"eq isA isAnyOf": Phrase(("au format {}", "in the format {}"))},
    ODRL + "language": {"eq isA isAnyOf": Phrase(("dans la langue {}", "in the language {}"))},
    ODRL + "media": {"eq isA isAnyOf": Phrase(("sur le support {}", "on the medium {}"))},
    ODRL + "deliveryChannel": {"eq isA isAnyOf": Phrase(("par le canal {}", "through the channel {}"))},
    TERRI + "legalBasis": {
        "eq isA isAnyOf": Phrase(
            ("avec pour base légale {} (RGPD, article 6)", "with {} as the legal basis (GDPR, article 6)")
        )
    },
    TERRI + "onBehalfOf": {"eq isAnyOf": Phrase(("pour le compte de {}", "on behalf of {}"))},
    TERRI + "minCellCount": {
        "gteq": Phrase(
            (
                "à condition que chaque case des tableaux compte au moins {} unité[s]",
                "provided that each cell of the tables counts at least {} unit[s]",
            )
        )
    },
}
_DUTY_PHRASES: dict[str, dict[str, Phrase]] = {
    ODRL + "dateTime": {"lteq": Phrase(("au plus tard le {}", "no later than {}"), edge="end")},
    ODRL + "elapsedTime": {
        "lteq": Phrase((f"{_WITHIN[0]} suivant l’accord", f"{_WITHIN[1]} of the agreement")),
        "lt": Phrase(("dans un délai de moins de {} suivant l’accord", "in less than {} from the agreement")),
    },
}

# what a *yes* and a *no* mean, for operands that ask a question
FLAGS: dict[str, tuple[Labels, Labels]] = {
    TERRI + "accordDPO": (
        (
            "avec l’accord du délégué à la protection des données",
            "with the agreement of the data protection officer",
        ),
        (
            "sans l’accord du délégué à la protection des données",
            "without the agreement of the data protection officer",
        ),
    ),
    TERRI + "charterSigned": (
        ("si le destinataire a signé la charte", "if the recipient has signed the charter"),
        ("si le destinataire n’a pas signé la charte", "if the recipient has not signed the charter"),
    ),
}

_FRANCE = (
    "http://publications.europa.eu/resource/authority/country/FRA",
    "http://www.wikidata.org/entity/Q142",
    "https://sws.geonames.org/3017382/",
)
"""France, as the authority table of the European Union, Wikidata and GeoNames name it."""

NAMES: dict[str, Labels] = {
    TERRI + "TrameNoire": ("la trame noire", "dark corridors"),
    TERRI + "SobrieteEclairage": ("la sobriété de l’éclairage", "saving on street lighting"),
    TERRI + "RechercheRenovation": ("la recherche sur la rénovation", "research on renovation"),
    TERRI + "ModelisationQualiteAir": ("la modélisation de la qualité de l’air", "air quality modelling"),
    TERRI + "CiblagePrecariteEnergetique": (
        "le ciblage de l’accompagnement contre la précarité énergétique",
        "directing support against fuel poverty",
    ),
    TERRI + "MissionServicePublic": ("une mission de service public", "a public service mission"),
    TERRI + "TransitionEcologique": ("la transition écologique", "the ecological transition"),
    TERRI + "SobrieteEnergetique": ("la sobriété énergétique", "saving energy"),
    TERRI + "PolitiqueHabitat": ("la politique de l’habitat", "housing policy"),
    TERRI + "GestionCrise": ("la gestion de crise", "crisis management"),
    TERRI + "RechercheScientifique": ("la recherche scientifique", "scientific research"),
    TERRI + "Experimentation": ("une expérimentation", "a trial"),
    TERRI + "OrganismePublic": ("un organisme public", "a public body"),
    TERRI + "Collectivite": ("une collectivité", "a local authority"),
    TERRI + "RecherchePublique": ("un organisme de recherche publique", "a public research body"),
    TERRI + "Entreprise": ("une entreprise", "a company"),
    TERRI + "Association": ("une association", "an association"),
    ODRL + "policyUsage": ("l’utilisation", "the use"),
    **dict.fromkeys(_FRANCE, ("la France", "France")),
    **LEGAL_BASES,
}

# operands without a label in the vocabulary of ODRL, as the subject of a sentence
SUBJECTS: dict[str, Labels] = {
    TERRI + "participantCategory": ("le destinataire", "the recipient"),
    TERRI + "participant": ("l’organisation qui demande", "the organisation that asks"),
    TERRI + "accordDPO": (
        "l’accord du délégué à la protection des données",
        "the agreement of the data protection officer",
    ),
    TERRI + "charterSigned": ("la charte signée", "the charter signed"),
    TERRI + "minCellCount": ("l’effectif minimal de chaque case", "the smallest count of a cell"),
    TERRI + "useCase": ("le cas d’usage", "the use case"),
    ODRL + "spatialCoordinates": ("le point de coordonnées", "the point of coordinates"),
    ODRL + "dateTime": ("la date", "the date"),
}

UNITS: dict[str, Labels] = {
    "http://dbpedia.org/resource/Euro": ("€", "€"),
    "http://www.wikidata.org/entity/Q4916": ("€", "€"),
    "urn:iso:std:iso:4217:EUR": ("€", "€"),
    "EUR": ("€", "€"),
    "http://qudt.org/vocab/unit/GigaBYTE": ("Go", "GB"),
    "http://qudt.org/vocab/unit/MegaBYTE": ("Mo", "MB"),
    "http://qudt.org/vocab/unit/PERCENT": ("%", "%"),
}

NUMERIC = frozenset(
    {ODRL + name for name in ("count", "payAmount", "percentage", "resolution", "absoluteSize", "relativeSize")}
    | {TERRI + "minCellCount"}
)

_FEMININE = frozenset(
    {"catégorie", "charte", "date", "durée", "finalité", "langue", "position", "quantité", "résolution", "taille"}
    | {"unité", "version", "zone"}
)
_VOWELS = "aeéêiouh"


def phrase(operand: str, operator: str, *, of_duty: bool) -> Phrase | None:
    """Return the phrase for an operand with an operator, in a duty or in what is permitted or forbidden."""
    found = _DUTIES.get((operand, operator)) if of_duty else None
    return found or _USES.get((operand, operator))


def with_article(label: str) -> str:
    """Return a French label as the subject of a sentence: `le nombre…`, `la durée…`, `l’événement`."""
    if label[:1].lower() in _VOWELS:
        return f"l’{label}"
    return f"{'la' if label.split()[0].lower() in _FEMININE else 'le'} {label}"


def _by_operator(phrases: dict[str, dict[str, Phrase]]) -> dict[tuple[str, str], Phrase]:
    return {
        (operand, ODRL + operator): found
        for operand, several in phrases.items()
        for operators, found in several.items()
        for operator in operators.split()
    }


_USES = _by_operator(_PHRASES)
_DUTIES = _by_operator(_DUTY_PHRASES)
