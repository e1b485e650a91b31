"""A record drawn up from one-sided evidence: its first page, its articles, one seal, its annexes."""

from collections.abc import Sequence

from cryptography import x509

from contracts.convention import record_texts, texts
from contracts.convention.annexes import (
    agreement,
    messages,
    revocations,
    seal_facts,
    sealed_lines,
    timestamp_note,
)
from contracts.convention.articles import Contents, numbered
from contracts.convention.drawing_up import numbers_line
from contracts.convention.proof import ROLES, Revoked
from contracts.convention.record import Beside, Identity, Recorded, read_record
from contracts.convention.record_articles import articles, names_of, nature
from contracts.convention.saying import date_text, instant_text, say
from contracts.convention.structure import (
    Block,
    Convention,
    Facts,
    OwnWords,
    Paragraph,
    Party,
    Section,
    Signatures,
)
from contracts.terms import GENERATOR
from contracts.texts import line
from policies.errors import Language, Text

ATTACHMENT = "unilateral.jws.json"


def draw_up_record(
    sealed: str,
    beside: Beside,
    *,
    roots: Sequence[x509.Certificate] = (),
    revoked: Revoked | None = None,
    language: Language = "fr",
) -> Convention:
    """Return the record that one-sided evidence is, the text of a JWS, with what stands beside it in the node.

    It was checked before: here it is read. `roots` are the authorities that this node trusts, `revoked` the keys that
    it knows to be revoked. Raises ContractError for what cannot be read.
    """
    record = read_record(sealed, beside, roots, revoked)
    return Convention(
        language=language,
        title=say(record_texts.TITLE, language),
        object=OwnWords(line(record.dataset.title)) or record.dataset.id,
        reference=record.document["id"],
        facts=_facts(record, language),
        between=say(record_texts.PARTIES, language),
        parties=(_party(record, ROLES[0], language), _party(record, ROLES[1], language)),
        preamble=nature(record, language),
        articles=articles(record, language),
        signatures=_signatures(record, language),
        annexes=_annexes(record, language),
        created_at=record.document["createdAt"],
        sha256=record.sealed.sha256,
        footer=say(record_texts.FOOTER, language),
        sealed=sealed,
        name="constat",
        attachment=ATTACHMENT,
        author=record.name(record.role),
    )


def _facts(record: Recorded, language: Language) -> Facts:
    known = {
        "reference": record.document["id"],
        "agreement": record.document["agreement"]["id"],
        "drawn-up": date_text(record.document["createdAt"], language),
        "status": "\n".join((say(record_texts.STATUS[record.role], language), *revocations([record.seal], language))),
        "level": say(texts.LEVELS[record.seal.level], language),
        "made": instant_text(record.beside.at.replace(second=0), language),
    }
    return Facts(tuple((say(record_texts.FACTS[name], language), value) for name, value in known.items()))


def _party(record: Recorded, role: str, language: Language) -> Party:
    did, known = record.of(role)
    numbers = {name: value for name, value in (("siren", known.siren), ("siret", known.siret)) if value}
    lines = [
        *numbers_line(numbers),
        *([say(texts.REPRESENTED, language, function=line(known.function))] if known.function else []),
        *([say(texts.MANDATE, language, mandate=line(known.mandate))] if known.mandate else []),
        did,
        say(_known_by(record, role, known), language),
    ]
    return Party(record.name(role), tuple(lines), say(texts.CALLED[role], language))


def _known_by(record: Recorded, role: str, known: Identity) -> Text:
    """Return whether a party has sealed, and where its name comes from."""
    if role == record.role:
        return record_texts.HAS_SEALED[known.is_from_card]
    return record_texts.HAS_NOT_SEALED["card" if known.is_from_card else "name" if known.name else "did"]


def _signatures(record: Recorded, language: Language) -> Signatures:
    columns = []
    for role in ROLES:
        lines = [record.name(role)]
        if role == record.role:
            lines += sealed_lines(record.seal, language, level=record_texts.FACTS["level"], awaits_timestamps=False)
        else:
            lines.append(say(record_texts.SEALED_NOTHING, language))
        columns.append((say(texts.FOR[role], language), tuple(lines)))
    return Signatures(tuple(columns))


def _annexes(record: Recorded, language: Language) -> tuple[Section, ...]:
    contents: Contents = (
        (record_texts.SEAL, _seal(record, language)),
        (texts.AGREEMENT, agreement(record.document["agreement"], language)),
        (texts.DIGESTS, _digests(record, language)),
    )
    return numbered(texts.ANNEX, contents, language)


def _seal(record: Recorded, language: Language) -> tuple[Block, ...]:
    return (
        seal_facts(record.seal, language, awaits_timestamps=False),
        Paragraph(say(record_texts.LEVELS_NOTE, language), note=True),
        *timestamp_note([record.seal], language, awaits_timestamps=False),
    )


def _digests(record: Recorded, language: Language) -> tuple[Block, ...]:
    document = record.document
    known = {
        "record": record.sealed.sha256,
        "agreement": document["agreement"]["sha256"],
        "token": document.get("token"),
    }
    rows = tuple((say(record_texts.DIGESTS_OF[name], language), value) for name, value in known.items() if value)
    return (
        Paragraph(say(texts.DIGESTS_ARE, language)),
        Facts(rows, small=True),
        messages(record_texts.MESSAGES_CAPTION, document["messages"], names_of(record, language), language),
        Paragraph(say(texts.GENERATOR, language, generator=GENERATOR), note=True),
    )
