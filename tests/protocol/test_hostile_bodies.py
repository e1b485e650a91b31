"""Whatever arrives, reading it ends in a message or in a typed refusal; nothing else is ever raised."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.protocol import messages as m
from connector.protocol import refusals
from connector.protocol.catalog import datasets_of, summary_of
from connector.protocol.errors import MalformedMessage, UnsupportedFilter
from connector.protocol.messages import digest, parse, render
from connector.protocol.pages import MAX_LIMIT, next_link, previous_link, read_query
from connector.protocol.wire import Part

SPECIFICATION = Path(__file__).parents[1] / "dsp-2025-1"
EXAMPLES = [
    json.loads(path.read_text("utf-8"))
    for path in sorted(SPECIFICATION.rglob("example/*.json"))
    if "did-service" not in path.name
]

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["@id", "Offer"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def spoiled_examples(draw: st.DrawFn) -> tuple[type[Part], Any]:
    """Draw an example of the specification in which one to three places hold something else."""
    document = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    model = getattr(m, document["@type"]) if "@type" in document else m.VersionResponse
    for _ in range(draw(st.integers(1, 3))):
        node = document
        while isinstance(node, dict | list) and node:
            key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], dict | list) or draw(st.booleans()):
                node[key] = draw(junk)
                break
            node = node[key]
    return model, document


@given(spoiled_examples())
def test_a_spoiled_message_is_read_or_refused(spoiled: tuple[type[Part], Any]) -> None:
    model, document = spoiled
    try:
        message = parse(model, json.dumps(document).encode())
    except MalformedMessage as refusal:
        refusals.negotiation_error(refusal)
        return
    assert parse(model, render(message)) == message


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (digest, lambda body: parse(m.ContractRequestMessage, body)):
        with pytest.raises(MalformedMessage):
            read(raw if not raw.startswith(b"{") else b"[" + raw)
    assert refusals.read_refusal(raw) is not None


@given(st.lists(junk, max_size=2))
def test_any_filter_is_read_or_refused(filters: list[Any]) -> None:
    spec = {"@type": "QuerySpec", "filterExpression": filters}
    for content in (tuple(filters), (spec,), spec):
        with suppress(UnsupportedFilter):
            assert 0 < read_query(m.CatalogRequestMessage(filter=content)).limit <= MAX_LIMIT


@given(st.text(max_size=40))
def test_any_cursor_is_read_or_refused(cursor: str) -> None:
    with suppress(MalformedMessage):
        assert read_query(m.CatalogRequestMessage(), cursor).after is not None


@given(st.dictionaries(st.sampled_from(["@id", "dct:title", "dcat:keyword", "hasPolicy", "distribution"]), junk))
def test_any_dataset_of_a_peer_can_be_summed_up(dataset: dict[str, Any]) -> None:
    summary = summary_of(dataset)
    assert all(isinstance(text, str) for text in (summary.id, summary.title, *summary.keywords, *summary.formats))
    catalogue = m.Catalog(id="urn:uuid:k", participant_id="urn:uuid:p", dataset=(dataset,))
    assert len(datasets_of(catalogue)) <= 1


@given(st.text(st.sampled_from('<>;,= "\\relnxtpv/'), max_size=60))
def test_any_link_header_is_read(header: str) -> None:
    for read in (next_link, previous_link):
        assert isinstance(read(header, "https://p.example/c"), str | None)


def test_what_is_refused_names_no_more_than_it_must() -> None:
    """A refusal goes back to the peer: it never repeats what was sent, only where it stood."""
    secret = "s3cret" * 10
    body = {"@context": [m.DSP_CONTEXT], "@type": "TransferStartMessage", "providerPid": {"a": secret}}
    with pytest.raises(MalformedMessage) as caught:
        parse(m.TransferStartMessage, json.dumps(body).encode())
    assert secret not in str(caught.value)
