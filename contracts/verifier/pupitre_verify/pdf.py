"""The convention as a PDF: whether what is embedded in it is the sealed contract, and whether its own seal is whole.

The sealed JSON is authoritative; the PDF is what people read. It is examined where pyHanko is installed (extra `pdf`).
"""

import importlib.util
import io
import logging
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from pupitre_verify.package import Files
from pupitre_verify.report import Fault, Report
from pupitre_verify.seals import Seal
from pupitre_verify.strict import Unreadable, read_json

PART = "contract.pdf"
CONTRACT = "contract.jws.json"


def check_pdf(report: Report, files: Files, seals: Iterable[Seal]) -> None:
    """Verify the PDF of a bundle, where there is one and its reader is installed.

    1. Exactly one of the embedded files is a contract, and it is this one: same payload, same two seals.
    2. One of the parties sealed it; each seal in it is whole, and nothing but seals came after one.
    """
    if PART not in files:
        return
    if importlib.util.find_spec("pyhanko") is None:
        report.holds(
            PART,
            "présent, non examiné : installez pupitre-verify[pdf]",
            "there, not examined: install pupitre-verify[pdf]",
        )
        return
    from pyhanko.pdf_utils.reader import PdfFileReader

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it finds is told in the report
    try:
        reader = PdfFileReader(io.BytesIO(files[PART]), strict=True)
        embedded = _embedded(reader)
    except Exception as error:  # a damaged PDF makes its reader fail in any way
        raise Fault(PART, "", f"PDF illisible ({error})", f"the PDF cannot be read ({error})") from error
    _check_embedded(embedded, files[CONTRACT])  # 1
    _check_seals(report, reader, seals)  # 2


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


def _check_seals(report: Report, reader: Any, seals: Iterable[Seal]) -> None:
    try:
        made = [(one.field_name, one.signer_cert.dump(), _is_whole(one)) for one in reader.embedded_regular_signatures]
    except Exception as error:
        raise Fault(PART, "", f"cachet du PDF illisible ({error})", f"unreadable seal of the PDF ({error})") from error
    for name, _, is_whole in made:
        if not is_whole:
            raise Fault(PART, name, "le PDF a changé après son cachet", "the PDF was changed after it was sealed")
    known = {one.chain[0].public_bytes(Encoding.DER) for one in seals}
    if not any(certificate in known for _, certificate, _ in made):
        report.doubt(
            PART,
            "",
            "aucune partie n’a scellé ces pages : seule la convention jointe est sûre",
            "neither party sealed these pages: the embedded contract alone is sure",
        )
        return
    report.holds(
        PART, "contient la convention scellée, et n’a pas changé", "holds the sealed contract, and has not changed"
    )


def _is_whole(signature: Any) -> bool:
    """Return whether a seal of the PDF is good, and what came after it, if anything, was allowed to come."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    if not status.intact or not status.valid or status.docmdp_ok is False:
        return False
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return True
    level = status.modification_level
    return level is not None and level <= ModificationLevel.FORM_FILLING
