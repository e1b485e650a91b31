"""The PDF of a bundle, of a contract and of one-sided evidence alike: whole it changes nothing, else it is named."""

import asyncio
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pupitre_verify.examine import examine
from pupitre_verify.report import Report
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from contracts.bundle import Evidence, pack
from contracts.convention import as_pdf, seal_pdf
from tests.contracts.verifier import written
from tests.contracts.verifier.ours import drawn, evidence, one_sided, pages, sealer
from tests.contracts.verifier.test_bundle import CONSUMER, NOW, PROVIDER, SEALED_AT, follow
from tests.contracts.verifier.written import Organisation, der

OVERLAY = b"q 1 1 1 rg 0 0 600 800 re f Q"
"""Paints a page over."""


@dataclass(frozen=True)
class Kind:
    """A kind of bundle: its evidence, that of another agreement of the same organisation, and what is expected."""

    evidence: Evidence
    another: Evidence
    by: Organisation
    part: str
    source: str
    untouched: int
    """The exit status of the bundle as it was made."""

    def examined(self, pdf: bytes | None) -> Report:
        return examine(pack(replace(self.evidence, pdf=pdf)), at=NOW)

    def refused(self, pdf: bytes, status: int = 1) -> str:
        """Return which field of the PDF the report names; fail unless it names the PDF, and what is wrong with it."""
        report = self.examined(pdf)
        assert report.exit_status == status, report.as_text("en")
        told = [one for one in (*report.faults, *report.doubts) if one.part == self.part]
        assert len(told) == 1, report.as_text("en")
        assert told[0].fr in report.as_text("fr")
        assert told[0].en in report.as_text("en")
        return told[0].place


@pytest.fixture(scope="module")
def organisations() -> tuple[Organisation, ...]:
    names = {PROVIDER: "Métropole d’Exemple", CONSUMER: "Commune d’Exemple", "did:web:autre.example": "Une autre"}
    return tuple(Organisation(did, name) for did, name in names.items())


@pytest.fixture(scope="module", params=["signed", "unilateral"])
def kind(request: pytest.FixtureRequest, organisations: tuple[Organisation, ...]) -> Kind:
    provider, consumer, other = organisations
    if request.param == "signed":
        both = (evidence(provider, consumer), evidence(provider, other))
        return Kind(*both, provider, "contract.pdf", "contract.jws.json", 0)
    alone = (one_sided(provider, consumer), one_sided(provider, other))
    return Kind(*alone, provider, "unilateral.pdf", "unilateral.jws.json", 2)


@pytest.fixture(scope="module")
def pdf(kind: Kind) -> bytes:
    return pages(kind.evidence, kind.by)


@pytest.fixture(scope="module")
def stranger() -> Organisation:
    return Organisation("did:web:inconnu.example", "Un inconnu")


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Return the PDF with an incremental update, which leaves every byte before it as it was."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    made = BytesIO()
    writer.write(made)
    assert made.getvalue().startswith(pdf)
    return made.getvalue()


def first_page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0].get_object()
    return page


def test_a_pdf_that_nobody_touched_changes_nothing_in_the_verdict(kind: Kind, pdf: bytes) -> None:
    bare, whole, again = kind.examined(None), kind.examined(pdf), kind.examined(pdf)
    assert bare.exit_status == whole.exit_status == again.exit_status == kind.untouched
    assert [one.place for one in whole.doubts] == [one.place for one in bare.doubts]
    assert (whole.facts, whole.level, whole.unsealed) == (bare.facts, bare.level, bare.unsealed)
    assert "n’a pas changé" in next(one.fr for one in whole.findings if one.part == kind.part)
    assert kind.part not in [one.part for one in bare.findings]
    assert drawn(kind.evidence).sha256 in whole.as_text("fr")


def test_the_embedded_evidence_of_another_agreement_is_refused(kind: Kind) -> None:
    assert kind.refused(pages(kind.another, kind.by)) == kind.source


def test_pages_that_another_sealed_leave_a_doubt_that_names_them(kind: Kind, stranger: Organisation) -> None:
    report = kind.examined(pages(kind.evidence, stranger))
    assert kind.refused(pages(kind.evidence, stranger), status=2) == ""
    assert len(report.doubts) == len(kind.examined(None).doubts) + 1


def test_pages_that_show_something_else_under_the_same_evidence_are_refused(kind: Kind, pdf: bytes) -> None:
    def paint_over(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=OVERLAY))
        writer.update_container(page)

    assert kind.refused(updated(pdf, paint_over)) == "Cachet"


def test_other_evidence_in_an_incremental_update_is_refused(kind: Kind, pdf: bytes) -> None:
    def replace_evidence(writer: IncrementalPdfFileWriter) -> None:
        attached = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1].get_object()["/EF"]
        another = kind.another.contract or kind.another.unilateral
        attached[pdf_name("/F")] = writer.add_object(generic.StreamObject(stream_data=another.encode()))
        writer.update_container(attached)

    assert kind.refused(updated(pdf, replace_evidence)) == kind.source


