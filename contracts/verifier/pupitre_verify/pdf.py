"""The pages as a PDF: whether what is embedded in it is the sealed document, and whether its own seal is whole.

The sealed JSON is authoritative; the PDF is what people read: the convention of a contract, or the record of one-sided
evidence. It is examined where pyHanko is installed (extra `pdf`).
"""

import importlib.util
import io
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from pupitre_verify.der import read_first
from pupitre_verify.package import Files
from pupitre_verify.report import Fault, Report
from pupitre_verify.seals import Seal
from pupitre_verify.strict import Unreadable, read_json


@dataclass(frozen=True)
class Pages:
    """What a PDF shows: its file, that of the sealed document in it, and what to call these."""

    part: str
    source: str
    fr: str
    en: str
    nobody_fr: str
    """Who should have sealed the pages and did not."""
    nobody_en: str


CONVENTION = Pages(
    "contract.pdf", "contract.jws.json", "la convention", "the contract", "aucune partie n’a", "neither party"
)
RECORD = Pages(
    "unilateral.pdf",
    "unilateral.jws.json",
    "la preuve unilatérale",
    "the one-sided evidence",
    "qui a scellé la preuve n’a pas",
    "not the one who sealed the evidence",
)


def check_pdf(report: Report, files: Files, pages: Pages, seals: Iterable[Seal]) -> bool:
    """Verify the PDF of a bundle, where there is one and its reader is installed; return whether it was examined.

    1. Exactly one of the embedded files is such a document, and it is this one: same payload, same seals.
    2. One of the parties sealed it, and its seal covers the whole file.
    """
    part = pages.part
    if part not in files:
        return False
    if importlib.util.find_spec("pyhanko") is None:
        report.left_out(
            part,
            "présent, non examiné : installez pupitre-verify[pdf]",
            "there, not examined: install pupitre-verify[pdf]",
        )
        return False
    from pyhanko.pdf_utils.reader import PdfFileReader

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it finds is told in the report
    try:
        reader = PdfFileReader(io.BytesIO(files[part]), strict=True)
        embedded = _embedded(reader)
    except Exception as error:  # a damaged PDF makes its reader fail in any way
        raise Fault(part, "", f"PDF illisible ({error})", f"the PDF cannot be read ({error})") from error
    _check_embedded(pages, embedded, files[pages.source])  # 1
    _check_seals(report, pages, reader, files[part], seals)  # 2
    return True


def _embedded(reader: Any) -> list[bytes]:
    """Return the files embedded in the PDF."""
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"] if "/Names" in reader.root else []
    files = [names[n] for n in range(1, len(names), 2)]
    return [bytes(one["/EF"]["/F"].data) for one in files]


def _check_embedded(pages: Pages, embedded: list[bytes], sealed: bytes) -> None:
    wanted = _essence(sealed)
    found = [one for one in map(_essence, embedded) if one is not None]
    if len(found) != 1 or found[0] != wanted:
        raise Fault(
            pages.part,
            pages.source,
            f"{pages.fr} jointe au PDF n’est pas celle du dossier",
            f"{pages.en} embedded in the PDF is not the one of the bundle",
        )


def _essence(raw: bytes) -> Any:
    """Return payload and seals of a document, without what may be added later; None for anything else."""
    try:
        jws = read_json(raw)
        return jws["payload"], [(one["protected"], one["signature"]) for one in jws["signatures"]]
    except (Unreadable, KeyError, TypeError):
        return None


