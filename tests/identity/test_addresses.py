"""Addresses that never change, because DIDs, callbacks and agreements carry them."""

import pytest

from connector.identity.addresses import Addresses
from connector.peer.documents import document_url, normal_did

NODE = Addresses("https://donnees.ville.fr", root="ville")
LAB = Addresses("http://127.0.0.1:8282")


def test_the_first_participant_stands_at_the_root() -> None:
    assert NODE.did("ville") == "did:web:donnees.ville.fr"
    assert NODE.base("ville") == "https://donnees.ville.fr"
    assert NODE.dsp_base("ville") == "https://donnees.ville.fr/dsp/2025-1"
    assert NODE.version_document("ville") == "https://donnees.ville.fr/.well-known/dspace-version"
    assert NODE.did_document("ville") == "https://donnees.ville.fr/.well-known/did.json"


def test_every_other_participant_stands_under_its_slug_with_the_same_tails() -> None:
    assert NODE.did("regie-eau") == "did:web:donnees.ville.fr:o:regie-eau"
    assert NODE.base("regie-eau") == "https://donnees.ville.fr/o/regie-eau"
    assert NODE.dsp_base("regie-eau") == "https://donnees.ville.fr/o/regie-eau/dsp/2025-1"
    assert NODE.version_document("regie-eau") == "https://donnees.ville.fr/o/regie-eau/.well-known/dspace-version"
    assert NODE.did_document("regie-eau") == "https://donnees.ville.fr/o/regie-eau/did.json"


def test_a_port_is_written_in_the_did_as_did_web_wants_it() -> None:
    assert LAB.did("root") == "did:web:127.0.0.1%3A8282"
    assert LAB.did("x") == "did:web:127.0.0.1%3A8282:o:x"
    assert Addresses("http://[::1]:8282").did("root") == "did:web:%5B%3A%3A1%5D%3A8282"


@pytest.mark.parametrize("node", [NODE, LAB, Addresses("http://[::1]:80"), Addresses("https://A.Example:8443")])
@pytest.mark.parametrize("owner", ["root", "ville", "x1"])
def test_a_did_leads_to_the_document_that_the_node_serves(node: Addresses, owner: str) -> None:
    did = node.did(owner)
    assert document_url(did, plain_http=True).lower() == node.did_document(owner).lower()
    assert normal_did(did) == did


def test_a_path_leads_to_its_owner_and_the_root_has_no_second_address() -> None:
    assert NODE.owner_of(None) == "ville"
    assert NODE.owner_of("regie-eau") == "regie-eau"
    assert [NODE.owner_of(slug) for slug in ("ville", "", "..", "A", "a b")] == [None] * 5
