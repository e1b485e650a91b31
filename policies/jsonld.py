"""Reads the JSON-LD that reader.py does not: contexts given inline, or inside the rules of a policy.

PyLD expands such a policy (`pip install pupitre[jsonld]`); what comes out has full names and goes through the same
reader as any other policy. It is imported here alone, and only when such a policy comes. The network is never asked:
the only contexts that can be named by their address are those of dialects.py, and the tables behind them are made of
our own vocabulary. Whatever a document says, nothing of it may get lost: a member that JSON-LD would drop without
a word is an error here, and a bare word that nobody defines stays bare.
"""

from functools import cache
from typing import Any

from policies import strict_json, vocabulary
from policies.dialects import CONTEXTS, DATA_TYPE_SLIPS, PLAIN, Dialect
from policies.errors import DuplicateMember, TooDeep, UnknownContext, WrongShape
from policies.strict_json import Json
from policies.vocabulary import ODRL, PREFIXES

_BARE = "x-pupitre-bare:"
_IRI_NAMES = """
profile inheritFrom target output hasPolicy relation assigner assignee assignerOf assigneeOf attributedParty
attributingParty compensatedParty compensatingParty consentedParty consentingParty contractedParty
contractingParty informedParty informingParty trackedParty trackingParty partOf source refinement permission
prohibition obligation duty consequence remedy constraint unit dataType rightOperandReference and or xone
"""
_TERMS = ("action", "leftOperand", "operator", "conflict", "function")

_INSTALL = {
    "fr": "Il demande un lecteur JSON-LD : installez l’option « jsonld » (pip install 'pupitre[jsonld]').",
    "en": "It takes a JSON-LD processor: install the extra “jsonld” (pip install 'pupitre[jsonld]').",
}


def expanded(contexts: list[Json], value: dict[str, Json]) -> dict[str, Json]:
    """Return the policy with full names, as the contexts before and inside it say.

    Raises UnknownContext (also when PyLD is not installed, saying so), WrongShape, DuplicateMember.
    """
    processor = _processor()
    document = {"@context": contexts, **value}
    if _BARE in strict_json.canonical(document):
        raise WrongShape({"fr": f"« {_BARE} » est réservé.", "en": f"“{_BARE}” is reserved."})
    options = {"documentLoader": _load, "expandContext": _context(PLAIN), "base": "", "processingMode": "json-ld-1.1"}
    try:
        nodes = processor.expand(document, options, on_property_dropped=_refuse)
    except RecursionError:
        raise TooDeep({"fr": "La limite est de 32 niveaux.", "en": "The limit is 32 levels."}) from None
    except (UnknownContext, WrongShape):
        raise
    except Exception as error:
        # PyLD answers odd documents with errors of many kinds; each means that this is not JSON-LD
        raise _refusal(error) from None
    if len(nodes) != 1:
        raise WrongShape({"fr": "Une seule politique est attendue.", "en": "One policy is expected."})
    return _object(nodes[0])


def _processor() -> Any:
    try:
        from pyld import jsonld  # type: ignore[import-untyped]
    except ImportError:
        raise UnknownContext(_INSTALL, pointer="/@context") from None
    return jsonld


def _refusal(error: BaseException | None) -> UnknownContext | WrongShape:
    """Return our error for one of PyLD, whose cause may be ours."""
    at = error
    while at is not None:
        if isinstance(at, UnknownContext):
            return at
        at = getattr(at, "cause", None) or at.__cause__ or at.__context__
    return WrongShape({"fr": "Le JSON-LD n’est pas correct.", "en": "The JSON-LD is not correct."})


def _load(address: str, options: object) -> dict[str, Json]:
    """Return the table that stands for a known context. Nothing is ever fetched."""
    dialect = CONTEXTS.get(address)
    if dialect is None:
        raise UnknownContext({"fr": f"« {address[:200]} ».", "en": f"“{address[:200]}”."}, pointer="/@context")
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": {"@context": _context(dialect)},
    }


def _context(dialect: Dialect) -> dict[str, Json]:
    return {**_odrl(), **dialect.prefixes, **dialect.words, **({"@vocab": dialect.vocab} if dialect.vocab else {})}


@cache
def _odrl() -> dict[str, Json]:
    """Return ODRL's words as a context: what vocabulary.py knows, each with the kind of value that it takes."""
    words = {iri[len(ODRL) :]: iri for iri in vocabulary.LABELS if iri.startswith(ODRL)}
    kinds = dict.fromkeys(_IRI_NAMES.split(), "@id") | dict.fromkeys(_TERMS, "@vocab")
    return {
        "@vocab": _BARE,
        **PREFIXES,
        **words,
        **{name: {"@id": ODRL + name, "@type": kind} for name, kind in kinds.items()},
        "andSequence": {"@id": ODRL + "andSequence", "@type": "@id", "@container": "@list"},
        "uid": "@id",
        "id": "@id",
        "type": "@type",
    }


def _refuse(name: object) -> None:
    raise WrongShape({"fr": f"« {name} » serait perdu.", "en": f"“{name}” would be lost."})


def _object(node: dict[str, Json]) -> dict[str, Json]:
    """Return an expanded node with ODRL's members bare, and everything else as short as it was written."""
    members = {}
    for name, value in node.items():
        key = name if name in DATA_TYPE_SLIPS else vocabulary.bare(_stripped(name))
        if key in members:
            raise DuplicateMember({"fr": f"« {key} ».", "en": f"“{key}”."})
        members[key] = _member(key, value)
    return members


def _member(key: str, value: Json) -> Json:
    if key in ("@id", "@type"):
        return [_stripped(each) for each in value] if isinstance(value, list) else _stripped(value)
    if isinstance(value, list):
        values = [_value(each) for each in value]
        return values if key in vocabulary.MEMBER_WORDS or len(values) != 1 else values[0]
    return _value(value)


def _value(value: Json) -> Json:
    match value:
        case {"@value": literal} if len(value) == 1:
            return literal
        case {"@list": list(values)} if len(value) == 1:
            return {"@list": [_value(each) for each in values]}
        case {"@value": literal, "@type": str(kind)}:
            return {**value, "@type": _stripped(kind)}
        case {"@value": _}:
            return value
        case dict():
            return _object(value)
        case list():
            return [_value(each) for each in value]
    return value


def _stripped(text: Json) -> Json:
    return text.removeprefix(_BARE) if isinstance(text, str) else text
