"""The convention as a PDF: whether what is embedded in it is the sealed contract, and whether its own seal is whole.

The sealed JSON is authoritative; the PDF is what people read. It is examined where pyHanko is installed (extra `pdf`).
"""

import importlib.util
import io
from typing import Any

from pupitre_verify.package import Files
from pupitre_verify.report import Fault, Report
from pupitre_verify.strict import Unreadable, read_json

PART = "contract.pdf"
CONTRACT = "contract.jws.json"


def check_pdf(report: Report, files: Files) -> None:
    """Verify the PDF of a bundle, where there is one and its reader is installed.

    1. Exactly one of the embedded files is a contract, and it is this one: same payload, same two seals.
    2. It has seals of its own; each is whole, and nothing but seals was added after the first.
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
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(files[PART]), strict=True)
        embedded = _embedded(reader)
    except (PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise Fault(PART, "", f"PDF illisible ({error})", f"the PDF cannot be read ({error})") from error
    _check_embedded(embedded, files[CONTRACT])  # 1
    _check_seals(report, reader)  # 2


def _embedded(reader: Any) -> list[bytes]:
    """Return the files embedded in the PDF."""
    from pyhanko.pdf_utils.generic import pdf_name

    names = reader.root.get("/Names", {}).get("/EmbeddedFiles", {}).get("/Names", [])
    return [bytes(one["/EF"][pdf_name("/F")].data) for one in list(names)[1::2]]


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


def _check_seals(report: Report, reader: Any) -> None:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    signatures = reader.embedded_regular_signatures
    if not signatures:
        report.holds(
            PART, "contient la convention scellée ; sans cachet propre", "holds the contract; no seal of its own"
        )
        return
    for one in signatures:
        try:
            context = ValidationContext(trust_roots=[one.signer_cert], allow_fetching=False)
            status = validate_pdf_signature(one, context)
        except (PdfError, ValueError, KeyError, TypeError) as error:
            raise Fault(PART, one.field_name, f"cachet illisible ({error})", f"unreadable seal ({error})") from error
        if not (status.intact and status.valid and status.docmdp_ok is not False and not _was_changed(status)):
            raise Fault(
                PART,
                one.field_name,
                "le PDF a été modifié après son cachet",
                "the PDF was changed after it was sealed",
            )
    report.holds(
        PART, "contient la convention scellée, et n’a pas changé", "holds the sealed contract, and has not changed"
    )


def _was_changed(status: Any) -> bool:
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    return bool(status.coverage < SignatureCoverageLevel.ENTIRE_REVISION or status.modification_level is None)
