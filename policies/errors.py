"""Why a text is not a policy that we read.

PolicyError
├── NotJson             not UTF-8, not JSON, NaN, a lone surrogate
├── TooLarge            more than 256 KiB
├── TooDeep             more than 32 levels
├── TooManyConstraints  more than 5,000 constraints
├── DuplicateMember     a member is given twice, perhaps under two spellings
├── WrongShape          a member has a type or a form that ODRL does not give it
├── UnknownContext      the policy brings a JSON-LD context that could change the meaning of its words
├── InheritanceCycle    a policy inherits from itself, by way of others perhaps
├── TooManyRules        more than 5,000 rules, once each has one action, one target and one party on either side
├── UnknownTemplate     no template has that name
├── BadParameter        a template is given a value that it cannot take, or lacks one
└── GridTooLarge        a simulation asks for more answers than it gives at once

Each has a stable `code`, a JSON `pointer` into the policy and a sentence in French and English. What can be read but is
not fit for use is no error: it is an `Issue` of validation.py, and the decision refuses.
"""

from typing import ClassVar, Literal

Language = Literal["fr", "en"]
Text = dict[str, str]


class PolicyError(Exception):
    """This is not a policy that we can read."""

    code: ClassVar[str] = "policy-unreadable"
    title: ClassVar[Text] = {"fr": "Règles d’usage illisibles.", "en": "The policy cannot be read."}

    def __init__(self, detail: str | Text = "", *, pointer: str = "") -> None:
        self.detail = detail if isinstance(detail, dict) else {"fr": detail, "en": detail}
        self.pointer = pointer
        super().__init__(self.say("en"))

    def say(self, language: Language) -> str:
        """Return the whole message in one language."""
        parts = (self.title[language], self.detail[language], f"({self.pointer})" if self.pointer else "")
        return " ".join(part for part in parts if part)


class NotJson(PolicyError):
    """The text is not well-formed JSON in UTF-8."""

    code = "not-json"
    title: ClassVar[Text] = {"fr": "Ce texte n’est pas du JSON.", "en": "This text is not JSON."}


class TooLarge(PolicyError):
    """The policy is larger than what a node accepts to read."""

    code = "too-large"
    title: ClassVar[Text] = {"fr": "Règles d’usage trop longues.", "en": "The policy is too large."}


class TooDeep(PolicyError):
    """The policy is nested more deeply than what a node accepts to read."""

    code = "too-deep"
    title: ClassVar[Text] = {"fr": "Règles d’usage trop imbriquées.", "en": "The policy is nested too deeply."}


class TooManyConstraints(PolicyError):
    """The policy has more constraints than what a node accepts to judge."""

    code = "too-many-constraints"
    title: ClassVar[Text] = {"fr": "Trop de conditions.", "en": "There are too many constraints."}


class DuplicateMember(PolicyError):
    """The same member is given twice: readers would not agree on the one that counts."""

    code = "duplicate-member"
    title: ClassVar[Text] = {"fr": "Un même élément est donné deux fois.", "en": "The same member is given twice."}


class WrongShape(PolicyError):
    """A member does not have the form that ODRL gives it."""

    code = "wrong-shape"
    title: ClassVar[Text] = {"fr": "Un élément n’a pas la forme attendue.", "en": "A member has not the form expected."}


class UnknownContext(PolicyError):
    """The policy brings a JSON-LD context of its own, which could give its words another meaning."""

    code = "unknown-context"
    title: ClassVar[Text] = {
        "fr": "Ces règles apportent un contexte JSON-LD inconnu.",
        "en": "The policy brings an unknown JSON-LD context.",
    }


class InheritanceCycle(PolicyError):
    """A policy inherits from itself, by way of others perhaps."""

    code = "inheritance-cycle"
    title: ClassVar[Text] = {
        "fr": "Ces règles d’usage se reprennent elles-mêmes.",
        "en": "The policy inherits from itself.",
    }


class TooManyRules(PolicyError):
    """The policy makes more rules than what a node accepts to judge."""

    code = "too-many-rules"
    title: ClassVar[Text] = {"fr": "Trop de règles.", "en": "There are too many rules."}


class UnknownTemplate(PolicyError):
    """No template has that name."""

    code = "unknown-template"
    title: ClassVar[Text] = {"fr": "Aucun modèle ne porte ce nom.", "en": "No template has that name."}


class BadParameter(PolicyError):
    """A template is given a value that it cannot take, or lacks one that it needs."""

    code = "bad-parameter"
    title: ClassVar[Text] = {
        "fr": "Un paramètre du modèle ne convient pas.",
        "en": "A parameter of the template will not do.",
    }


class GridTooLarge(PolicyError):
    """A simulation asks for more answers than it gives at once."""

    code = "grid-too-large"
    title: ClassVar[Text] = {"fr": "Simulation trop grande.", "en": "The simulation is too large."}
