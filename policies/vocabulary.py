"""The words of ODRL 2.2: how they are spelt, what includes what, and what they are called in French and English.

A term may be written bare (`use`), with a prefix (`odrl:use`) or in full; `term` gives the full IRI. A bare word that
ODRL does not have stays as it is, and so does a prefix that is not one of the fixed ones: nobody else's context is
consulted, so two spellings of a private term are two terms.

`TERRI` is the namespace of our own terms, for what ODRL has no word for; profile/ is their table. Left operands with a
meaning of their own for this node are in operands/, one file each; the words that only name a part of a policy are in
terms.py.
"""

from collections.abc import Collection, Mapping

from policies.profile import terms as profile
from policies.terms import (
    CONFLICT_TERMS,
    LOGICAL_OPERANDS,
    MEMBERS,
    PARTY_FUNCTIONS,
    POLICY_TYPES,
    RELATIONS,
    RULE_TYPES,
    TERMS,
)
from policies.terms import Labels as Labels

ODRL = "http://www.w3.org/ns/odrl/2/"
XSD = "http://www.w3.org/2001/XMLSchema#"
CC = "http://creativecommons.org/ns#"
DCT = "http://purl.org/dc/terms/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TERRI = profile.NAMESPACE
EDC = "https://w3id.org/edc/v0.0.1/ns/"
CX_POLICY = "https://w3id.org/catenax/policy/"

PREFIXES = {
    "odrl": ODRL,
    "xsd": XSD,
    "cc": CC,
    "dct": DCT,
    "dcterms": DCT,  # read; written as dct
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": RDF,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "terri": TERRI,
    "edc": EDC,
    "cx-policy": CX_POLICY,
}

KNOWN_PROFILES = frozenset({ODRL, ODRL + "core", TERRI, "https://w3id.org/dspace/2025/1/odrl-profile.jsonld"})

# members that say nothing about rights; a policy means the same with and without them
ANNOTATIONS = frozenset(
    {f"dct:{name}" for name in ("title", "description", "creator", "created", "issued", "modified", "identifier")}
    | {f"dc:{name}" for name in ("title", "description", "creator", "date", "identifier")}
    | {"rdfs:label", "rdfs:comment", "rdfs:seeAlso", "skos:prefLabel", "skos:note", "skos:definition"}
)

KINDS = frozenset(POLICY_TYPES)

