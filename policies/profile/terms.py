"""The terms of the territory profile, as a table.

Each term says how far a node answers for it:

- *enforced*: the node checks it before a byte leaves, and refuses while it does not know;
- *checked afterwards*: what was done can be seen later, in a report, an attestation or a publication;
- *declarative*: it rests on the word of who accepted it.

Purposes form a tree of their own (`broader`). The alignment to the Data Privacy Vocabulary 2.3 is for readers
elsewhere; no decision follows it, or a purpose named loosely there would widen what is permitted here.

It imports nothing of the library: vocabulary.py is built on it.
"""

from dataclasses import dataclass
from enum import StrEnum

Labels = tuple[str, str]

NAMESPACE = "https://w3id.org/pupitre/terri/"
ODRL = "http://www.w3.org/ns/odrl/2/"
DPV = "https://w3id.org/dpv#"


class TermKind(StrEnum):
    """What a term may stand for in a policy."""

    LEFT_OPERAND = "left-operand"
    ACTION = "action"
    PURPOSE = "purpose"
    CATEGORY = "category"


class Assurance(StrEnum):
    """How far a node answers for what a term asks."""

    ENFORCED = "enforced"
    CHECKED_AFTERWARDS = "checked-afterwards"
    DECLARATIVE = "declarative"


