"""The PDF in a bundle: every way we know to change what its pages show, or whose they are, is refused or doubted."""

import asyncio
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO

import pytest
from pupitre_verify.examine import examine
from pupitre_verify.report import Report
from pyhanko import stamp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from contracts.bundle import Evidence, pack
from contracts.convention import as_pdf, draw_up_convention, pades, seal_pdf
from tests.contracts.verifier.ours import evidence, sealer
from tests.contracts.verifier.test_bundle import CONSUMER, NOW, SEALED_AT, parties
from tests.contracts.verifier.written import Organisation

AT = SEALED_AT + timedelta(minutes=1)
PDF = "contract.pdf"
FLIPS = 600 if os.environ.get("CI") == "true" else 150
SEED = 20_260_401
WHOLE_PAGE = (0, 0, 600, 850)


@dataclass(frozen=True)
class Made:
    """A concluded contract, its convention before a seal, and sealed by the provider."""

    provider: Organisation
    consumer: Organisation
    evidence: Evidence
    bare: bytes
    sealed: bytes

    def report(self, pdf: bytes) -> Report:
        return examine(pack(replace(self.evidence, pdf=pdf)), at=NOW)


def drawn(told: Evidence) -> bytes:
    return as_pdf(draw_up_convention(told.contract, conclusion=told.conclusion), at=AT)


def sealed_by(pdf: bytes, who: Organisation) -> bytes:
    return asyncio.run(seal_pdf(pdf, sealer(who), at=AT))


@pytest.fixture(scope="module")
def made() -> Made:
    provider, consumer = parties()
    told = evidence(provider, consumer)
    bare = drawn(told)
    return Made(provider, consumer, told, bare, sealed_by(bare, provider))


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_the_pages_that_a_party_sealed_pass_and_the_report_says_whose_they_are(alg: str) -> None:
    provider, consumer = parties(alg)
    told = evidence(provider, consumer)
    report = examine(pack(replace(told, pdf=sealed_by(drawn(told), provider))), at=NOW)
    assert report.exit_status == 0, report.as_text("en")
    assert f"has not changed since {provider.did} sealed these pages" in report.as_text("en")
    assert PDF not in report.unsealed


def test_pages_that_neither_party_sealed_are_doubted(made: Made) -> None:
    stranger = Organisation("did:web:autre.example", "Autre")
    for pdf in (made.bare, sealed_by(made.bare, stranger)):
        report = made.report(pdf)
        assert (report.exit_status, [one.part for one in report.doubts]) == (2, [PDF])


# --- what comes after the seal


def update(change: Callable[[IncrementalPdfFileWriter], None]) -> Callable[[Made], bytes]:
    """Return an attack that adds to the sealed file, as an editor saves it."""

    def attack(made: Made) -> bytes:
        writer, out = IncrementalPdfFileWriter(BytesIO(made.sealed)), BytesIO()
        change(writer)
        writer.write(out)
        return out.getvalue()

    return attack


def _another_page(writer: IncrementalPdfFileWriter) -> None:
    white = generic.StreamObject(stream_data=b"q 1 1 1 rg 0 0 600 850 re f Q")
    writer.add_stream_to_page(0, writer.add_object(white))


def _a_note_over_the_page(writer: IncrementalPdfFileWriter) -> None:
    note = {
        "/Type": generic.NameObject("/Annot"),
        "/Subtype": generic.NameObject("/FreeText"),
        "/Rect": generic.ArrayObject(map(generic.NumberObject, WHOLE_PAGE)),
        "/Contents": generic.TextStringObject("Prix : 1 000 000 €"),
        "/DA": generic.TextStringObject("/Helv 12 Tf 0 g"),
    }
    page, _ = writer.find_page_for_modification(0)
    entry = generic.DictionaryObject({generic.NameObject(name): value for name, value in note.items()})
    page.get_object()["/Annots"] = generic.ArrayObject([writer.add_object(entry)])
    writer.update_container(page.get_object())


def _shown_on_opening(writer: IncrementalPdfFileWriter) -> None:
    action = generic.DictionaryObject({generic.NameObject("/S"): generic.NameObject("/JavaScript")})
    action["/JS"] = generic.TextStringObject("app.alert('caduque')")
    writer.root["/OpenAction"] = action
    writer.update_root()


def seal_over_the_page(who: Callable[[Made], Organisation]) -> Callable[[Made], bytes]:
    """Return an attack by a second seal, good in itself, whose appearance hides the page."""

    def attack(made: Made) -> bytes:
        out = BytesIO()
        over = PdfSigner(
            PdfSignatureMetadata("Autre", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES),
            pades._Through(sealer(who(made))),
            stamp_style=stamp.TextStampStyle(stamp_text="Prix : 1 000 000 euros", background_opacity=1),
            new_field_spec=SigFieldSpec("Autre", on_page=0, box=WHOLE_PAGE),
        )
        asyncio.run(over.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(made.sealed)), output=out))
        return out.getvalue()

    return attack


