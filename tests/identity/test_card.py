"""The party card: what it may say, how it is written, and what a peer's card must prove."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.identity import card as cards
from connector.identity import invitation
from connector.identity.addresses import Addresses
from connector.identity.card import Card
from connector.identity.did import authentication_thumbprints, own_document
from connector.identity.errors import CardRefused
from connector.identity.keys import Keys
from connector.peer.documents import DidDocument, read_document
from connector.problems import Invalid

ADDRESSES = Addresses("https://donnees.demo.example")
DID = ADDRESSES.did("root")
SAID: dict[str, Any] = {
    "legal_name": "Métropole de Démo",
    "siret": "24350013900189",
    "representative_function": "La présidente",
    "contact_role": "Service des données",
    "contact_email": "donnees@demo.example",
    "contact_telephone": "+33 2 99 00 00 00",
}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    made.create_auth("root")
    made.create_auth("other")
    return made


@pytest.fixture
def document(keys: Keys) -> DidDocument:
    return read_document(DID, json.dumps(own_document(ADDRESSES, "root", keys.auth("root"))).encode())


def card(**said: Any) -> Card:
    return Card(**cards.checked({**SAID, **said}), did=DID, version=3, issued_at=datetime(2026, 3, 1, tzinfo=UTC))


# What it may say


@pytest.mark.parametrize("number", ["243500139", "213502388", "356000000", "732829320"])
def test_a_siren_satisfies_luhn(number: str) -> None:
    assert cards.is_siren(number)
    assert not any(cards.is_siren(number[:-1] + str(digit)) for digit in range(10) if str(digit) != number[-1])


@pytest.mark.parametrize("number", ["24350013900189", "73282932000074", "35600000000048", "35600000049837"])
def test_a_siret_satisfies_luhn_or_the_rule_of_la_poste(number: str) -> None:
    assert cards.is_siret(number)


@pytest.mark.parametrize("number", ["24350013900180", "35600000049838", "3560000004983", "٢٤٣٥٠٠١٣٩٠٠١٨٩", ""])
def test_other_numbers_are_no_siret(number: str) -> None:
    assert not cards.is_siret(number)


def test_the_rule_of_la_poste_is_for_la_poste_alone() -> None:
    number = "73282932000004"
    assert sum(map(int, number)) % 5 == 0
    assert not cards.is_siret(number)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"legal_name": "  "}, "/legal_name"),
        ({"legal_name": None}, "/legal_name"),
        ({"legal_name": "x" * 501}, "/legal_name"),
        ({"legal_name": "\u202e elpmaxe"}, "/legal_name"),
        ({"representative_function": ""}, "/representative_function"),
        ({"contact_role": ""}, "/contact_role"),
        ({"contact_role": 3}, "/contact_role"),
        ({"siret": "24350013900180"}, "/siret"),
        ({"siren": "243500130"}, "/siren"),
        ({"siren": "732829320"}, "/siret"),
        ({"contact_email": "donnees"}, "/contact_email"),
        ({"contact_telephone": "appelez"}, "/contact_telephone"),
    ],
)
def test_a_fault_is_named_with_its_member(said: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        cards.checked({**SAID, **said})
    assert refused.value.pointer == pointer
    assert refused.value.detail["fr"] != refused.value.detail["en"]


def test_spaces_that_people_write_do_not_matter() -> None:
    told = cards.checked({**SAID, "legal_name": " Métropole de\u00a0Démo\n", "siret": "243 500 139 00189"})
    assert (told["legal_name"], told["siret"], told["siren"]) == ("Métropole de Démo", "24350013900189", "243500139")


def test_accents_are_written_in_one_way() -> None:
    """As some systems write them, a letter and its accent apart, a contract could not name the organisation."""
    told = cards.checked({**SAID, "legal_name": "Me\u0301tropole", "mandate": " De\u0301libe\u0301ration 12\n"})
    assert (told["legal_name"], told["mandate"]) == ("Métropole", "Délibération 12")


# How it is written


def test_a_card_is_canonical_json() -> None:
    """RFC 8785 on texts and whole numbers: members sorted, no spaces, UTF-8, the shortest escapes."""
    assert cards.write(card(legal_name='L’« Agglo » "A\\B"', siret=None, contact_telephone=None)) == (
        '{"contactEmail":"donnees@demo.example","contactRole":"Service des données",'
        f'"did":"{DID}","form":"urn:pupitre:party-card:1","issuedAt":"2026-03-01T00:00:00.000000Z",'
        '"legalName":"L’« Agglo » \\"A\\\\B\\"","representativeFunction":"La présidente","version":3}'
    )


@given(st.text(min_size=1, max_size=200))
def test_what_is_written_is_what_is_read(name: str) -> None:
    try:
        made = card(legal_name=name)
    except Invalid:
        return
    assert cards.read(cards.write(made).encode()) == made


# What a peer's card must prove


def signed(keys: Keys, owner: str = "root", text: str | None = None, **header: Any) -> bytes:
    members = {"kid": f"{DID}#auth", "typ": cards.TYPE, **header}
    payload = (text or cards.write(card())).encode()
    made = jwt.PyJWS().encode(payload, keys.auth(owner).private, "ES256", headers=members)
    return made.encode()


def test_a_card_signed_by_the_pinned_key_is_taken(keys: Keys, document: DidDocument) -> None:
    text = cards.sign(cards.write(card()), DID, keys.auth("root"))
    taken = cards.verify(text.encode(), document, authentication_thumbprints(document))
    assert (taken, taken.jws) == (card(), text)
    assert cards.stored(text) == taken


def test_a_card_that_proves_nothing_is_refused(keys: Keys, document: DidDocument) -> None:
    pinned = authentication_thumbprints(document)
    good = signed(keys)
    head, payload, signature = good.split(b".")
    other = cards.write(card()).replace("Métropole", "Commune")
    swapped = b".".join((head, base64.urlsafe_b64encode(other.encode()).rstrip(b"="), signature))
    elsewhere = cards.write(card()).replace(DID, "did:web:other.example")
    told = json.loads(cards.write(card()))
    forged: dict[str, list[bytes]] = {
        "signature": [signed(keys, "other"), swapped, b".".join((head, payload, b"AAAA"))],
        "form": [b"", b"x", signed(keys, typ="JWT"), signed(keys, crit=["exp"]), good + b"." * 3, b"a" * 20_000],
        "did": [signed(keys, text=elsewhere)],
        "kid": [signed(keys, kid="did:web:other.example#auth")],
        "unknown-key": [signed(keys, kid=f"{DID}#old")],
        "content": [
            signed(keys, text=json.dumps({**told, "siret": "24350013900180"})),
            signed(keys, text=json.dumps({**told, "issuedAt": "hier"})),
            signed(keys, text="[]"),
            signed(keys, text='{"form":"a","form":"b"}'),
        ],
    }
    for reason, texts in forged.items():
        for text in texts:
            with pytest.raises(CardRefused) as refused:
                cards.verify(text, document, pinned)
            assert refused.value.reason == reason, text
    with pytest.raises(CardRefused) as refused:
        cards.verify(good, document, frozenset({"another"}))
    assert refused.value.reason == "pin"


def test_what_later_versions_add_is_let_be(keys: Keys, document: DidDocument) -> None:
    more = json.dumps({**json.loads(cards.write(card())), "logo": "https://demo.example/logo.svg"})
    assert cards.verify(signed(keys, text=more), document, authentication_thumbprints(document)) == card()


# Invitations


@pytest.mark.parametrize("owner", ["root", "sde"])
@pytest.mark.parametrize(
    "base", ["https://donnees.demo.example", "http://127.0.0.1:8282", "https://[2001:db8::1]:8443"]
)
def test_an_invitation_is_read_as_it_was_written(owner: str, base: str) -> None:
    addresses = Addresses(base)
    made = invitation.Invitation(addresses.base(owner), addresses.did(owner), "k" * 43)
    assert invitation.read(f" {made.line()}\n") == made


@pytest.mark.parametrize(
    "line",
    [
        "",
        "did:web:demo.example",
        "invitation:https://demo.example,did:web:demo.example",
        f"invitation:https://other.example,did:web:demo.example,{'k' * 43}",
        f"invitation:https://demo.example,did:web:demo.example:o:sde,{'k' * 43}",
        f"invitation:https://demo.example,did:key:demo,{'k' * 43}",
        "invitation:https://demo.example,did:web:demo.example,kkk",
    ],
)
def test_a_line_that_does_not_fit_is_refused(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        invitation.read(line)
    assert refused.value.pointer == "/invitation"