# name: (what includes it, the name that replaces a deprecated one, labels); ODRL 2.2 vocabulary §4
_ACTIONS: dict[str, tuple[str | None, str | None, Labels]] = {
    "use": (None, None, ("utiliser", "use")),
    "transfer": (None, None, ("céder", "transfer")),
    "acceptTracking": ("use", None, ("accepter le suivi de l’usage", "accept tracking")),
    "adHocShare": (None, None, ("partager ponctuellement", "share ad hoc")),
    "aggregate": ("use", None, ("agréger", "aggregate")),
    "annotate": ("use", None, ("annoter", "annotate")),
    "anonymize": ("use", None, ("anonymiser", "anonymise")),
    "append": (None, "modify", ("compléter", "append")),
    "appendTo": (None, "modify", ("compléter", "append to")),
    "archive": ("use", None, ("archiver", "archive")),
    "attachPolicy": (None, "cc:Notice", ("joindre les règles d’usage", "attach the policy")),
    "attachSource": (None, "cc:SourceCode", ("joindre la source", "attach the source")),
    "attribute": ("use", None, ("citer la source", "attribute")),
    "commercialize": (None, "cc:CommercialUse", ("exploiter commercialement", "commercialise")),
    "compensate": ("use", None, ("rémunérer", "compensate")),
    "concurrentUse": ("use", None, ("utiliser simultanément", "use concurrently")),
    "copy": (None, "reproduce", ("copier", "copy")),
    "delete": ("use", None, ("supprimer", "delete")),
    "derive": ("use", None, ("produire des données dérivées", "derive")),
    "digitize": ("use", None, ("numériser", "digitise")),
    "display": ("play", None, ("afficher", "display")),
    "distribute": ("use", None, ("rediffuser", "distribute")),
    "ensureExclusivity": ("use", None, ("garantir l’exclusivité", "ensure exclusivity")),
    "execute": ("use", None, ("exécuter", "execute")),
    "export": (None, "transform", ("exporter", "export")),
    "extract": ("reproduce", None, ("extraire", "extract")),
    "extractChar": (None, None, ("extraire des caractères", "extract characters")),
    "extractPage": (None, None, ("extraire des pages", "extract pages")),
    "extractWord": (None, None, ("extraire des mots", "extract words")),
    "give": ("transfer", None, ("donner", "give")),
    "grantUse": ("use", None, ("autoriser un tiers", "grant use")),
    "include": ("use", None, ("inclure", "include")),
    "index": ("use", None, ("indexer", "index")),
    "inform": ("use", None, ("informer", "inform")),
    "install": ("use", None, ("installer", "install")),
    "lease": (None, None, ("louer", "lease")),
    "lend": (None, None, ("prêter", "lend")),
    "license": (None, "grantUse", ("concéder une licence", "license")),
    "modify": ("use", None, ("modifier", "modify")),
    "move": ("use", None, ("déplacer", "move")),
    "nextPolicy": ("use", None, ("appliquer les règles données aux destinataires suivants", "pass the next policy on")),
    "obtainConsent": ("use", None, ("obtenir un consentement", "obtain consent")),
    "pay": (None, "compensate", ("payer", "pay")),
    "play": ("use", None, ("lire (contenu audiovisuel)", "play")),
    "present": ("use", None, ("présenter au public", "present")),
    "preview": (None, None, ("prévisualiser", "preview")),
    "print": ("use", None, ("imprimer", "print")),
    "read": ("use", None, ("consulter", "read")),
    "reproduce": ("use", None, ("reproduire", "reproduce")),
    "reviewPolicy": ("use", None, ("faire relire les règles d’usage", "review the policy")),
    "secondaryUse": (None, None, ("réutiliser à une autre fin", "use for another end")),
    "sell": ("transfer", None, ("vendre", "sell")),
    "share": (None, "cc:Sharing", ("partager", "share")),
    "shareAlike": (None, "cc:ShareAlike", ("partager à l’identique", "share alike")),
    "stream": ("use", None, ("diffuser en flux", "stream")),
    "synchronize": ("use", None, ("synchroniser", "synchronise")),
    "textToSpeech": ("use", None, ("lire à voix haute", "read aloud")),
    "transform": ("use", None, ("convertir", "transform")),
    "translate": ("use", None, ("traduire", "translate")),
    "uninstall": ("use", None, ("désinstaller", "uninstall")),
    "watermark": ("use", None, ("marquer d’un filigrane", "watermark")),
    "write": (None, "modify", ("écrire", "write")),
    "writeTo": (None, "modify", ("écrire", "write to")),
    "cc:Attribution": ("use", None, ("citer l’auteur", "give attribution")),
    "cc:CommercialUse": ("use", None, ("utiliser à des fins commerciales", "use commercially")),
    "cc:DerivativeWorks": ("use", None, ("produire des œuvres dérivées", "make derivative works")),
    "cc:Distribution": ("use", None, ("diffuser", "distribute")),
    "cc:Notice": ("use", None, ("conserver les mentions légales", "keep notices")),
    "cc:Reproduction": ("use", None, ("reproduire", "reproduce")),
    "cc:ShareAlike": ("use", None, ("partager à l’identique", "share alike")),
    "cc:Sharing": ("use", None, ("partager", "share")),
    "cc:SourceCode": ("use", None, ("fournir la source", "provide the source")),
}

# verbs, because they suit every operand whatever its gender
_OPERATORS: dict[str, Labels] = {
    "eq": ("vaut", "is"),
    "neq": ("ne vaut pas", "is not"),
    "lt": ("reste en dessous de", "is less than"),
    "lteq": ("ne dépasse pas", "is at most"),
    "gt": ("dépasse", "is more than"),
    "gteq": ("atteint au moins", "is at least"),
    "isA": ("est une sorte de", "is a kind of"),
    "hasPart": ("contient", "contains"),
    "isPartOf": ("fait partie de", "is part of"),
    "isAllOf": ("réunit", "is all of"),
    "isAnyOf": ("est parmi", "is one of"),
    "isNoneOf": ("n’est pas parmi", "is none of"),
}

_LEFT_OPERANDS: dict[str, Labels] = {
    "absolutePosition": ("position absolue", "absolute position"),
    "absoluteSize": ("taille absolue", "absolute size"),
    "absoluteSpatialPosition": ("position spatiale absolue", "absolute spatial position"),
    "absoluteTemporalPosition": ("position temporelle absolue", "absolute temporal position"),
    "count": ("nombre d’utilisations", "number of uses"),
    "dateTime": ("date et heure", "date and time"),
    "delayPeriod": ("délai", "delay"),
    "deliveryChannel": ("canal de diffusion", "delivery channel"),
    "device": ("appareil", "device"),
    "elapsedTime": ("durée écoulée", "elapsed time"),
    "event": ("événement", "event"),
    "fileFormat": ("format de fichier", "file format"),
    "industry": ("secteur d’activité", "industry"),
    "language": ("langue", "language"),
    "media": ("support", "media"),
    "meteredTime": ("temps d’utilisation cumulé", "metered time"),
    "payAmount": ("montant à payer", "amount to pay"),
    "percentage": ("pourcentage", "percentage"),
    "product": ("produit ou service", "product"),
    "purpose": ("finalité", "purpose"),
    "recipient": ("destinataire", "recipient"),
    "relativePosition": ("position relative", "relative position"),
    "relativeSize": ("taille relative", "relative size"),
    "relativeSpatialPosition": ("position spatiale relative", "relative spatial position"),
    "relativeTemporalPosition": ("position temporelle relative", "relative temporal position"),
    "resolution": ("résolution", "resolution"),
    "spatial": ("territoire", "territory"),
    "spatialCoordinates": ("coordonnées", "coordinates"),
    "system": ("système", "system"),
    "systemDevice": ("système ou appareil", "system or device"),
    "timeInterval": ("intervalle de temps", "time interval"),
    "unitOfCount": ("unité de décompte", "unit of count"),
    "version": ("version", "version"),
    "virtualLocation": ("emplacement virtuel", "virtual location"),
}


