"""Tokens of did:web: what proves a participant, and everything that does not (trust.md: items 4 to 10, 18, 20)."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.identity.did_web import MAX_HEADER_BYTES
from connector.identity.errors import IdentityUnavailable, KeyNotPinned, TokenRefused
from connector.identity.keys import Keys
from connector.identity.scheme import Participant
from connector.peer.discovery import DOCUMENT_TTL, FAILURE_TTL, REFETCH_AFTER

Walk = Callable[[Any, Any], Awaitable[None]]


@pytest.fixture
def play(nodes: Any) -> Callable[[Walk], None]:
    """Run a scene between two nodes."""

    def run(walk: Walk) -> None:
        async def scene() -> None:
            async with nodes() as (alice, bob):
                await walk(alice, bob)

        asyncio.run(scene())

    return run


async def _refusal(node: Any, authorization: str | None, owner: str = "root") -> str:
    try:
        await node.scheme.verify(authorization, owner)
    except KeyNotPinned as refused:
        return refused.reason
    except TokenRefused as refused:
        return refused.reason if refused.status == 401 else str(refused.status)
    return "accepted"


def _encode(part: bytes | dict[str, Any]) -> str:
    octets = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def test_a_token_proves_its_issuer_to_its_audience(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = await alice.scheme.token_for("root", bob.did)
        assert await bob.scheme.verify(token, "root") == Participant(alice.did)
        guest = await alice.scheme.token_for("regie-eau", bob.addresses.did("regie-eau"))
        assert await bob.scheme.verify(guest, "regie-eau") == Participant(f"{alice.did}:o:regie-eau")

    play(walk)


def test_participants_of_one_node_prove_themselves_to_each_other(play: Any) -> None:
    async def walk(alice: Any, _: Any) -> None:
        token = await alice.scheme.token_for("regie-eau", alice.did)
        assert await alice.scheme.verify(token, "root") == Participant(alice.addresses.did("regie-eau"))

    play(walk)


def test_a_token_lives_shortly_in_whole_seconds_and_no_two_are_alike(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        alice.clock.advance(timedelta(milliseconds=900))
        tokens = [await alice.scheme.token_for("root", bob.did) for _ in range(2)]
        seen = [jwt.decode_complete(one.split()[1], options={"verify_signature": False}) for one in tokens]
        claims = seen[0]["payload"]
        assert seen[0]["header"] == {"alg": "ES256", "typ": "JWT", "kid": f"{alice.did}#auth"}
        assert (claims["iss"], claims["sub"], claims["aud"]) == (alice.did, alice.did, bob.did)
        assert claims["iat"] == int(alice.clock.now().timestamp()) <= alice.clock.now().timestamp()
        assert 60 <= claims["exp"] - claims["iat"] <= 120
        assert claims["jti"] != seen[1]["payload"]["jti"]

    play(walk)


NOW = int(timedelta(days=20454).total_seconds())  # the virtual clock's start, 2026-01-01

REFUSED_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"aud": "did:web:other.example"}, "audience"),
    ({"aud": None}, "audience"),
    ({"aud": 1}, "audience"),
    ({"iss": "did:web:other.example"}, "issuer"),
    ({"sub": "did:web:other.example"}, "issuer"),
    ({"iss": None, "sub": None}, "issuer"),
    ({"iss": "did:key:z6Mk", "sub": "did:key:z6Mk"}, "issuer"),
    ({"jti": None}, "jti"),
    ({"jti": ""}, "jti"),
    ({"jti": 7}, "jti"),
    ({"jti": "x" * 257}, "jti"),
    ({"iat": NOW - 91, "exp": NOW - 31}, "expired"),
    ({"iat": NOW - 60, "exp": NOW - 30}, "expired"),
    ({"iat": NOW + 31, "exp": NOW + 60}, "not-yet"),
    ({"nbf": NOW + 31}, "not-yet"),
    ({"exp": NOW + 301}, "lifetime"),
    ({"iat": NOW, "exp": NOW}, "lifetime"),
    ({"iat": None}, "times"),
    ({"exp": None}, "times"),
    ({"iat": NOW + 0.5}, "times"),
    ({"exp": str(NOW + 60)}, "times"),
    ({"iat": NOW * 1000, "exp": NOW * 1000 + 60}, "not-yet"),
    ({"iat": True}, "times"),
]


@pytest.mark.parametrize(("claims", "reason"), REFUSED_CLAIMS)
def test_claims_that_prove_nothing_are_refused_before_any_network_is_used(
    play: Any, claims: dict[str, Any], reason: str
) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did, **claims)) == reason
        assert alice.reads == []

    play(walk)


def test_a_list_of_audiences_is_refused_even_with_one_member(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        for audience in ([bob.did], [bob.did, "did:web:other.example"]):
            assert await _refusal(bob, alice.mint(audience)) == "audience"

    play(walk)


def test_a_token_for_one_hosted_participant_is_refused_by_another(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint(bob.addresses.did("regie-eau"))
        assert await _refusal(bob, token, "root") == "audience"
        assert await _refusal(bob, token, "regie-eau") == "accepted"

    play(walk)


def test_dids_are_compared_in_normal_form(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        other = alice.did.replace("%3A", "%3a")
        token = alice.mint(bob.did.replace("%3A", "%3a"), iss=other, header={"kid": f"{other}#auth"})
        assert await bob.scheme.verify(token, "root") == Participant(alice.did)

    play(walk)


@pytest.mark.parametrize("offsets", [{"iat": 30}, {"iat": -89, "exp": -29}, {"nbf": 30}])
def test_clocks_may_differ_by_thirty_seconds(play: Any, offsets: dict[str, int]) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        alice.clock.advance(timedelta(minutes=5))
        token = alice.mint(bob.did, **{name: alice.now + offset for name, offset in offsets.items()})
        assert await _refusal(bob, token) == "accepted"

    play(walk)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"kid": None}, "kid"),
        ({"kid": "did:web:other.example#auth"}, "kid"),
        ({"kid": "auth"}, "kid"),
        ({"kid": "#"}, "kid"),
        ({"kid": "#auth#auth"}, "kid"),
        ({"typ": "at+jwt"}, "typ"),
        ({"typ": "dpop+jwt"}, "typ"),
        ({"crit": ["exp"], "exp": 1}, "crit"),
    ],
)
def test_a_header_that_names_another_key_or_another_use_is_refused(play: Any, header: Any, reason: str) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did, header=header)) == reason
        assert alice.reads == []

    play(walk)


def test_an_extension_of_the_signature_is_refused_even_when_the_library_knows_it(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        _, payload, signature = alice.mint(bob.did).split(".")
        head = _encode({"alg": "ES256", "kid": f"{alice.did}#auth", "crit": ["b64"], "b64": True})
        assert await _refusal(bob, f"Bearer {head}.{payload}.{signature}") == "crit"

    play(walk)


@pytest.mark.parametrize("header", [{"kid": "#auth"}, {"typ": None}, {"typ": "jwt"}])
def test_a_relative_kid_and_a_missing_type_are_accepted(play: Any, header: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did, header=header)) == "accepted"

    play(walk)


DEEP = _encode(b"[" * 9000)
HEAD = _encode({"alg": "ES256", "kid": "#a"})
NO_TOKENS = [
    None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer a.b", "Bearer " + "." * 100, "Bearer é.é.é",
    '{"clientId":"x"}', f"Bearer {HEAD}.{DEEP}.AA", f"Bearer {DEEP}.e30.AA", f"Bearer {HEAD}.{_encode(b'[]')}.AA",
]  # fmt: skip


@pytest.mark.parametrize("authorization", NO_TOKENS)
def test_what_is_no_bearer_token_is_refused(play: Any, authorization: str | None) -> None:
    async def walk(_: Any, bob: Any) -> None:
        assert await _refusal(bob, authorization) in ("no-header", "not-bearer", "not-a-token")

    play(walk)


def test_a_header_of_more_than_16_kilobytes_is_refused_unread(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint(bob.did, padding="x" * MAX_HEADER_BYTES)
        assert await _refusal(bob, token) == "header-size"

    play(walk)


def test_a_token_without_a_signature_is_refused(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        payload = alice.mint(bob.did).split(".")[1]
        for alg in ("none", "None", "NONE", ""):
            header = _encode({"alg": alg, "kid": f"{alice.did}#auth"})
            assert await _refusal(bob, f"Bearer {header}.{payload}.") == "alg"
        honest = _encode({"alg": "ES256", "kid": f"{alice.did}#auth"})
        assert await _refusal(bob, f"Bearer {honest}.{payload}.") == "signature"

    play(walk)


def test_the_public_key_is_no_shared_secret(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        public = alice.keys.auth("root").private.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for alg, reason in (("HS256", "alg"), ("ES256", "signature")):
            head = _encode({"alg": alg, "kid": f"{alice.did}#auth"})
            signed = f"{head}.{alice.mint(bob.did).split('.')[1]}"
            mac = _encode(hmac.digest(pem, signed.encode(), hashlib.sha256))
            assert await _refusal(bob, f"Bearer {signed}.{mac}") == reason

    play(walk)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES384"])
def test_another_algorithm_is_refused(play: Any, alg: str) -> None:
    key = ec.generate_private_key(ec.SECP384R1()) if alg == "ES384" else rsa.generate_private_key(65537, 2048)

    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did, key=key, alg=alg)) == "alg"

    play(walk)


def test_a_forged_token_is_refused_and_spends_no_id(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        forged = alice.mint(bob.did, key=ec.generate_private_key(ec.SECP256R1()), jti="same")
        assert await _refusal(bob, forged) == "signature"
        assert await _refusal(bob, alice.mint(bob.did, jti="same")) == "accepted"

    play(walk)


@pytest.mark.parametrize("written", ["", "AA", "A" * 87, "*" * 86, "MEUCIQ" + "A" * 90])
def test_a_signature_is_64_bytes_and_in_no_other_form(play: Any, written: str) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        head, payload, _ = alice.mint(bob.did).split(".")
        assert await _refusal(bob, f"{head}.{payload}.{written}") in ("signature", "not-a-token")

    play(walk)


def test_an_altered_token_is_refused(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        head, payload, signature = alice.mint(bob.did).split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        altered = _encode({**claims, "jti": "t2"})
        assert await _refusal(bob, f"{head}.{altered}.{signature}") == "signature"

    play(walk)


def test_a_key_inside_the_token_is_ignored(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        mine = ec.generate_private_key(ec.SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(mine.public_key()))
        for header in ({"jwk": jwk}, {"jku": f"{alice.addresses.base_url}/jwks"}, {"x5u": "https://evil.example/c"}):
            assert await _refusal(bob, alice.mint(bob.did, key=mine, header=header)) == "signature"
        assert alice.reads == ["/.well-known/did.json"]
        assert await _refusal(bob, alice.mint(bob.did, header={"jwk": jwk})) == "accepted"

    play(walk)


def test_a_token_is_good_once(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint(bob.did, jti="once")
        assert await _refusal(bob, token) == "accepted"
        assert await _refusal(bob, token) == "replayed"
        assert await _refusal(bob, alice.mint(bob.did, jti="once", exp=alice.now + 120)) == "replayed"
        assert await _refusal(bob, alice.mint(bob.did, jti="twice")) == "accepted"

    play(walk)


def test_of_many_replays_at_once_one_is_accepted(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint(bob.did)
        answers = await asyncio.gather(*(_refusal(bob, token) for _ in range(20)))
        assert sorted(answers) == ["accepted", *["replayed"] * 19]

    play(walk)


def test_a_token_issued_before_this_process_started_is_refused_for_now(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint(bob.did)
        assert await _refusal(bob, token) == "accepted"
        alice.clock.advance(timedelta(seconds=5))
        bob.restart()
        with pytest.raises(IdentityUnavailable) as unavailable:
            await bob.scheme.verify(token, "root")
        assert (unavailable.value.status, unavailable.value.reason) == (503, "issued-before-start")
        assert await _refusal(bob, alice.mint(bob.did, jti="fresh")) == "accepted"

    play(walk)


def test_every_refusal_reads_the_same_to_the_caller(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        texts = set()
        for token in (None, "Bearer x", alice.mint("did:web:x.example"), alice.mint(bob.did, header={"kid": "#no"})):
            with pytest.raises(TokenRefused) as refused:
                await bob.scheme.verify(token, "root")
            texts.add((refused.value.code, refused.value.say("fr"), refused.value.say("en")))
        assert len(texts) == 1

    play(walk)


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda it: it.update(id="did:web:other.example"), "did"),
        (lambda it: it.update(capabilityInvocation=[]), "relationship"),
        (lambda it: it.pop("capabilityInvocation"), "relationship"),
        (lambda it: it.update(verificationMethod=[]), "unknown-key"),
        (lambda it: it.update(verificationMethod="#auth"), "unknown-key"),
        (lambda it: it["verificationMethod"].append(dict(it["verificationMethod"][0])), "method"),
        (lambda it: it["verificationMethod"][0].update(controller="did:web:other.example"), "method"),
        (lambda it: it["verificationMethod"][0].pop("publicKeyJwk"), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(d="AA"), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(crv="P-384"), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(kty="RSA"), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(x="AA"), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(x="A" * 43), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(x=1), "key-type"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(alg="ES384"), "key-use"),
        (lambda it: it["verificationMethod"][0]["publicKeyJwk"].update(use="enc"), "key-use"),
    ],
)
def test_a_document_that_does_not_vouch_for_the_key_is_refused(play: Any, alter: Any, reason: str) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        alter(alice.document)
        assert await _refusal(bob, alice.mint(bob.did)) == reason

    play(walk)


def test_relative_names_in_a_document_are_its_own(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        alice.document["verificationMethod"][0].update(id="#auth")
        alice.document.update(capabilityInvocation=["#auth"])
        assert await _refusal(bob, alice.mint(bob.did)) == "accepted"

    play(walk)


def test_an_unknown_key_causes_one_fresh_look_in_a_few_seconds(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        await _refusal(bob, alice.mint(bob.did, jti="first"))
        alice.clock.advance(REFETCH_AFTER)
        for _ in range(10):
            assert await _refusal(bob, alice.mint(bob.did, header={"kid": "#unknown"})) == "unknown-key"
        assert len(alice.reads) == 2

    play(walk)


def test_a_replaced_key_counts_at_once_and_the_old_one_no_more(play: Any, tmp_path: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        old = alice.keys.auth("root").private
        await _refusal(bob, alice.mint(bob.did, jti="first"))
        alice.clock.advance(REFETCH_AFTER)
        alice.keys = Keys(tmp_path / "new")
        alice.publish("root")
        assert await _refusal(bob, alice.mint(bob.did, jti="new")) == "accepted"
        assert await _refusal(bob, alice.mint(bob.did, jti="old", key=old)) == "signature"

    play(walk)


def test_a_withdrawn_key_stops_counting_within_five_minutes(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did)) == "accepted"
        alice.document.update(verificationMethod=[], capabilityInvocation=[])
        alice.clock.advance(DOCUMENT_TTL)
        assert await _refusal(bob, alice.mint(bob.did)) == "unknown-key"

    play(walk)


def test_a_did_that_cannot_be_read_now_is_a_matter_of_time(play: Any) -> None:
    """503 and not 401: some peers end a process for good on any 4xx."""

    async def walk(alice: Any, bob: Any) -> None:
        true, alice.documents["/.well-known/did.json"] = alice.document, 503
        with pytest.raises(IdentityUnavailable) as unavailable:
            await bob.scheme.verify(alice.mint(bob.did), "root")
        assert unavailable.value.status == 503
        alice.documents["/.well-known/did.json"] = true
        alice.clock.advance(FAILURE_TTL)
        assert await _refusal(bob, alice.mint(bob.did)) == "accepted"

    play(walk)


@pytest.mark.parametrize("did", ["did:web:169.254.169.254", "did:web:10.0.0.1", "did:web:2130706433"])
def test_a_did_at_a_refused_address_is_refused(play: Any, did: str) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        assert await _refusal(bob, alice.mint(bob.did, iss=did, sub=did, header={"kid": f"{did}#auth"})) == "did"

    play(walk)


def test_a_did_without_a_document_is_refused(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        did = alice.addresses.did("nobody")
        assert await _refusal(bob, alice.mint(bob.did, iss=did, sub=did, header={"kid": f"{did}#auth"})) == "did"

    play(walk)


def test_a_pinned_key_is_accepted(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        bob.pins["root", alice.did] = frozenset({alice.keys.auth("root").thumbprint})
        assert await _refusal(bob, alice.mint(bob.did)) == "accepted"

    play(walk)


@pytest.mark.parametrize("pins", [frozenset({"another"}), frozenset()])
def test_a_key_outside_the_pins_is_refused_with_a_code_of_its_own(play: Any, pins: frozenset[str]) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        bob.pins["root", alice.did] = pins
        with pytest.raises(KeyNotPinned) as refused:
            await bob.scheme.verify(alice.mint(bob.did), "root")
        assert (refused.value.status, refused.value.code) == (503, "key-not-pinned")
        assert (refused.value.owner, refused.value.did) == ("root", alice.did)
        assert refused.value.thumbprint == alice.keys.auth("root").thumbprint
        assert await _refusal(bob, alice.mint(bob.addresses.did("regie-eau"), jti="x"), "regie-eau") == "accepted"

    play(walk)


def test_the_pin_holds_for_the_did_in_any_spelling(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        bob.pins["root", alice.did] = frozenset({"another"})
        other = alice.did.replace("%3A", "%3a")
        token = alice.mint(bob.did, iss=other, sub=other, header={"kid": f"{other}#auth"})
        assert await _refusal(bob, token) == "pin"

    play(walk)


def test_no_secret_is_in_the_text_form_of_a_refusal(play: Any) -> None:
    async def walk(alice: Any, bob: Any) -> None:
        token = alice.mint("did:web:other.example")
        with pytest.raises(TokenRefused) as refused:
            await bob.scheme.verify(token, "root")
        assert token.split()[1] not in repr(refused.value) + str(refused.value)

    play(walk)
