"""What a convention is made of, before it becomes a page or a PDF: one structure, so that the two cannot drift apart.

The record of an agreement that one party alone has sealed is made of the same parts; its title says what it is. Texts
are plain: neither HTML nor the marks of any other language. Whoever draws them escapes what has to be.
"""

from dataclasses import dataclass, field

from policies.errors import Language


class OwnWords(str):
    """A text that a party wrote itself, whatever the language of the page on which it stands."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or several. A `note` explains and is set smaller."""

    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and what stands for them, one below the other. A value that is a digest is set so."""

    rows: tuple[tuple[str, str], ...]
    small: bool = False
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading. The first cell of a row names the row; `widths` are shares of the whole.

    `main` is the column that holds what the table is about.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    main: int = 1
    small: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A text that is shown line by line as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """The places where paper would be signed, side by side: a heading, and lines below."""

    columns: tuple[tuple[str, tuple[str, ...]], ...]


Block = Paragraph | Facts | Table | Verbatim | Signatures


@dataclass(frozen=True, slots=True)
class Section:
    """An article or an annex: its number in words (`Article 1`), its title, what it says."""

    label: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """A party as the first page presents it."""

    name: str
    lines: tuple[str, ...]
    called: str


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention, or the record of an agreement that one party alone has sealed, ready to be drawn."""

    language: Language
    title: str
    object: str
    reference: str
    facts: Facts
    """Reference, date, how far it binds, what level its proof has."""
    between: str
    parties: tuple[Party, Party]
    preamble: Section
    articles: tuple[Section, ...]
    signatures: Signatures
    annexes: tuple[Section, ...]
    created_at: str
    sha256: str
    footer: str
    """What precedes the digest at the foot of each page."""
    sealed: str = field(repr=False)
    """The JWS that was sealed, to be attached."""
    name: str
    """What a file of it is called, so that one is not taken for the other."""
    attachment: str
    """The name under which it is attached: that which it has in an evidence bundle."""
    author: str
    """Who made the document, for the metadata of the file."""

    @property
    def sections(self) -> tuple[Section, ...]:
        """Everything that has a heading, in order."""
        return (self.preamble, *self.articles, *self.annexes)


def is_digest(text: str) -> bool:
    """Return whether a text is a SHA-256 in hexadecimal."""
    return len(text) == 64 and not text.strip("0123456789abcdef")
