"""The documentation, served by the node itself below `/docs`: the pages of connector/docs as HTML.

It needs no key, since it says nothing of this node, and no JavaScript. A problem document's `type` leads here, to the
heading of its code. Pages are rendered when they are first asked for, in a thread, by a library that is loaded then.
"""

import asyncio
import posixpath
import re
from functools import cache
from html import escape
from importlib import resources
from itertools import pairwise
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connector.http.private import documents
from connector.http.private.faults import NoSuchAddress

PREFIX = "/docs"
INDEX = "index"
STYLE_PATH = f"{PREFIX}/style.css"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "private, max-age=300",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
STYLE = """\
body { max-width: 52rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1e1e1e }
nav { margin-bottom: 1rem }
a { color: #000091 }
pre, table { display: block; max-width: 100%; overflow-x: auto }
pre { padding: .75rem; background: #f6f6f6 }
table { border-collapse: collapse }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }
blockquote { margin: 0; padding-left: 1rem; border-left: .25rem solid #000091 }
:target { background: #fff4d6 }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616 }
  a { color: #8585f6 }
  pre { background: #242424 }
  :target { background: #40340a }
}
"""
_ENGLISH = ("explanation/", "reference/", "decisions/")
_MARK = re.compile(r"[^\w\- ]")


def routes() -> list[BaseRoute]:
    """Return the addresses."""
    return [
        Route(STYLE_PATH, _style, methods=["GET"]),
        Route(PREFIX, _index, methods=["GET"]),
        Route(f"{PREFIX}/{{page:path}}", _page, methods=["GET"]),
    ]


def anchor(heading: str) -> str:
    """Return the name of a heading in its page, as forges make them."""
    return _MARK.sub("", heading.lower()).strip().replace(" ", "-")


def names() -> frozenset[str]:
    """Return the names of all pages, without `.md`."""
    return frozenset(_sources())


async def _style(request: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers=HEADERS)


async def _index(request: Request) -> Response:
    return await _shown(INDEX)


async def _page(request: Request) -> Response:
    return await _shown(request.path_params["page"].removesuffix("/").removesuffix(".md") or INDEX)


async def _shown(name: str) -> Response:
    if name not in _sources():
        status, headers, body = documents.render(NoSuchAddress(f"{PREFIX}/{name[:200]}"), "fr")
        return Response(body, status, headers)
    return HTMLResponse(await asyncio.to_thread(html, name), headers=HEADERS)


@cache
def html(name: str) -> str:
    """Return a page as a whole HTML document. Raises KeyError."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(_sources()[name])
    title = _name_headings(tokens)
    for token in tokens:
        for link in token.children or ():
            if link.type == "link_open":
                link.attrSet("href", target(name, str(link.attrGet("href"))))
    body = reader.renderer.render(tokens, reader.options, {})
    language = "en" if name.startswith(_ENGLISH) else "fr"
    home = {"fr": "Documentation de Pupitre", "en": "Documentation of Pupitre"}[language]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · Pupitre</title>\n"
        f'<link rel="stylesheet" href="{STYLE_PATH}">\n</head>\n<body>\n<nav><a href="{PREFIX}">{home}</a></nav>\n'
        f"<main>\n{body}</main>\n</body>\n</html>\n"
    )


def target(page: str, link: str) -> str:
    """Return where a link of a page leads on the node: other pages by their address, the rest as it is."""
    path, mark, fragment = link.partition("#")
    if "://" in path or not path.endswith(".md"):
        return link
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)).removesuffix(".md")
    return f"{PREFIX}/{name}{mark}{fragment}"


def _name_headings(tokens: list[Any]) -> str:
    """Give each heading its name, and return the text of the first."""
    title, given = "", set[str]()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        name = anchor(inline.content)
        if name not in given:
            opening.attrSet("id", name)
            given.add(name)
        title = title or inline.content.replace("`", "")
    return title


@cache
def _sources() -> dict[str, str]:
    folder = resources.files("connector") / "docs"
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        inside = [(f"{entry.name}/", one) for one in entry.iterdir()] if entry.is_dir() else [("", entry)]
        for prefix, file in inside:
            if file.name.endswith(".md"):
                found[prefix + file.name.removesuffix(".md")] = file.read_text("utf-8")
    return found
