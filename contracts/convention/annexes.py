"""The annexes of a convention: who sealed and whether it was concluded, the agreement's text, the digests."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from contracts.approval import Approval
from contracts.canonical import Json
from contracts.convention import texts
from contracts.convention.articles import Contents, numbered
from contracts.convention.proof import ROLES, Proof, Revocation, Seal
from contracts.convention.saying import date_text, instant_text, say
from contracts.convention.structure import (
    Block,
    Facts,
    OwnWords,
    Paragraph,
    Section,
    Signatures,
    Table,
    Verbatim,
    is_digest,
)
from contracts.texts import line
from policies.errors import Language, Text
from policies.prose import COLON

DELIVERY = "transfer "
"""How the reason of a notice begins that is about one delivery: its identifier follows."""


def signatures(document: Json, proof: Proof, language: Language) -> Signatures:
    """Return what stands where paper would be signed."""
    columns = []
    for role in ROLES:
        party, seal = document["parties"][role], proof.of(role)
        lines: list[str] = [OwnWords(party["legalName"]), OwnWords(party["representative"]["function"])]
        if seal is None:
            lines.append(say(texts.NOT_SEALED, language))
        else:
            lines += sealed_lines(seal, language, awaits_timestamps=proof.awaits_timestamps)
        columns.append((say(texts.FOR[role], language), tuple(lines)))
    return Signatures(tuple(columns))


def annexes(document: Json, proof: Proof, language: Language) -> tuple[Section, ...]:
    """Return the annexes in order, numbered from 1."""
    contents: Contents = (
        (texts.SEALS, _seals(document, proof, language)),
        (texts.AGREEMENT, agreement(document["agreement"], language)),
        (texts.DIGESTS, _digests(document, proof.sealed.sha256, language)),
    )
    return numbered(texts.ANNEX, contents, language)


def _seals(document: Json, proof: Proof, language: Language) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for seal in proof.seals:
        blocks.append(seal_facts(seal, language, awaits_timestamps=proof.awaits_timestamps))
    worth = say(texts.WORTH[document["framework"] != "none"], language)
    blocks.append(Paragraph(say(texts.LEVELS_NOTE, language, worth=worth), note=True))
    blocks += timestamp_note(proof.seals, language, awaits_timestamps=proof.awaits_timestamps)
    if proof.concluded_at:
        blocks.append(Paragraph(say(texts.CONCLUDED, language, at=date_text(proof.concluded_at, language))))
    else:
        blocks.append(Paragraph(say(texts.NOT_CONCLUDED, language)))
    if proof.notices:
        blocks.append(_notices(document, proof, language))
    return tuple(blocks)


def seal_facts(seal: Seal, language: Language, *, awaits_timestamps: bool) -> Facts:
    """Return what a seal tells of itself."""
    leaf = seal.certificate
    start, end = (_day(each, language) for each in (leaf.not_valid_before_utc, leaf.not_valid_after_utc))
    known = {
        "at": instant_text(seal.at, language),
        "approved": _approver(seal.approval, language) if seal.approval else say(texts.NONE_GIVEN, language),
        "opaque": seal.approval.by or seal.approval.rule if seal.approval else "",
        "level": say(texts.LEVELS[seal.level], language),
        "timestamp": say(texts.TIMESTAMP[_timestamp(seal, awaits_timestamps)], language),
        "subject": seal.subject,
        "issuer": seal.issuer or say(texts.BY_ITSELF, language),
        "validity": say(texts.VALIDITY, language, start=start, end=end),
        "kid": seal.kid,
        "revoked": _revoked(seal.revocation, language) if seal.revocation else "",
        "digest": seal.certificate_sha256,
    }
    return Facts(
        tuple((say(texts.SEAL[name], language), value) for name, value in known.items() if value),
        small=True,
        caption=say(texts.SEAL_CAPTION[seal.role], language),
    )


def sealed_lines(
    seal: Seal, language: Language, *, awaits_timestamps: bool, level: Text = texts.FACTS["level"]
) -> list[str]:
    """Return what stands below the name of who sealed: when, with what behind it, and who approved.

    `level` is what the level is called.
    """
    time_stamp = say(texts.TIMESTAMP[_timestamp(seal, awaits_timestamps)], language)
    return [
        say(texts.SEALED_ON, language, at=instant_text(seal.at.replace(second=0), language)),
        f"{say(level, language)}{COLON[language]}{seal.level}, {time_stamp}",
        *([_approval(seal.approval, language)] if seal.approval else []),
    ]


def revocations(seals: Sequence[Seal], language: Language) -> list[str]:
    """Return what it means for each seal whose key is revoked; nothing where none is."""
    return [
        say(
            texts.REVOKED[_when_revoked(seal, revoked)],
            language,
            seal=say(texts.SEAL_CAPTION[seal.role], language),
            at=instant_text(revoked.at, language),
        )
        for seal in seals
        if (revoked := seal.revocation) is not None
    ]


def _when_revoked(seal: Seal, revoked: Revocation) -> str:
    """Return when, as a verifier weighs it: who wants to be out of a contract may date a revocation back."""
    if revoked.at <= seal.at:
        return "before" if revoked.listed_at is not None and revoked.listed_at < seal.at else "dated-back"
    return "stamped" if seal.is_timestamped else "since"


def _revoked(revocation: Revocation, language: Language) -> str:
    at, reason = instant_text(revocation.at, language), line(revocation.reason)
    return say(texts.REVOKED_FOR, language, at=at, reason=reason) if reason else at


def timestamp_note(seals: Sequence[Seal], language: Language, *, awaits_timestamps: bool) -> list[Paragraph]:
    """Return what it means that a seal bears no time-stamp, yet or at all; nothing where each bears one."""
    found = {_timestamp(each, awaits_timestamps) for each in seals} & texts.TIMESTAMP_NOTE.keys()
    return [Paragraph(say(texts.TIMESTAMP_NOTE[each], language), note=True) for each in sorted(found)]


def _timestamp(seal: Seal, awaits_timestamps: bool) -> str:
    if seal.is_timestamped:
        return "stamped"
    return "awaited" if awaits_timestamps else "none"


def _approval(approval: Approval, language: Language) -> str:
    approver = _approver(approval, language)
    if approval.rule:
        return say(texts.APPROVED_BY_RULE, language, rule=approver)
    return say(texts.APPROVED_BY, language, function=approver)


def _approver(approval: Approval, language: Language) -> str:
    """Return who approved: a function, or a rule in words."""
    if approval.rule:
        return rule_text(approval.rule, language)
    return OwnWords(approval.function) or say(texts.NONE_GIVEN, language)


def rule_text(rule: str, language: Language) -> str:
    """Return a rule by which a node approves, in words; one that has none here goes by its code."""
    known = (said for code, said in texts.APPROVING_RULES.items() if f"{rule} ".startswith(f"{code} "))
    said = next(known, None)
    return say(texts.RULE, language, rule=rule if said is None else say(said, language))


def _day(instant: datetime, language: Language) -> str:
    return date_text(f"{instant:%F}", language)


def _notices(document: Json, proof: Proof, language: Language) -> Table:
    names = {party["did"]: OwnWords(party["legalName"]) for party in document["parties"].values()}
    rows = tuple(
        (
            date_text(each.at, language),
            say(texts.NOTICES[each.kind], language) if each.kind in texts.NOTICES else each.kind,
            names.get(each.by, each.by),
            reason_text(each.kind, each.reason, language),
        )
        for each in proof.notices
    )
    return Table(say(texts.NOTICES_CAPTION, language), texts.NOTICES_HEADER[language], rows, (4, 3, 4, 9), small=True)


def reason_text(kind: str, reason: str, language: Language) -> str:
    """Return why a notice of a kind was given; what nodes write there for one another is put into words."""
    if kind == "receipt" and is_digest(reason):
        return say(texts.NOTICE_REASONS["receipt"], language, sha256=reason)
    first, *others = reason.split("\n")
    if not first.startswith(DELIVERY):
        return OwnWords(reason)
    return "\n".join((say(texts.NOTICE_REASONS["transfer"], language, id=first.removeprefix(DELIVERY)), *others))


def agreement(told: Json, language: Language) -> tuple[Block, ...]:
    """Return the text of the agreement, set out in lines, and its digest."""
    laid_out = json.dumps(json.loads(told["text"]), ensure_ascii=False, indent=2)
    return (
        Paragraph(say(texts.AGREEMENT_IS, language)),
        Facts(((say(texts.DIGESTS_OF["agreement"], language), told["sha256"]),), small=True),
        Verbatim(laid_out),
    )


def _digests(document: Json, contract_sha256: str, language: Language) -> tuple[Block, ...]:
    parties, framework = document["parties"], document["framework"]
    known = {
        "contract": contract_sha256,
        "agreement": document["agreement"]["sha256"],
        "terms": document["terms"]["sha256"],
        "provider": parties["provider"]["cardSha256"],
        "consumer": parties["consumer"]["cardSha256"],
        "framework": framework.get("sha256", "") if framework != "none" else "",
    }
    rows = tuple((say(texts.DIGESTS_OF[name], language), value) for name, value in known.items() if value)
    names = {party["did"]: say(texts.ROLES[role], language) for role, party in parties.items()}
    return (
        Paragraph(say(texts.DIGESTS_ARE, language)),
        Facts(rows, small=True),
        messages(texts.MESSAGES_CAPTION, document["negotiation"]["messages"], names, language),
        Paragraph(say(texts.GENERATOR, language, generator=document["terms"]["generator"]), note=True),
    )


def messages(caption: Text, listed: Sequence[Json], names: Mapping[str, str], language: Language) -> Table:
    """Return the messages with their digests; `names` is what to call a DID."""
    rows = tuple(
        (str(number), kind_text(each["type"], language), names.get(each["from"], each["from"]), each["sha256"])
        for number, each in enumerate(listed, 1)
    )
    return Table(say(caption, language), texts.MESSAGES_HEADER[language], rows, (1, 6, 4, 12), small=True)


def kind_text(kind: str, language: Language) -> str:
    """Return what a message is called; one that is not known goes by its type."""
    return say(texts.KINDS[kind], language) if kind in texts.KINDS else kind
