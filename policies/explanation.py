"""A decision explained: what was decided, what stood in the way, what can be done about it.

`explain` speaks to the owner of the policy in full: the rule that lacked least, each condition with what was needed and
what was found, then every other rule. To the counterparty it says no more than what redaction.py lets pass at the level
that the owner chose, with a remedy that matches the level: *déclarez la finalité : pour …*, *attendez le …*, *demandez
à l’organisation …*.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from policies import prose
from policies.clauses import stated, subject
from policies.errors import Language, Text
from policies.evaluation import Decision, Effect
from policies.model import Constraint, RuleKind
from policies.nearest import Miss, by_rule, is_awaited, is_passed, nearest_miss, obstacles, of_whole
from policies.prose import COLON, SEMICOLON
from policies.redaction import Level, category, lacking, redact
from policies.sentences import due_text, rule_text
from policies.verified import OPERANDS, Verification
from policies.vocabulary import ODRL, TERRI
from policies.wording import OUTCOMES, Reason

Audience = Literal["owner", "counterparty"]

_HEADLINES: dict[Effect, Text] = {
    Effect.PERMIT: {"fr": "La demande est acceptée.", "en": "The request is granted."},
    Effect.DENY: {"fr": "La demande est refusée.", "en": "The request is refused."},
    Effect.NOT_APPLICABLE: {
        "fr": f"La demande est refusée{COLON['fr']}aucune règle ne porte sur elle.",
        "en": "The request is refused: no rule is about it.",
    },
    Effect.INDETERMINATE: {
        "fr": f"La demande n’est pas acceptée en l’état{COLON['fr']}il manque de quoi en juger.",
        "en": "The request is not granted as it stands: something is missing to judge it.",
    },
}
_PROVIDER: Text = {
    "fr": "l’organisation qui propose ce jeu de données",
    "en": "the organisation that offers this dataset",
}
_NEAREST: Text = {"fr": "Règle la plus proche", "en": "The nearest rule"}
_AGAINST: Text = {"fr": "Règle qui s’y oppose", "en": "The rule against it"}
_ADVICE: Text = {"fr": "Conseil à l’organisation qui demande", "en": "Advice to the organisation that asks"}
_ASK: Text = {
    "fr": "Adressez-vous à {who}.",
    "en": "Ask {who}.",
}

# what can be done about a category, when nothing more may be said
_STEPS: dict[str, Text] = {
    "time": {
        "fr": "Vérifiez les dates de votre demande, ou demandez à {who} quand l’accès est ouvert.",
        "en": "Check the dates of your request, or ask {who} when access is open.",
    },
    "use": {
        "fr": "Déclarez l’usage prévu en reprenant les conditions proposées sans les changer.",
        "en": "Declare the intended use by taking over the terms that are offered, unchanged.",
    },
    "party": {
        "fr": "Demandez à {who} si votre organisation peut être admise.",
        "en": "Ask {who} whether your organisation can be admitted.",
    },
    "approval": {
        "fr": "Demandez à {who} l’accord prévu, puis refaites la demande.",
        "en": "Ask {who} for the approval, then make the request again.",
    },
    "quantity": {
        "fr": "Demandez à {who} si cette limite peut être changée.",
        "en": "Ask {who} whether this limit can be changed.",
    },
    "payment": {
        "fr": "Réglez la contrepartie prévue, ou adressez-vous à {who}.",
        "en": "Pay what is due, or ask {who}.",
    },
    "place": {
        "fr": "Demandez à {who} depuis quel lieu l’accès est ouvert.",
        "en": "Ask {who} from where access is open.",
    },
    "form": {
        "fr": "Demandez à {who} sous quelle forme l’accès est ouvert.",
        "en": "Ask {who} in which form access is open.",
    },
    "dataset": {
        "fr": "Vérifiez le jeu de données demandé.",
        "en": "Check which dataset you asked for.",
    },
    "duty": {
        "fr": "Acquittez-vous d’abord de l’engagement prévu et faites-en parvenir la preuve à {who}.",
        "en": "Fulfil the duty that comes first and send the proof to {who}.",
    },
    "prohibition": {
        "fr": "Demandez à {who} si cette interdiction peut être levée.",
        "en": "Ask {who} whether this prohibition can be lifted.",
    },
    "other": {
        "fr": "Demandez à {who} de préciser cette condition, ou de la formuler autrement.",
        "en": "Ask {who} to explain this condition or to put it in another way.",
    },
    "none": {
        "fr": "Demandez à {who} d’autres règles d’usage pour ce que vous voulez faire.",
        "en": "Ask {who} for other terms of use for what you want to do.",
    },
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in words. `steps` are what the party that asked can do, most useful first."""

    effect: Effect
    headline: str
    nearest: str
    lacking: tuple[str, ...]
    steps: tuple[str, ...]
    details: tuple[str, ...]
    language: Language
    audience: Audience

    def lines(self) -> list[str]:
        """Return the explanation line by line, without empty ones."""
        detail = {"fr": "Règle par règle", "en": "Rule by rule"}[self.language]
        colon = COLON[self.language]
        said = [self.headline]
        said += [self.nearest] if self.nearest else []
        said += [f"– {each}" for each in self.lacking]
        if self.audience == "owner" and self.steps:
            said.append(_ADVICE[self.language] + colon.rstrip())
        said += [f"→ {each}" for each in self.steps]
        said += [f"{detail}{colon.rstrip()}", *(f"– {each}" for each in self.details)] if self.details else []
        return said

    @property
    def text(self) -> str:
        """The explanation as one text."""
        return "\n".join(self.lines())


