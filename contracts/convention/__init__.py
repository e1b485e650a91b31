"""A contract as people read and sign it: an HTML page, and a PDF/A-3 that carries the document that binds.

The sealed JSON is the contract; this room only shows it. One structure is drawn up from it, in French or in English,
and drawn as a page or as a PDF:

    convention = draw_up_convention(contract, conclusion=conclusion, language="fr")
    page = as_html(convention)                                  # needs nothing beyond the node
    pdf = as_pdf(convention, at=now)                            # the extra `pdf`; the same bytes for the same input
    pdf = await seal_pdf(pdf, signer, at=now)                   # PAdES, by the node that made it

Where one party alone has sealed, there is no convention: a record of the agreement takes its place, made of the same
parts and drawn in the same way, and says what it proves and what it does not:

    record = draw_up_record(sealed, Beside(ours=…, theirs=…, messages=…), language="fr")

`texts.py` holds every fixed sentence; `articles.py`, `annexes.py` and `drawing_up.py` put them in order, after what
`proof.py` reads of the seals. For a record `record_texts.py`, `record_articles.py`, `drawing_up_record.py` and
`record.py` do the same; `record_told.py` tells its parts to programs. `structure.py` is what they make. `page.py` draws
it as HTML; `pdf.py` on `layout.py` and `typefaces.py` as PDF; `pades.py` seals that. The last four need the extra `pdf`
and are imported when they are used, never when a node starts.
"""

from datetime import datetime

from contracts.convention.annexes import reason_text, rule_text
from contracts.convention.drawing_up import draw_up_convention
from contracts.convention.drawing_up_record import draw_up_record
from contracts.convention.errors import MissingPdfExtra
from contracts.convention.page import CONTENT_SECURITY_POLICY, as_html
from contracts.convention.proof import Revocation
from contracts.convention.record import Beside, Identity, read_record
from contracts.convention.record_told import Piece, told_pieces, told_sections
from contracts.convention.structure import Convention
from contracts.signer import Signer

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "Beside",
    "Convention",
    "Identity",
    "MissingPdfExtra",
    "Piece",
    "Revocation",
    "as_html",
    "as_pdf",
    "draw_up_convention",
    "draw_up_record",
    "read_record",
    "reason_text",
    "rule_text",
    "seal_pdf",
    "told_pieces",
    "told_sections",
]


def as_pdf(convention: Convention, *, at: datetime) -> bytes:
    """Return a convention or a record as a PDF/A-3B, not sealed yet; `at` is the instant at which it says it was made.

    Raises MissingPdfExtra where the node was installed without the extra `pdf`.
    """
    try:
        from contracts.convention import pdf
    except ModuleNotFoundError as error:
        raise MissingPdfExtra.of(error) from error
    return pdf.draw(convention, at)


async def seal_pdf(pdf: bytes, signer: Signer, *, at: datetime, reason: str = "") -> bytes:
    """Return the PDF with a PAdES seal (level B) by the node's seal key.

    Raises MissingPdfExtra where the node was installed without the extra `pdf`; what the signer raises passes through.
    """
    try:
        from contracts.convention import pades
    except ModuleNotFoundError as error:
        raise MissingPdfExtra.of(error) from error
    return await pades.seal(pdf, signer, at=at, reason=reason)
