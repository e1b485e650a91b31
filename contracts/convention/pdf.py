"""A convention as a PDF/A-3B: set on paper by layout.py, with the document that was sealed attached as its source.

The same convention at the same instant gives the same bytes: nothing is taken from a clock or from chance, and the
metadata are written here, since the library would write the time of day into them.
"""

from datetime import datetime
from html import escape
from io import BytesIO

from fpdf.prefs import ViewerPreferences

from contracts.convention import texts
from contracts.convention.layout import (
    ACCENT,
    GAP,
    KIND,
    MARGIN,
    NOTE,
    SMALL,
    STRONG,
    TITLE,
    WIDTH,
    Sheet,
)
from contracts.convention.saying import say
from contracts.convention.structure import Convention, Party, Section

ATTACHMENT_TYPE = "application/jose+json"
PRODUCER = "Pupitre"


def draw(convention: Convention, at: datetime) -> bytes:
    """Return the PDF; `at` is the instant of making, with a time zone."""
    if at.tzinfo is None:
        raise ValueError("the instant at which a PDF is made has a time zone")
    sheet = Sheet(convention.footer, convention.sha256, say(texts.PAGE, convention.language))
    _describe(sheet, convention, at)
    sheet.add_page()
    _front(sheet, convention)
    _parties(sheet, convention)
    *articles, last = (convention.preamble, *convention.articles)
    for section in articles:
        _section(sheet, section)
    _section(sheet, last, sheet.height_of_signatures(convention.signatures))  # nobody signs on a page of its own
    sheet.block(convention.signatures)
    for number, section in enumerate(convention.annexes):
        if number == 0:
            sheet.add_page()
        _section(sheet, section)
    _attach(sheet, convention, at)
    written = BytesIO()
    sheet.output(written)
    return written.getvalue()


def _front(sheet: Sheet, convention: Convention) -> None:
    sheet.text_at(KIND, convention.title)
    sheet.ln(1.5)
    sheet.text_at(TITLE, convention.object)
    sheet.ln(4)
    sheet.block(convention.facts)
    sheet.set_line_width(0.5)
    sheet.rule(ACCENT)
    sheet.set_line_width(0.2)


def _parties(sheet: Sheet, convention: Convention) -> None:
    sheet.heading("", convention.between)
    width = (WIDTH - 2 * GAP) / 2
    top, lowest = sheet.get_y(), sheet.get_y()
    for number, party in enumerate(convention.parties):
        sheet.set_y(top)
        _party(sheet, party, MARGIN + number * (width + 2 * GAP), width)
        lowest = max(lowest, sheet.get_y())
    sheet.set_y(lowest)
    sheet.ln(1)


def _party(sheet: Sheet, party: Party, x: float, width: float) -> None:
    sheet.text_at(STRONG, party.name, x, width)
    for line in party.lines:
        sheet.text_at(SMALL, line, x, width, cut=" " not in line)
    sheet.text_at(NOTE, party.called, x, width)


def _section(sheet: Sheet, section: Section, after: float = 0) -> None:
    """Draw a section; `after` is the height of what must stay with its beginning."""
    sheet.heading(section.label, section.title, follows=after + sheet.height_of_start(section.blocks))
    sheet.blocks(section.blocks)


def _describe(sheet: Sheet, convention: Convention, at: datetime) -> None:
    title = f"{convention.title} – {convention.object}"
    sheet.set_title(title)
    sheet.set_author(convention.author)
    sheet.set_producer(PRODUCER)
    sheet.set_creation_date(at)
    sheet.set_lang(convention.language)
    sheet.viewer_preferences = ViewerPreferences(display_doc_title=True)
    sheet.set_xmp_metadata(_metadata(title, convention.author, f"{at:%FT%T}{_zone(at)}"))


def _zone(at: datetime) -> str:
    zone = f"{at:%z}"
    return f"{zone[:3]}:{zone[3:]}"


def _metadata(title: str, author: str, made: str) -> str:
    """Return the XMP metadata that PDF/A demands (ISO 19005-3 §6.6)."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
    xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>
   <xmp:CreateDate>{made}</xmp:CreateDate>
   <xmp:ModifyDate>{made}</xmp:ModifyDate>
   <pdf:Producer>{PRODUCER}</pdf:Producer>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""


def _attach(sheet: Sheet, convention: Convention, at: datetime) -> None:
    sheet.embed_file(
        bytes=convention.sealed.encode(),
        basename=convention.attachment,
        mime_type=ATTACHMENT_TYPE,
        associated_file_relationship="Source",
        desc=convention.reference,
        creation_date=at,
        modification_date=at,
        compress=True,
    )