def test_evidence_that_is_embedded_beside_the_right_one_is_refused(kind: Kind, pdf: bytes) -> None:
    def add_evidence(writer: IncrementalPdfFileWriter) -> None:
        names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        another = kind.another.contract or kind.another.unilateral
        stream = writer.add_object(generic.StreamObject(stream_data=another.encode()))
        files = generic.DictionaryObject({pdf_name("/F"): stream})
        told = {pdf_name("/F"): generic.pdf_string("z.json"), pdf_name("/EF"): files}
        names += [generic.pdf_string("z.json"), writer.add_object(generic.DictionaryObject(told))]
        writer.update_container(names)

    assert kind.refused(updated(pdf, add_evidence)) == kind.source


def test_a_field_that_paints_over_the_page_is_refused_though_it_only_waits_for_a_seal(kind: Kind, pdf: bytes) -> None:
    """A shadow attack that a reader of PDF may let pass: an empty place for a seal, with an appearance of its own."""

    def add_field(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Autre", on_page=0, box=(0, 0, 600, 800)))
        field = writer.root["/AcroForm"]["/Fields"][1].get_object()
        looks = RawContent(OVERLAY, box=BoxConstraints(600, 800)).as_form_xobject()
        field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(looks)})
        writer.update_container(field)

    assert kind.refused(updated(pdf, add_field)) == "Cachet"


def test_a_seal_that_somebody_added_is_refused(kind: Kind, pdf: bytes, stranger: Organisation) -> None:
    for who in (stranger, kind.by):
        assert kind.refused(sealed_again(pdf, who)) == "Cachet"


def test_a_seal_that_somebody_else_put_first_is_refused(kind: Kind, pdf: bytes, stranger: Organisation) -> None:
    first = sealed_again(as_pdf(drawn(kind.evidence), at=SEALED_AT), stranger)
    both = asyncio.run(seal_pdf(first, sealer(kind.by), at=SEALED_AT))
    assert kind.refused(both) == "Autre"


def sealed_again(pdf: bytes, who: Organisation) -> bytes:
    """Return the PDF with a visible seal in a field of its own, by the library's own hand."""
    key = PrivateKeyInfo.load(who.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    signer = SimpleSigner(x509.Certificate.load(der(who.chain[0])), key, SimpleCertificateStore())
    field = SigFieldSpec("Autre", on_page=0, box=(0, 0, 600, 800))
    hand = PdfSigner(PdfSignatureMetadata("Autre", md_algorithm="sha256"), signer, new_field_spec=field)
    made: BytesIO = hand.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    assert made.getvalue().startswith(pdf)
    return made.getvalue()


def test_no_byte_of_the_pages_may_change(kind: Kind, pdf: bytes) -> None:
    chance = random.Random(20_260_601)
    begin, end = pdf.rindex(b"/Contents <"), pdf.rindex(b">")
    for at in (*chance.sample(range(begin), 15), *chance.sample(range(end, len(pdf)), 5)):
        kind.refused(pdf[:at] + bytes([pdf[at] ^ 1 << at % 8]) + pdf[at + 1 :])
    kind.refused(pdf + b"\n% something more\n")
    assert kind.examined(pdf).exit_status == kind.untouched


def test_the_pages_of_one_kind_have_no_place_in_a_bundle_of_the_other(kind: Kind, pdf: bytes) -> None:
    other = {"contract.pdf": "unilateral.pdf", "unilateral.pdf": "contract.pdf"}[kind.part]
    with zipfile.ZipFile(BytesIO(pack(kind.evidence))) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    named = {"contract.pdf": "signed", "unilateral.pdf": "unilateral"}[kind.part]
    assert examine(written.pack(files, named), at=NOW).exit_status == kind.untouched
    report = examine(written.pack(files | {other: pdf}, named), at=NOW)
    assert (report.exit_status, report.faults[0].part) == (1, other)


@pytest.mark.by_hand
def test_the_page_in_the_bundle_shows_how_to_check_the_pdf_by_hand(kind: Kind, pdf: bytes, tmp_path: Path) -> None:
    def lines(name: str, content: bytes) -> list[str]:
        done = follow(pack(replace(kind.evidence, pdf=content)), tmp_path / name)
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line.startswith(kind.part)]

    certificate = "provider" if kind.untouched == 0 else "unilateral"
    assert {f"{kind.part} : OK", f"{kind.part}, certs/{certificate}.pem : OK"} <= set(lines("whole", pdf))
    with zipfile.ZipFile(BytesIO(pack(kind.evidence))) as archive:
        covers_all = "The messages: the digest of each is sealed." in archive.read("README.txt").decode()
    assert covers_all is (kind.part == "unilateral.pdf")
    assert lines("longer", pdf + b"\n") == []
    assert lines("altered", pdf.replace(b"/Count 5", b"/Count 4")) == []
