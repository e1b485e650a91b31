"""The signed list of seal keys: what a partner believes, and what it refuses."""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.identity import certificates, seal_history
from connector.identity.addresses import Addresses
from connector.identity.certificates import Chain, Subject
from connector.identity.did import ShownSeal, authentication_thumbprints, certified_jwk, own_document, sealing_endpoint
from connector.identity.errors import SealsRefused
from connector.identity.keys import Keys
from connector.identity.seal_history import KeyStatus, SealHistory
from connector.peer.documents import DidDocument, read_document

ADDRESSES = Addresses("https://donnees.ville.fr")
DID = ADDRESSES.did("root")
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def new_chain() -> Chain:
    return certificates.self_made(certificates.new_key(), Subject(DID, "Ville"), NOW, 30)


def status(chain: Chain, name: str = "seal-1", **more: Any) -> KeyStatus:
    sha256 = certificates.fingerprint(chain[0])
    return KeyStatus(kid=f"{DID}#{name}", certificate_sha256=sha256, since=NOW, chain=chain, **more)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return new_chain()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    for owner in ("root", "other"):
        made.create_auth(owner)
    return made


@pytest.fixture
def document(keys: Keys, chain: Chain) -> DidDocument:
    shown = own_document(ADDRESSES, "root", keys.auth("root"), [ShownSeal("seal-1", chain)])
    return read_document(DID, json.dumps(shown).encode())


LATER = NOW + timedelta(hours=1)
"""When a list is read."""


def read(raw: str, document: DidDocument, known: SealHistory | None = None, now: datetime = LATER) -> SealHistory:
    return seal_history.verify(raw.encode(), document, authentication_thumbprints(document), known, now=now)


def test_a_partner_reads_what_was_signed(keys: Keys, document: DidDocument, chain: Chain) -> None:
    old = status(new_chain(), "seal-0", retired_at=NOW + timedelta(days=1))
    bad = status(new_chain(), "seal-2", revoked_at=NOW, reason="Machine volée")
    told = SealHistory(DID, NOW, (replace(old, chain=()), status(chain), replace(bad, chain=())))
    found = read(text := seal_history.sign(told, keys.auth("root")), document)
    assert (found.did, found.issued_at, found.keys) == (told.did, told.issued_at, told.keys)
    assert [one.kid for one in found.usable] == [f"{DID}#seal-1"]
    assert seal_history.stored(text).keys == told.keys


def test_the_did_document_shows_the_key_with_its_certificates_and_what_it_is_for(
    document: DidDocument, chain: Chain
) -> None:
    method = document.members["verificationMethod"][1]
    assert document.members["assertionMethod"] == [method["id"]] == [f"{DID}#seal-1"]
    assert document.members["capabilityInvocation"] == document.members["authentication"] == [f"{DID}#auth"]
    assert [len(method["publicKeyJwk"]["x5c"]), "d" in method["publicKeyJwk"]] == [len(chain), False]
    assert sealing_endpoint(document) == "https://donnees.ville.fr/evidence"


def test_a_seal_key_is_not_pinned_as_one_that_signs_tokens(keys: Keys, document: DidDocument) -> None:
    assert authentication_thumbprints(document) == {keys.auth("root").thumbprint}


def test_an_rsa_key_of_an_authority_is_shown_as_such() -> None:
    key = rsa.generate_private_key(65537, 3072)
    jwk = certified_jwk(certificates.self_made(key, Subject(DID, "Ville"), NOW, 30))
    modulus = int.from_bytes(urlsafe_b64decode(jwk["n"] + "=="), "big")
    assert (jwk["kty"], jwk["alg"], jwk["e"], modulus) == ("RSA", "RS256", "AQAB", key.public_key().public_numbers().n)


def altered(text: str, **members: Any) -> str:
    return json.dumps({**json.loads(text), **members})


