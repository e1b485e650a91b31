"""The PDF: the same bytes each time, everything on its pages, the document that binds inside, sealed by the node."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

import contracts.convention
from contracts.convention import (
    Convention,
    MissingPdfExtra,
    as_pdf,
    draw_up_convention,
    draw_up_record,
    record_texts,
    seal_pdf,
    texts,
)
from contracts.convention.structure import Paragraph
from contracts.document import Dataset
from contracts.signer import Signer
from policies import scenarios
from tests.contracts.convention.reading import plain
from tests.contracts.convention.samples import AT, Sample, one_sided, personal, sample
from tests.harness.sealers import Sealer, given, p256

DID = scenarios.SYNDICAT
HEADERS = (texts.RULES_HEADER, texts.COMMITMENTS_HEADER, record_texts.PROVES_HEADER, record_texts.UNPROVED_HEADER)


@pytest.fixture(scope="module")
def lighting() -> Sample:
    return sample(scenarios.LIGHTING)


@pytest.fixture(scope="module")
def convention(lighting: Sample) -> Convention:
    return draw_up_convention(lighting.contract, conclusion=lighting.conclusion)


@pytest.fixture(scope="module")
def pdf(convention: Convention) -> bytes:
    return as_pdf(convention, at=AT)


def pages(pdf: bytes) -> list[str]:
    """Return the words of each page, its lines joined."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    finally:
        document.close()


def test_the_same_convention_at_the_same_instant_is_the_same_file(convention: Convention, pdf: bytes) -> None:
    assert as_pdf(convention, at=AT) == pdf
    assert as_pdf(convention, at=AT + timedelta(seconds=1)) != pdf


def test_every_page_names_the_digest_and_its_number(convention: Convention, pdf: bytes) -> None:
    said = pages(pdf)
    assert len(said) >= 4
    for number, text in enumerate(said, 1):
        assert f"Empreinte SHA-256 du contrat {convention.sha256}" in text
        assert f"Page {number} sur {len(said)}" in text


def test_everything_that_is_said_is_on_the_pages(lighting: Sample, convention: Convention, pdf: bytes) -> None:
    text = " ".join(pages(pdf))
    for sentence in (*lighting.document["terms"]["fr"], lighting.document["termination"]):
        assert " ".join(sentence.split()) in text
    for section in convention.sections:
        assert section.title in text


def test_it_is_written_in_english_as_well(lighting: Sample) -> None:
    made = as_pdf(draw_up_convention(lighting.contract, language="en"), at=AT)
    text = " ".join(pages(made))
    assert "Article 2 – Terms of use" in text
    assert "Page 1 of" in text
    assert PdfFileReader(BytesIO(made)).root["/Lang"] == "en"


def test_the_document_that_binds_is_attached_as_the_source(lighting: Sample, pdf: bytes) -> None:
    root = PdfFileReader(BytesIO(pdf)).root
    (attached,) = (each.get_object() for each in root["/AF"])
    assert (attached["/UF"], attached["/AFRelationship"]) == ("contract.jws.json", "/Source")
    assert attached["/EF"]["/F"].data.decode() == lighting.contract


@pytest.mark.parametrize(
    ("role", "language", "told"),
    [
        (
            "provider",
            "fr",
            ("Constat d’accord — preuve unilatérale", "Empreinte SHA-256 du constat", "N’a rien"),
        ),
        ("consumer", "en", ("Record of an agreement — one-sided", "SHA-256 digest of the record", "Sealed no")),
    ],
)
def test_a_record_of_one_sided_evidence_is_a_pdf_of_the_same_kind(role: str, language: Any, told: list[str]) -> None:
    made = one_sided(scenarios.LIGHTING, role)
    record = draw_up_record(made.sealed, made.beside, language=language)
    pdf = as_pdf(record, at=AT)
    assert as_pdf(record, at=AT) == pdf
    said, root = pages(pdf), PdfFileReader(BytesIO(pdf)).root
    for words in told:
        assert words in " ".join(said)
    assert all(record.sha256 in text for text in said)
    assert all(section.title in " ".join(said) for section in record.sections)
    (attached,) = (each.get_object() for each in root["/AF"])
    assert (attached["/UF"], attached["/AFRelationship"]) == ("unilateral.jws.json", "/Source")
    assert attached["/EF"]["/F"].data.decode() == made.sealed
    assert root["/Lang"] == language
    sealed = asyncio.run(seal_pdf(pdf, made.hand, at=AT))
    assert sealed.startswith(pdf)
    assert verdict(sealed, made.hand).valid
    assert f"<rdf:li>{made.beside.ours.name}</rdf:li>" in root["/Metadata"].data.decode()