ASSURANCES: dict[Assurance, Labels] = {
    Assurance.ENFORCED: ("vérifié par le nœud", "checked by the node"),
    Assurance.CHECKED_AFTERWARDS: ("constaté après coup", "checked afterwards"),
    Assurance.DECLARATIVE: ("engagement seul", "a promise only"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its name in the namespace, and what people and programs need to know of it.

    `broader` is the IRI of the term that includes it (for an action, ODRL's `includedIn`); `exact` and `broad` are IRIs
    of the Data Privacy Vocabulary that mean the same, or more.
    """

    name: str
    kind: TermKind
    assurance: Assurance
    labels: Labels
    definitions: Labels
    broader: str | None = None
    exact: str | None = None
    broad: str | None = None

    @property
    def iri(self) -> str:
        """The full IRI of the term."""
        return NAMESPACE + self.name


_OPERANDS = (
    Term(
        "participant",
        TermKind.LEFT_OPERAND,
        Assurance.ENFORCED,
        ("organisme demandeur", "requesting participant"),
        (
            "Identifiant (DID) de l’organisme qui fait la demande, tel que son nœud l’a prouvé.",
            "Identifier (DID) of the organisation that makes the request, as its node has proved it.",
        ),
    ),
    Term(
        "participantCategory",
        TermKind.LEFT_OPERAND,
        Assurance.ENFORCED,
        ("catégorie d’organisme", "category of participant"),
        (
            "Catégorie dont relève l’organisme qui fait la demande, telle que le fournisseur la tient pour établie.",
            "Category of the organisation that makes the request, as the provider holds it established.",
        ),
    ),
    Term(
        "charterSigned",
        TermKind.LEFT_OPERAND,
        Assurance.ENFORCED,
        ("charte signée", "charter signed"),
        (
            "Charte à laquelle l’organisme qui fait la demande a adhéré, par exemple une charte éthique de la donnée.",
            "Charter that the requesting organisation has signed, such as a charter of data ethics.",
        ),
    ),
    Term(
        "accordDPO",
        TermKind.LEFT_OPERAND,
        Assurance.ENFORCED,
        ("accord du délégué à la protection des données", "consent of the data protection officer"),
        (
            "Vrai quand le délégué à la protection des données du fournisseur a donné son accord à cet échange.",
            "True once the provider’s data protection officer has agreed to this exchange.",
        ),
    ),
    Term(
        "minCellCount",
        TermKind.LEFT_OPERAND,
        Assurance.ENFORCED,
        ("effectif minimal par case", "smallest count in a cell"),
        (
            "Plus petit effectif qu’une case du jeu de données agrégées laisse voir, tel que le fournisseur le déclare "
            "avec le jeu de données.",
            "Smallest number of units that a cell of the aggregated dataset shows, as the provider declares it with "
            "the dataset.",
        ),
    ),
    Term(
        "useCase",
        TermKind.LEFT_OPERAND,
        Assurance.DECLARATIVE,
        ("cas d’usage", "use case"),
        (
            "Cas d’usage du territoire au titre duquel la demande est faite.",
            "Use case of the territory for which the request is made.",
        ),
    ),
    Term(
        "onBehalfOf",
        TermKind.LEFT_OPERAND,
        Assurance.DECLARATIVE,
        ("mandant", "principal"),
        (
            "Organisme pour le compte duquel le demandeur, son prestataire, utilise les données.",
            "Organisation on whose behalf the requesting organisation, its contractor, uses the data.",
        ),
    ),
    Term(
        "legalBasis",
        TermKind.LEFT_OPERAND,
        Assurance.DECLARATIVE,
        ("base légale du traitement", "legal basis of the processing"),
        (
            "Base légale, au sens de l’article 6 du RGPD, du traitement que fait l’organisme bénéficiaire.",
            "Legal basis, in the sense of article 6 of the GDPR, of the processing by the organisation that benefits.",
        ),
    ),
)

_ACTIONS = (
    Term(
        "reidentify",
        TermKind.ACTION,
        Assurance.DECLARATIVE,
        ("ré-identifier des personnes", "re-identify persons"),
        (
            "Chercher à retrouver, par quelque moyen que ce soit, les personnes auxquelles les données se rapportent.",
            "Try by any means to find the persons to whom the data relate.",
        ),
        broader=ODRL + "use",
    ),
    Term(
        "publishAsRegulatoryMeasure",
        TermKind.ACTION,
        Assurance.CHECKED_AFTERWARDS,
        ("présenter comme mesure réglementaire", "present as a regulatory measure"),
        (
            "Présenter au public les valeurs comme issues d’un dispositif de mesure réglementaire.",
            "Present the values to the public as coming from a regulatory measuring device.",
        ),
        broader=ODRL + "present",
    ),
    Term(
        "publishReuseReport",
        TermKind.ACTION,
        Assurance.CHECKED_AFTERWARDS,
        ("rendre compte de l’usage", "report on the use"),
        (
            "Publier, ou remettre au fournisseur, un compte rendu de l’usage fait des données et de ses suites.",
            "Publish, or hand to the provider, a report on the use made of the data and on what came of it.",
        ),
        broader=ODRL + "inform",
    ),
    Term(
        "automatedIndividualDecision",
        TermKind.ACTION,
        Assurance.DECLARATIVE,
        ("prendre une décision individuelle automatisée", "take an automated individual decision"),
        (
            "Prendre à l’égard d’une personne une décision fondée exclusivement sur un traitement automatisé.",
            "Take a decision about a person that is based solely on automated processing.",
        ),
        broader=ODRL + "use",
    ),
    Term(
        "attestDeletion",
        TermKind.ACTION,
        Assurance.CHECKED_AFTERWARDS,
        ("attester de la suppression", "attest the deletion"),
        (
            "Remettre au fournisseur une attestation de suppression des données et de leurs copies.",
            "Hand to the provider an attestation that the data and their copies were deleted.",
        ),
        broader=ODRL + "inform",
    ),
)


def _purpose(
    name: str,
    labels: Labels,
    definitions: Labels,
    broader: str | None = None,
    exact: str | None = None,
    broad: str | None = None,
) -> Term:
    return Term(
        name,
        TermKind.PURPOSE,
        Assurance.DECLARATIVE,
        labels,
        definitions,
        broader=NAMESPACE + broader if broader else None,
        exact=DPV + exact if exact else None,
        broad=DPV + broad if broad else None,
    )


_PURPOSES = (
    _purpose(
        "MissionServicePublic",
        ("mission de service public", "public service mission"),
        (
            "Exercice d’une mission de service public par l’organisme qui en a la charge.",
            "Carrying out a public service mission by the body in charge of it.",
        ),
        broad="PublicBenefit",
    ),
    _purpose(
        "TransitionEcologique",
        ("transition écologique", "ecological transition"),
        (
            "Conduite de la transition écologique d’un territoire : climat, énergie, ressources, biodiversité.",
            "Carrying out the ecological transition of a territory: climate, energy, resources, biodiversity.",
        ),
        broader="MissionServicePublic",
    ),
    _purpose(
        "SobrieteEnergetique",
        ("sobriété énergétique", "energy sobriety"),
        (
            "Réduction des consommations d’énergie des bâtiments, des équipements et des services d’un territoire.",
            "Reducing the energy used by the buildings, equipment and services of a territory.",
        ),
        broader="TransitionEcologique",
        broad="CombatClimateChange",
    ),
    _purpose(
        "SobrieteEclairage",
        ("sobriété de l’éclairage", "sobriety of lighting"),
        (
            "Réduction de la consommation et des nuisances de l’éclairage public.",
            "Reducing the consumption and the nuisances of street lighting.",
        ),
        broader="SobrieteEnergetique",
    ),
    _purpose(
        "TrameNoire",
        ("trame noire", "dark corridors"),
        (
            "Préservation de corridors sombres pour les espèces nocturnes.",
            "Keeping dark corridors for nocturnal species.",
        ),
        broader="TransitionEcologique",
    ),
    _purpose(
        "ModelisationQualiteAir",
        ("modélisation de la qualité de l’air", "air quality modelling"),
        (
            "Modélisation de la dispersion et des concentrations de polluants de l’air.",
            "Modelling the dispersion and the concentrations of air pollutants.",
        ),
        broader="TransitionEcologique",
    ),
    _purpose(
        "PolitiqueHabitat",
        ("politique de l’habitat", "housing policy"),
        (
            "Conduite de la politique locale de l’habitat et du logement.",
            "Carrying out the local policy of housing.",
        ),
        broader="MissionServicePublic",
        broad="ImprovePublicServices",
    ),
    _purpose(
        "CiblagePrecariteEnergetique",
        ("ciblage de la précarité énergétique", "targeting of fuel poverty"),
        (
            "Choix des secteurs où proposer un accompagnement à la rénovation aux ménages en précarité énergétique.",
            "Choosing the areas in which households in fuel poverty are offered help with renovation.",
        ),
        broader="PolitiqueHabitat",
    ),
    _purpose(
        "GestionCrise",
        ("gestion de crise", "crisis management"),
        (
            "Prévention et conduite d’une situation d’urgence, secours et retour à la normale.",
            "Preventing and handling an emergency, relief and return to normal.",
        ),
        broader="MissionServicePublic",
        broad="ImprovePublicServices",
    ),
    _purpose(
        "RechercheScientifique",
        ("recherche scientifique", "scientific research"),
        (
            "Recherche conduite selon une méthode scientifique, dont les résultats sont rendus publics.",
            "Research carried out by a scientific method, whose results are made public.",
        ),
        exact="ScientificResearch",
    ),
    _purpose(
        "RechercheRenovation",
        ("recherche sur la rénovation", "research on renovation"),
        (
            "Recherche sur la rénovation énergétique des bâtiments.",
            "Research on the energy renovation of buildings.",
        ),
        broader="RechercheScientifique",
    ),
    _purpose(
        "Experimentation",
        ("expérimentation", "trial"),
        (
            "Essai limité dans le temps, pour juger de l’intérêt d’un usage avant de s’y engager.",
            "A trial for a limited time, to judge a use before engaging in it.",
        ),
        broad="ResearchAndDevelopment",
    ),
)


def _category(name: str, labels: Labels, definitions: Labels, broader: str | None = None) -> Term:
    wider = NAMESPACE + broader if broader else None
    return Term(name, TermKind.CATEGORY, Assurance.ENFORCED, labels, definitions, broader=wider)


_CATEGORIES = (
    _category(
        "OrganismePublic",
        ("organisme public", "public body"),
        (
            "Personne morale de droit public, ou de droit privé chargée d’une mission de service public.",
            "Legal person under public law, or under private law and in charge of a public service mission.",
        ),
    ),
    _category(
        "Collectivite",
        ("collectivité ou groupement", "local authority or grouping"),
        (
            "Collectivité territoriale, ou groupement de collectivités : commune, intercommunalité, syndicat, "
            "département, région.",
            "Local authority or grouping of local authorities: municipality, inter-municipal body, syndicate, "
            "department, region.",
        ),
        "OrganismePublic",
    ),
    _category(
        "RecherchePublique",
        ("organisme de recherche publique", "public research body"),
        (
            "Université, école ou établissement public dont la recherche est une mission.",
            "University, school or public institution of which research is a mission.",
        ),
        "OrganismePublic",
    ),
    _category(
        "Entreprise",
        ("entreprise", "company"),
        ("Personne qui exerce une activité économique.", "Person that carries out an economic activity."),
    ),
    _category(
        "Association",
        ("association", "association"),
        (
            "Association ou fondation sans but lucratif.",
            "Association or foundation without a profit motive.",
        ),
    ),
)

GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
LEGAL_BASES: dict[str, Labels] = {
    GDPR + "A6-1-a": ("le consentement des personnes", "the consent of the persons"),
    GDPR + "A6-1-b": ("l’exécution d’un contrat", "the performance of a contract"),
    GDPR + "A6-1-c": ("une obligation légale", "a legal obligation"),
    GDPR + "A6-1-d": ("la sauvegarde d’intérêts vitaux", "the protection of vital interests"),
    GDPR + "A6-1-e": ("une mission d’intérêt public", "a task in the public interest"),
    GDPR + "A6-1-f": ("l’intérêt légitime", "legitimate interests"),
}
"""What `terri:legalBasis` is compared with: the six bases of article 6 of the GDPR, by their IRIs in the Data Privacy
Vocabulary."""

TERMS: tuple[Term, ...] = (*_OPERANDS, *_ACTIONS, *_PURPOSES, *_CATEGORIES)
_BY_IRI = {term.iri: term for term in TERMS}


def find(iri: str) -> Term | None:
    """Return the term of the profile with this IRI, or None."""
    return _BY_IRI.get(iri)


def covers(wide: str, narrow: str) -> bool:
    """True if a purpose or a category is the other, or one of those below it in the tree."""
    return wide in lineage(narrow)


def lineage(iri: str) -> tuple[str, ...]:
    """Return a purpose or a category with all that include it, the nearest first; of another IRI, that alone."""
    line = [iri]
    while (term := _BY_IRI.get(line[-1])) and term.broader:
        line.append(term.broader)
    return tuple(line)


def knowledge() -> dict[str, tuple[str, ...]]:
    """Return the direct parents of every purpose and category, as `Request.knowledge` takes them for *isA*."""
    trees = (TermKind.PURPOSE, TermKind.CATEGORY)
    return {term.iri: (term.broader,) if term.broader else () for term in TERMS if term.kind in trees}
