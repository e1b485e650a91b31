"""did:web identifiers: their normal form, where their documents are, and which addresses belong to them."""

import json

import pytest

from connector.peer.documents import (
    DidDocument,
    callback_belongs_to,
    did_host,
    document_url,
    has_document,
    normal_did,
    read_document,
)
from connector.peer.errors import DidUnresolved

DID = "did:web:partner.example"


def _document(**members: object) -> DidDocument:
    return read_document(DID, json.dumps({"id": DID, **members}).encode())


@pytest.mark.parametrize(
    ("did", "normal", "host", "url"),
    [
        (DID, DID, "partner.example", "https://partner.example/.well-known/did.json"),
        ("did:web:Partner.Example", DID, "partner.example", "https://partner.example/.well-known/did.json"),
        ("did:web:a.fr:o:Ville", "did:web:a.fr:o:Ville", "a.fr", "https://a.fr/o/Ville/did.json"),
        ("did:web:a.fr%3a8443", "did:web:a.fr%3A8443", "a.fr", "https://a.fr:8443/.well-known/did.json"),
        ("did:web:a.fr%3A08443:x", "did:web:a.fr%3A8443:x", "a.fr", "https://a.fr:8443/x/did.json"),
        ("did:web:%5b%3a%3a1%5d%3A80", "did:web:%5B%3A%3A1%5D%3A80", "::1", "https://[::1]:80/.well-known/did.json"),
    ],
)
def test_a_did_has_one_normal_form_and_one_address(did: str, normal: str, host: str, url: str) -> None:
    assert (normal_did(did), did_host(did), document_url(did)) == (normal, host, url)


@pytest.mark.parametrize("did", ["did:web:localhost%3A8083:holder", "did:web:127.0.0.1%3A80", "did:web:%5B%3A%3A1%5D"])
def test_http_is_used_for_loopback_hosts_only_when_allowed(did: str) -> None:
    assert document_url(did, plain_http=True).startswith("http://")
    assert document_url(did).startswith("https://")
    assert document_url(DID, plain_http=True).startswith("https://")


@pytest.mark.parametrize(
    "did",
    [
        "", "did:key:z6Mk", "did:web:", "did:WEB:a.fr", "did:web:a.fr/b", "did:web:a.fr:..:b", "did:web:a.fr:%2e%2e",
        "did:web:a.fr#auth", "did:web:a.fr?x", "did:web:user@a.fr", "did:web:a.fr%2Fb", "did:web:a.fr::b",
        "did:web:a.fr:", "did:web:a.fr:8080%3A1:x@y", "did:web:a.fr\n", "did:web:" + "a" * 600, "did:web:a.fr%3A999999",
    ],
)  # fmt: skip
def test_anything_but_a_plain_did_web_is_refused(did: str) -> None:
    with pytest.raises(DidUnresolved):
        normal_did(did)
    assert not has_document(did)


@pytest.mark.parametrize("did", [DID, "did:web:127.0.0.1%3A8080:o:ville"])
def test_a_did_web_has_a_document(did: str) -> None:
    assert has_document(did)


def test_a_document_speaks_of_the_did_that_led_to_it() -> None:
    assert read_document("did:web:PARTNER.example", b'{"id":"did:web:partner.example"}').did == DID
    with pytest.raises(DidUnresolved, match=r"other\.example"):
        read_document(DID, b'{"id":"did:web:other.example"}')


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"{}", b'{"id":1}', b"\xff", b"[" * 5000])
def test_a_document_that_cannot_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises(DidUnresolved):
        read_document(DID, raw)


def test_services_without_a_plain_address_are_left_out() -> None:
    services = [
        {"id": "#a", "type": "DataService", "serviceEndpoint": "https://a.example/x/"},
        {"id": "#b", "type": ["LinkedDomains", "DataService"], "serviceEndpoint": "https://b.example"},
        {"id": "#c", "type": "DataService", "serviceEndpoint": {"origins": []}},
        "nothing",
    ]
    assert _document(service=services).endpoints("DataService") == ["https://a.example/x", "https://b.example"]
    assert _document(service="nothing").services == ()


@pytest.mark.parametrize(
    ("url", "belongs"),
    [
        ("https://partner.example/dsp", True),
        ("https://PARTNER.example:8443/dsp", True),
        ("https://dsp.cloud.example/a", True),
        ("https://other.example/dsp", False),
        ("https://partner.example.evil.example/", False),
        ("https://partner.example@evil.example/", False),
        ("https://evil.example/partner.example", False),
        ("https://sub.partner.example/", False),
        ("partner.example/dsp", False),
        ("https://[bad/", False),
        ("https://partner.example/dsp\r\nHost: evil.example", False),
        ("https://partner.example/d\tsp", False),
        ("https://partner.example/d sp", False),
        ("https://partner.example/\u202edsp", False),
        ("", False),
    ],
)
def test_a_callback_belongs_to_the_peers_host_or_to_one_of_its_services(url: str, belongs: bool) -> None:
    service = {
        "id": "#d",
        "type": "DataService",
        "serviceEndpoint": "https://dsp.cloud.example/.well-known/dspace-version",
    }
    assert callback_belongs_to(_document(service=[service]), DID, url) is belongs
