"""The articles of a convention, made from a sealed document. What is said is in texts.py, in which order is here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import policies
from contracts.canonical import Json
from contracts.convention import texts
from contracts.convention.saying import badge_text, date_text, say, unbroken
from contracts.convention.structure import Block, Facts, OwnWords, Paragraph, Section, Table
from contracts.terms import agreed_at
from policies.clauses import condition_text
from policies.errors import Language, Text
from policies.model import Condition, Constraint, Duty, LogicalConstraint, Policy
from policies.operands.durations import duration
from policies.prose import capital, duration_text, is_duration
from policies.sentences import due_text
from policies.vocabulary import ODRL

_ELAPSED = ODRL + "elapsedTime"
_DEADLINES = frozenset(ODRL + name for name in ("dateTime", "elapsedTime", "delayPeriod"))
_ENDS = _DEADLINES | {ODRL + name for name in ("meteredTime", "event")}
_UPPER = {ODRL + "lteq": "no-later", ODRL + "lt": "before", ODRL + "eq": "on"}

Contents: TypeAlias = Sequence[tuple[Text, tuple[Block, ...]]]
"""Titles, and what stands below them."""


def preamble(document: Json, language: Language) -> Section:
    """Return what comes before the articles: the framework agreement, and which text binds."""
    framework = document["framework"]
    blocks: list[Block] = []
    if framework == "none":
        blocks.append(Paragraph(say(texts.NO_FRAMEWORK, language)))
    else:
        blocks.append(Paragraph(say(texts.FRAMEWORK, language, reference=framework["reference"])))
        if "sha256" in framework:
            blocks.append(Paragraph(say(texts.FRAMEWORK_DIGEST, language, sha256=framework["sha256"]), note=True))
    blocks.append(Paragraph(say(texts.WHAT_BINDS, language)))
    blocks.append(Paragraph(say(texts.OWN_WORDS, language), note=True))
    return Section("", say(texts.PREAMBLE, language), tuple(blocks))


def articles(document: Json, language: Language) -> tuple[Section, ...]:
    """Return the articles in order, numbered from 1."""
    contents: Contents = (
        (texts.OBJECT, _object(document["dataset"], language)),
        (texts.RULES, (Paragraph(say(texts.RULES_ARE, language)), *rules(document["terms"], language))),
        (texts.COMMITMENTS, _commitments(document, language)),
        (texts.DURATION, _duration(document, language)),
        (texts.PURPOSE, _purpose(document["request"], language)),
        (texts.PERSONAL, _personal(document, language)),
        (texts.PROOF, _proof(document["framework"], language)),
        (texts.TERMINATION, _termination(document["termination"], language)),
        (texts.JURISDICTION, (Paragraph(OwnWords(document["jurisdiction"])),)),
    )
    return numbered(texts.ARTICLE, contents, language)


def numbered(label: Text, contents: Contents, language: Language) -> tuple[Section, ...]:
    """Return sections, numbered from 1: `label` is what they are called."""
    return tuple(
        Section(say(label, language, number=number), say(title, language), blocks)
        for number, (title, blocks) in enumerate(contents, 1)
    )


def _object(dataset: Json, language: Language) -> tuple[Block, ...]:
    known = own_words(dataset) | {"personal": say(texts.IS_PERSONAL[dataset["personal"]], language)}
    return (Paragraph(say(texts.OBJECT_IS, language)), facts_of(known, texts.DATASET, language))


def rules(terms: Json, language: Language) -> tuple[Table, Paragraph]:
    """Return the rules of use in sentences, each with how far it is verified, and what that means."""
    rows = tuple(
        (str(number), unbroken(sentence), badge_text(verified, language))
        for number, (sentence, verified) in enumerate(zip(terms[language], terms["verified"], strict=True), 1)
    )
    caption = say(texts.RULES_CAPTION, language)
    return (
        Table(caption, texts.RULES_HEADER[language], rows, (1, 14, 5)),
        Paragraph(say(texts.RULES_LEGEND, language), note=True),
    )


def _commitments(document: Json, language: Language) -> tuple[Block, ...]:
    validity = document["validity"]
    provider, consumer = (say(texts.ROLES[role], language) for role in ("provider", "consumer"))
    rows = [
        (_before(document["countersignBefore"], language), consumer, say(texts.COUNTERSIGN, language)),
        (date_text(validity["from"], language, edge="start"), provider, say(texts.ACCESS, language)),
    ]
    rows += duties(policies.load(document["agreement"]["text"]), language)
    if "until" in validity:
        end = date_text(validity["until"], language, edge="end")
        rows.append((end, provider, say(texts.ACCESS_ENDS, language)))
    return (Paragraph(say(texts.COMMITMENTS_ARE, language)), commitments(rows, language))


def commitments(rows: Sequence[tuple[str, str, str]], language: Language) -> Table:
    """Return who has to do what, and until when, as a table."""
    caption = say(texts.COMMITMENTS_CAPTION, language)
    return Table(caption, texts.COMMITMENTS_HEADER[language], tuple(rows), (6, 4, 11), main=2)


def duties(policy: Policy, language: Language) -> list[tuple[str, str, str]]:
    """Return what has to be done under an agreement, until when, and by whom: the recipient where nobody is named."""
    named = (("provider", policy.assigners), ("consumer", policy.assignees))
    roles = {each.iri: say(texts.ROLES[role], language) for role, several in named for each in several}
    recipient = say(texts.ROLES["consumer"], language)
    rows = []
    for duty in _duties(policy):
        when, told = _when(duty, policy, language)
        who = [roles.get(each.iri, each.iri or "") for each in duty.assignees]
        what = due_text(duty, language, told=told, to_reader=False)
        rows.append((when, ", ".join(who) or recipient, f"{capital(what)}."))
    return rows


def _duties(policy: Policy) -> Iterator[Duty]:
    for rule in policy.permissions:
        yield from rule.duties
    yield from policy.obligations


def _when(duty: Duty, policy: Policy, language: Language) -> tuple[str, tuple[Condition, ...]]:
    """Return the deadline that a duty sets for itself, and the condition that is wholly told with it."""
    refinements = [each for action in duty.actions for each in action.refinements]
    for each in (*duty.constraints, *refinements):
        if isinstance(each, Constraint) and each.operand in _DEADLINES and each.operator in _UPPER and each.values:
            if not is_duration(each.values[0]):
                return _by(each.operator, each.values[0].text, language), (each,)
            return _within(each, policy, language)
    return say(texts.NO_DATE, language), ()


def _within(deadline: Constraint, policy: Policy, language: Language) -> tuple[str, tuple[Condition, ...]]:
    """Return when a length of time is over that runs from the agreement; from what others run is not known here."""
    begins, found = agreed_at(policy), duration(deadline.values[0])
    over = found.after(begins) if begins and found and deadline.operand == _ELAPSED else None
    if over is None:
        return condition_text(deadline, language, of_duty=True), (deadline,)
    by = _by(deadline.operator, f"{over.replace(microsecond=0, tzinfo=None).isoformat()}Z", language)
    length = duration_text(deadline.values[0].text, language)
    return say(texts.AFTER_AGREEMENT, language, by=by, length=length), (deadline,)


def _by(operator: str, date: str, language: Language) -> str:
    edge = "start" if operator.endswith("lt") else "end"
    return say(texts.BY[_UPPER[operator]], language, date=date_text(date, language, edge=edge))


def _before(date: str, language: Language) -> str:
    return _by(ODRL + "lteq", date, language)


def _duration(document: Json, language: Language) -> tuple[Block, ...]:
    validity = document["validity"]
    start = date_text(validity["from"], language, edge="start")
    end = date_text(validity.get("until", ""), language, edge="end")
    permissions = policies.load(document["agreement"]["text"]).permissions
    lasts = "until" if end else "rules" if any(map(_ends, (each.constraints for each in permissions))) else "open"
    return (
        Paragraph(say(texts.LASTS[lasts], language, start=start, end=end)),
        Paragraph(say(texts.DURATION_OF_RULES, language)),
        Paragraph(say(texts.DAYS, language), note=True),
    )


def _ends(conditions: Sequence[Condition]) -> bool:
    """Return whether conditions may end with time."""
    inner = [condition.operands for condition in conditions if isinstance(condition, LogicalConstraint)]
    return any(isinstance(each, Constraint) and each.operand in _ENDS for each in conditions) or any(map(_ends, inner))


def _purpose(request: Json, language: Language) -> tuple[Block, ...]:
    if request == "none":
        return (Paragraph(say(texts.NO_PURPOSE, language)),)
    return declared(request, language)


def declared(request: Json, language: Language) -> tuple[Block, ...]:
    """Return what the recipient declared in its request."""
    known = own_words(request)
    if "until" in known:
        known["until"] = date_text(known["until"], language, edge="end")
    return (Paragraph(say(texts.PURPOSE_IS, language)), facts_of(known, texts.REQUEST, language))


def _personal(document: Json, language: Language) -> tuple[Block, ...]:
    sheet = document["personalData"]
    if sheet == "none":
        unsaid = texts.PERSONAL_UNSAID if document["dataset"]["personal"] else texts.NO_PERSONAL
        return (Paragraph(say(unsaid, language)),)
    return (Paragraph(say(texts.PERSONAL_IS, language)), facts_of(own_words(sheet), texts.PERSONAL_FACTS, language))


def _proof(framework: Json, language: Language) -> tuple[Block, ...]:
    means = Paragraph(say(texts.PROOF_IS, language))
    if framework == "none":
        return (means, Paragraph(say(texts.NO_PROOF_CLAUSE, language)))
    return (means, Paragraph(say(texts.PROOF_CLAUSE, language)), Paragraph(OwnWords(framework["proofClause"])))


def _termination(text: str, language: Language) -> tuple[Block, ...]:
    return (Paragraph(OwnWords(text)), Paragraph(say(texts.TERMINATION_NOTICE, language), note=True))


def own_words(told: Json) -> dict[str, str]:
    """Return the members of a section that parties filled in, marked as such; an identifier is nobody's words."""
    return {name: str(value) if name == "id" else OwnWords(value) for name, value in told.items()}


def facts_of(known: Mapping[str, str], labels: dict[str, Text], language: Language) -> Facts:
    """Return the members that are there in the order of their labels; one that has no label comes last, by its name."""
    named = [(say(label, language), known[name]) for name, label in labels.items() if name in known]
    others = [(name, value) for name, value in known.items() if name not in labels]
    return Facts((*named, *others))