def _the_seal_moved_into_the_update(writer: IncrementalPdfFileWriter) -> None:
    """The same seal over the same bytes, in a room as long as what was added: it seems to cover the whole file."""
    _another_page(writer)
    (field,) = PdfFileReader(writer.prev.stream).embedded_signatures
    held = field.sig_field.raw_get("/V").get_object()
    held["/Contents"] = generic.ByteStringObject(bytes(field.pkcs7_content) + bytes(4096))
    writer.update_container(held)


ATTACKS: dict[str, Callable[[Made], bytes]] = {
    "another page": update(_another_page),
    "a note over the page": update(_a_note_over_the_page),
    "a script": update(_shown_on_opening),
    "a seal of a stranger over the page": seal_over_the_page(lambda _: Organisation("did:web:x.example", "X")),
    "a seal of the other party over the page": seal_over_the_page(lambda made: made.consumer),
    "the seal moved": update(_the_seal_moved_into_the_update),
    "a byte after the end": lambda made: made.sealed + b" ",
    "a second end": lambda made: made.sealed + b"\n%%EOF\n",
    "its last byte left out": lambda made: made.sealed[:-1],
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_what_was_added_after_the_seal_is_refused(made: Made, attack: Callable[[Made], bytes]) -> None:
    report = made.report(attack(made))
    assert report.exit_status == 1
    assert report.faults[0].part == PDF, report.as_text("en")


# --- what is inside


def test_pages_of_another_contract_are_refused(made: Made) -> None:
    other = evidence(made.provider, Organisation(CONSUMER, "Commune d’Exemple"))  # with another key
    report = made.report(sealed_by(drawn(other), made.provider))
    assert report.exit_status == 1
    assert (report.faults[0].part, report.faults[0].place) == (PDF, "contract.jws.json")


def test_pages_that_hold_two_contracts_or_none_are_refused(made: Made) -> None:
    def attach(pdf: bytes, change: Callable[[generic.ArrayObject, IncrementalPdfFileWriter], None]) -> bytes:
        writer, out = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
        names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        change(names, writer)
        writer.update_container(names)
        writer.write(out)
        return sealed_by(out.getvalue(), made.provider)

    def twice(names: generic.ArrayObject, _: IncrementalPdfFileWriter) -> None:
        names.extend([generic.TextStringObject("z"), names.raw_get(1)])

    def none(names: generic.ArrayObject, _: IncrementalPdfFileWriter) -> None:
        names.clear()

    for change in (twice, none):
        report = made.report(attach(made.bare, change))
        assert (report.exit_status, report.faults[0].place) == (1, "contract.jws.json"), change.__name__


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_no_altered_byte_of_the_seal_itself_passes(alg: str) -> None:
    """What a seal says beside its certificate and its attributes is not signed: each byte of it in turn."""
    provider, consumer = parties(alg)
    told = evidence(provider, consumer)
    one = Made(provider, consumer, told, b"", sealed_by(drawn(told), provider))
    (held,) = PdfFileReader(BytesIO(one.sealed)).embedded_signatures
    room, begin = bytes(held.pkcs7_content), int(held.byte_range[1]) + 1
    certificate, name = held.signer_cert.dump(), held.signer_cert.issuer.dump()
    algorithm = held.signer_info["signature_algorithm"].dump()
    after, with_ = room.index(certificate) + len(certificate), room.rindex(algorithm)
    named = room.index(name, after) + len(name)
    for at in (*range(after - len(certificate)), *range(after, named), *range(with_, with_ + len(algorithm))):
        changed = bytearray(room)
        changed[at] ^= (0x20, 0x01)[at >= with_]  # a capital for a small letter; another tag, number or length
        written = bytes(changed).hex().upper().encode()
        report = one.report(one.sealed[:begin] + written + one.sealed[begin + len(written) :])
        assert (report.exit_status, report.faults[0].part) == (1, PDF), at


def test_no_altered_byte_of_the_file_passes(made: Made) -> None:
    """Bytes are drawn from the pages, and from the seal's own room, which the seal cannot cover."""
    (held,) = PdfFileReader(BytesIO(made.sealed)).embedded_signatures
    begin, end = int(held.byte_range[1]), int(held.byte_range[2])
    drawn_from = random.Random(SEED)
    places = [drawn_from.randrange(len(made.sealed)) for _ in range(FLIPS // 2)]
    places += [drawn_from.randrange(begin, end) for _ in range(FLIPS // 2)]
    for at in places:
        changed = bytearray(made.sealed)
        changed[at] ^= 1 << drawn_from.randrange(8)
        report = made.report(bytes(changed))
        assert report.exit_status != 0, at
        assert {one.part for one in (*report.faults, *report.doubts)} == {PDF}, at
    assert made.report(made.sealed).exit_status == 0


def test_where_nothing_reads_a_pdf_it_is_named_as_not_examined(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    report = made.report(made.sealed + b"anything")
    assert report.exit_status == 0
    assert PDF in report.unsealed
    assert PDF in [one.part for one in report.unexamined]
    assert "✓ contract.pdf" not in report.as_text("fr")
    assert "– contract.pdf : présent, non examiné : installez pupitre-verify[pdf]" in report.as_text("fr")
