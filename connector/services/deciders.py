"""Who decided: a rule that somebody set, or a person (or program) by the key of the API that was used.

Nothing is published, accepted or sent without one. The journal keeps it with what was decided, under `decided_by`, in
the form of `told`; entries of versions that did not ask carry none, and say so when they are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector import words

MEMBER = "decided_by"
"""The member of a journal entry, and of a stored intent, that says who decided."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the node: its name, and what it was applied to (an offer and its mode, an agreement)."""

    name: str
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever used a key of the API: its identifier, the name it was given, its role, never its secret."""

    key_id: str
    name: str
    role: str = ""
    function: str = ""
    """What the key was issued with, as seals claim it; it says no name."""


Decider = Rule | Person

UNRECORDED = Rule("unrecorded")
"""Of a decision that was stored by a version that did not keep who decided."""
INSTALLATION = Rule("installation")
"""Of what the node's own installation made: the first administration key."""
CARRIED_THROUGH = Rule("carried-through")
"""The step that follows from what was decided before: nothing new is decided."""


def offer_mode(mode: str, offer_id: str) -> Rule:
    """Return the rule that is the mode of an offer."""
    return Rule("offer-mode", {"mode": mode, "offer": offer_id})


def policy_of(**about: str) -> Rule:
    """Return the rule that is the terms of an offer or of an agreement (`offer=` or `agreement=`)."""
    return Rule("policy", about)


def as_requested() -> Rule:
    """Return the rule that the partner's answer is, word for word in its meaning, what was asked for."""
    return Rule("as-requested")


def agreement_check(agreement_id: str) -> Rule:
    """Return the rule that an agreement must be what was asked for."""
    return Rule("agreement-check", {"agreement": agreement_id})


def seal_check(code: str) -> Rule:
    """Return the rule that the sealed contract must say what was negotiated, and bear the seals that it must."""
    return Rule("seal-check", {"code": code})


def agreement_ended(agreement_id: str) -> Rule:
    """Return the rule that nothing is delivered under an agreement that has ended."""
    return Rule("agreement-ended", {"agreement": agreement_id})


def bytes_accepted() -> Rule:
    """Return the rule that what the partner has wholly accepted is complete."""
    return Rule("bytes-accepted")


def push_failed() -> Rule:
    """Return the rule that a push which the partner's address refuses stands still until a person looks."""
    return Rule("push-failed")


def script(name: str) -> Rule:
    """Return the rule that is a script of a laboratory."""
    return Rule("script", {"script": name})


def told(decider: Decider) -> dict[str, str]:
    """Return what the journal keeps of a decider."""
    if isinstance(decider, Person):
        more = {"role": decider.role, "function": decider.function}
        return {"key": decider.key_id, "name": decider.name, **{name: value for name, value in more.items() if value}}
    return {"rule": decider.name, **decider.about}


def read(stored: Any) -> Decider:
    """Return the decider that `told` wrote; UNRECORDED when there is none."""
    if not isinstance(stored, dict):
        return UNRECORDED
    if "key" in stored:
        return Person(str(stored["key"]), *(str(stored.get(member, "")) for member in ("name", "role", "function")))
    about = {name: str(value) for name, value in stored.items() if name != "rule"}
    return Rule(str(stored.get("rule", UNRECORDED.name)), about)


def of_entry(kind: str, entry: Mapping[str, Any]) -> Decider | None:
    """Return who decided what a journal entry tells; None when it tells of nothing that we decided."""
    return read(entry.get(MEMBER)) if MEMBER in entry or kind in _OF_OURS else None


_OF_OURS = ("sent", "unused")
_MODES = {"automatic": {"fr": "automatique", "en": "automatic"}, "manual": {"fr": "manuel", "en": "manual"}}
_RULES: Mapping[str, Mapping[str, str]] = {
    "offer-mode": {
        "fr": "la règle : mode {mode} de l’offre {offer}",
        "en": "a rule: the {mode} mode of offer {offer}",
    },
    "policy": {
        "fr": "la règle : conditions de {offer}{agreement}",
        "en": "a rule: the terms of {offer}{agreement}",
    },
    "as-requested": {
        "fr": "la règle : c’est ce que nous avions demandé",
        "en": "a rule: it is what we had asked for",
    },
    "agreement-check": {
        "fr": "la règle : la convention {agreement} n’est pas ce qui était demandé",
        "en": "a rule: agreement {agreement} is not what was asked for",
    },
    "seal-check": {
        "fr": "la règle : la convention scellée n’est pas celle qui a été négociée ({code})",
        "en": "a rule: the sealed contract is not the one that was negotiated ({code})",
    },
    "agreement-ended": {
        "fr": "la règle : la convention {agreement} a pris fin",
        "en": "a rule: agreement {agreement} has ended",
    },
    "bytes-accepted": {
        "fr": "la règle : le partenaire a tout accepté",
        "en": "a rule: the partner has accepted everything",
    },
    "push-failed": {
        "fr": "la règle : l’envoi n’a pas abouti",
        "en": "a rule: the push did not succeed",
    },
    "carried-through": {
        "fr": "la règle : suite de ce qui était déjà décidé",
        "en": "a rule: it follows from what was decided before",
    },
    "script": {"fr": "un script de laboratoire : {script}", "en": "a laboratory's script: {script}"},
    "installation": {"fr": "l’installation du nœud", "en": "the node's installation"},
    "unrecorded": {
        "fr": "inconnu : décidé sous une version qui ne le notait pas",
        "en": "unknown: decided under a version that did not keep it",
    },
}


def say(decider: Decider, language: str) -> str:
    """Return who decided, in French (`fr`) or English (`en`)."""
    if isinstance(decider, Person):
        named = {"fr": f"la clé « {decider.name} »", "en": f"the key “{decider.name}”"}[language]
        role = f", {words.KEY_ROLES[decider.role][language]}" if decider.role in words.KEY_ROLES else ""
        function = f", {decider.function}" if decider.function else ""
        return f"{named} ({decider.key_id}){function}{role}"
    known = _RULES.get(decider.name)
    if known is None:
        return {"fr": f"la règle : {decider.name}", "en": f"a rule: {decider.name}"}[language]
    about = {"offer": "", "agreement": "", "mode": "", "script": "", "code": "", **decider.about}
    about["mode"] = _MODES.get(about["mode"], {}).get(language, about["mode"])
    return known[language].format_map(about)