def explain(
    decision: Decision,
    language: Language,
    *,
    audience: Audience = "owner",
    level: Level = "clause",
    provider: str = "",
) -> Explanation:
    """Explain a decision; `level` counts for the counterparty only, the owner is told everything.

    `provider` is what the organisation to turn to is called, an identifier or a name.
    """
    who = provider and {"fr": f"l’organisation {provider}", "en": f"the organisation {provider}"}[language]
    who = who or _PROVIDER[language]
    if audience == "owner":
        return _in_full(decision, language, who)
    told = redact(decision, level)
    said = tuple(reason.say(language) for reason in told)
    if decision.effect is Effect.PERMIT or level == "nothing":
        said = ()
    steps = _steps_at(level, decision, told, language, who)
    return Explanation(decision.effect, _refusal(decision, language), "", said, steps, (), language, audience)


def _steps_at(
    level: Level, decision: Decision, told: tuple[Reason, ...], language: Language, who: str
) -> tuple[str, ...]:
    """Return what a counterparty may be advised at a level."""
    if decision.effect is Effect.PERMIT:
        return ()
    if level == "nothing":
        return (_ASK[language].format(who=who),)
    if level == "clause":
        return _steps(told, language, who)
    steps = dict.fromkeys(_category_step(reason, language, who) for reason in lacking(decision))
    return tuple(steps) or (_STEPS["none"][language].format(who=who),)


def _refusal(decision: Decision, language: Language) -> str:
    """Return what a counterparty is told first: granted or refused, nothing between."""
    return _HEADLINES[Effect.PERMIT if decision.effect is Effect.PERMIT else Effect.DENY][language]


def _in_full(decision: Decision, language: Language, who: str) -> Explanation:
    reasons = decision.reasons
    headline = _HEADLINES[decision.effect][language]
    if decision.effect is Effect.PERMIT:
        said = tuple(reason.say(language) for reason in reasons)
        return Explanation(decision.effect, headline, "", said, (), (), language, "owner")
    miss, found = nearest_miss(reasons), lacking(decision)
    whole = [reason for reason in of_whole(reasons) if reason.code != "no-permission" or not miss]
    near = _near(miss or next(iter(obstacles(reasons)), None), language)
    shown = list(dict.fromkeys(reason.say(language) for reason in (*whole, *found)))
    others = [group for group in by_rule(reasons) if not miss or group[0] is not miss.outcome]
    told = set(shown)
    details = [reason.say(language) for group in others for reason in group if reason.say(language) not in told]
    steps = _steps(found, language, who) or (_STEPS["none"][language].format(who=who),)
    return Explanation(decision.effect, headline, near, tuple(shown), steps, tuple(details), language, "owner")


def _near(miss: Miss | None, language: Language) -> str:
    """Return the rule that lacked least, or the one that forbids, with what it is to the request."""
    if miss is None or miss.rule is None:
        return ""
    against = miss.outcome.rule == RuleKind.PROHIBITION.value
    lead = _AGAINST[language] if against else _NEAREST[language]
    return f"{lead}{COLON[language]}{rule_text(miss.rule, language)}"


# --- what can be done ---


def _category_step(reason: Reason, language: Language, who: str) -> str:
    return _STEPS[category(reason)][language].format(who=who)


