"""A convention as one HTML page that needs nothing else: no script, no picture, no address from which to fetch.

The stylesheet stands in the page; its digest is in the page's own policy and in CONTENT_SECURITY_POLICY for whoever
serves it. Without the stylesheet the page reads from top to bottom all the same. What a party wrote itself is marked as
French, the language of the organisations that this is for: a screen reader reads it so on an English page, too.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from contracts.convention.structure import (
    Block,
    Convention,
    Facts,
    OwnWords,
    Paragraph,
    Party,
    Section,
    Signatures,
    Table,
    Verbatim,
    is_digest,
)

STYLE = files("contracts.convention").joinpath("page.css").read_text("utf-8")
LONG = 20
"""Up to how many characters a word is one that people read."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""To be sent with the page; `frame-ancestors` is the server's own business."""


def as_html(convention: Convention) -> str:
    """Return the convention as an HTML document."""
    title = f"{convention.title} – {convention.object}"
    body = [
        '<header class="front">',
        f"<p class=kind>{escape(convention.title)}</p>",
        f"<h1>{_said(convention.object)}</h1>",
        _facts(convention.facts),
        "</header>",
        "<main>",
        _parties(convention),
        _section(convention.preamble),
        *(_section(each) for each in convention.articles),
        _signatures(convention.signatures),
        *(_section(each, "annex") for each in convention.annexes),
        "</main>",
        f"<footer><p>{escape(convention.footer)} <span class=digest>{convention.sha256}</span></p></footer>",
    ]
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_SECURITY_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
    ]
    lines = ["<!doctype html>", f'<html lang="{convention.language}">', "<head>", *head, "</head>", "<body>", *body]
    return "\n".join([*lines, "</body>", "</html>", ""])


def _parties(convention: Convention) -> str:
    parts = "\n".join(_party(each) for each in convention.parties)
    return f"<section class=between>\n<h2>{escape(convention.between)}</h2>\n{parts}\n</section>"


def _party(party: Party) -> str:
    return (
        f"<div class=party>\n<p class=name>{_said(party.name)}</p>\n<p>{_lines(party.lines)}</p>\n"
        f"<p class=called>{escape(party.called)}</p>\n</div>"
    )


def _section(section: Section, kind: str = "article") -> str:
    label = f"<span class=label>{escape(section.label)}</span> " if section.label else ""
    blocks = "\n".join(_block(each) for each in section.blocks)
    return f"<section class={kind}>\n<h2>{label}{escape(section.title)}</h2>\n{blocks}\n</section>"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            mark = (" class=note" if block.note else "") + _language(block.text)
            return "\n".join(f"<p{mark}>{escape(line)}</p>" for line in block.text.splitlines() if line.strip())
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Verbatim():
            return f"<pre>{escape(block.text)}</pre>"
        case Signatures():
            return _signatures(block)


def _facts(facts: Facts) -> str:
    rows = "\n".join(f"<div><dt>{escape(label)}</dt><dd>{_said(value)}</dd></div>" for label, value in facts.rows)
    caption = f"<h3>{escape(facts.caption)}</h3>\n" if facts.caption else ""
    return f"{caption}<dl{' class=small' if facts.small else ''}>\n{rows}\n</dl>"


def _table(table: Table) -> str:
    header = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.header)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(map(_cell, rest))}</tr>' for first, *rest in table.rows
    )
    mark = " class=small" if table.small else ""
    return (
        f"<table{mark}>\n<caption>{escape(table.caption)}</caption>\n"
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _signatures(signatures: Signatures) -> str:
    columns = "\n".join(
        f"<div>\n<h2>{escape(heading)}</h2>\n<p>{_lines(lines)}</p>\n</div>" for heading, lines in signatures.columns
    )
    return f"<section class=signatures>\n{columns}\n</section>"


def _cell(text: str) -> str:
    """Return a cell; one with an identifier in it may be broken anywhere, and any other between words only."""
    mark = " class=long" if any(len(word) > LONG for word in text.split()) else ""
    return f"<td{mark}>{_said(text)}</td>"


def _said(text: str) -> str:
    """Return a text; line breaks in it stay."""
    if is_digest(text):
        return f"<span class=digest>{text}</span>"
    told = "<br>\n".join(map(escape, text.splitlines()))
    mark = _language(text)
    return f"<span{mark}>{told}</span>" if mark else told


def _language(text: str) -> str:
    return ' lang="fr"' if isinstance(text, OwnWords) else ""


def _lines(lines: Iterable[str]) -> str:
    return "<br>\n".join(map(_said, lines))
