"""Our DID document as strict readers want it, and the routes that serve it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from connector.http.public import did as did_routes
from connector.identity.addresses import Addresses
from connector.identity.did import authentication_thumbprints, key_named, own_document
from connector.identity.keys import Keys
from connector.peer.documents import read_document

ADDRESSES = Addresses("https://donnees.ville.fr")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Keys of two participants."""
    made = Keys(tmp_path)
    for owner in ("root", "regie-eau"):
        made.create_auth(owner)
    return made


@pytest.fixture
def document(keys: Keys) -> dict[str, Any]:
    """The document of the second participant."""
    return own_document(ADDRESSES, "regie-eau", keys.auth("regie-eau"))


def test_methods_and_services_have_no_member_that_strict_readers_refuse(document: dict[str, Any]) -> None:
    """DCP kit 1.0.2: any other member makes its reader fail; relationships must be arrays of strings."""
    assert [set(one) for one in document["verificationMethod"]] == [{"id", "type", "controller", "publicKeyJwk"}]
    assert {frozenset(one) for one in document["service"]} == {frozenset({"id", "type", "serviceEndpoint"})}
    for relationship in ("authentication", "capabilityInvocation"):
        assert document[relationship] == ["did:web:donnees.ville.fr:o:regie-eau#auth"]
    assert not any(one["serviceEndpoint"].endswith("/") for one in document["service"])


def test_the_key_may_sign_tokens_and_not_credentials(document: dict[str, Any]) -> None:
    assert "assertionMethod" not in document


def test_the_private_key_is_not_in_the_document(document: dict[str, Any]) -> None:
    assert set(document["verificationMethod"][0]["publicKeyJwk"]) == {"kty", "crv", "x", "y", "alg", "use"}


def test_services_lead_to_the_protocol(document: dict[str, Any]) -> None:
    """DSP 2025-1 §DID service entries, and its two examples."""
    assert {one["type"]: one["serviceEndpoint"] for one in document["service"]} == {
        "DataService": "https://donnees.ville.fr/o/regie-eau/.well-known/dspace-version",
        "CatalogService": "https://donnees.ville.fr/o/regie-eau/dsp/2025-1/catalog",
    }


def test_a_reader_finds_in_it_the_key_that_we_sign_with(document: dict[str, Any], keys: Keys) -> None:
    read = read_document(document["id"], json.dumps(document).encode())
    expected = keys.auth("regie-eau").thumbprint
    assert key_named(read, f"{document['id']}#auth").thumbprint == expected
    assert authentication_thumbprints(read) == {expected}


def test_keys_that_we_would_refuse_are_not_pinned(document: dict[str, Any], keys: Keys) -> None:
    did = document["id"]
    rsa = {"id": f"{did}#rsa", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": {"kty": "RSA"}}
    document["verificationMethod"].append(rsa)
    document["capabilityInvocation"] += [f"{did}#rsa", f"{did}#missing", "did:web:other.example#auth", {"id": "#own"}]
    read = read_document(did, json.dumps(document).encode())
    assert authentication_thumbprints(read) == {keys.auth("regie-eau").thumbprint}


def test_routes_serve_each_hosted_participant_and_nobody_else(keys: Keys) -> None:
    async def document_of(owner: str) -> Mapping[str, Any] | None:
        return own_document(ADDRESSES, owner, keys.auth(owner)) if owner in ("root", "regie-eau") else None

    async def ask() -> dict[str, Any]:
        app = Starlette(routes=did_routes.routes(ADDRESSES, document_of, {"root": "a.b.c"}.get, {}.get))
        paths = (
            "/.well-known/did.json",
            "/o/regie-eau/did.json",
            "/o/root/did.json",
            "/o/other/did.json",
            "/o/A/did.json",
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as client:
            return {path: await client.get(path) for path in paths}

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers.values()] == [200, 200, 404, 404, 404]
    assert answers["/.well-known/did.json"].json()["id"] == ADDRESSES.did("root")
    assert answers["/o/regie-eau/did.json"].json()["id"] == ADDRESSES.did("regie-eau")
    assert answers["/o/regie-eau/did.json"].headers["cache-control"] == "no-cache"
