"""How the parts of a convention lie on A4 paper: measures, type sizes, and a sheet that draws one part after another.

Lines of about 85 characters, ragged on the right: text that is justified without hyphenation has holes. A heading stays
with what follows; rows of a table do not break over pages unless they are longer than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos

from contracts.convention.structure import Block, Facts, Paragraph, Signatures, Table, Verbatim
from contracts.convention.typefaces import SANS, SERIF, faces, fitted

MARGIN = 31.0
TOP = 26.0
BOTTOM = 26.0
WIDTH = 210 - 2 * MARGIN
INK = (26, 26, 26)
QUIET = (88, 88, 88)
ACCENT = (29, 53, 87)
LINE = (200, 200, 200)
AFTER = 2.2
"""Space after a block."""
TOGETHER = 60.0
"""Height up to which parts are kept together."""
WHOLE_LINES = 5
"""Up to how many lines a paragraph stands whole on a page."""
ROW = 297 - TOP - BOTTOM - 12
"""Height of the largest row of a table that stands on one page, below the heading of the table."""
LABELS = 43.0
"""Width of the column of labels beside facts."""
GAP = 4.0
PT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Type:
    """A typeface at a size in points, with the distance of its lines and its colour."""

    family: str
    style: str
    size: float
    leading: float
    colour: tuple[int, int, int] = INK

    @property
    def line(self) -> float:
        """Distance of lines in millimetres."""
        return self.leading * PT


BODY = Type(SERIF, "", 10.5, 15)
STRONG = Type(SERIF, "B", 12, 16)
NOTE = Type(SANS, "", 8.6, 11.8, QUIET)
LABEL = Type(SANS, "", 9.2, 15, QUIET)
CELL = Type(SERIF, "", 10, 13.6)
HEAD = Type(SANS, "B", 8.6, 12, QUIET)
SMALL = Type(SANS, "", 8.6, 11.8)
SUBHEADING = Type(SANS, "B", 9.2, 13)
SMALL_LABEL = Type(SANS, "", 8.6, 11.8, QUIET)
CODE = Type(SANS, "", 7.8, 10.4)
HEADING = Type(SANS, "B", 12, 16, ACCENT)
KIND = Type(SANS, "B", 11, 15, ACCENT)
TITLE = Type(SERIF, "B", 20, 25)
FOOT = Type(SANS, "", 7.2, 9.6, QUIET)


class Sheet(FPDF):
    """Paper on which blocks are drawn from top to bottom; the foot of each page names the digest."""

    def __init__(self, footer: str, digest: str, page_of: str) -> None:
        super().__init__(unit="mm", format="A4", enforce_compliance="PDF/A-3B")
        self._foot = (footer, digest, page_of)
        self._measured: dict[tuple[Type, str, float], float] = {}
        for family, style, path in faces():
            self.add_font(family, style, path)
        self.set_margins(MARGIN, TOP, MARGIN)
        self.set_auto_page_break(True, BOTTOM)
        self.c_margin = 0
        self.set_line_width(0.2)

    def footer(self) -> None:
        """Draw the digest on the left and the number of the page on the right."""
        label, digest, page_of = self._foot
        self.set_draw_color(*LINE)
        self.line(MARGIN, 297 - BOTTOM + 8, 210 - MARGIN, 297 - BOTTOM + 8)
        self.set_y(297 - BOTTOM + 9.6)
        self._use(FOOT)
        self.cell(WIDTH, FOOT.line, fitted(label, SANS, ""), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(WIDTH - 30, FOOT.line, digest)
        # the number of pages is known at the end only: it stands alone, in the room of one digit
        digit = self.get_string_width("0")
        self.cell(30 - digit, FOOT.line, f"{page_of.format(page=self.page_no())} ", align="R")
        self.cell(digit, FOOT.line, "{nb}")

    # --- measures ---

    def room(self) -> float:
        """Return the height that is left on the page."""
        return 297 - BOTTOM - float(self.get_y())

    def need(self, height: float) -> None:
        """Turn the page if less than this height is left on it."""
        if self.room() < height:
            self.add_page()

    def height_of(self, kind: Type, text: str, width: float) -> float:
        """Return how high a text would be. Measured once: to break it into lines takes as long as to draw it."""
        measured = self._measured.get((kind, text, width))
        if measured is None:
            measured = self._measured[kind, text, width] = self._measure(kind, text, width)
        return measured

    def _measure(self, kind: Type, text: str, width: float) -> float:
        self._use(kind)
        said = _fitted(text, kind)
        if self._is_one_line(said, width):
            return kind.line
        height = self.multi_cell(width, kind.line, said, align="L", dry_run=True, output="HEIGHT")
        return float(height)  # type: ignore[arg-type]

    def _is_one_line(self, text: str, width: float) -> bool:
        return "\n" not in text and self.get_string_width(text) <= width

    # --- drawing ---

    def text_at(self, kind: Type, text: str, x: float = MARGIN, width: float = WIDTH, *, cut: bool = False) -> None:
        """Draw a text in a column, from the present height down; `cut` breaks lines anywhere."""
        self._use(kind)
        self.set_x(x)
        said = _fitted(text, kind)
        if self._is_one_line(said, width):  # many times faster than finding out where lines break
            self.cell(width, kind.line, said, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            return
        wrap = WrapMode.CHAR if cut else WrapMode.WORD
        self.multi_cell(width, kind.line, said, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT, wrapmode=wrap)

    def heading(self, label: str, title: str, *, follows: float = 22) -> None:
        """Draw the heading of a section and keep it with what follows; it also stands among the bookmarks."""
        self.need(HEADING.line + 6 + follows)
        self.ln(5.2)
        said = f"{label} – {title}" if label else title
        self.start_section(fitted(said, SANS, "B"))
        self.text_at(HEADING, said)
        self.ln(1.6)

    def rule(self, colour: tuple[int, int, int] = LINE) -> None:
        """Draw a line across the text."""
        self.set_draw_color(*colour)
        self.line(MARGIN, self.get_y(), 210 - MARGIN, self.get_y())

    def blocks(self, blocks: Sequence[Block]) -> None:
        """Draw blocks one after another; a note is never parted from the end of what it explains."""
        for place, block in enumerate(blocks):
            self.block(block, self._height_of_note(blocks[place + 1 : place + 2]))

    def block(self, block: Block, tail: float = 0) -> None:
        """Draw a block and the space after it; `tail` is the height of what stays with its end."""
        match block:
            case Paragraph():
                self._paragraph(block, tail)
            case Facts():
                self._facts(block, tail)
            case Table():
                self._table(block, tail)
            case Verbatim():
                for line in block.text.splitlines():
                    self.text_at(CODE, line, cut=True)
            case Signatures():
                self._signatures(block)
        self.ln(AFTER)

    def _paragraph(self, paragraph: Paragraph, tail: float) -> None:
        kind, lines = NOTE if paragraph.note else BODY, _lines(paragraph)
        heights = [self.height_of(kind, line, WIDTH) for line in lines]
        for line, height in zip(lines, together(heights, tail), strict=True):
            self.need(height if height <= WHOLE_LINES * kind.line or tail else 2 * kind.line)
            self.text_at(kind, line)

    def _height_of_paragraph(self, paragraph: Paragraph) -> float:
        return sum(self.height_of(NOTE if paragraph.note else BODY, line, WIDTH) for line in _lines(paragraph))

    def height_of_start(self, blocks: Sequence[Block]) -> float:
        """Return the height of what stays with the heading above: a short paragraph with what it introduces, a row."""
        match blocks:
            case [Table() as table, *rest]:
                rooms = together(self._heights(table, *_columns(table)), self._height_of_note(rest[:1]))
                return 3 * HEAD.line + min(rooms[0], TOGETHER)
            case [Paragraph() as first, Table() | Facts(), *_]:
                introduced = self.height_of_start(blocks[1:])
                return min(self._height_of_paragraph(first) + AFTER + introduced, 2 * TOGETHER)
            case [Paragraph() as first, *_]:
                return min(self._height_of_paragraph(first), WHOLE_LINES * BODY.line) + AFTER
        return 22

    def _height_of_note(self, blocks: Sequence[Block]) -> float:
        """Return the height of a note that comes next, with the space before it; nothing where none does."""
        match blocks:
            case [Paragraph(note=True) as note]:
                return AFTER + self._height_of_paragraph(note)
        return 0

    def _facts(self, facts: Facts, tail: float) -> None:
        label_type, value_type = (SMALL_LABEL, SMALL) if facts.small else (LABEL, BODY)
        x, width = MARGIN + LABELS + GAP, WIDTH - LABELS - GAP
        if facts.caption:
            self.need(60)
            self.text_at(SUBHEADING, facts.caption)
            self.ln(0.8)
        heights = [min(self.height_of(value_type, value, width), TOGETHER) for _, value in facts.rows]
        for (label, value), height in zip(facts.rows, together(heights, tail), strict=True):
            self.need(min(height, TOGETHER))
            top, page = self.get_y(), self.page
            self.text_at(label_type, label, MARGIN, LABELS)
            below = self.get_y()
            self.set_y(top)
            self.text_at(value_type, value, x, width, cut=" " not in value)
            if self.page == page:
                self.set_y(max(below, self.get_y()))
            self.ln(0.5)

    def _table(self, table: Table, tail: float) -> None:
        widths, kinds = _columns(table)
        rooms = [room if room <= ROW else TOGETHER for room in together(self._heights(table, widths, kinds), tail)]
        self.need(3 * HEAD.line + sum(rooms[:1]))
        if table.small:
            self.text_at(SUBHEADING, table.caption)
            self.ln(0.4)
        self._row(table.header, widths, [HEAD] * len(widths), INK)
        for row, room in zip(table.rows, rooms, strict=True):
            if self.room() < room:
                self.add_page()
                self._row(table.header, widths, [HEAD] * len(widths), INK)
            self._row(row, widths, kinds)

    def _heights(self, table: Table, widths: Sequence[float], kinds: Sequence[Type]) -> list[float]:
        return [self._height(row, widths, kinds) + 2.4 for row in table.rows]

    def _height(self, row: Sequence[str], widths: Sequence[float], kinds: Sequence[Type]) -> float:
        columns = zip(row, widths, kinds, strict=True)
        return max(self.height_of(kind, text, width) for text, width, kind in columns)

    def _row(
        self,
        row: Sequence[str],
        widths: Sequence[float],
        kinds: Sequence[Type],
        colour: tuple[int, int, int] = LINE,
    ) -> None:
        """Draw cells side by side on one base line, and a line below them."""
        self.ln(1.2)
        top, lowest, page = self.get_y(), self.get_y(), self.page
        first = max(kind.line for kind in kinds)
        places = accumulate(widths, lambda x, width: x + width + GAP, initial=MARGIN)
        cells = list(zip(kinds, row, widths, places, strict=False))  # a place more than there are cells
        if self._height(row, widths, kinds) > self.room():  # the longest last: it alone goes on over the page
            cells.sort(key=lambda cell: self.height_of(*cell[:3]))
        for kind, text, width, x in cells:
            self.set_y(top + (first - kind.line) / 2)
            self.text_at(kind, text, x, width)
            lowest = max(lowest, self.get_y()) if self.page == page else self.get_y()
        self.set_y(lowest + 1.2)
        self.rule(colour)

    def height_of_signatures(self, signatures: Signatures) -> float:
        """Return how high the places for signatures are."""
        width = (WIDTH - 2 * GAP) / 2
        heights = (
            sum(self.height_of(kind, line, width) for kind, line in _kinds(lines)) for _, lines in signatures.columns
        )
        return 6 + KIND.line + max(heights)

    def _signatures(self, signatures: Signatures) -> None:
        self.need(self.height_of_signatures(signatures))
        width = (WIDTH - 2 * GAP) / 2
        top, lowest = self.get_y() + 4, self.get_y()
        for number, (heading, lines) in enumerate(signatures.columns):
            x = MARGIN + number * (width + 2 * GAP)
            self.set_draw_color(*ACCENT)
            self.line(x, top, x + width, top)
            self.set_y(top + 2)
            self.text_at(KIND, heading, x, width)
            for kind, line in _kinds(lines):
                self.text_at(kind, line, x, width)
            lowest = max(lowest, self.get_y())
        self.set_y(lowest)

    def _use(self, kind: Type) -> None:
        self.set_font(kind.family, kind.style, kind.size)
        self.set_text_color(*kind.colour)


def together(heights: Sequence[float], tail: float) -> list[float]:
    """Return the room that each row needs: the last but one with the last, and both with the `tail` that follows.

    So no row stands alone on a page, nor what follows the last one.
    """
    needed = list(heights)
    for place in (-1, -2):
        if len(needed) + place >= 0:
            needed[place] += tail if place == -1 else needed[-1]
    return [max(own, min(room, TOGETHER)) for own, room in zip(heights, needed, strict=True)]


def _columns(table: Table) -> tuple[list[float], list[Type]]:
    """Return how wide each column is, and how it is set."""
    unit = (WIDTH - GAP * (len(table.widths) - 1)) / sum(table.widths)
    kinds = [CELL if number == table.main and not table.small else SMALL for number in range(len(table.widths))]
    return [share * unit for share in table.widths], kinds


def _lines(paragraph: Paragraph) -> list[str]:
    return [line for line in paragraph.text.splitlines() if line.strip()]


def _fitted(text: str, kind: Type) -> str:
    """Return a text that the typeface can set, its lines kept."""
    return "\n".join(fitted(line, kind.family, kind.style) for line in text.split("\n"))


def _kinds(lines: Sequence[str]) -> list[tuple[Type, str]]:
    """Return the lines below a signature's heading: first the name, then what is smaller."""
    return [(SMALL if place else BODY, line) for place, line in enumerate(lines)]
