"""What a convention or a record says, as texts."""

from typing import Any

from contracts.convention import Convention
from contracts.convention.structure import Facts, Paragraph, Section, Signatures, Table, Verbatim
from policies.prose import NO_BREAK, THIN


def whole(sections: tuple[Section, ...]) -> str:
    """Return everything that sections say."""
    return "\n".join(text for section in sections for block in section.blocks for text in said(block))


def said(block: Any) -> list[str]:
    match block:
        case Paragraph() | Verbatim():
            return [block.text]
        case Facts():
            return [block.caption, *(f"{label} {value}" for label, value in block.rows)]
        case Table():
            return [block.caption, " ".join(block.header), *(" ".join(row) for row in block.rows)]
        case Signatures():
            return ["\n".join((heading, *lines)) for heading, lines in block.columns]
    raise AssertionError(block)


def notes(convention: Convention) -> str:
    """Return what Annex 1 explains, its spaces made plain."""
    blocks = [each for each in convention.annexes[0].blocks if isinstance(each, Paragraph) and each.note]
    return "\n".join(each.text for each in blocks).replace(NO_BREAK, " ")


def plain(text: str) -> str:
    """Return a text with its spaces made plain."""
    return text.replace(NO_BREAK, " ").replace(THIN, " ")
