"""The articles of a record: what was agreed, what the partner showed, what that proves and what it does not."""

import json
from collections.abc import Mapping

from contracts.canonical import Json
from contracts.convention import record_texts, texts
from contracts.convention.annexes import kind_text
from contracts.convention.articles import Contents, commitments, declared, duties, facts_of, numbered, rules
from contracts.convention.record import Recorded
from contracts.convention.saying import date_text, instant_text, say
from contracts.convention.structure import Block, Facts, OwnWords, Paragraph, Section, Table
from contracts.document import REQUEST
from contracts.refused import BadDocument
from contracts.terms import told_terms, told_validity
from contracts.texts import line, lines
from policies.errors import Language, Text

REQUEST_CARD = "https://w3id.org/pupitre/requestCard"
"""The member of a ContractRequestMessage with which a consumer declares what it asks for: JSON in one string."""


def nature(record: Recorded, language: Language) -> Section:
    """Return what comes before the articles: that one party alone has sealed, and what."""
    ours, theirs = (record.name(role) for role in (record.role, record.others_role))
    blocks = (
        Paragraph(say(record_texts.NATURE_IS, language, ours=ours, theirs=theirs)),
        Paragraph(say(record_texts.WHAT_IS_SEALED, language)),
        Paragraph(say(record_texts.WHAT_STANDS_BESIDE, language), note=True),
        Paragraph(say(texts.OWN_WORDS, language), note=True),
    )
    return Section("", say(record_texts.NATURE, language), blocks)


def articles(record: Recorded, language: Language) -> tuple[Section, ...]:
    """Return the articles in order, numbered from 1."""
    contents: Contents = (
        (texts.OBJECT, _object(record, language)),
        (texts.RULES, _rules(record, language)),
        (record_texts.DATES, _dates(record, language)),
        (texts.PURPOSE, _purpose(record, language)),
        (record_texts.SHOWN, _shown(record, language)),
        (record_texts.PROVES, _proved(record, language)),
        (record_texts.UNPROVED, _unproved(record, language)),
    )
    return numbered(texts.ARTICLE, contents, language)


def _object(record: Recorded, language: Language) -> tuple[Block, ...]:
    dataset = record.dataset
    told = {
        "title": OwnWords(line(dataset.title)),
        "description": OwnWords(lines(dataset.description)),
        "licence": OwnWords(line(dataset.licence)),
        "personal": "" if dataset.personal is None else say(record_texts.IS_PERSONAL[dataset.personal], language),
    }
    known = {name: value for name, value in told.items() if value}
    source = record_texts.DATASET_BESIDE if known else record_texts.DATASET_ALONE
    return (
        Paragraph(say(record_texts.OBJECT_IS, language)),
        facts_of(known | {"id": dataset.id}, texts.DATASET, language),
        Paragraph(say(source, language), note=True),
    )


def _rules(record: Recorded, language: Language) -> tuple[Block, ...]:
    table, legend = rules(told_terms(record.policy), language)
    if record.role == "consumer":  # the partner's software applies the rules, and nothing is known of it
        legend = Paragraph(say(record_texts.RULES_LEGEND, language), note=True)
    return (Paragraph(say(record_texts.RULES_ARE, language)), table, legend)


def _dates(record: Recorded, language: Language) -> tuple[Block, ...]:
    known = {
        "agreed": date_text(record.policy.timestamp or "", language),
        "until": _until(record, language),
        "sealed": instant_text(record.seal.at, language),
        "ended": _ended(record, language),
    }
    told = tuple((say(record_texts.DATES_FACTS[name], language), value) for name, value in known.items() if value)
    owed = duties(record.policy, language)
    return (
        Paragraph(say(record_texts.DATES_ARE, language)),
        Facts(told),
        *([commitments(owed, language)] if owed else []),
        Paragraph(say(texts.DAYS, language), note=True),
    )


def _until(record: Recorded, language: Language) -> str:
    try:
        until = told_validity(record.policy).get("until")
    except BadDocument:  # the agreement does not say when it was concluded
        until = None
    return say(record_texts.NO_END, language) if until is None else date_text(until, language, edge="end")


def _ended(record: Recorded, language: Language) -> str:
    at = record.beside.ended_at
    if at is not None:
        return say(record_texts.ENDED_ON, language, at=instant_text(at.replace(second=0), language))
    return say(record_texts.ENDED, language) if record.beside.is_ended else ""


def _purpose(record: Recorded, language: Language) -> tuple[Block, ...]:
    request = _request(record)
    return declared(request, language) if request else (Paragraph(say(record_texts.NO_PURPOSE, language)),)


def _request(record: Recorded) -> dict[str, str]:
    """Return what was declared with the last request whose text has the digest that is sealed."""
    kept = (record.beside.by_sha256.get(each["sha256"]) for each in reversed(record.document["messages"]))
    for text in kept:
        card = json.loads(text).get(REQUEST_CARD) if text is not None else None
        if isinstance(card, str):
            told = json.loads(card)
            return {name: line(told[name]) for name in REQUEST if isinstance(told.get(name), str)}
    return {}


def _shown(record: Recorded, language: Language) -> tuple[Block, ...]:
    names = names_of(record, language)
    rows = tuple(
        (
            str(number),
            kind_text(each["type"], language),
            names.get(each["from"], each["from"]),
            say(record_texts.KEPT[each["sha256"] in record.beside.by_sha256], language),
        )
        for number, each in enumerate(record.document["messages"], 1)
    )
    caption = say(record_texts.SHOWN_CAPTION, language)
    return (
        Paragraph(say(record_texts.SHOWN_IS, language)),
        Table(caption, record_texts.SHOWN_HEADER[language], rows, (1, 8, 6, 5)),
        *_token(record, language),
    )


def _token(record: Recorded, language: Language) -> tuple[Block, ...]:
    digest: Json = record.document.get("token")
    if digest is None:
        return (Paragraph(say(record_texts.TOKEN["none"], language)),)
    told = record_texts.TOKEN["kept" if digest in record.beside.by_sha256 else "missing"]
    facts = Facts(((say(record_texts.TOKEN_DIGEST, language), digest),), small=True)
    return (Paragraph(say(told, language)), facts)


def _proved(record: Recorded, language: Language) -> tuple[Block, ...]:
    left_out = set() if "token" in record.document else {"token"}
    return (_claims(record_texts.PROVES, record_texts.PROVES_HEADER, record_texts.PROVED, left_out, language),)


def _unproved(record: Recorded, language: Language) -> tuple[Block, ...]:
    left_out = {"date"} if record.seal.is_timestamped else set()
    return (
        _claims(record_texts.UNPROVED, record_texts.UNPROVED_HEADER, record_texts.NOT_PROVED, left_out, language),
        Paragraph(say(record_texts.VERIFIER, language)),
    )


def _claims(
    title: Text,
    header: Mapping[str, tuple[str, ...]],
    claims: Mapping[str, tuple[Text, Text]],
    left_out: set[str],
    language: Language,
) -> Table:
    rows = tuple(
        (say(claim, language), say(why, language)) for name, (claim, why) in claims.items() if name not in left_out
    )
    return Table(say(title, language), header[language], rows, (9, 12), main=0)


def names_of(record: Recorded, language: Language) -> dict[str, str]:
    """Return what to call the DID of either party: its role."""
    return {record.of(role)[0]: say(name, language) for role, name in texts.ROLES.items()}
