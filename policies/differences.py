"""Two policies side by side, rule by rule, in words: what came, what went, what changed, and which way.

Rules are matched by kind and action, the likest first. Within a matched rule, conditions on one operand are compared as
intervals or sets (extents.py): what lets in more makes a permission looser and a prohibition tighter. Whatever cannot
be told so is *different*: no direction is guessed.

`Comparison` is a value: its changes, and the direction of the whole. A verdict on containment would be one more member
of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from policies import operands
from policies.clauses import condition_text
from policies.errors import Language, Text
from policies.extents import comparable, extent
from policies.model import Condition, Constraint, Duty, Extras, LogicalConstraint, Policy, Reference, Rule, RuleKind
from policies.normal import same_terms, term_of, term_of_rule
from policies.prose import AND, COLON, SEMICOLON, capital, elided, joined, quoted
from policies.sentences import acts_text, rule_text
from policies.vocabulary import ANNOTATIONS, ODRL, current, short


class Direction(StrEnum):
    """Which way a change goes, for the one who receives the data."""

    SAME = "same"
    TIGHTER = "tighter"
    LOOSER = "looser"
    DIFFERENT = "different"


class ChangeKind(StrEnum):
    """What happened to a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


DIRECTIONS: dict[Direction, Text] = {
    Direction.SAME: {"fr": "identique", "en": "the same"},
    Direction.TIGHTER: {"fr": "plus strict", "en": "tighter"},
    Direction.LOOSER: {"fr": "plus large", "en": "looser"},
    Direction.DIFFERENT: {"fr": "différent", "en": "different"},
}
_KINDS: dict[ChangeKind, Text] = {
    ChangeKind.ADDED: {"fr": "ajouté", "en": "added"},
    ChangeKind.REMOVED: {"fr": "retiré", "en": "removed"},
}
_LOOKED_AT = 16
_OPPOSITE = {Direction.TIGHTER: Direction.LOOSER, Direction.LOOSER: Direction.TIGHTER}
_DEADLINES = frozenset(ODRL + name for name in ("dateTime", "elapsedTime", "delayPeriod"))
_RULE_NAMES: dict[RuleKind, Text] = {
    RuleKind.PERMISSION: {"fr": "permission", "en": "permission"},
    RuleKind.PROHIBITION: {"fr": "interdiction", "en": "prohibition"},
    RuleKind.OBLIGATION: {"fr": "obligation", "en": "obligation"},
    RuleKind.DUTY: {"fr": "contrepartie", "en": "duty in return"},
    RuleKind.REMEDY: {"fr": "réparation", "en": "remedy"},
    RuleKind.CONSEQUENCE: {"fr": "conséquence", "en": "consequence"},
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that changed within a rule: what, from what to what, and which way. An absent side is empty."""

    what: Text
    before: Text
    after: Text
    direction: Direction

    def say(self, language: Language) -> str:
        """Return `durée : 12 mois → 24 mois, plus large`."""
        sides = [text[language] for text in (self.before, self.after) if text.get(language)]
        if len(sides) == 2:
            said = " → ".join(sides)
        else:
            kind = ChangeKind.ADDED if self.after.get(language) else ChangeKind.REMOVED
            said = f"{_KINDS[kind][language]} {quoted(sides[0], language)}" if sides else ""
        return f"{self.what[language]}{COLON[language]}{said}, {DIRECTIONS[self.direction][language]}"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one rule; `before` or `after` is None when it was added or removed, both outside the rules."""

    kind: ChangeKind
    direction: Direction
    before: Rule | None
    after: Rule | None
    details: tuple[Detail, ...] = ()

    def say(self, language: Language) -> str:
        """Return the change in words."""
        rule = self.after or self.before
        if rule is None:
            return SEMICOLON[language].join(capital(each.say(language)) for each in self.details) + "."
        if self.kind is not ChangeKind.CHANGED:
            head = f"{capital(_KINDS[self.kind][language])} ({DIRECTIONS[self.direction][language]})"
            return f"{head}{COLON[language]}{rule_text(rule, language)}"
        told = SEMICOLON[language].join(each.say(language) for each in self.details)
        return f"{capital(_title(rule, language))} – {told}."


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the second policy changes in the first."""

    changes: tuple[Change, ...]

    @property
    def direction(self) -> Direction:
        """Which way all changes together go."""
        return _together(each.direction for each in self.changes)

    def lines(self, language: Language) -> list[str]:
        """Return the changes in words, one each; empty when the terms are the same."""
        return [each.say(language) for each in self.changes]


def compare(before: Policy, after: Policy) -> Comparison:
    """Return what `after` changes in `before`, rule by rule in the order of `before`, then what is new."""
    if same_terms(before, after):
        return Comparison(())
    pairs, removed, added = _matched(_own(before), _own(after))
    changes = [_changed(one, other) for one, other in pairs]
    changes += [_gone(ChangeKind.REMOVED, rule) for rule in removed]
    changes += [_gone(ChangeKind.ADDED, rule) for rule in added]
    return Comparison((*changes, *_outside(before, after, bool(changes))))


def _own(policy: Policy) -> list[Rule]:
    """Return the rules with the actions that the policy shares among those that have none."""
    return [rule if rule.actions else replace(rule, actions=policy.actions) for rule in policy.rules]


# --- which rule stands beside which ---


def _matched(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[list[tuple[Rule, Rule]], list[Rule], list[Rule]]:
    """Return pairs of rules that differ, and those on either side that have no counterpart."""
    old, new = _without_same(before, after)
    pairs, removed = [], []
    waiting: dict[tuple[RuleKind, frozenset[str]], list[Rule]] = {}
    for rule in new:
        waiting.setdefault((rule.kind, _actions(rule)), []).append(rule)
    for rule in old:
        alike = waiting.get((rule.kind, _actions(rule)), [])
        if alike:
            pairs.append((rule, alike.pop(_likest(rule, alike))))
        else:
            removed.append(rule)
    unmatched = {id(rule) for rules in waiting.values() for rule in rules}
    return pairs, removed, [rule for rule in new if id(rule) in unmatched]


def _without_same(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Return the rules of either side that the other does not have in the same words, as often as they are there."""
    there = Counter(term_of_rule(rule) for rule in after)
    old = []
    for rule in before:
        term = term_of_rule(rule)
        if there[term]:
            there[term] -= 1
        else:
            old.append(rule)
    new = []
    for rule in reversed(after):
        term = term_of_rule(rule)
        if there[term]:
            there[term] -= 1
            new.append(rule)
    return old, new[::-1]


def _likest(rule: Rule, among: Sequence[Rule]) -> int:
    """Return which of the rules on the same actions is most like this one; of very many, the first are looked at."""
    return max(range(min(len(among), _LOOKED_AT)), key=lambda at: _likeness(rule, among[at]))


def _actions(rule: Rule) -> frozenset[str]:
    return frozenset(current(action.iri) for action in rule.actions)


def _likeness(one: Rule, other: Rule) -> int:
    ours, theirs = (set(_conditions(rule)) for rule in (one, other))
    return 2 * len(ours & theirs) + (one.assignees == other.assignees)


def _gone(kind: ChangeKind, rule: Rule) -> Change:
    """Tell of a rule that came or went."""
    came = Direction.LOOSER if rule.kind is RuleKind.PERMISSION else Direction.TIGHTER
    direction = came if kind is ChangeKind.ADDED else _OPPOSITE[came]
    removed = kind is ChangeKind.REMOVED
    return Change(kind, direction, rule if removed else None, None if removed else rule)


# --- what changed in a rule ---


def _changed(before: Rule, after: Rule) -> Change:
    details = tuple(_details(before, after))
    if not details:
        details = (Detail(_both("texte", "text"), _said(before), _said(after), Direction.DIFFERENT),)
    return Change(ChangeKind.CHANGED, _together(each.direction for each in details), before, after, details)


def _details(before: Rule, after: Rule) -> Iterator[Detail]:
    yield from _of_conditions(before, after)
    yield from _of_references(before, after)
    for what, ours, theirs in (
        (_both("contrepartie", "duty in return"), before.duties, after.duties),
        (_both("réparation", "remedy"), before.remedies, after.remedies),
        (_both("conséquence", "consequence"), _consequences(before), _consequences(after)),
    ):
        yield from _of_duties(what, ours, theirs)
    if _members(before.extras) != _members(after.extras):
        sides = [_listed(_members(rule.extras)) for rule in (before, after)]
        yield Detail(_both("autres éléments", "other members"), sides[0], sides[1], Direction.DIFFERENT)


def _of_conditions(before: Rule, after: Rule) -> Iterator[Detail]:
    """Yield what changed in the conditions: operand by operand, then combinations as they stand."""
    ours, theirs = _unlike(_conditions(before), _conditions(after), before.kind)
    of_duty = isinstance(before, Duty)
    for name in dict.fromkeys(each.operand for each in (*ours, *theirs) if isinstance(each, Constraint)):
        old, new = _on(before, name), _on(after, name)
        texts = (_texts(old, of_duty=of_duty), _texts(new, of_duty=of_duty))
        yield Detail(_label(name), *texts, _way(before, name, old, new))
    for came, conditions in ((False, ours), (True, theirs)):
        for each in conditions:
            if isinstance(each, LogicalConstraint):
                texts = ({}, _texts([each], of_duty=of_duty))
                direction = _of_presence(before.kind, came=came)
                yield Detail(_both("condition", "condition"), texts[not came], texts[came], direction)


def _on(rule: Rule, operand: str) -> list[Constraint]:
    return [each for each in _conditions(rule) if isinstance(each, Constraint) and each.operand == operand]


def _unlike(
    before: Iterable[Condition], after: Iterable[Condition], kind: RuleKind
) -> tuple[list[Condition], list[Condition]]:
    """Return the conditions that the other side does not have in the same words."""
    ours = {term_of(kind, each): each for each in before}
    theirs = {term_of(kind, each): each for each in after}
    return (
        [each for term, each in ours.items() if term not in theirs],
        [each for term, each in theirs.items() if term not in ours],
    )


def _way(rule: Rule, operand: str, before: list[Constraint], after: list[Constraint]) -> Direction:
    """Return which way the conditions on one operand changed."""
    if not before or not after:
        return _of_presence(rule.kind, came=bool(after))
    one, other = extent(before), extent(after)
    if one is None or other is None or not comparable(one, other):
        return Direction.DIFFERENT
    wider, narrower = one.within(other), other.within(one)
    if wider and narrower:
        return Direction.SAME
    if not wider and not narrower:
        return Direction.DIFFERENT
    loose = Direction.LOOSER if wider else Direction.TIGHTER
    if rule.kind is RuleKind.PERMISSION:
        return loose
    if rule.kind is RuleKind.PROHIBITION:
        return _OPPOSITE[loose]
    ends = one.high is not None and other.high is not None and one.low == other.low
    return loose if operand in _DEADLINES and ends else Direction.DIFFERENT


def _of_presence(kind: RuleKind, *, came: bool) -> Direction:
    """Return which way a rule goes by one condition more, or one less."""
    if kind not in (RuleKind.PERMISSION, RuleKind.PROHIBITION):
        return Direction.DIFFERENT
    return Direction.TIGHTER if came is (kind is RuleKind.PERMISSION) else Direction.LOOSER


def _of_references(before: Rule, after: Rule) -> Iterator[Detail]:
    for what, ours, theirs in (
        (_both("destinataires", "recipients"), before.assignees, after.assignees),
        (_both("jeux de données", "datasets"), before.targets, after.targets),
    ):
        if ours != theirs:
            yield Detail(what, _named(ours), _named(theirs), _of_sets(before.kind, ours, theirs))
    if before.assigners != after.assigners:
        what = _both("auteurs de la règle", "authors of the rule")
        yield Detail(what, _named(before.assigners), _named(after.assigners), Direction.DIFFERENT)


def _of_sets(kind: RuleKind, before: tuple[Reference, ...], after: tuple[Reference, ...]) -> Direction:
    """Return which way a rule goes that is about others now; one that names nobody is about all."""
    if not all(each.is_plain and not each.is_collection for each in (*before, *after)):
        return Direction.DIFFERENT
    old, new = ({each.iri for each in side} for side in (before, after))
    if old == new:
        return Direction.SAME
    wider, narrower = not new or (bool(old) and old < new), not old or (bool(new) and new < old)
    if not wider and not narrower:
        return Direction.DIFFERENT
    return Direction.LOOSER if wider is (kind is RuleKind.PERMISSION) else Direction.TIGHTER


def _of_duties(what: Text, before: tuple[Duty, ...], after: tuple[Duty, ...]) -> Iterator[Detail]:
    pairs, removed, added = _matched(before, after)
    for one, other in pairs:
        yield Detail(what, _said(one), _said(other), _changed(one, other).direction)
    for rule in removed:
        yield Detail(what, _said(rule), _both("", ""), Direction.LOOSER)
    for rule in added:
        yield Detail(what, _both("", ""), _said(rule), Direction.TIGHTER)


def _outside(before: Policy, after: Policy, rules_changed: bool) -> Iterator[Change]:
    """Yield what changed beside the rules; something is always said when the terms are not the same."""
    details = [
        Detail(what, _listed(ours), _listed(theirs), Direction.DIFFERENT)
        for what, ours, theirs in (
            (_both("règlement des conflits", "settling of conflicts"), before.conflicts, after.conflicts),
            (_both("vocabulaires", "vocabularies"), before.profiles, after.profiles),
            (_both("règles reprises", "rules taken over"), before.inherits_from, after.inherits_from),
            (_both("autres éléments", "other members"), _members(before.extras), _members(after.extras)),
        )
        if set(ours) != set(theirs)
    ]
    if not details and not rules_changed:
        text = {"fr": "les deux textes", "en": "the two texts"}
        details = [
            Detail(text, {}, {"fr": "autre contenu hors des règles", "en": "other content"}, Direction.DIFFERENT)
        ]
    if details:
        yield Change(ChangeKind.CHANGED, Direction.DIFFERENT, None, None, tuple(details))


# --- words and small things ---


def _together(directions: Iterable[Direction]) -> Direction:
    ways = set(directions) - {Direction.SAME}
    if not ways:
        return Direction.SAME
    return ways.pop() if len(ways) == 1 else Direction.DIFFERENT


def _conditions(rule: Rule) -> Iterator[Condition]:
    yield from rule.constraints
    for action in rule.actions:
        yield from action.refinements


def _consequences(rule: Rule) -> tuple[Duty, ...]:
    return rule.consequences if isinstance(rule, Duty) else ()


def _members(extras: Extras) -> tuple[str, ...]:
    return tuple(f"{name} {value}" for name, value in extras if name not in ANNOTATIONS)


def _title(rule: Rule, language: Language) -> str:
    name, acts = _RULE_NAMES[rule.kind][language], acts_text(rule, language)
    return f"{name} {elided('de', acts)}" if language == "fr" else f"{name} to {acts}"


def _both(fr: str, en: str) -> Text:
    return {"fr": fr, "en": en}


def _said(rule: Rule) -> Text:
    return {"fr": rule_text(rule, "fr").rstrip("."), "en": rule_text(rule, "en").rstrip(".")}


def _label(operand: str) -> Text:
    return {"fr": operands.label(operand, "fr"), "en": operands.label(operand, "en")}


def _texts(conditions: Sequence[Condition], *, of_duty: bool) -> Text:
    return {
        "fr": joined([condition_text(each, "fr", of_duty=of_duty) for each in conditions], AND["fr"]),
        "en": joined([condition_text(each, "en", of_duty=of_duty) for each in conditions], AND["en"]),
    }


def _listed(names: Sequence[str]) -> Text:
    said = ", ".join(short(name) for name in names)
    return _both(said, said)


def _named(references: tuple[Reference, ...]) -> Text:
    if not references:
        return _both("tous", "all")
    return _listed([each.iri or "…" for each in references])
