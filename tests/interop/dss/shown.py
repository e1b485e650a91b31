"""What the judges are shown, as a node makes it: seals with time-stamps, sealed PDFs."""

import asyncio
from datetime import datetime, timedelta

from contracts.convention import Convention, as_pdf, draw_up_convention, seal_pdf
from contracts.jws import read_sealed
from contracts.timestamps import add_token, stamped_bytes
from policies.errors import Language
from tests.contracts.convention.samples import Hand, Sample
from tests.harness.stamper import Stamper


def stamped(text: str, stamper: Stamper, places: int = 2) -> str:
    """Return a sealed document with a time-stamp on each of its first seals."""
    sealed = read_sealed(text)
    for place in range(min(len(sealed.signatures), places)):
        text = add_token(text, place, stamper.token(stamped_bytes(sealed, place)))
    return text


def convention_of(made: Sample, language: Language = "fr") -> bytes:
    """Return the PDF of a contract, sealed by its provider."""
    convention = draw_up_convention(made.contract, conclusion=made.conclusion, language=language)
    return sealed_pdf(convention, made.provider, made.at)


def sealed_pdf(convention: Convention, hand: Hand, at: datetime) -> bytes:
    """Return a PDF, sealed a minute after what it shows."""
    at += timedelta(minutes=1)
    return asyncio.run(seal_pdf(as_pdf(convention, at=at), hand, at=at))