def test_lists_that_prove_nothing_are_refused(keys: Keys, document: DidDocument, chain: Chain) -> None:
    ours = SealHistory(DID, NOW, (status(chain),))
    signed = seal_history.sign(ours, keys.auth("root"))
    one = json.loads(signed)["signatures"][0]
    other = json.loads(seal_history.sign(SealHistory(DID, NOW, ()), keys.auth("root")))
    stranger = seal_history.sign(ours, keys.auth("other"))
    elsewhere = SealHistory("did:web:ailleurs.fr", NOW, ())
    cases = {
        "form": [
            "", "[]", "{}", altered(signed, signatures=[]), altered(signed, signatures=[one, one]),
            altered(signed, more=1), altered(signed, signatures=[{**one, "header": {}}]),
            altered(signed, signatures=[{**one, "protected": 1}]),
        ],
        "signature": [stranger, altered(signed, payload=other["payload"])],
        "kid": [seal_history.sign(elsewhere, keys.auth("root"))],
        "content": [
            seal_history.sign(replace(ours, keys=(status(chain), status(chain))), keys.auth("root")),
            seal_history.sign(replace(ours, keys=(replace(status(chain), certificate_sha256="0"),)), keys.auth("root")),
            seal_history.sign(
                replace(ours, keys=(replace(status(chain), kid="did:web:ailleurs.fr#seal-1"),)), keys.auth("root")
            ),
        ],
    }  # fmt: skip
    for reason, texts in cases.items():
        for text in texts:
            with pytest.raises(SealsRefused) as refused:
                read(text, document)
            assert refused.value.reason == reason, text


def test_a_list_by_a_key_that_nobody_pinned_is_refused(keys: Keys, document: DidDocument, chain: Chain) -> None:
    signed = seal_history.sign(SealHistory(DID, NOW, (status(chain),)), keys.auth("root"))
    with pytest.raises(SealsRefused) as refused:
        seal_history.verify(signed.encode(), document, frozenset({keys.auth("other").thumbprint}), now=NOW)
    assert refused.value.reason == "pin"


def test_a_list_that_takes_something_back_is_refused(keys: Keys, document: DidDocument, chain: Chain) -> None:
    revoked = status(chain, revoked_at=NOW, reason="volée")
    known = SealHistory(DID, NOW, (revoked,))
    later = NOW + timedelta(hours=1)
    cases = {
        "older": SealHistory(DID, NOW - timedelta(seconds=1), (revoked,)),
        "not-revoked": SealHistory(DID, later, (replace(revoked, revoked_at=None, reason=None),)),
        "another-key": SealHistory(DID, later, (status(new_chain(), revoked_at=NOW, reason="volée"),)),
    }
    for reason, history in cases.items():
        with pytest.raises(SealsRefused) as refused:
            read(seal_history.sign(history, keys.auth("root")), document, known)
        assert refused.value.reason == reason
    with pytest.raises(SealsRefused):
        read(seal_history.sign(SealHistory(DID, later, ()), keys.auth("root")), document, known)
    more = SealHistory(DID, later, (revoked, status(new_chain(), "seal-2")))
    assert read(seal_history.sign(more, keys.auth("root")), document, known).keys == more.keys


def test_a_list_of_the_future_is_refused_as_far_as_clocks_may_differ(
    keys: Keys, document: DidDocument, chain: Chain
) -> None:
    def issued(at: datetime) -> str:
        return seal_history.sign(SealHistory(DID, at, (status(chain),)), keys.auth("root"))

    ahead = NOW + timedelta(minutes=5)
    assert read(issued(ahead), document, now=NOW).issued_at == ahead
    for late in (ahead + timedelta(seconds=1), NOW + timedelta(days=3650)):
        with pytest.raises(SealsRefused) as refused:
            read(issued(late), document, now=NOW)
        assert refused.value.reason == "future"


def listed(chain: Chain, day: int, revoked_at: datetime | None = None, name: str = "seal-1") -> SealHistory:
    """Return a list of that day in which a key is revoked, or not."""
    return SealHistory(DID, NOW + timedelta(days=day), (status(chain, name, revoked_at=revoked_at, reason="Perdue"),))


def test_of_several_lists_the_first_announcement_of_a_revocation_counts(chain: Chain) -> None:
    """Whatever their order, and whatever is said later."""
    first, later = listed(chain, 2, NOW + timedelta(days=1)), listed(chain, 3, NOW - timedelta(days=9))
    for lists in ([first, later], [later, first], [first, listed(chain, 3)]):
        told = seal_history.announced(f"{DID}#seal-1", lists)
        assert told is not None
        assert (told.at, told.listed_at, told.silent_at) == (NOW + timedelta(days=1), first.issued_at, None)


def test_a_list_that_names_the_key_and_announces_nothing_before_another_is_told(chain: Chain) -> None:
    silent, unnamed, false = listed(chain, 1), listed(chain, 2, name="seal-2"), listed(chain, 3, NOW)
    told = seal_history.announced(f"{DID}#seal-1", [false, silent, unnamed])
    assert told is not None
    assert (told.listed_at, told.silent_at) == (false.issued_at, silent.issued_at)
    told = seal_history.announced(f"{DID}#seal-1", [false, unnamed])
    assert told is not None
    assert told.silent_at is None
    assert seal_history.announced(f"{DID}#seal-1", [silent, unnamed]) is None