def test_every_typeface_in_use_is_embedded(pdf: bytes) -> None:
    reader = PdfFileReader(BytesIO(pdf))
    fonts = reader.root["/Pages"]["/Kids"][0].get_object()["/Resources"]["/Font"]
    assert len(fonts) == 4
    for font in fonts.values():
        (descendant,) = font.get_object()["/DescendantFonts"]
        assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


def test_letters_that_the_typeface_lacks_are_replaced_and_the_rest_stays() -> None:
    made = sample(scenarios.COUNTS)
    made.document["dataset"] |= {"title": "Œuvre d’été « à l’ÉCOLE » : 12 €", "description": "Vélo 🚲 et 水‑route"}
    text = " ".join(pages(as_pdf(draw_up_convention(made.contract), at=AT)))
    assert "Œuvre d’été « à l’ÉCOLE » : 12 €" in text
    assert "Vélo ¤ et ¤-route" in text


def test_a_long_convention_turns_its_pages() -> None:
    long = "\n".join(f"{number}. " + "Mot après mot, la clause s’étend. " * 12 for number in range(60))
    made = sample(scenarios.FUEL_POVERTY, termination=long, personalData=personal() | {"purpose": long})
    terms = made.document["terms"]
    terms |= {name: terms[name] * 20 for name in ("fr", "en", "verified")}
    said = pages(as_pdf(draw_up_convention(made.contract), at=AT))
    assert len(said) > 12
    assert "59. Mot après mot" in " ".join(said)
    assert sum("N° Règle Vérification" in text for text in said) > 2


@pytest.mark.parametrize("lines", range(1, 9))
def test_no_heading_ends_a_page_and_no_note_begins_one(lines: int) -> None:
    made = one_sided(scenarios.COUNTS)
    told = replace(made.beside.dataset or Dataset(id=""), description="\n".join(["Une ligne."] * lines))
    drawn = draw_up_record(made.sealed, replace(made.beside, dataset=told))
    blocks = [block for section in drawn.sections for block in section.blocks]
    notes = tuple(plain(each.text)[:40] for each in blocks if isinstance(each, Paragraph) and each.note)
    headings = (*(section.title for section in drawn.sections), *(" ".join(header["fr"]) for header in HEADERS))
    for page in pages(as_pdf(drawn, at=AT)):
        body = page.partition(f" {drawn.footer}")[0]
        assert not body.startswith(notes)
        assert not body.endswith(headings)


def test_a_viewer_shows_the_title_and_not_the_name_of_the_file(pdf: bytes) -> None:
    assert PdfFileReader(BytesIO(pdf)).root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712


def test_a_row_longer_than_a_page_begins_where_it_stands_and_keeps_its_cells_together() -> None:
    made = sample(scenarios.LIGHTING)
    terms = made.document["terms"]
    long = "Mot après mot, la règle s’étend. " * 150
    terms |= {name: [long, *terms[name][1:]] for name in ("fr", "en")}
    notice = made.notice("termination", 9, "Mot après mot, le motif s’étend. " * 150)
    said = pages(as_pdf(draw_up_convention(made.contract, notices=[notice]), at=AT))
    (rule,) = (page for page in said if "N° Règle Vérification 1" in page)
    assert "Mot après mot" in rule
    assert "engagement seul" in rule
    (told,) = (page for page in said if "Date Avis Par Motif" in page)
    assert "le motif s’étend" in told
    assert "résiliation" in told


def test_a_word_longer_than_a_line_is_cut() -> None:
    made = sample(scenarios.COUNTS)
    made.document["dataset"]["id"] = "https://donnees.example/" + "tres_long/" * 40
    text = "".join(pages(as_pdf(draw_up_convention(made.contract), at=AT))).replace(" ", "")
    assert made.document["dataset"]["id"] in text


