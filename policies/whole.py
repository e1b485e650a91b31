"""What the policy as a whole adds to its rules: why it is void, what keeps all permissions unknown, how it was told.

The parts of an explanation are put in order here; each sentence is made in wording.py or beside what it tells.
"""

from collections.abc import Iterator

from policies import vocabulary
from policies.compiler import CompiledRule, not_understood, unknown_clause
from policies.conditions import Clause, Reading
from policies.facts import Request
from policies.model import Policy, Rule, RuleKind
from policies.truth import Truth
from policies.wording import Reason, of_rule

_GRANTING = frozenset({"Policy", "Set", "Offer", "Agreement", "Ticket", "Privacy"})
_WHOLE = Rule(kind=RuleKind.PERMISSION)


def explain_rule(compiled: CompiledRule, request: Request) -> Iterator[Reason]:
    """Yield what the rule came to, then the conditions that made it so."""
    holds = compiled.applies(request)
    yield of_rule(compiled.rule, holds)
    for clause in (*compiled.about, *compiled.clauses):
        yield from _explain_clause(clause, request, holds)


def _explain_clause(clause: Clause, request: Request, outcome: Truth) -> Iterator[Reason]:
    """Yield how the condition was judged, if it was on the side of the outcome, and its parts."""
    found = clause.test(request)
    if (found is True) is (outcome is True):
        yield clause.tell(request, found)
        for child in clause.children:
            yield from _explain_clause(child, request, found)


def obstacles_of(policy: Policy, reading: Reading) -> Iterator[Clause]:
    """Yield what keeps every permission unknown (ODRL 2.2 §2.1, §2.9: a processor must not guess)."""
    names = [profile for profile in policy.profiles if profile not in reading.profiles]
    names += ["inheritFrom"] * bool(policy.inherits_from)
    names += [kind for kind in policy.kinds if kind not in vocabulary.KINDS]
    names += [conflict for conflict in policy.conflicts if conflict not in vocabulary.CONFLICT_WORDS]
    names += not_understood(policy.extras)
    return (unknown_clause(_WHOLE, name, "") for name in names)


def void_of(policy: Policy) -> Reason | None:
    """Return why the policy grants nothing at all, if so."""
    if policy.extras and "dct:isReplacedBy" in dict(policy.extras):
        text = {
            "fr": "Ces règles d’usage ont été remplacées par d’autres\u202f; elles ne valent plus.",
            "en": "This policy has been replaced by another; it is void.",
        }
        return Reason("replaced", False, text, pointer="/dct:isReplacedBy")
    if not _GRANTING.isdisjoint(policy.kinds) or not (vocabulary.KINDS & set(policy.kinds)):
        return None
    text = {
        "fr": "Ce document demande ou déclare\u00a0: il n’accorde rien.",
        "en": "This document asks or asserts; it grants nothing.",
    }
    return Reason("grants-nothing", False, text, pointer="/@type")


def conflict_of(policy: Policy, permission_wins: bool) -> Reason:
    strategy = "perm" if permission_wins else "prohibit" if set(policy.conflicts) == {"prohibit"} else "invalid"
    text = {
        "perm": {
            "fr": "Une permission et une interdiction se rencontrent\u00a0: la permission l’emporte.",
            "en": "A permission and a prohibition meet: the permission prevails.",
        },
        "prohibit": {
            "fr": "Une permission et une interdiction se rencontrent\u00a0: l’interdiction l’emporte.",
            "en": "A permission and a prohibition meet: the prohibition prevails.",
        },
        "invalid": {
            "fr": "Une permission et une interdiction se contredisent\u00a0: rien n’est permis.",
            "en": "A permission and a prohibition contradict each other: nothing is permitted.",
        },
    }[strategy]
    return Reason(f"conflict-{strategy}", None, text, pointer="/conflict" if policy.conflicts else "")


NOTHING_GRANTS = Reason(
    "no-permission",
    False,
    {
        "fr": "Aucune permission ne porte sur cette demande.",
        "en": "No permission is about this request.",
    },
)
