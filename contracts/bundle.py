"""The evidence bundle: one ZIP file that shows, without either node, what was sealed and what led to it.

It is written in one way only: files in the order of their names, stored, with one date, so that the same parts give
the same bytes. `manifest.json` lists every file with its digest; `README.txt` says how to check all of it with openssl.
What the parts are worth is not looked at here: that is for `pupitre-verify`, which shares no code with this module.
"""

import io
import json
import re
import stat
import zipfile
from base64 import encodebytes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from contracts.bundle_readme import readme
from contracts.canonical import canonical, sha256
from contracts.jws import read_sealed
from contracts.seals import Role

SCHEMA = "https://w3id.org/pupitre/bundle/1"
SCHEMA_2 = "https://w3id.org/pupitre/bundle/2"
"""Of a bundle that holds a list of keys of the conclusion: a verifier which does not know that piece says so."""
CONTRACT, CONCLUSION, UNILATERAL = "contract.jws.json", "conclusion.jws.json", "unilateral.jws.json"
CONVENTION_PDF, RECORD_PDF = "contract.pdf", "unilateral.pdf"
ROLES: tuple[Role, ...] = ("provider", "consumer")
MOST = 999
"""How many checkpoints a bundle holds: the last ones."""
_CALENDAR = (1980, 1, 1, 0, 0, 0)
_WHAT = {
    "README.txt": "how to check",
    CONTRACT: "the contract, sealed by both",
    CONCLUSION: "the conclusion, sealed by the provider",
    UNILATERAL: "one-sided evidence, sealed by one party",
    "checkpoints": "a checkpoint of the journal, sealed by the party whose journal it is",
    CONVENTION_PDF: "the convention, to be read",
    RECORD_PDF: "the record of one-sided evidence, to be read",
    "journal.jsonl": "the journal's chain",
    "notices": "a notice, sealed by its author",
    "dids": "a DID document, as it was seen",
    "cards": "a party card",
    "certs": "the certificates of a seal",
    "messages": "a message, as it was exchanged",
    "status": "what is known of revocations",
    **{f"status/{role}-at-conclusion.json": "what was known of revocations at the conclusion" for role in ROLES},
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The parts of a bundle, each as it was received or stored: texts are written in UTF-8 and not changed."""

    contract: str = field(default="", repr=False)
    """The JWS with both seals, time-stamps included; empty where only one party sealed."""
    conclusion: str = field(default="", repr=False)
    unilateral: str = field(default="", repr=False)
    """The JWS over one-sided evidence, in the place of contract and conclusion."""
    notices: Sequence[str] = field(default=(), repr=False)
    pdf: bytes | None = field(default=None, repr=False)
    """The convention, or the record of one-sided evidence, sealed by the node that made it."""
    did_documents: Mapping[Role, str] = field(default_factory=dict, repr=False)
    """As they were seen when the seals were made; that of a partner that sealed nothing, when the bundle was."""
    cards: Mapping[Role, str] = field(default_factory=dict, repr=False)
    """The compact JWS whose digests stand in the contract."""
    seal_keys: Mapping[Role, str] = field(default_factory=dict, repr=False)
    """The signed lists of seal keys (`did-history.json`), where they are known."""
    earlier_seal_keys: Mapping[Role, str] = field(default_factory=dict, repr=False)
    """Those that were in force here when the contract was concluded, where the others say something else."""
    messages: Sequence[str] = field(default=(), repr=False)
    """The bodies of all DSP messages of the negotiation, in order, whoever sent them."""
    journal: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """Text and hash of each entry, in order."""
    checkpoints: Sequence[str] = field(default=(), repr=False)
    """The JWS of those that cover the journal, in order."""


def pack(evidence: Evidence) -> bytes:
    """Return the bundle as the bytes of a ZIP file.

    Raises ValueError unless there is either a contract or one-sided evidence, ContractError for a JWS without form.
    """
    if bool(evidence.contract) == bool(evidence.unilateral):
        raise ValueError("a bundle holds a contract, or one-sided evidence")
    files = dict(_files(evidence))
    files["README.txt"] = readme(
        {name: content.decode() for name, content in files.items() if name.endswith(".jws.json")},
        has_journal="journal.jsonl" in files,
        pdf=next((name for name in (CONVENTION_PDF, RECORD_PDF) if name in files), ""),
        shown=_shown(evidence) if evidence.unilateral else "",
    ).encode()
    listed = {name: {"sha256": sha256(content), "what": _what(name)} for name, content in files.items()}
    kind = "signed" if evidence.contract else "unilateral"
    schema = SCHEMA_2 if evidence.earlier_seal_keys else SCHEMA
    files["manifest.json"] = canonical({"schema": schema, "kind": kind, "files": listed})
    return _zipped(files)


def _files(evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    sealed = {CONTRACT: evidence.contract, CONCLUSION: evidence.conclusion, UNILATERAL: evidence.unilateral}
    sealed |= {f"notices/{n:03}.jws.json": notice for n, notice in enumerate(evidence.notices, 1)}
    sealed |= {f"checkpoints/{n:03}.jws.json": one for n, one in enumerate(evidence.checkpoints[-MOST:], 1)}
    for name, text in sealed.items():
        if text:
            yield name, text.encode()
            yield from _certificates(name, text)
    for folder, suffix, texts in (
        ("dids", "json", evidence.did_documents),
        ("cards", "jws", evidence.cards),
        ("status", "json", evidence.seal_keys),
        ("status", "json", {f"{role}-at-conclusion": text for role, text in evidence.earlier_seal_keys.items()}),
    ):
        for role, text in texts.items():
            yield f"{folder}/{role}.{suffix}", text.encode()
    for n, message in enumerate(evidence.messages, 1):
        yield f"messages/{n:03}-{_kind(message)}.json", message.encode()
    if evidence.journal:
        # Not `canonical`: an entry holds what a partner wrote, in whatever normal form, and its hash is of that text.
        lines = [orjson.dumps({"hash": hash_, "text": text}) for text, hash_ in evidence.journal]
        yield "journal.jsonl", b"".join(line + b"\n" for line in lines)
    if evidence.pdf is not None:
        yield CONVENTION_PDF if evidence.contract else RECORD_PDF, evidence.pdf


def _shown(evidence: Evidence) -> str:
    """Return where the DID document of the partner stands that sealed nothing, if it has a token that it may prove."""
    document = read_sealed(evidence.unilateral).document
    theirs = next((role for role in evidence.did_documents if role != document["role"]), None)
    return f"dids/{theirs}.json" if theirs is not None and "token" in document else ""


def _certificates(name: str, text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the certificates of a JWS as PEM, a file for each seal."""
    stem = name.removesuffix(".jws.json").replace("/", "-")
    for n, signature in enumerate(read_sealed(text).signatures):
        owner = ("provider", "consumer")[n] if name == CONTRACT else stem
        yield f"certs/{owner}.pem", b"".join(map(_pem, signature.certificates))


def _pem(der: bytes) -> bytes:
    text = encodebytes(der).replace(b"\n", b"")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])


def _kind(message: str) -> str:
    """Return what kind of message a body is, as the name of a file may say it."""
    told = json.loads(message).get("@type", "")
    return re.sub(r"\W", "", re.split(r"[:/#]", told)[-1], flags=re.ASCII)[:60] or "message"


def _what(name: str) -> str:
    return _WHAT.get(name) or _WHAT[name.partition("/")[0]]


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _CALENDAR)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
