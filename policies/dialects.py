"""The ways in which others write ODRL as JSON: which contexts are known, and which slips of the pen are repaired.

*Contexts.* A policy says with its `@context` what its words mean. Those of W3C, of the Dataspace Protocol, of EDC and
of Catena-X are known by their addresses, so they need no JSON-LD processor: `recognised` returns what they add to
ODRL's own words. Catena-X adds bare words (`FrameworkAgreement`), EDC a vocabulary for every word that nobody else
defines; `spelt_out` writes such words in full, and reader.py goes on from there. Any other context is left to
jsonld.py. EDC and Catena-X wrap a policy as a `PolicyDefinition`; `unwrapped` takes it out.

*Repairs.* The official context of W3C has three slips (`neq` becomes `odrl:neg`, `industry` becomes `odrl:industry:`,
`dataType` becomes `odrl:datatype`), so a document that went through JSON-LD arrives with words that ODRL does not have.
Older connectors write operators as in their programs (`LEQ`, `IN`) and the action in capitals. What was meant is beyond
doubt: it is repaired, and the repair is kept with the policy (`Policy.repairs`), for validation.py to report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policies import strict_json, vocabulary
from policies.strict_json import Json
from policies.terms import TERMS
from policies.vocabulary import CX_POLICY, EDC, ODRL, PREFIXES, RDF

CX_POLICY_2025 = "https://w3id.org/catenax/2025/9/policy/"

_CX_NAMES = """
AffiliatesBpnl AffiliatesRegion BusinessPartnerGroup BusinessPartnerNumber ConfidentialInformationMeasures
ConfidentialInformationSharing ContractReference ContractTermination DataFrequency DataProvisioningEndDate
DataProvisioningEndDurationDays DataUsageEndDate DataUsageEndDefinition DataUsageEndDurationDays
ExclusiveUsage FrameworkAgreement JurisdictionLocation JurisdictionLocationReference Liability
ManagedLegalEntityBpnl ManagedLegalEntityRegion Membership ParticipationEnd Precedence UsagePurpose
UsageRestriction VersionChanges Warranty WarrantyDefinition WarrantyDuration WarrantyDurationMonths access
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What contexts add to ODRL's words: bare words, prefixes, and where any other bare word belongs."""

    words: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    vocab: str | None = None

    @property
    def is_plain(self) -> bool:
        """True when the words of vocabulary.py say everything."""
        return not self.words and not self.prefixes and self.vocab is None


PLAIN = Dialect()


def _catena_x(namespace: str) -> Dialect:
    return Dialect({name: namespace + name for name in _CX_NAMES.split()}, {"cx-policy": namespace})


CONTEXTS: dict[str, Dialect] = {
    "http://www.w3.org/ns/odrl.jsonld": PLAIN,
    "https://www.w3.org/ns/odrl.jsonld": PLAIN,
    "http://www.w3.org/ns/odrl/2/ODRL22.jsonld": PLAIN,
    "https://w3id.org/dspace/2025/1/context.jsonld": PLAIN,
    "https://w3id.org/dspace/2025/1/odrl-profile.jsonld": PLAIN,
    "https://w3id.org/edc/dspace/v0.0.1": PLAIN,
    "https://w3id.org/edc/connector/management/v0.0.1": Dialect(vocab=EDC),
    "https://w3id.org/edc/connector/management/v2": Dialect(vocab=EDC),
    "https://w3id.org/tractusx/policy/v1.0.0": _catena_x(CX_POLICY),
    "https://w3id.org/catenax/2025/9/policy/context.jsonld": _catena_x(CX_POLICY_2025),
    "https://w3id.org/catenax/2025/9/policy/odrl.jsonld": PLAIN,
}

_OPERATOR_SPELLINGS = {
    "neg": "neq",
    "EQ": "eq",
    "NEQ": "neq",
    "GT": "gt",
    "GEQ": "gteq",
    "GTEQ": "gteq",
    "LT": "lt",
    "LEQ": "lteq",
    "LTEQ": "lteq",
    "IN": "isAnyOf",
    "IS_A": "isA",
    "HAS_PART": "hasPart",
    "IS_PART_OF": "isPartOf",
    "IS_ALL_OF": "isAllOf",
    "IS_ANY_OF": "isAnyOf",
    "IS_NONE_OF": "isNoneOf",
}