def _check_seals(report: Report, pages: Pages, reader: Any, pdf: bytes, seals: Iterable[Seal]) -> None:
    part = pages.part
    try:
        made = [(one.field_name, one.signer_cert.dump(), _is_whole(one, pdf)) for one in reader.embedded_signatures]
    except Exception as error:
        raise Fault(part, "", f"cachet du PDF illisible ({error})", f"unreadable seal of the PDF ({error})") from error
    for name, _, is_whole in made:
        if not is_whole:
            raise Fault(part, name, "le PDF a changé après son cachet", "the PDF was changed after it was sealed")
    owner = {one.chain[0].public_bytes(Encoding.DER): one.did for one in seals}
    by = next((owner[certificate] for _, certificate, _ in made if certificate in owner), None)
    if by is None:
        report.doubt(
            part,
            "",
            f"{pages.nobody_fr} scellé ces pages : seule {pages.fr} jointe est sûre",
            f"{pages.nobody_en} sealed these pages: {pages.en} embedded alone is sure",
        )
        return
    report.holds(
        part,
        f"contient {pages.fr} scellée, et n’a pas changé depuis que {by} a scellé ces pages ; le texte des pages "
        f"n’est pas comparé à {pages.fr} jointe, qui fait foi",
        f"holds {pages.en} as it is sealed, and has not changed since {by} sealed these pages; the words on the pages "
        f"are not compared with {pages.en} inside, which is what binds",
    )


def _is_whole(signature: Any, pdf: bytes) -> bool:
    """Return whether a seal of the PDF is good and covers the whole file: nothing came after it, not even a seal.

    A later seal may show what it likes on a page, over what is written there; a node adds one and no other. The room
    that a seal stands in is all that it cannot cover: it holds the seal in one spelling, then zeros.
    """
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    begin, until, after, length = map(int, signature.byte_range)
    room = bytes(signature.pkcs7_content)
    if begin != 0 or after + length != len(pdf) or pdf[until:after] != b"<%s>" % room.hex().upper().encode():
        return False
    if not _is_one_value(room) or not _says_it_once(signature):
        return False
    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    with ThreadPoolExecutor(1) as apart:  # the library runs an event loop, and whoever calls may be in one
        status = apart.submit(validate_pdf_signature, signature, context, skip_diff=True).result()
    return bool(status.intact and status.valid)


def _is_one_value(room: bytes) -> bool:
    """Return whether there is one value in DER, and then zeros."""
    return not any(room[len(read_first(room).whole) :])


def _says_it_once(signature: Any) -> bool:
    """Return whether what a CMS signature does not cover is as it must be.

    That is its versions, its algorithms, and the name of the certificate's issuer: libraries compare names without
    regard to capitals, and look at parameters of algorithms as they like.
    """
    signed, signer = signature.signed_data, signature.signer_info
    digests = [signer["digest_algorithm"].dump(), *(one.dump() for one in signed["digest_algorithms"])]
    named = signer["sid"]
    return (
        (signed["version"].native, signer["version"].native) == ("v1", "v1")
        and digests in [[one, one] for one in _SHA256]
        and signer["signature_algorithm"].dump() in _SIGNED_WITH
        and named.name == "issuer_and_serial_number"
        and named.chosen["issuer"].dump() == signature.signer_cert.issuer.dump()
    )


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


def _pss(sha256: bytes) -> bytes:
    """Return RSASSA-PSS with SHA-256 throughout and a salt of as many octets (RFC 4055 §3.1)."""
    mask = _der(0x30, bytes.fromhex("06092a864886f70d010108"), sha256)
    parameters = _der(0x30, _der(0xA0, sha256), _der(0xA1, mask), bytes.fromhex("a203020120"))
    return _der(0x30, bytes.fromhex("06092a864886f70d01010a"), parameters)


_SHA256 = (bytes.fromhex("300d06096086480165030402010500"), bytes.fromhex("300b0609608648016503040201"))
"""With parameters that say nothing, and without any: both are in use (RFC 5754 §2)."""
_SIGNED_WITH = frozenset(
    {
        bytes.fromhex("300a06082a8648ce3d040302"),  # ECDSA with SHA-256
        bytes.fromhex("300d06092a864886f70d01010b0500"),  # RSA with SHA-256
        *map(_pss, _SHA256),
    }
)
