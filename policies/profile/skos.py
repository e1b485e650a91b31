"""The territory profile as others read it: SKOS concepts in JSON-LD.

The document brings its own context and needs no other. A left operand and an action are declared as ODRL's, so that a
processor of ODRL may load them as a profile; a purpose is a purpose of the Data Privacy Vocabulary too. How far a node
answers for a term is `terri:assurance`, and in words a `skos:note`.
"""

from policies.profile.terms import ASSURANCES, DPV, NAMESPACE, ODRL, TERMS, Labels, Term, TermKind

JsonObject = dict[str, object]

CONTEXT: JsonObject = {
    "odrl": ODRL,
    "dpv": DPV,
    "terri": NAMESPACE,
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "dct": "http://purl.org/dc/terms/",
}
_TYPES = {
    TermKind.LEFT_OPERAND: "odrl:LeftOperand",
    TermKind.ACTION: "odrl:Action",
    TermKind.PURPOSE: "dpv:Purpose",
    TermKind.CATEGORY: "terri:ParticipantCategory",
}


def as_jsonld() -> JsonObject:
    """Return the whole profile as one JSON-LD document."""
    scheme: JsonObject = {
        "@id": NAMESPACE,
        "@type": ["skos:ConceptScheme", "owl:Ontology"],
        "dct:title": _said(("Profil territoires", "Territory profile")),
        "dct:description": _said(
            (
                "Règles d’usage entre collectivités : ce que le vocabulaire ODRL ne nomme pas.",
                "Rules of use between local authorities: what the vocabulary of ODRL has no word for.",
            )
        ),
    }
    return {"@context": CONTEXT, "@graph": [scheme, *map(_concept, TERMS)]}


def _concept(term: Term) -> JsonObject:
    concept: JsonObject = {
        "@id": term.iri,
        "@type": ["skos:Concept", _TYPES[term.kind]],
        "skos:inScheme": {"@id": NAMESPACE},
        "skos:prefLabel": _said(term.labels),
        "skos:definition": _said(term.definitions),
        "skos:note": _said(ASSURANCES[term.assurance]),
        "terri:assurance": term.assurance.value,
    }
    links = {
        "odrl:includedIn" if term.kind is TermKind.ACTION else "skos:broader": term.broader,
        "skos:exactMatch": term.exact,
        "skos:broadMatch": term.broad,
    }
    return concept | {name: {"@id": iri} for name, iri in links.items() if iri}


def _said(labels: Labels) -> list[JsonObject]:
    return [{"@value": text, "@language": language} for text, language in zip(labels, ("fr", "en"), strict=True)]
