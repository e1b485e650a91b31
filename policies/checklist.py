"""What W3C's group asks of a validator (V1 to V24), which code answers each, and those that need a look of their own.

`CHECKLIST` is the list, with what answers: codes of findings.py, or of errors.py where the reader refuses the text. The
functions find what validation.py does not meet on its way: words of a profile that nobody declared (V12 to V15), names
that are no IRIs (V3, V20), data types that are none (V21), a rule that is of two kinds at once (V22).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.errors import Text
from policies.findings import Issue, error, remedy, warning
from policies.model import Action, Condition, Constraint, Duty, LogicalConstraint, Policy, Reference, Rule, RuleKind
from policies.vocabulary import CC, KNOWN_PROFILES, ODRL, RDF, TERRI, XSD, short

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_XSD_TYPES = (
    "string boolean decimal integer double float date time dateTime dateTimeStamp gYear gMonth gDay gYearMonth "
    "gMonthDay duration yearMonthDuration dayTimeDuration byte short int long unsignedByte unsignedShort unsignedInt "
    "unsignedLong positiveInteger nonNegativeInteger negativeInteger nonPositiveInteger hexBinary base64Binary anyURI "
    "language normalizedString token NMTOKEN Name NCName anySimpleType anyAtomicType"
)
DATA_TYPES = frozenset(
    {XSD + name for name in _XSD_TYPES.split()}
    | {RDF + name for name in ("langString", "HTML", "XMLLiteral", "JSON", "PlainLiteral")}
)
"""The data types of XML Schema 1.1 that RDF 1.1 takes, and those of RDF itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the list: what is asked, and the codes that answer when it is not so."""

    text: Text
    codes: tuple[str, ...]


def _asked(fr: str, en: str, *codes: str) -> Asked:
    return Asked({"fr": fr, "en": en}, codes)


CHECKLIST: dict[str, Asked] = {
    "V1": _asked("un texte contient des règles d’usage", "a text holds a policy", "not-json", "wrong-shape", "no-rule"),
    "V2": _asked("au moins une règle", "at least one rule", "no-rule"),
    "V3": _asked("un identifiant, qui est un IRI", "an identifier, which is an IRI", "missing-id", "not-an-iri"),
    "V4": _asked("dans une offre, qui accorde", "in an offer, an assigner", "missing-assigner"),
    "V5": _asked("dans une convention, qui accorde", "in an agreement, an assigner", "missing-assigner"),
    "V6": _asked("dans une convention, à qui", "in an agreement, an assignee", "missing-assignee"),
    "V7": _asked("une cible pour chaque règle", "a target for every rule", "missing-target"),
    "V8": _asked("aucune réparation n’a de conséquence", "no remedy has a consequence", "consequence-misplaced"),
    "V9": _asked("un ensemble de données précisé a une source", "a refined collection of assets has a source",
                 "collection-without-source"),
    "V10": _asked("un ensemble d’organismes précisé a une source", "a refined collection of parties has a source",
                  "collection-without-source"),
    "V11": _asked("sans profil, les façons de régler un conflit sont celles d’ODRL",
                  "without a profile, ways to settle a conflict are ODRL’s", "unknown-conflict"),
    "V12": _asked("sans profil, les actions sont celles d’ODRL", "without a profile, actions are ODRL’s",
                  "undeclared-profile", "unknown-action"),
    "V13": _asked("sans profil, ce qui est comparé est d’ODRL", "without a profile, left operands are ODRL’s",
                  "undeclared-profile", "unknown-operand"),
    "V14": _asked("sans profil, les comparaisons sont celles d’ODRL", "without a profile, operators are ODRL’s",
                  "undeclared-profile", "unknown-operator"),
    "V15": _asked("sans profil, les combinaisons sont celles d’ODRL", "without a profile, combinations are ODRL’s",
                  "wrong-shape"),
    "V16": _asked("un opérande droit par condition", "one right operand for each constraint",
                  "wrong-shape", "operator-unsuited"),
    "V17": _asked("un opérande gauche par condition", "one left operand for each constraint", "wrong-shape"),
    "V18": _asked("une comparaison par condition", "one operator for each constraint", "wrong-shape"),
    "V19": _asked("une combinaison réunit des conditions", "a combination is of constraints", "wrong-shape"),
    "V20": _asked("un renvoi est un IRI", "a right operand that stands elsewhere is an IRI",
                  "not-an-iri", "wrong-shape"),
    "V21": _asked("un type de donnée en est un", "a data type is one", "unknown-datatype"),
    "V22": _asked("une interdiction n’est ni une permission ni une obligation",
                  "a prohibition is neither a permission nor an obligation", "rule-of-two-kinds", "not-understood"),
    "V23": _asked("une seule façon de régler un conflit", "one way to settle a conflict", "several-conflicts"),
    "V24": _asked("rien ne se reprend soi-même, même indirectement",
                  "nothing inherits from itself, directly or not", "inheritance-cycle"),
}  # fmt: skip


def of_odrl(policy: Policy) -> Iterator[Issue]:
    """Yield what the information model asks and DSP does not: an IRI as identifier (V3), profiles (V12 to V14)."""
    if policy.uid is not None and not _IRI.fullmatch(policy.uid):
        yield warning("not-an-iri", "/@id", f"« {policy.uid} » n’est pas un IRI.", f"“{policy.uid}” is not an IRI.")
    yield from _of_profiles(policy)


def of_kinds(policy: Policy) -> Iterator[Issue]:
    """Yield a finding for each rule that has the identifier of a rule of another kind (V22): other nodes merge them."""
    seen: dict[str, RuleKind] = {}
    for rule in _all_rules(policy.rules):
        if rule.uid is None:
            continue
        kind = RuleKind.DUTY if isinstance(rule, Duty) else rule.kind
        if seen.setdefault(rule.uid, kind) is not kind:
            fr = f"« {rule.uid} » désigne aussi une règle d’une autre sorte."
            en = f"“{rule.uid}” is also the name of a rule of another kind."
            yield warning("rule-of-two-kinds", f"{rule.pointer}/@id", fr, en)


def of_right_operand(constraint: Constraint) -> Iterator[Issue]:
    """Yield what is wrong with the form of a right operand: a reference that is no IRI (V20), a data type (V21)."""
    if constraint.reference:
        for text in (value.text for value in constraint.values if not _IRI.fullmatch(value.text)):
            pointer = f"{constraint.pointer}/rightOperandReference"
            yield error("not-an-iri", pointer, f"« {text} » n’est pas un IRI.", f"“{text}” is not an IRI.")
        return
    unknown = [value.datatype for value in constraint.values if value.datatype and value.datatype not in DATA_TYPES]
    for name in map(short, dict.fromkeys(unknown)) if unknown else ():
        fr, en = f"« {name} » n’est pas un type de donnée connu.", f"“{name}” is not a known data type."
        yield warning("unknown-datatype", f"{constraint.pointer}/rightOperand", fr, en)


def _of_profiles(policy: Policy) -> Iterator[Issue]:
    """Yield a finding if words are not ODRL's and no profile says whose they are."""
    others = set(policy.profiles) - KNOWN_PROFILES
    words = dict.fromkeys(_words(policy))
    ours = [word for word in words if word.startswith(TERRI)] if TERRI not in policy.profiles else []
    foreign = [] if others else [word for word in words if not word.startswith((ODRL, CC, TERRI))]
    if ours or foreign:
        names = ", ".join(map(short, [*ours, *foreign]))
        fr = f"Aucun profil n’est nommé pour : {names}."
        en = f"No profile is named for: {names}."
        told = [*policy.profiles, TERRI]
        fix = None if foreign else remedy("undeclared-profile", "replace", told if len(told) > 1 else TERRI)
        yield warning("undeclared-profile", "/profile", fr, en, fix)


