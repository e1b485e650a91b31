"""What a node verifies of a rule, and what rests on the word of those who accepted it.

Three badges, for people must not take a promise for a lock:

- *vérifié par le nœud*: checked before any data leave; while the fact is not known, nothing leaves;
- *constaté après coup*: can be seen later, by a report, an attestation, a receipt;
- *engagement seul*: accepted, recorded and owed, but nothing shows by itself whether it is kept.

The tables say it for each action and each left operand. A node sees the access to the data and nothing of what is done
with them afterwards: so only a rule on the use itself is checked before. A condition of an obligation or of a
prohibition is seen with the act, never before it. What no table has cannot be judged, so it refuses: it counts as
checked in a condition, and as a promise in an action.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.clauses import stated
from policies.errors import Language, Text
from policies.model import Condition, Constraint, Policy, Rule, RuleKind
from policies.prose import AND, COLON, SEMICOLON, joined
from policies.vocabulary import ODRL, expand


class Verification(StrEnum):
    """How far a node answers for a rule or a condition, from most to least."""

    BY_NODE = "by-node"
    AFTERWARDS = "afterwards"
    COMMITMENT = "commitment"


BADGES: dict[Verification, Text] = {
    Verification.BY_NODE: {"fr": "vérifié par le nœud", "en": "checked by the node"},
    Verification.AFTERWARDS: {"fr": "constaté après coup", "en": "checked afterwards"},
    Verification.COMMITMENT: {"fr": "engagement seul", "en": "a promise only"},
}

_ACTION_NAMES: dict[Verification, str] = {
    Verification.BY_NODE: "use",
    Verification.AFTERWARDS: """acceptTracking compensate delete inform nextPolicy obtainConsent pay present
        reviewPolicy uninstall watermark cc:Notice terri:attestDeletion terri:publishAsRegulatoryMeasure
        terri:publishReuseReport""",
    Verification.COMMITMENT: """adHocShare aggregate annotate anonymize append appendTo archive attachPolicy
        attachSource attribute commercialize concurrentUse copy derive digitize display distribute ensureExclusivity
        execute export extract extractChar extractPage extractWord give grantUse include index install lease lend
        license modify move play preview print read reproduce secondaryUse sell share shareAlike stream synchronize
        textToSpeech transfer transform translate write writeTo cc:Attribution cc:CommercialUse cc:DerivativeWorks
        cc:Distribution cc:Reproduction cc:ShareAlike cc:Sharing cc:SourceCode terri:automatedIndividualDecision
        terri:reidentify""",
}
_OPERAND_NAMES: dict[Verification, str] = {
    Verification.BY_NODE: """absolutePosition absoluteSize absoluteSpatialPosition absoluteTemporalPosition count
        dateTime delayPeriod device elapsedTime event fileFormat language meteredTime payAmount percentage recipient
        relativePosition relativeSize relativeSpatialPosition relativeTemporalPosition resolution spatial
        spatialCoordinates system systemDevice timeInterval unitOfCount version virtualLocation terri:accordDPO
        terri:charterSigned terri:minCellCount terri:participant terri:participantCategory""",
    Verification.AFTERWARDS: "",
    Verification.COMMITMENT: """deliveryChannel industry media product purpose terri:legalBasis terri:onBehalfOf
    terri:useCase""",
}


def _by_iri(names: dict[Verification, str]) -> dict[str, Verification]:
    return {
        expand(name) if ":" in name else ODRL + name: level
        for level, several in names.items()
        for name in several.split()
    }


ACTIONS = _by_iri(_ACTION_NAMES)
OPERANDS = _by_iri(_OPERAND_NAMES)
_ORDER = list(Verification)


@dataclass(frozen=True, slots=True)
class Verified:
    """What is verified of a rule: of what it lets do or demands, and of each of its conditions."""

    action: Verification
    conditions: tuple[tuple[Constraint, Verification], ...]

    def say(self, language: Language) -> str:
        """Return the badge, and the conditions that have another: `vérifié par le nœud ; engagement seul : pour …`."""
        parts = [BADGES[self.action][language]]
        for level in Verification:
            others = [stated(each, language) for each, found in self.conditions if found is level]
            if others and level is not self.action:
                parts.append(f"{BADGES[level][language]}{COLON[language]}{joined(others, AND[language])}")
        return SEMICOLON[language].join(parts)


def what_is_verified(rule: Rule, policy: Policy | None = None) -> Verified:
    """Return what a node verifies of a rule; the policy is where its actions stand when it has none of its own."""
    actions = rule.actions or (policy.actions if policy else ())
    level = _weakest(ACTIONS.get(action.iri, Verification.COMMITMENT) for action in actions)
    if rule.kind not in (RuleKind.PERMISSION, RuleKind.PROHIBITION):
        level = _weakest((level, Verification.AFTERWARDS))
    refinements = [each for action in actions for each in action.refinements]
    conditions = tuple(
        (each, _of_condition(each, rule, level))
        for whole in (*refinements, *rule.constraints)
        for each in _leaves(whole)
    )
    return Verified(level, conditions)


def badge(verification: Verification, language: Language) -> str:
    """Return the badge in words."""
    return BADGES[verification][language]


def _of_condition(constraint: Constraint, rule: Rule, level: Verification) -> Verification:
    own = OPERANDS.get(constraint.operand, Verification.BY_NODE)
    return own if rule.kind is RuleKind.PERMISSION else _weakest((own, level))


def _weakest(levels: Iterator[Verification] | tuple[Verification, ...]) -> Verification:
    return max(levels, key=_ORDER.index, default=Verification.COMMITMENT)


def _leaves(condition: Condition) -> Iterator[Constraint]:
    if isinstance(condition, Constraint):
        yield condition
        return
    for each in condition.operands:
        yield from _leaves(each)