# --- the seal ---


@dataclass
class Remote:
    """A signer far away: the signature comes later, or not at all."""

    inner: Signer
    broken: bool = False
    asked: list[bytes] = field(default_factory=list)

    @property
    def kid(self) -> str:
        return self.inner.kid

    @property
    def algorithm(self) -> str:
        return self.inner.algorithm

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.inner.chain

    async def sign(self, signing_input: bytes) -> bytes:
        self.asked.append(signing_input)
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("the device does not answer")
        return await self.inner.sign(signing_input)


def sealer(algorithm: str) -> Sealer:
    key = p256() if algorithm == "ES256" else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Sealer(f"{DID}#seal-2026", key, (given(DID, key),), algorithm)


def verdict(pdf: bytes, signer: Signer):
    """Return what pyHanko says of the seal on a PDF, with the signer's own certificate trusted."""
    trust = list(load_certs_from_pemder_data(signer.chain[0]))
    context = ValidationContext(trust_roots=trust, allow_fetching=False, moment=AT)
    (seal,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(seal, context, key_usage_settings=None)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_the_seal_covers_the_whole_file_and_changes_no_byte_before_it(pdf: bytes, algorithm: str) -> None:
    signer = sealer(algorithm)
    sealed = asyncio.run(seal_pdf(pdf, signer, at=AT, reason="Convention"))
    assert sealed.startswith(pdf)
    said = verdict(sealed, signer)
    assert said.intact
    assert said.valid
    assert said.coverage.name == "ENTIRE_FILE"


def test_an_altered_page_is_seen(pdf: bytes) -> None:
    signer = sealer("ES256")
    sealed = bytearray(asyncio.run(seal_pdf(pdf, signer, at=AT)))
    place = sealed.index(b"/CreationDate") + 20
    sealed[place] ^= 1
    assert not verdict(bytes(sealed), signer).intact


def test_the_seal_waits_for_a_signer_far_away_and_asks_it_once(pdf: bytes) -> None:
    remote = Remote(sealer("ES256"))
    sealed = asyncio.run(seal_pdf(pdf, remote, at=AT))
    assert len(remote.asked) == 1
    assert verdict(sealed, remote).valid


def test_a_signer_that_fails_leaves_no_half_sealed_file(pdf: bytes) -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(seal_pdf(pdf, Remote(sealer("ES256"), broken=True), at=AT))


def test_an_instant_without_a_time_zone_is_refused(convention: Convention, pdf: bytes) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        as_pdf(convention, at=naive)
    with pytest.raises(ValueError, match="time zone"):
        asyncio.run(seal_pdf(pdf, sealer("ES256"), at=naive))


# --- the extra ---


@pytest.mark.parametrize("missing", ["fpdf", "fontTools.ttLib", "font_source_serif_pro"])
def test_without_the_extra_the_node_says_what_is_missing(
    convention: Convention, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    forget(monkeypatch, "layout", "pdf", "typefaces")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingPdfExtra) as caught:
        as_pdf(convention, at=AT)
    assert "pip install 'pupitre[pdf]'" in caught.value.say("fr")
    assert "HTML" in caught.value.say("en")
    assert caught.value.needed.startswith(missing.split(".")[0])


def test_without_the_extra_there_is_no_seal_either(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "pades")
    monkeypatch.setitem(sys.modules, "pyhanko.pdf_utils.incremental_writer", None)
    with pytest.raises(MissingPdfExtra):
        asyncio.run(seal_pdf(pdf, sealer("ES256"), at=AT))


def forget(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make modules of the room as if they had never been imported."""
    for name in names:
        monkeypatch.delitem(sys.modules, f"contracts.convention.{name}", raising=False)
        monkeypatch.delattr(contracts.convention, name, raising=False)


def test_a_node_that_starts_loads_nothing_of_it() -> None:
    program = (
        "import sys; import contracts.convention, connector.app;"
        " print(sorted({'fpdf', 'fontTools', 'PIL', 'pyhanko', 'asn1crypto'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