def _all_rules(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules, and the duties in them at any depth."""
    for rule in rules:
        yield rule
        if rule.duties or rule.remedies:
            yield from _all_rules((*rule.duties, *rule.remedies))
        if isinstance(rule, Duty):
            yield from _all_rules(rule.consequences)


def _words(policy: Policy) -> Iterator[str]:
    """Yield the actions, left operands and operators that the policy uses."""
    yield from _of_actions(policy.actions)
    yield from _of_references((*policy.targets, *policy.assigners, *policy.assignees))
    for rule in _all_rules(policy.rules):
        yield from _of_actions(rule.actions)
        yield from _of_conditions(rule.constraints)
        yield from _of_references((*rule.targets, *rule.assigners, *rule.assignees))


def _of_actions(actions: Iterable[Action]) -> Iterator[str]:
    for action in actions:
        yield action.iri
        yield from _of_conditions(action.refinements)


def _of_references(references: Iterable[Reference]) -> Iterator[str]:
    for reference in references:
        yield from _of_conditions(reference.refinements)


def _of_conditions(conditions: Iterable[Condition]) -> Iterator[str]:
    for condition in conditions:
        if isinstance(condition, LogicalConstraint):
            yield from _of_conditions(condition.operands)
        else:
            yield from (condition.operand, condition.operator)
