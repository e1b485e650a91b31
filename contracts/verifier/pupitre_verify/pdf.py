"""The convention as a PDF: whether what is embedded in it is the sealed contract, and whether its own seal is whole.

The sealed JSON is authoritative; the PDF is what people read. It is examined where pyHanko is installed (extra `pdf`).
"""

import importlib.util
import io
import logging
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from pupitre_verify.der import read_first
from pupitre_verify.package import Files
from pupitre_verify.report import Fault, Report
from pupitre_verify.seals import Seal
from pupitre_verify.strict import Unreadable, read_json

PART = "contract.pdf"
CONTRACT = "contract.jws.json"


def check_pdf(report: Report, files: Files, seals: Iterable[Seal]) -> bool:
    """Verify the PDF of a bundle, where there is one and its reader is installed; return whether it was examined.

    1. Exactly one of the embedded files is a contract, and it is this one: same payload, same two seals.
    2. One of the parties sealed it, and its seal covers the whole file.
    """
    if PART not in files:
        return False
    if importlib.util.find_spec("pyhanko") is None:
        report.left_out(
            PART,
            "présent, non examiné : installez pupitre-verify[pdf]",
            "there, not examined: install pupitre-verify[pdf]",
        )
        return False
    from pyhanko.pdf_utils.reader import PdfFileReader

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it finds is told in the report
    try:
        reader = PdfFileReader(io.BytesIO(files[PART]), strict=True)
        embedded = _embedded(reader)
    except Exception as error:  # a damaged PDF makes its reader fail in any way
        raise Fault(PART, "", f"PDF illisible ({error})", f"the PDF cannot be read ({error})") from error
    _check_embedded(embedded, files[CONTRACT])  # 1
    _check_seals(report, reader, files[PART], seals)  # 2
    return True


def _embedded(reader: Any) -> list[bytes]:
    """Return the files embedded in the PDF."""
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"] if "/Names" in reader.root else []
    files = [names[n] for n in range(1, len(names), 2)]
    return [bytes(one["/EF"]["/F"].data) for one in files]


def _check_embedded(embedded: list[bytes], contract: bytes) -> None:
    wanted = _essence(contract)
    found = [one for one in map(_essence, embedded) if one is not None]
    if len(found) != 1 or found[0] != wanted:
        raise Fault(
            PART,
            CONTRACT,
            "la convention jointe au PDF n’est pas celle du dossier",
            "the contract embedded in the PDF is not the one of the bundle",
        )


def _essence(raw: bytes) -> Any:
    """Return payload and seals of a contract, without what may be added later; None for anything else."""
    try:
        jws = read_json(raw)
        return jws["payload"], [(one["protected"], one["signature"]) for one in jws["signatures"]]
    except (Unreadable, KeyError, TypeError):
        return None


def _check_seals(report: Report, reader: Any, pdf: bytes, seals: Iterable[Seal]) -> None:
    try:
        made = [(one.field_name, one.signer_cert.dump(), _is_whole(one, pdf)) for one in reader.embedded_signatures]
    except Exception as error:
        raise Fault(PART, "", f"cachet du PDF illisible ({error})", f"unreadable seal of the PDF ({error})") from error
    for name, _, is_whole in made:
        if not is_whole:
            raise Fault(PART, name, "le PDF a changé après son cachet", "the PDF was changed after it was sealed")
    owner = {one.chain[0].public_bytes(Encoding.DER): one.did for one in seals}
    by = next((owner[certificate] for _, certificate, _ in made if certificate in owner), None)
    if by is None:
        report.doubt(
            PART,
            "",
            "aucune partie n’a scellé ces pages : seule la convention jointe est sûre",
            "neither party sealed these pages: the embedded contract alone is sure",
        )
        return
    report.holds(
        PART,
        f"contient la convention scellée, et n’a pas changé depuis que {by} a scellé ces pages ; le texte des pages "
        "n’est pas comparé à la convention jointe, qui fait foi",
        f"holds the sealed contract, and has not changed since {by} sealed these pages; the words on the pages are not "
        "compared with the contract inside, which is the one that binds",
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
    status = validate_pdf_signature(signature, context, skip_diff=True)
    return bool(status.intact and status.valid)


def _is_one_value(room: bytes) -> bool:
    """Return whether there is one value in DER, and then zeros."""
    return not any(room[len(read_first(room).whole) :])


def _says_it_once(signature: Any) -> bool:
    """Return whether what a CMS signature does not cover, versions and the digest said twice, is as it must be."""
    signed, signer = signature.signed_data, signature.signer_info
    digests = [one.dump() for one in signed["digest_algorithms"]]
    return (signed["version"].native, signer["version"].native) == ("v1", "v1") and digests == [
        signer["digest_algorithm"].dump()
    ]
