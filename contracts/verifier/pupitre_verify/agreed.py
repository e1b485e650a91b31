"""What was agreed: the document's own consistency, the agreement, the messages that led to it."""

import hashlib
import json
import re
import unicodedata
from typing import Any

from pupitre_verify.identities import normal
from pupitre_verify.report import Fault, Report
from pupitre_verify.shapes import instant
from pupitre_verify.strict import Unreadable, read_json, write_canonical

CONTRACT = "contract.jws.json"
AGREEMENT_MESSAGE = "ContractAgreementMessage"
_NUMBERED = re.compile(r"messages/(\d{3})-(\w+)\.json")


def check_document(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """Verify what the document says of itself; return the agreement in it.

    1. The parties are two, and their numbers fit.
    2. The agreement's digest, and that it names these parties and this dataset.
    3. A sentence in each language for each rule, and their digest.
    4. It does not end before it begins.
    5. Personal data have a legal basis.
    """
    parties = _check_parties(part, document["parties"])  # 1
    agreement = check_agreement(part, document["agreement"])  # 2
    wanted = {"assigner": parties["provider"], "assignee": parties["consumer"], "target": document["dataset"]["id"]}
    for name, value in wanted.items():
        if agreement.get(name) != value:
            raise Fault(
                part,
                f"/payload/agreement/text ({name})",
                f"l’accord désigne autre chose que {value}",
                f"the agreement names something else than {value}",
            )
    terms = document["terms"]  # 3
    told = {name: terms[name] for name in ("fr", "en", "verified")}
    if len({len(listed) for listed in told.values()}) != 1:
        raise Fault(part, "/payload/terms", "les phrases ne vont pas par deux", "the sentences do not go in pairs")
    if hashlib.sha256(write_canonical(told)).hexdigest() != terms["sha256"]:
        raise Fault(
            part,
            "/payload/terms/sha256",
            "ce n’est pas l’empreinte des phrases",
            "this is not the digest of the sentences",
        )
    validity = document["validity"]  # 4
    if "until" in validity and instant(validity["until"]) < instant(validity["from"]):
        raise Fault(part, "/payload/validity/until", "la fin précède le début", "it ends before it begins")
    if document["dataset"]["personal"] and document["personalData"] == "none":
        raise Fault(
            part,
            "/payload/personalData",
            "données personnelles sans base légale",
            "personal data without a legal basis",
        )
    return agreement


def _check_parties(part: str, parties: dict[str, Any]) -> dict[str, str]:
    """Verify that the parties are two; return their DIDs by role."""
    dids = {role: str(parties[role]["did"]) for role in ("provider", "consumer")}
    if normal(dids["provider"]) == normal(dids["consumer"]):
        raise Fault(
            part, "/payload/parties/consumer/did", "les deux parties sont la même", "both parties are the same one"
        )
    for role in dids:
        siren, siret = parties[role].get("siren", ""), parties[role].get("siret")
        if siret is not None and not siret.startswith(siren):
            place = f"/payload/parties/{role}/siret"
            raise Fault(part, place, "ce SIRET n’est pas de ce SIREN", "this SIRET is not of this SIREN")
    return dids


def check_agreement(part: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return the agreement whose text, digest and identifier stand in a sealed document."""
    if hashlib.sha256(told["text"].encode("utf-8")).hexdigest() != told["sha256"]:
        raise Fault(
            part,
            "/payload/agreement/sha256",
            "ce n’est pas l’empreinte du texte de l’accord",
            "this is not the digest of the agreement's text",
        )
    try:
        agreement = read_json(told["text"])
    except Unreadable as error:
        raise Fault(part, "/payload/agreement/text", error.fr, error.en) from error
    if not isinstance(agreement, dict) or agreement.get("@id") != told["id"]:
        raise Fault(part, "/payload/agreement/id", "l’accord a un autre nom", "the agreement has another name")
    return agreement


def messages_of(files: dict[str, bytes]) -> list[tuple[str, str, bytes]]:
    """Return the messages in order: file, kind as the file's name says it, bytes."""
    return [(name, found[2], files[name]) for name in sorted(files) if (found := _NUMBERED.fullmatch(name)) is not None]


def check_messages(report: Report, part: str, files: dict[str, bytes], document: dict[str, Any]) -> set[str]:
    """Verify that the messages are those of which the sealed document holds the digests, and what they carry.

    Return the files whose digests are sealed: the message that carries the seal, and what follows it, are not.

    1. They are numbered from 1 on, without a gap.
    2. Each message of the document comes from one of the two, and is there, in its place, byte for byte.
    3. The agreement message carries the very agreement that was sealed.
    """
    messages = messages_of(files)
    for n, (name, _, _) in enumerate(messages, 1):  # 1
        if not name.startswith(f"messages/{n:03}-"):
            raise Fault(name, "", "la numérotation des messages a un trou", "the numbers of the messages have a gap")
    told = document["negotiation"]["messages"] if "negotiation" in document else document["messages"]
    place = "/payload/negotiation/messages" if "negotiation" in document else "/payload/messages"
    dids = _dids(document)
    for n, one in enumerate(told):  # 2
        if one["from"] not in dids:
            raise Fault(
                part,
                f"{place}/{n}/from",
                "ce message ne vient d’aucune des deux parties",
                "this message comes from neither of the two parties",
            )
        if n >= len(messages):
            report.doubt(
                part, f"{place}/{n}", "ce message n’est pas dans le dossier", "this message is not in the bundle"
            )
            return {name for name, _, _ in messages}
        name, _, raw = messages[n]
        if hashlib.sha256(raw).hexdigest() != one["sha256"]:
            raise Fault(
                name,
                f"{place}/{n}/sha256",
                "ce message n’est pas celui que les cachets couvrent",
                "this message is not the one that the seals cover",
            )
        if not _is_of_kind(name, raw, one["type"]):
            raise Fault(name, "/@type", f"ce n’est pas un {one['type']}", f"this is not a {one['type']}")
    report.holds(
        "messages",
        f"{len(told)} message(s) conforme(s) à leur empreinte sous cachet",
        f"{len(told)} message(s) as their sealed digests say",
    )
    _check_carrying(report, part, messages, document)  # 3
    return {name for name, _, _ in messages[: len(told)]}


def _check_carrying(
    report: Report, part: str, messages: list[tuple[str, str, bytes]], document: dict[str, Any]
) -> None:
    """Verify that whatever agreement message is there carries the agreement that was sealed."""
    carrying = [(name, raw) for name, _, raw in messages if kind_of(name, raw) == AGREEMENT_MESSAGE]
    if not carrying:
        report.doubt(
            part,
            "/payload/agreement/text",
            "le message qui porte l’accord n’est pas dans le dossier",
            "the message that carries the agreement is not in the bundle",
        )
    for name, raw in carrying:
        if _check_carries(name, raw, document["agreement"]["text"], may_be_escaped="parties" not in document):
            report.holds(
                name, "porte l’accord scellé, au caractère près", "carries the sealed agreement, to the letter"
            )
        else:
            report.holds(
                name,
                "porte l’accord scellé ; ses accents décomposés (hors NFC) y sont scellés en échappements JSON",
                "carries the sealed agreement; its decomposed accents (not NFC) are sealed as JSON escapes",
            )


def _dids(document: dict[str, Any]) -> set[str]:
    """Return who may have sent the messages: the parties of a contract, or who sealed the evidence and the partner."""
    if "parties" in document:
        return {one["did"] for one in document["parties"].values()}
    return {document["by"], document["peer"]}


def kind_of(name: str, raw: bytes) -> str:
    """Return what kind of message it says to be."""
    value = _read_message(name, raw)
    return _bare(value.get("@type", ""))


def _is_of_kind(name: str, raw: bytes, kind: Any) -> bool:
    """Return whether a message is of the kind that a sealed document names; an event may be named `TYPE:EVENT`."""
    told, event = kind_of(name, raw), _bare(_read_message(name, raw).get("eventType", ""))
    return _bare(kind) == told or (bool(event) and kind == f"{told}:{event}")


def _bare(kind: Any) -> str:
    return re.split(r"[:/#]", kind)[-1] if isinstance(kind, str) else ""


def _read_message(name: str, raw: bytes) -> dict[str, Any]:
    try:
        value = read_json(raw)
    except Unreadable as error:
        raise Fault(name, error.place, error.fr, error.en) from error
    if not isinstance(value, dict):
        raise Fault(name, "", "ce n’est pas un objet JSON", "this is not a JSON object")
    return value


def _check_carries(name: str, raw: bytes, text: str, *, may_be_escaped: bool) -> bool:
    """Return True for the very text that is sealed, False for one whose escapes are sealed. Raises Fault for another.

    Only a text that is not in normal form C may stand escaped: no document can hold it otherwise.
    """
    message, written = _read_message(name, raw), raw.decode("utf-8")
    member = next((one for one in message if _bare(one) == "agreement"), "agreement")
    carried = re.compile('"' + re.escape(member) + r'"\s*:\s*' + re.escape(text))
    is_same = message.get(member) == read_json(text)
    if is_same and carried.search(written):
        return True
    is_escaped = may_be_escaped and text.isascii() and not unicodedata.is_normalized("NFC", written)
    if not is_same or not is_escaped or not carried.search(_escaped(written)):
        raise Fault(
            name,
            f"/{member}",
            "l’accord de ce message n’est pas, au caractère près, celui qui est scellé",
            "the agreement in this message is not, to the letter, the one that is sealed",
        )
    return False


def _escaped(text: str) -> str:
    """Return a JSON text with all but ASCII in escapes, which says the same."""
    return re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text)
