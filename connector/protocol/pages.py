"""Which part of a catalogue is asked for, and where its neighbours are (DSP 2025-1, Catalog Protocol, pagination).

The specification leaves `filter` to implementations and pages to `Link` headers. EDC sends a QuerySpec with `offset`,
`limit` and criteria in every request, repeats the body when it follows a link, and says `prev` for `previous`.
Our pages are in the order of the datasets' identifiers; a cursor names the identifier after which a page begins, so
that a page does not shift when datasets come and go.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from connector.protocol.errors import MalformedMessage, UnsupportedFilter
from connector.protocol.messages import CatalogRequestMessage
from connector.protocol.strict_json import is_storable, pointer_to

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: one `dataset`, or `limit` of them `after` an identifier or past an `offset`."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    after: str | None = None
    """From a cursor; then `offset` does not count."""
    dataset: str | None = None


def read_query(message: CatalogRequestMessage, cursor: str | None = None) -> Query:
    """Return what a catalogue request asks for; a `limit` above MAX_LIMIT is brought down to it.

    A cursor wins over the body, which peers repeat when they follow a link.
    Raises UnsupportedFilter (400) for a filter that we cannot honour, MalformedMessage for a broken cursor.
    """
    specs = message.filter if isinstance(message.filter, tuple) else (message.filter,)
    query = _read_specs(tuple(spec for spec in specs if spec))
    return query if cursor is None else _read_cursor(cursor, query)


def write_cursor(after: str, limit: int) -> str:
    """Return the opaque text that stands for the page of `limit` datasets after this identifier."""
    return base64.urlsafe_b64encode(json.dumps([after, limit]).encode()).decode().rstrip("=")


def link_header(page_url: str, *, following: str | None, previous: str | None) -> str | None:
    """Return the `Link` header for the neighbours' cursors, None when the page stands alone."""
    links = [
        f'<{page_url}?{urlencode({"cursor": cursor})}>; rel="{relation}"'
        for relation, cursor in (("next", following), ("previous", previous))
        if cursor is not None
    ]
    return ", ".join(links) or None


def next_link(header: str | None, page_url: str) -> str | None:
    """Return the address of the next page; the caller checks that it belongs to the peer."""
    return _link(header, page_url, "next")


def previous_link(header: str | None, page_url: str) -> str | None:
    """Return the address of the previous page, which EDC calls `prev`."""
    return _link(header, page_url, "previous", "prev")


# Filters


def _read_specs(specs: tuple[Any, ...]) -> Query:
    if not specs:
        return Query()
    spec = specs[0]
    if len(specs) > 1 or not isinstance(spec, dict) or _last_segment(spec.get("@type", "QuerySpec")) != "QuerySpec":
        raise UnsupportedFilter(pointer="/filter")
    if spec.get("sortField") and _last_segment(spec["sortField"]) != "id":
        raise UnsupportedFilter(pointer="/filter/0/sortField")
    return Query(
        limit=min(_number(spec, "limit", DEFAULT_LIMIT, least=1), MAX_LIMIT),
        offset=_number(spec, "offset", 0, least=0),
        dataset=_read_criteria(spec.get("filterExpression") or []),
    )


def _number(spec: dict[str, Any], name: str, default: int, least: int) -> int:
    value = spec.get(name, default)
    if type(value) is not int or value < least:
        raise UnsupportedFilter(pointer=pointer_to("filter", 0, name))
    return value


def _read_criteria(criteria: Any) -> str | None:
    criteria = criteria if isinstance(criteria, list) else [criteria]
    if not criteria:
        return None
    wanted = criteria[0].get("operandRight") if len(criteria) == 1 and _is_by_id(criteria[0]) else None
    if not isinstance(wanted, str):
        raise UnsupportedFilter(pointer="/filter/0/filterExpression")
    return wanted


def _is_by_id(criterion: Any) -> bool:
    if not isinstance(criterion, dict):
        return False
    return _last_segment(criterion.get("operandLeft")) == "id" and criterion.get("operator") == "="


def _last_segment(name: Any) -> str:
    return re.split(r"[/#:@]", name)[-1] if isinstance(name, str) else ""


def _read_cursor(cursor: str, query: Query) -> Query:
    try:
        after, limit = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _broken_cursor() from None
    if not isinstance(after, str) or not is_storable(after) or type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        raise _broken_cursor()
    return Query(limit=limit, after=after, dataset=query.dataset)


def _broken_cursor() -> MalformedMessage:
    return MalformedMessage({"fr": "Le curseur n’est pas des nôtres.", "en": "The cursor is not one of ours."})


# Links (RFC 8288)

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([^\s=;,]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')


def _link(header: str | None, page_url: str, *relations: str) -> str | None:
    for target, names in _links(header or ""):
        if names.intersection(relations):
            return urljoin(page_url, target)
    return None


def _links(header: str) -> Iterator[tuple[str, set[str]]]:
    """Yield (target, relation names) of each link; what cannot be read ends the reading."""
    at = 0
    while found := _TARGET.match(header, at):
        at, names = found.end(), set[str]()
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            if parameter[1].lower() == "rel" and not names:
                names = set((parameter[2] or parameter[3] or "").lower().split())
        yield found[1].strip(), names