def _steps(reasons: Iterable[Reason], language: Language, who: str) -> tuple[str, ...]:
    last = sorted(reasons, key=lambda reason: reason.code in OUTCOMES)
    return tuple(dict.fromkeys(_step(reason, language, who) for reason in last))


def _step(reason: Reason, language: Language, who: str) -> str:
    """Return what to do about one reason."""
    for suits, say in _REMEDIES:
        if suits(reason):
            return say(reason, language, who)
    return _category_step(reason, language, who)


def _is_declared(reason: Reason) -> bool:
    return OPERANDS.get(reason.operand or "") is Verification.COMMITMENT and isinstance(reason.condition, Constraint)


def _declare(reason: Reason, language: Language, who: str) -> str:
    constraint = reason.condition
    assert isinstance(constraint, Constraint)
    what, terms = subject(constraint.operand, language), stated(constraint, language)
    if reason.rule == "prohibition":
        return {
            "fr": f"Engagez-vous à rester hors de ce cas{COLON['fr']}{terms}.",
            "en": f"Promise to stay out of this case: {terms}.",
        }[language]
    return {
        "fr": f"Déclarez {what}{COLON['fr']}{terms}. Reprendre les conditions proposées sans les changer y suffit.",
        "en": f"Declare {what}: {terms}. Taking over the terms that are offered, unchanged, is enough.",
    }[language]


def _wait(reason: Reason, language: Language, who: str) -> str:
    constraint = reason.condition
    assert isinstance(constraint, Constraint)
    text = constraint.values[0].text
    edge = "start" if constraint.operator == ODRL + "gteq" else "end"
    moment = prose.moment_text(text, language, edge=edge)
    if constraint.operator == ODRL + "gteq":
        return {"fr": f"Attendez le {moment}.", "en": f"Wait until {moment}."}[language]
    return {"fr": f"Attendez que le {moment} soit passé.", "en": f"Wait until {moment} has passed."}[language]


def _renew(reason: Reason, language: Language, who: str) -> str:
    return {
        "fr": f"La date est passée{COLON['fr']}demandez à {who} de nouvelles conditions.",
        "en": f"The date has passed: ask {who} for new terms.",
    }[language]


def _prove(reason: Reason, language: Language, who: str) -> str:
    first = {"fr": "Acquittez-vous d’abord de ceci", "en": "Do this first"}[language]
    what = due_text(reason.source, language) if reason.source else ""
    proof = {"fr": f"puis faites-en parvenir la preuve à {who}", "en": f"then send the proof to {who}"}[language]
    return f"{first}{COLON[language]}{what}{SEMICOLON[language]}{proof}."


def _be_admitted(reason: Reason, language: Language, who: str) -> str:
    return {
        "fr": f"Demandez à {who} que votre organisation soit admise.",
        "en": f"Ask {who} to admit your organisation.",
    }[language]


def _of_operand(*operands: str) -> Callable[[Reason], bool]:
    return lambda reason: reason.operand in operands and reason.rule != "prohibition"


def _said(fr: str, en: str) -> Callable[[Reason, Language, str], str]:
    return lambda reason, language, who: {"fr": fr, "en": en}[language].format(who=who)


_REMEDIES: tuple[tuple[Callable[[Reason], bool], Callable[[Reason, Language, str], str]], ...] = (
    (is_awaited, _wait),
    (is_passed, _renew),
    (_is_declared, _declare),
    (lambda reason: reason.code == "duty-open", _prove),
    (_of_operand(ODRL + "recipient", TERRI + "participant", "assignee"), _be_admitted),
    (
        _of_operand(TERRI + "participantCategory"),
        _said(
            "Faites établir auprès de {who} la catégorie dont relève votre organisation.",
            "Have the category of your organisation established with {who}.",
        ),
    ),
    (
        _of_operand(TERRI + "charterSigned"),
        _said("Signez la charte et faites-le savoir à {who}.", "Sign the charter and let {who} know."),
    ),
    (
        _of_operand(TERRI + "accordDPO"),
        _said(
            "Demandez à {who} l’accord de son délégué à la protection des données.",
            "Ask {who} for the agreement of its data protection officer.",
        ),
    ),
    (
        _of_operand(ODRL + "count"),
        _said(
            "Le nombre d’utilisations est atteint ou n’est pas connu\u00a0: demandez à {who} s’il peut être relevé.",
            "The number of uses is reached or not known: ask {who} whether it can be raised.",
        ),
    ),
)
