"""Filters, cursors and links of the catalogue."""

import json
from typing import Any

import pytest

from connector.protocol.errors import MalformedMessage, UnsupportedFilter
from connector.protocol.messages import CatalogRequestMessage
from connector.protocol.pages import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Query,
    link_header,
    next_link,
    previous_link,
    read_query,
    write_cursor,
)

EDC_ID = "https://w3id.org/edc/v0.0.1/ns/id"
HERE = "https://p.example/dsp/2025-1/catalog/request"


def query_of(content: Any, cursor: str | None = None) -> Query:
    return read_query(CatalogRequestMessage(filter=content), cursor)


def spec(**members: Any) -> dict[str, Any]:
    return {"@type": "QuerySpec", "offset": 0, "limit": 50, "sortOrder": "ASC", "filterExpression": []} | members


def by(left: Any = EDC_ID, operator: Any = "=", right: Any = "stops") -> list[dict[str, Any]]:
    return [{"@type": "Criterion", "operandLeft": left, "operator": operator, "operandRight": right}]


@pytest.mark.parametrize("nothing", [None, (), {}, ({},)], ids=repr)
def test_no_filter_asks_for_the_first_page(nothing: Any) -> None:
    assert query_of(nothing) == Query(limit=DEFAULT_LIMIT, offset=0)


def test_the_filter_that_edc_sends_in_every_request_is_taken() -> None:
    # dsp.md 7.2: refusing it would close the catalogue to every EDC.
    assert query_of((spec(offset=100, limit=20),)) == Query(limit=20, offset=100)
    assert query_of(spec(offset=100, limit=20)) == Query(limit=20, offset=100)


@pytest.mark.parametrize("left", [EDC_ID, "id", "@id", "edc:id"])
def test_one_dataset_can_be_asked_for_by_its_identifier(left: str) -> None:
    assert query_of((spec(filterExpression=by(left)),)).dataset == "stops"


def test_a_limit_beyond_ours_is_brought_down() -> None:
    assert query_of((spec(limit=2_147_483_647),)).limit == MAX_LIMIT


@pytest.mark.parametrize(
    "filters",
    [
        ("text",),
        ({"@type": "Other"},),
        ({"@type": 3},),
        (spec(), spec()),
        (spec(limit=0),),
        (spec(limit="50"),),
        (spec(limit=True),),
        (spec(offset=-1),),
        (spec(offset=1.5),),
        (spec(sortField="title"),),
        (spec(filterExpression=by("title")),),
        (spec(filterExpression=by(operator="like")),),
        (spec(filterExpression=by(right=["a", "b"])),),
        (spec(filterExpression=by(left=3)),),
        (spec(filterExpression=by() + by()),),
        (spec(filterExpression=["x"]),),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_filter_that_we_cannot_honour_is_refused(filters: Any) -> None:
    # DSP 2025-1, Catalog Request Message: an unsupported filter is answered with 400.
    with pytest.raises(UnsupportedFilter) as caught:
        query_of(filters)
    assert caught.value.status == 400
    assert caught.value.pointer.startswith("/filter")


def test_a_cursor_wins_over_the_body_that_peers_repeat() -> None:
    # EDC POSTs the same body to the link of the next page.
    cursor = write_cursor("urn:uuid:é", 20)
    assert query_of((spec(offset=0, limit=50),), cursor) == Query(limit=20, after="urn:uuid:é")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "%",
        "abc",
        "eyJhIjoxfQ",
        "WzEsMl0",
        write_cursor("a", 0),
        write_cursor("a", MAX_LIMIT + 1),
        write_cursor("a\0", 5),
        write_cursor("\ud800", 5),
        "W1tbW1tb" * 5_000,
    ],
    ids=lambda value: value[:20],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(MalformedMessage):
        query_of(None, cursor)


def test_a_page_links_to_its_neighbours() -> None:
    header = link_header(HERE, following="a+b/c=", previous="p")
    assert next_link(header, HERE) == f"{HERE}?cursor=a%2Bb%2Fc%3D"
    assert previous_link(header, HERE) == f"{HERE}?cursor=p"
    assert header is not None
    assert 'rel="previous"' in header


def test_a_lone_page_has_no_links() -> None:
    assert link_header(HERE, following=None, previous=None) is None
    assert next_link(None, HERE) is None


@pytest.mark.parametrize(
    ("header", "following", "previous"),
    [
        ("<https://p.example/n?a=1,2;3>; rel=next", "https://p.example/n?a=1,2;3", None),
        ('</n>; rel="next", </p>; rel="prev"', "https://p.example/n", "https://p.example/p"),
        ('<p>; rel="PREVIOUS"', None, "https://p.example/dsp/2025-1/catalog/p"),
        ('<n> ; title="a, <x>; rel=next" ; rel="start next"', "https://p.example/dsp/2025-1/catalog/n", None),
        ('<n>; rel="last"; rel="next"', None, None),
        (r'<n>; title="quoted \" mark"; rel=next', "https://p.example/dsp/2025-1/catalog/n", None),
        ("", None, None),
        ("nonsense", None, None),
        ("<unclosed; rel=next", None, None),
        ("<n>; rel=", None, None),
    ],
)
def test_links_of_peers_are_read_in_every_spelling(header: str, following: str | None, previous: str | None) -> None:
    # RFC 8288; EDC says `prev`.
    assert next_link(header, HERE) == following
    assert previous_link(header, HERE) == previous