def expand(text: str) -> str:
    """Return a prefixed name in full; anything else as it is."""
    prefix, colon, rest = text.partition(":")
    return PREFIXES[prefix] + rest if colon and prefix in PREFIXES and not rest.startswith("//") else text


def term(text: str, words: Collection[str]) -> str:
    """Return the full IRI of a term that may be one of ODRL's bare `words`."""
    return ODRL + text if text in words else expand(text)


def spellings(words: Collection[str]) -> dict[str, str]:
    """Return the full IRI of each of ODRL's bare words under all its spellings: bare, with the prefix, in full."""
    return {spelling: ODRL + word for word in words for spelling in (word, f"odrl:{word}", ODRL + word)}


def short(iri: str) -> str:
    """Return the term with its prefix, as DSP messages carry it (`odrl:purpose`)."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def bare(iri: str) -> str:
    """Return an ODRL term without any prefix; another term as `short` gives it."""
    return iri[len(ODRL) :] if iri.startswith(ODRL) and ":" not in iri[len(ODRL) :] else short(iri)


ACTION_WORDS = frozenset(name for name in _ACTIONS if ":" not in name)
OPERATOR_WORDS = frozenset(_OPERATORS)
OPERAND_WORDS = frozenset(_LEFT_OPERANDS)
CONFLICT_WORDS = frozenset(CONFLICT_TERMS)
MEMBER_WORDS = frozenset({*MEMBERS, *RELATIONS, *PARTY_FUNCTIONS, *LOGICAL_OPERANDS, *RULE_TYPES})

OPERATORS = frozenset(ODRL + name for name in _OPERATORS)
USE = ODRL + "use"


def _action(name: str) -> str:
    return expand(name) if ":" in name else ODRL + name


_OF_PROFILE = [each for each in profile.TERMS if each.kind is profile.TermKind.ACTION]
_INCLUDED_IN = {
    **{_action(name): _action(whole) for name, (whole, _, _) in _ACTIONS.items() if whole},
    **{each.iri: each.broader for each in _OF_PROFILE if each.broader},
}
_REPLACED_BY = {_action(name): _action(other) for name, (_, other, _) in _ACTIONS.items() if other}
ODRL_ACTIONS = frozenset(_action(name) for name in _ACTIONS)
ACTIONS = ODRL_ACTIONS | {each.iri for each in _OF_PROFILE}
IMPLIES: dict[str, frozenset[str]] = {}
LABELS: dict[str, Labels] = {
    **{ODRL + name: labels for name, labels in TERMS.items()},
    **{_action(name): labels for name, (_, _, labels) in _ACTIONS.items()},
    **{ODRL + name: labels for name, labels in _OPERATORS.items()},
    **{ODRL + name: labels for name, labels in _LEFT_OPERANDS.items()},
    **{each.iri: each.labels for each in profile.TERMS},
}


def current(action: str) -> str:
    """Return the action that stands for it today (ODRL 2.2 deprecated 21 of them, 13 with a successor)."""
    return _REPLACED_BY.get(action, action)


def includes(whole: str, part: str) -> bool:
    """True if a rule on `whole` speaks of `part` too (ODRL 2.2 §2.4, `includedIn`, transitive)."""
    whole, at = current(whole), current(part)
    while at != whole and at in _INCLUDED_IN:
        at = _INCLUDED_IN[at]
    return at == whole


def wider(action: str) -> frozenset[str]:
    """Return the action and all that include it (the transitive closure of ODRL's `includedIn`)."""
    at, found = current(action), {current(action)}
    while at in _INCLUDED_IN:
        at = _INCLUDED_IN[at]
        found.add(at)
    return frozenset(found)


def implied(action: str) -> frozenset[str]:
    """Return the actions that this one cannot do without (`implies`); ODRL itself declares none."""
    return IMPLIES.get(current(action), frozenset())


def closure(relation: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return all that each thing belongs to, directly or through others (`partOf`); a circle is no obstacle."""
    found = {}
    for start in relation:
        reached, ahead = set[str](), list(relation[start])
        while ahead:
            at = ahead.pop()
            if at not in reached:
                reached.add(at)
                ahead.extend(relation.get(at, ()))
        found[start] = frozenset(reached)
    return found


def label(iri: str, language: str) -> str:
    """Return what a person reads for a term; a term that nobody named is shown as it is."""
    labels = LABELS.get(iri)
    return labels[0 if language == "fr" else 1] if labels else short(iri)