# what was written, bare or in full: the term that was meant
OPERATORS = {spelling: ODRL + word for name, word in _OPERATOR_SPELLINGS.items() for spelling in (name, ODRL + name)}
OPERANDS = {ODRL + "industry:": ODRL + "industry", "odrlindustry:": ODRL + "industry"}
ACTIONS = {"USE": ODRL + "use", ODRL + "USE": ODRL + "use"}
DATA_TYPE_SLIPS = frozenset({"odrl:datatype", ODRL + "datatype"})

_TERM_MEMBERS = frozenset({"leftOperand", "operator", "action", "conflict", "@type", "type", "value"})
_IRI_NAMES = """@id uid id profile inheritFrom target output assigner assignee partOf source unit dataType datatype
rightOperandReference"""
_IRI_MEMBERS = frozenset(_IRI_NAMES.split())
_OURS = frozenset(TERMS) | {"id", "type", "datatype", "timestamp"}
_KNOWN_WORDS = frozenset(iri[len(ODRL) :] for iri in vocabulary.LABELS if iri.startswith(ODRL)) | {*OPERATORS, *ACTIONS}


def recognised(contexts: Iterable[Json]) -> Dialect | None:
    """Return what the contexts add, or None when one of them needs a JSON-LD processor."""
    found = PLAIN
    for context in contexts:
        dialect = _recognised(context)
        if dialect is None:
            return None
        if not dialect.is_plain:
            found = Dialect(
                {**found.words, **dialect.words}, {**found.prefixes, **dialect.prefixes}, dialect.vocab or found.vocab
            )
    return found


def _recognised(context: Json) -> Dialect | None:
    if isinstance(context, str):
        return CONTEXTS.get(context)
    if not isinstance(context, dict):
        return None
    extra = {name: iri for name, iri in context.items() if PREFIXES.get(name) != iri}
    if not extra:
        return PLAIN
    return Dialect(vocab=EDC) if extra == {"@vocab": EDC} else None


def may_be_read(context: Json) -> bool:
    """True for a context that is known, or given inline without another meaning for one of the fixed prefixes."""
    if isinstance(context, dict):
        return all(context.get(name, namespace) == namespace for name, namespace in PREFIXES.items())
    return isinstance(context, str) and context in CONTEXTS


def has_context(value: Json) -> bool:
    """True when a context is given somewhere inside."""
    if isinstance(value, dict):
        return "@context" in value or any(map(has_context, value.values()))
    return isinstance(value, list) and any(map(has_context, value))


def unwrapped(value: dict[str, Json]) -> dict[str, Json]:
    """Return the policy inside a policy definition of EDC; any other object as it is."""
    name = next((name for name in ("policy", "edc:policy", EDC + "policy") if name in value), None)
    kind = value.get("@type")
    if name is None or not isinstance(kind, str) or not kind.endswith("PolicyDefinition"):
        return value
    inner = value[name]
    if not isinstance(inner, dict):
        return value
    contexts = [*many(value.get("@context")), *many(inner.get("@context"))]
    return {**inner, "@context": contexts} if contexts else inner


def spelt_out(value: Json, dialect: Dialect, member: str = "") -> Json:
    """Return the JSON with the dialect's words in full; ODRL's own words and literals stay as they are."""
    if isinstance(value, list):
        return [spelt_out(each, dialect, member) for each in value]
    if isinstance(value, dict):
        members = [(_name(name, dialect), spelt_out(each, dialect, _known(name))) for name, each in value.items()]
        return strict_json.members_of(members)
    if isinstance(value, str) and member in _TERM_MEMBERS:
        return _word(value, dialect)
    return _prefixed(value, dialect) if isinstance(value, str) and member in _IRI_MEMBERS else value


def _name(name: str, dialect: Dialect) -> str:
    return name if name.startswith("@") or name in _OURS else _word(name, dialect)


def _known(name: str) -> str:
    return "value" if name in ("rdf:value", RDF + "value") else vocabulary.bare(vocabulary.expand(name))


def _word(text: str, dialect: Dialect) -> str:
    if ":" in text:
        return _prefixed(text, dialect)
    if text in dialect.words:
        return dialect.words[text]
    return text if text in _KNOWN_WORDS or dialect.vocab is None else dialect.vocab + text


def _prefixed(text: str, dialect: Dialect) -> str:
    prefix, colon, rest = text.partition(":")
    namespace = dialect.prefixes.get(prefix) if colon and not rest.startswith("//") else None
    return namespace + rest if namespace else text


def many(value: Json) -> list[Json]:
    """Return the values of a member that may stand alone; null and an absent member have none."""
    return [] if value is None else value if isinstance(value, list) else [value]
