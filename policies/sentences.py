"""A policy as sentences, one text for each rule, for the person who decides; and what two policies say differently.

The reader is *vous*, who receives the data, unless the rule names a party. What is permitted, forbidden and owed are
told as such; what goes with a rule (duties, remedies, consequences) follows in sentences of its own. Nothing is left
out: each value of each condition is told, and a member that nobody here understands is named, since what it asks cannot
be checked. Conditions are told by clauses.py, with the phrases of phrases.py.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from policies import phrases, prose, vocabulary
from policies.clauses import condition_text, conditions_text, not_understood
from policies.errors import Language, Text
from policies.model import Action, Condition, Duty, Policy, Reference, Rule, RuleKind
from policies.normal import same_terms, term_of_rule
from policies.prose import AND, COLON, OR, SEMICOLON, capital, elided, joined, paragraph, quoted
from policies.vocabulary import short

_LEADS: dict[RuleKind, Text] = {
    RuleKind.DUTY: {"fr": "En contrepartie, ", "en": "In return, "},
    RuleKind.REMEDY: {"fr": "En cas de manquement, ", "en": "If this is not respected, "},
    RuleKind.CONSEQUENCE: {"fr": "À défaut, ", "en": "Failing that, "},
}
_MODALS = {
    "vous": {"can": ("pouvez", "may"), "must": ("devez", "must")},
    "one": {"can": ("peut", "may"), "must": ("doit", "must")},
    "several": {"can": ("peuvent", "may"), "must": ("doivent", "must")},
}
_YOURS = {"vous": ("votre", "your"), "one": ("sa", "its"), "several": ("leur", "their")}
_NO_ACTION: Text = {"fr": "accomplir un acte que la règle ne nomme pas", "en": "do what the rule does not name"}
_NOTHING: Text = {"fr": f"Aucune règle{COLON['fr']}rien n’est permis.", "en": "No rule: nothing is permitted."}
_ELSEWHERE: Text = {
    "fr": "Les deux textes diffèrent hors des règles.",
    "en": "The two texts differ outside their rules.",
}
_CONFLICTS: dict[str, Text] = {
    "perm": {
        "fr": "Si une permission et une interdiction se contredisent, la permission l’emporte.",
        "en": "Where a permission and a prohibition contradict each other, the permission prevails.",
    },
    "prohibit": {
        "fr": "Si une permission et une interdiction se contredisent, l’interdiction l’emporte.",
        "en": "Where a permission and a prohibition contradict each other, the prohibition prevails.",
    },
    "invalid": {
        "fr": "Si une permission et une interdiction se contredisent, rien n’est permis.",
        "en": "Where a permission and a prohibition contradict each other, nothing is permitted.",
    },
}
_REPLACED: Text = {
    "fr": f"Ces règles d’usage ont été remplacées par d’autres{prose.SEMICOLON['fr']}elles ne valent plus.",
    "en": "These terms of use have been replaced by others; they are void.",
}
_ASKING: Text = {
    "fr": f"Ce document demande ou déclare{COLON['fr']}il n’accorde rien.",
    "en": "This document asks or asserts; it grants nothing.",
}


def sentences(policy: Policy, language: Language) -> list[str]:
    """Return what the policy says: a text for each rule, then what else it says.

    A text is a sentence or several; conditions that are deeply nested are a list in it, on lines of their own.
    """
    lines, named = [], False
    for rule in policy.rules:
        lines.append(rule_text(rule, language, policy, again=named))
        named = named or _names_dataset(rule, policy)
    if not lines:
        lines.append(_NOTHING[language])
    return lines + _of_whole(policy, language)


def difference(before: Policy, after: Policy, language: Language) -> tuple[list[str], list[str]]:
    """Return the sentences that `after` adds and those that it drops; both empty when the terms are the same."""
    if same_terms(before, after):
        return [], []
    old = {term_of_rule(rule): rule for rule in before.rules}
    new = {term_of_rule(rule): rule for rule in after.rules}
    added = [rule_text(rule, language, after) for term, rule in new.items() if term not in old]
    dropped = [rule_text(rule, language, before) for term, rule in old.items() if term not in new]
    return (added or ([] if dropped else [_ELSEWHERE[language]])), dropped


def rule_text(rule: Rule, language: Language, policy: Policy | None = None, *, again: bool = False) -> str:
    """Return a rule with all that goes with it; `again` when the dataset was named just before."""
    party = _Party.of(rule.assignees, language)
    said = _Saying(rule, policy, language, again and not rule.targets)
    parts = [capital(said.sentence(party)) + "."]
    if rule.assigners:
        parts.append(_from(rule.assigners, language))
    again = again or _names_dataset(rule, policy)
    consequences = rule.consequences if isinstance(rule, Duty) else ()
    for duty in (*rule.duties, *rule.remedies, *consequences):
        parts.append(_LEADS[duty.kind][language] + _uncapital(rule_text(duty, language, again=again)))
    unknown = not_understood(rule.extras, language)
    return paragraph([*parts, capital(unknown) + "." if unknown else ""])


def acts_text(rule: Rule, language: Language, *, to_reader: bool = True) -> str:
    """Return what a rule is about, as infinitives: `utiliser ce jeu de données`.

    Who acts is the reader, where the rule names nobody, or somebody of whom the reader is told: `supprimer sa copie`.
    """
    party = _Party.of(rule.assignees, language)
    if not to_reader and not rule.assignees:
        party = replace(party, number="one")
    return joined(_Saying(rule, None, language, again=False).acts(party), AND[language])


def due_text(duty: Rule, language: Language, *, told: Container[Condition] = (), to_reader: bool = True) -> str:
    """Return what a duty asks for, in one line: `verser une rémunération pour un montant de 5 €`.

    Conditions that are `told` elsewhere are left out; `to_reader` is that of `acts_text`.
    """
    refinements = duty.actions[0].refinements if len(duty.actions) == 1 else ()
    untold = [each for each in (*refinements, *duty.constraints) if each not in told]
    conditions = [condition_text(each, language, of_duty=True) for each in untold]
    return " ".join([acts_text(duty, language, to_reader=to_reader), ", ".join(conditions)]).strip()


@dataclass(frozen=True, slots=True)
class _Party:
    """Who acts: *vous*, or those that the rule names."""

    name: str
    number: str

    @classmethod
    def of(cls, references: tuple[Reference, ...], language: Language) -> "_Party":
        if not references:
            return cls({"fr": "vous", "en": "you"}[language], "vous")
        several = len(references) > 1 or any(_is_group(each) for each in references)
        return cls(_parties(references, language), "several" if several else "one")

    def modal(self, verb: str, language: Language) -> str:
        return _MODALS[self.number][verb][language != "fr"]

    def possessive(self, language: Language) -> str:
        return _YOURS[self.number][language != "fr"]


@dataclass(frozen=True, slots=True)
class _Saying:
    """One rule on its way to a sentence."""

    rule: Rule
    policy: Policy | None
    language: Language
    again: bool

    def sentence(self, party: _Party) -> str:
        conditions = self._conditions()
        if self.rule.kind is RuleKind.PROHIBITION:
            return self._forbidden(party, conditions)
        verb = "can" if self.rule.kind is RuleKind.PERMISSION else "must"
        acts = joined(self.acts(party), AND[self.language])
        return f"{party.name} {party.modal(verb, self.language)} {acts}{conditions}"

    def _forbidden(self, party: _Party, conditions: str) -> str:
        acts = self.acts(party)
        if self.language == "en":
            verb = "may not" if not conditions else "are forbidden to" if party.number != "one" else "is forbidden to"
            return f"{party.name} {verb} {joined(acts, OR['en'])}{conditions}"
        if conditions:
            whom = "vous est interdit" if party.number == "vous" else f"est interdit {_to(party.name)}"
            return f"il {whom} {joined([elided('de', act) for act in acts], OR['fr'])}{conditions}"
        modal = party.modal("can", "fr")
        if len(acts) > 1:
            return f"{party.name} ne {modal} ni {' ni '.join(acts)}"
        return f"{party.name} ne {modal} pas {acts[0]}"

    def _conditions(self) -> str:
        actions = _actions(self.rule, self.policy)
        refinements = actions[0].refinements if len(actions) == 1 else ()
        conditions = (*refinements, *self.rule.constraints)
        return conditions_text(conditions, self.language, of_duty=isinstance(self.rule, Duty))

    def acts(self, party: _Party) -> list[str]:
        """Return each action with its object: named in full the first time, then by a pronoun."""
        actions, again = _actions(self.rule, self.policy), self.again
        acts = []
        for action in actions:
            act = _act(action.iri, self._object(again), again, self.language)
            acts.append(act.replace("{votre}", party.possessive(self.language)) + self._beside(action, len(actions)))
            again = again or "{}" in _phrase(action.iri)[0]
        return acts or [_NO_ACTION[self.language]]

    def _object(self, again: bool) -> str:
        if not self.rule.targets:
            named = {"fr": ("ce jeu de données", "le"), "en": ("this dataset", "it")}[self.language]
            return named[again]
        if again:
            several = len(self.rule.targets) > 1
            return {"fr": "les" if several else "le", "en": "them" if several else "it"}[self.language]
        return joined([_asset(each, self.language) for each in self.rule.targets], AND[self.language])

    def _beside(self, action: Action, many: int) -> str:
        """Return in brackets what an action says that its sentence does not."""
        refined = action.refinements if many > 1 else ()
        duty = isinstance(self.rule, Duty)
        parts = [condition_text(each, self.language, of_duty=duty) for each in refined]
        parts.append(not_understood(action.extras, self.language))
        said = SEMICOLON[self.language].join(part for part in parts if part)
        return f" ({said})" if said else ""


# --- actions ---


def _actions(rule: Rule, policy: Policy | None) -> tuple[Action, ...]:
    return rule.actions or (policy.actions if policy else ())


def _phrase(action: str) -> vocabulary.Labels:
    found = phrases.ACTIONS.get(action)
    if found:
        return found
    if action in vocabulary.LABELS:
        return vocabulary.LABELS[action]
    return (f"accomplir l’acte {quoted(short(action), 'fr')}", f"do what is named {quoted(short(action), 'en')}")


def _act(action: str, what: str, again: bool, language: Language) -> str:
    full, _, turned = _phrase(action)[language != "fr"].partition("|")
    if again and turned:
        return turned
    if language == "en" or not again:
        return full.replace("{}", what)
    verb, found, rest = full.partition(" {}")
    return elided(what, verb) + rest if found and what == "le" else f"{what} {verb}{rest}" if found else full


def _names_dataset(rule: Rule, policy: Policy | None) -> bool:
    return not rule.targets and any("{}" in _phrase(action.iri)[0] for action in _actions(rule, policy))


# --- who, what ---


def _is_group(reference: Reference) -> bool:
    return reference.is_collection or (reference.iri is None and bool(reference.part_of or reference.source))


def _parties(references: tuple[Reference, ...], language: Language) -> str:
    if all(each.is_plain and not each.is_collection for each in references):
        names = joined([each.iri or "" for each in references], AND[language])
        several = len(references) > 1
        noun = {"fr": ("l’organisation", "les organisations"), "en": ("the organisation", "the organisations")}
        return f"{noun[language][several]} {names}"
    return joined([_described(each, language, party=True) for each in references], AND[language])


def _asset(reference: Reference, language: Language) -> str:
    return _described(reference, language, party=False)


def _described(reference: Reference, language: Language, *, party: bool) -> str:
    """Return a party or an asset with the group that it is or belongs to, and what is said of it."""
    one, several = {
        "fr": (("le jeu de données", "les jeux de données"), ("l’organisation", "les membres")),
        "en": (("the dataset", "the datasets"), ("the organisation", "the members")),
    }[language][party]
    own = [reference.iri] if reference.iri else []
    if _is_group(reference):
        said, groups = [several], [*own, *reference.part_of]
    else:
        said, groups = [one, *own], list(reference.part_of)
    if groups:
        said += [{"fr": "du groupe", "en": "of the group"}[language], joined(groups, AND[language])]
    if reference.source:
        said += [{"fr": "de la liste", "en": "of the list"}[language], reference.source]
    if reference.refinements:
        said.append(f"({_in_one_line(reference.refinements, language)})")
    unknown = not_understood(reference.extras, language)
    return " ".join(said) + (f" ({unknown})" if unknown else "")


def _in_one_line(conditions: Iterable[Condition], language: Language) -> str:
    return joined([condition_text(each, language) for each in conditions], AND[language])


def _from(references: tuple[Reference, ...], language: Language) -> str:
    lead = {"fr": "Cette règle est posée par ", "en": "This rule is laid down by "}[language]
    return f"{lead}{_parties(references, language)}."


def _to(name: str) -> str:
    """Return a French name after `à`."""
    return "aux " + name.removeprefix("les ") if name.startswith("les ") else f"à {name}"


# --- what is said beside the rules ---


def _of_whole(policy: Policy, language: Language) -> list[str]:
    lines = [_CONFLICTS[each][language] for each in policy.conflicts if each in _CONFLICTS]
    if policy.assignees:
        lead = {
            "fr": "Sauf autre mention, ces règles s’adressent à ",
            "en": "Unless said otherwise, these rules are for ",
        }
        name = _parties(policy.assignees, language)
        lines.append(f"{(lead['fr'][:-2] + _to(name)) if language == 'fr' else lead['en'] + name}.")
    if any(not each.is_plain or each.is_collection for each in policy.targets):
        lead = {"fr": "Ces règles portent sur ", "en": "These rules are about "}
        lines.append(lead[language] + joined([_asset(each, language) for each in policy.targets], AND[language]) + ".")
    if any(name == "dct:isReplacedBy" for name, _ in policy.extras):
        lines.append(_REPLACED[language])
    if policy.kinds and set(policy.kinds) <= {"Request", "Assertion"}:
        lines.append(_ASKING[language])
    return lines + _unknown_in_whole(policy, language)


def _unknown_in_whole(policy: Policy, language: Language) -> list[str]:
    """Name the vocabulary, the parents, the kind and the members that nobody here understands."""
    told = [
        (
            "un vocabulaire inconnu ici",
            "a vocabulary unknown here",
            _strangers(policy.profiles, vocabulary.KNOWN_PROFILES),
        ),
        ("des règles qui ne sont pas lues ici", "rules that are not read here", list(policy.inherits_from)),
        (
            "une sorte de document inconnue ici",
            "a kind of document unknown here",
            _strangers(policy.kinds, vocabulary.KINDS),
        ),
        (
            "un règlement des conflits inconnu ici",
            "a way to settle conflicts unknown here",
            _strangers(policy.conflicts, vocabulary.CONFLICT_WORDS),
        ),
    ]
    lead = {"fr": "Ce texte fait appel à ", "en": "This text refers to "}[language]
    lines = [
        f"{lead}{what[language != 'fr']}{COLON[language]}{joined([short(name) for name in names], AND[language])}."
        for *what, names in told
        if names
    ]
    unknown = not_understood(tuple(each for each in policy.extras if each[0] != "dct:isReplacedBy"), language)
    return [*lines, capital(unknown) + "."] if unknown else lines


def _strangers(names: Iterable[str], known: Iterable[str]) -> list[str]:
    return [name for name in names if name not in known]


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]
