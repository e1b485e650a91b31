"""What a seal is worth: dropped, doubled, swapped, foreign, altered and dressed-up seals are all refused."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from contracts import refused
from contracts.approval import Approval, approval_in
from contracts.canonical import canonical
from contracts.checks import check_seal
from contracts.jws import CONTRACT, NOTICE, encoded, kept, read_sealed, second_on, signing_input
from contracts.keys import ORDER
from contracts.seals import COMMITMENTS, LEEWAY, countersign, seal, sealed_at
from tests.harness.contracts import COMMUNE, LAST, METROPOLE, NOW, countersigned, drawn_up, negotiated, sealed
from tests.harness.sealers import BEGINS, ENDS, Sealer, given, p256, sealer

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PROVIDER, CONSUMER, STRANGER = sealer(METROPOLE), sealer(COMMUNE), sealer("did:web:autre.example")
DOCUMENT = drawn_up(negotiated(PROVIDER, CONSUMER))
ONE = sealed(DOCUMENT, PROVIDER)
BOTH = countersigned(ONE, CONSUMER)


def told(text: str = BOTH) -> dict:
    return json.loads(text)


def written(jws: dict) -> str:
    return canonical(jws, limit_bytes=1 << 22).decode()


def header_of(signature: dict) -> dict:
    return json.loads(base64.urlsafe_b64decode(signature["protected"] + "=="))


def resealed(place: int, by: Sealer, change=None, text: str = BOTH, **members) -> str:
    """Return the contract with one seal made anew by somebody, over a header that was changed."""
    jws = told(text)
    header = header_of(jws["signatures"][place]) | members
    if change:
        change(header)
    protected = encoded(canonical(header))
    signature = by.signed(signing_input(protected, base64.urlsafe_b64decode(jws["payload"] + "==")))
    if by.algorithm == "ES256":
        s = int.from_bytes(signature[32:], "big")
        signature = signature[:32] + min(s, ORDER - s).to_bytes(32, "big")
    jws["signatures"][place] = {"protected": protected, "signature": encoded(signature)}
    return written(jws)


def test_both_seals_stand():
    contract = check_seal(BOTH, now=NOW)
    assert contract.document == DOCUMENT
    assert [sealed_at(each) for each in contract.signatures] == [NOW, NOW + timedelta(seconds=2)]
    assert approval_in(contract.signatures[0]) == Approval(
        function="Le directeur général des services", by="9f31", at=NOW
    )
    assert approval_in(contract.signatures[1]) == Approval(rule="premier-contact")


def test_the_provider_alone_may_be_looked_for():
    assert check_seal(ONE, roles=("provider",), now=NOW).document == DOCUMENT


def test_countersigning_leaves_the_first_seal_as_it_stands():
    assert told(BOTH)["payload"] == told(ONE)["payload"]
    assert told(BOTH)["signatures"][0] == told(ONE)["signatures"][0]


def test_the_header_is_that_of_a_baseline_signature():  # ETSI TS 119 182-1 V1.2.1 §5, §6
    header = header_of(told()["signatures"][0])
    der = PROVIDER.chain[0]
    assert header == {
        "alg": "ES256",
        "cty": CONTRACT,
        "iat": int(NOW.timestamp()),
        "kid": f"{METROPOLE}#seal-2026",
        "srAts": {
            "claimed": [
                {
                    "encoding": "binary",
                    "mediaType": "text/plain",
                    "qVals": [
                        "Le directeur général des services",
                        "urn:pupitre:approved-by:9f31",
                        "urn:pupitre:approved-at:2026-06-01T12:00:00Z",
                    ],
                }
            ]
        },
        "srCms": [
            {"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin"}},
            {"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"}},
        ],
        "typ": "JOSE+JSON",
        "x5c": [base64.b64encode(der).decode()],
        "x5t#S256": encoded(bytes.fromhex(PROVIDER.sha256)),
    }


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_certificate_of_an_authority_may_be_rsa(algorithm):
    authority = p256()
    chain = (
        given("Métropole", RSA, by=("Autorité", authority)),
        given("Autorité", authority, authority=True),
    )
    provider = Sealer(f"{METROPOLE}#seal-2026", RSA, chain, algorithm)
    text = countersigned(sealed(drawn_up(negotiated(provider, CONSUMER)), provider), CONSUMER)
    assert check_seal(text, now=NOW).signatures[0].certificates == chain


@pytest.mark.parametrize(
    ("name", "algorithm", "key"),
    [
        ("P-384", "ES256", ec.generate_private_key(ec.SECP384R1())),
        ("RSA 1024", "RS256", rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        ("RSA named as P-256", "ES256", RSA),
        ("P-256 named as RSA", "PS256", p256()),
        ("nothing", "none", p256()),
        ("a shared secret", "HS256", p256()),
    ],
)
def test_no_other_key_seals(name, algorithm, key):
    with pytest.raises(refused.AlgorithmRefused):
        sealed(DOCUMENT, sealer(METROPOLE, key=key, algorithm=algorithm))


def without(place: int) -> str:
    jws = told()
    del jws["signatures"][place]
    return written(jws)


def arranged(*places: int) -> str:
    jws = told()
    return written(jws | {"signatures": [jws["signatures"][place] for place in places]})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (ONE, refused.WrongSealCount),
        (without(0), refused.WrongSealCount),
        (without(1), refused.WrongSealCount),
        (arranged(1, 0), refused.WrongSealKey),
        (arranged(0, 0), refused.WrongSealKey),
        (arranged(1, 1), refused.WrongSealKey),
        (arranged(0, 1, 0), refused.NotASeal),
        (arranged(), refused.NotASeal),
    ],
)
def test_exactly_the_two_seals_in_their_order(text, error):
    with pytest.raises(error):
        check_seal(text, now=NOW)


def test_two_seals_where_one_is_needed_are_refused():
    with pytest.raises(refused.WrongSealCount):
        check_seal(BOTH, roles=("provider",), now=NOW)


OTHER_KEY = replace(PROVIDER, key=p256())
BESIDE = Sealer(f"{METROPOLE}#seal-2027", PROVIDER.key, PROVIDER.chain)
EXPIRED = given(METROPOLE, PROVIDER.key, begins=BEGINS - timedelta(days=400), ends=BEGINS)


@pytest.mark.parametrize(
    ("text", "error", "pointer"),
    [
        (resealed(0, OTHER_KEY), refused.BadSeal, "/signatures/0/signature"),
        (resealed(0, STRANGER, kid=STRANGER.kid), refused.WrongSealKey, "/signatures/0/protected/kid"),
        (resealed(0, BESIDE, kid=BESIDE.kid), refused.WrongSealKey, "/signatures/0/protected/kid"),
        (resealed(0, PROVIDER, kid=CONSUMER.kid), refused.WrongSealKey, "/signatures/0/protected/kid"),
        (
            resealed(0, STRANGER, x5c=[base64.b64encode(STRANGER.chain[0]).decode()]),
            refused.WrongCertificate,
            "/signatures/0/protected/x5c/0",
        ),
        (
            resealed(0, PROVIDER, x5c=[base64.b64encode(EXPIRED).decode()]),
            refused.WrongCertificate,
            "/signatures/0/protected/x5c/0",
        ),
        (
            resealed(0, PROVIDER, **{"x5t#S256": encoded(b"0" * 32)}),
            refused.WrongCertificate,
            "/signatures/0/protected/x5t#S256",
        ),
        (
            resealed(0, PROVIDER, x5c=[base64.b64encode(each).decode() for each in (*PROVIDER.chain, *CONSUMER.chain)]),
            refused.BrokenChain,
            "/signatures/0/protected/x5c/1",
        ),
        (resealed(0, PROVIDER, alg="RS256"), refused.AlgorithmRefused, "/signatures/0/protected/alg"),
        (resealed(0, PROVIDER, alg="PS256"), refused.AlgorithmRefused, "/signatures/0/protected/alg"),
        (resealed(0, PROVIDER, alg="none"), refused.AlgorithmRefused, "/signatures/0/protected/alg"),
        (resealed(0, PROVIDER, alg="HS256"), refused.AlgorithmRefused, "/signatures/0/protected/alg"),
        (resealed(0, PROVIDER, alg="ES384"), refused.AlgorithmRefused, "/signatures/0/protected/alg"),
        (resealed(0, PROVIDER, cty=NOTICE), refused.HeaderRefused, "/signatures/0/protected/cty"),
        (resealed(0, PROVIDER, typ="JWT"), refused.HeaderRefused, "/signatures/0/protected/typ"),
        (resealed(0, PROVIDER, crit=["b64"], b64=False), refused.HeaderRefused, "/signatures/0/protected/b64"),
        (resealed(0, PROVIDER, b64=True), refused.HeaderRefused, "/signatures/0/protected/b64"),
        (resealed(0, PROVIDER, crit=[]), refused.HeaderRefused, "/signatures/0/protected/crit"),
        (resealed(0, PROVIDER, crit=["exp"]), refused.HeaderRefused, "/signatures/0/protected/crit"),
        (resealed(0, PROVIDER, jwk={}), refused.HeaderRefused, "/signatures/0/protected/jwk"),
        (resealed(0, PROVIDER, jku="https://x.example"), refused.HeaderRefused, "/signatures/0/protected/jku"),
        (resealed(0, PROVIDER, x5u="https://x.example"), refused.HeaderRefused, "/signatures/0/protected/x5u"),
        (resealed(0, PROVIDER, sigT="2026-06-01T12:00:00Z"), refused.HeaderRefused, "/signatures/0/protected/sigT"),
        (resealed(0, PROVIDER, iat="1"), refused.HeaderRefused, "/signatures/0/protected/iat"),
        (resealed(0, PROVIDER, iat=True), refused.HeaderRefused, "/signatures/0/protected/iat"),
        (resealed(0, PROVIDER, iat=2**40), refused.HeaderRefused, "/signatures/0/protected/iat"),
        (resealed(0, PROVIDER, iat=0), refused.HeaderRefused, "/signatures/0/protected/iat"),
        (resealed(0, PROVIDER, x5c=[]), refused.HeaderRefused, "/signatures/0/protected/x5c"),
        (resealed(0, PROVIDER, x5c=["AA"]), refused.HeaderRefused, "/signatures/0/protected/x5c/0"),
        (resealed(0, PROVIDER, x5c=["AB=="]), refused.HeaderRefused, "/signatures/0/protected/x5c/0"),
        (resealed(0, PROVIDER, srCms=[]), refused.WrongCommitment, "/signatures/0/protected/srCms"),
        (
            resealed(0, PROVIDER, srCms=header_of(told()["signatures"][1])["srCms"]),
            refused.WrongCommitment,
            "/signatures/0/protected/srCms",
        ),
        (
            resealed(1, CONSUMER, srCms=header_of(told()["signatures"][0])["srCms"]),
            refused.WrongCommitment,
            "/signatures/1/protected/srCms",
        ),
        (resealed(0, PROVIDER, srAts={}), refused.HeaderRefused, "/signatures/0/protected/srAts"),
        (resealed(0, PROVIDER, srAts={"claimed": []}), refused.HeaderRefused, "/signatures/0/protected/srAts"),
        (
            resealed(0, PROVIDER, srAts={"claimed": [{"encoding": "binary", "mediaType": "text/plain", "qVals": [1]}]}),
            refused.HeaderRefused,
            "/signatures/0/protected/srAts",
        ),
        (
            resealed(1, CONSUMER, iat=int((NOW - LEEWAY).timestamp()) - 1),
            refused.BadSealTime,
            "/signatures/1/protected/iat",
        ),
        (
            resealed(0, PROVIDER, iat=int((NOW + LEEWAY).timestamp()) + 1),
            refused.BadSealTime,
            "/signatures/0/protected/iat",
        ),
        (
            resealed(0, PROVIDER, iat=int(ENDS.timestamp()) + 1),
            refused.CertificateNotValid,
            "/signatures/0/protected/x5c/0",
        ),
        (
            resealed(0, PROVIDER, iat=int(BEGINS.timestamp()) - 1),
            refused.CertificateNotValid,
            "/signatures/0/protected/x5c/0",
        ),
    ],
)
def test_a_seal_that_is_another_in_one_thing_is_refused(text, error, pointer):
    with pytest.raises(error) as caught:
        check_seal(text, now=NOW)
    assert type(caught.value) is error
    assert caught.value.pointer == pointer
    assert caught.value.say("fr") != caught.value.say("en")


@pytest.mark.parametrize("name", ["alg", "cty", "iat", "kid", "srCms", "typ", "x5c", "x5t#S256"])
def test_each_member_of_the_header_is_needed(name):
    with pytest.raises(refused.HeaderRefused) as caught:
        check_seal(resealed(0, PROVIDER, lambda header: header.pop(name)), now=NOW)
    assert caught.value.needed == name


def test_what_is_claimed_of_the_approval_may_be_absent():
    check_seal(resealed(0, PROVIDER, lambda header: header.pop("srAts")), now=NOW)


def test_a_seal_before_the_document_is_refused():
    at = NOW - LEEWAY - timedelta(seconds=1)
    text = countersigned(sealed(DOCUMENT, PROVIDER, at), CONSUMER, at)
    with pytest.raises(refused.OtherDates):
        check_seal(text, now=NOW)


def test_a_seal_after_the_last_instant_is_refused():
    at = LAST + LEEWAY + timedelta(seconds=1)
    with pytest.raises(refused.CountersignTooLate):
        check_seal(countersigned(ONE, CONSUMER, at), now=at)


def test_the_second_value_of_s_is_refused():
    jws = told()
    raw = base64.urlsafe_b64decode(jws["signatures"][0]["signature"] + "==")
    other = ORDER - int.from_bytes(raw[32:], "big")
    jws["signatures"][0]["signature"] = encoded(raw[:32] + other.to_bytes(32, "big"))
    with pytest.raises(refused.BadSeal, match="s ≤ n/2"):
        check_seal(written(jws), now=NOW)


def test_a_signer_that_gives_the_higher_s_is_put_right():
    class High(Sealer):
        async def sign(self, signing_input: bytes) -> bytes:
            raw = self.signed(signing_input)
            s = int.from_bytes(raw[32:], "big")
            return raw[:32] + max(s, ORDER - s).to_bytes(32, "big")

    provider = High(PROVIDER.kid, PROVIDER.key, PROVIDER.chain)
    check_seal(sealed(DOCUMENT, provider), roles=("provider",), now=NOW)


@pytest.mark.parametrize("raw", [b"", b"0" * 63, b"0" * 65, bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32])
def test_what_is_no_signature_is_refused(raw):
    jws = told()
    jws["signatures"][1]["signature"] = encoded(raw)
    with pytest.raises(refused.BadSeal):
        check_seal(written(jws), now=NOW)


def test_a_signature_in_der_is_refused():
    jws = told()
    signing = signing_input(jws["signatures"][1]["protected"], canonical(DOCUMENT))
    jws["signatures"][1]["signature"] = encoded(CONSUMER.key.sign(signing, ec.ECDSA(hashes.SHA256())))
    with pytest.raises(refused.BadSeal):
        check_seal(written(jws), now=NOW)


def test_one_key_cannot_seal_for_both():
    shared = p256()
    provider, consumer = sealer(METROPOLE, key=shared), sealer(COMMUNE, key=shared)
    with pytest.raises(refused.SameCertificate):
        check_seal(countersigned(sealed(drawn_up(negotiated(provider, consumer)), provider), consumer), now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("{", "{ ", 1),
        lambda text: text + "\n",
        lambda text: text.replace('"payload":', '"payload":"e30","payload":', 1),
        lambda text: text.replace('"signatures":', '"more":1,"signatures":', 1),
        lambda text: written(told() | {"signature": "AA"}),
        lambda text: written({"payload": told()["payload"], **told()["signatures"][0]}),
        lambda text: ".".join((told()["signatures"][0]["protected"], told()["payload"], "AA")),
        lambda text: written(told() | {"payload": told()["payload"] + "="}),
        lambda text: written(told() | {"payload": told()["payload"] + "A"}),
        lambda text: written(told() | {"payload": told()["payload"].replace("e", "+", 1)}),
        lambda text: written(told() | {"payload": 1}),
        lambda text: written(told() | {"signatures": {}}),
        lambda text: written(told() | {"signatures": [1]}),
        lambda text: written({"signatures": told()["signatures"]}),
        lambda text: "",
        lambda text: "null",
        lambda text: "\ud800",
    ],
)
def test_another_spelling_of_the_text_is_refused(change):
    """A payload with one letter more is no base64url, or holds one byte more than its document: its length decides."""
    with pytest.raises((refused.NotASeal, refused.NotCanonical)):
        read_sealed(change(BOTH))


def test_spare_bits_of_base64url_are_refused():
    jws = told(sealed({**DOCUMENT, "jurisdiction": "Droit français.."}, PROVIDER))
    payload = jws["payload"]
    assert len(payload) % 4, "the last character has spare bits"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    jws["payload"] = payload[:-1] + alphabet[alphabet.index(payload[-1]) + 1]
    with pytest.raises(refused.NotASeal):
        read_sealed(written(jws))


@pytest.mark.parametrize(
    "header", [{}, {"alg": "ES256"}, {"etsiU": []}, {"etsiU": "AA"}, {"etsiU": ["A"]}, {"kid": "x"}]
)
def test_nothing_but_etsi_u_stands_outside_what_is_sealed(header):
    jws = told()
    jws["signatures"][0]["header"] = header
    with pytest.raises((refused.NotASeal, refused.BadTimeStampToken)):
        read_sealed(written(jws))


def test_a_payload_that_is_not_canonical_is_refused():
    with pytest.raises(refused.NotCanonical):
        sealed(json.dumps(DOCUMENT).encode(), PROVIDER)
    jws = told()
    jws["payload"] = encoded(json.dumps(DOCUMENT).encode())
    with pytest.raises(refused.NotCanonical):
        read_sealed(written(jws))


def test_every_byte_of_the_text_counts():
    """Each character in turn is another: never a contract that is good."""
    passed = []
    for place in range(len(BOTH)):
        other = "B" if BOTH[place] == "A" else "A"
        try:
            check_seal(BOTH[:place] + other + BOTH[place + 1 :], now=NOW)
        except refused.ContractError:
            continue
        passed.append(place)
    assert passed == []


def test_what_is_kept_is_read_as_it_was_at_first():
    jws = told()
    jws["signatures"][1]["header"] = {"etsiU": ["e30"]}
    for text in (ONE, BOTH, written(jws)):
        assert kept(text) == read_sealed(text)
        assert kept(text).document == read_sealed(text).document
    for text in ("", "null", "{}", ONE[:-9], written({**told(), "payload": 1}), written({**told(), "signatures": [1]})):
        with pytest.raises(refused.NotASeal):
            kept(text)


def test_a_second_seal_is_read_alone_as_it_would_be_with_the_whole():
    """Whatever stands in the place of any character: the same seals, the same refusal, or no word about it."""
    first = read_sealed(ONE)
    assert second_on(first, BOTH) == read_sealed(BOTH)
    for place in range(len(BOTH)):
        text = BOTH[:place] + ("B" if BOTH[place] == "A" else "A") + BOTH[place + 1 :]
        try:
            found = second_on(first, text)
        except refused.ContractError as error:
            with pytest.raises(type(error)):
                read_sealed(text)
        else:
            assert found is None or found == read_sealed(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda: ONE,
        lambda: BOTH + " ",
        lambda: BOTH.replace(",{", ", {"),
        lambda: written({**told(), "signatures": told()["signatures"][::-1]}),
        lambda: written({**told(), "signatures": [*told()["signatures"], told()["signatures"][1]]}),
        lambda: written({**told(), "signatures": [told()["signatures"][0], 1]}),
        lambda: written({**told(), "more": 1}),
        lambda: countersigned(sealed({**DOCUMENT, "termination": "Aucune."}, PROVIDER), CONSUMER),
        lambda: countersigned(sealed(DOCUMENT, STRANGER), CONSUMER),
    ],
)
def test_any_text_but_the_first_with_one_seal_more_is_for_the_reader_of_the_whole(change):
    assert second_on(read_sealed(ONE), change()) is None


def test_every_member_of_the_document_counts():
    def leaves(value, way=()):
        if isinstance(value, dict | list):
            for name, each in value.items() if isinstance(value, dict) else enumerate(value):
                yield from leaves(each, (*way, name))
        else:
            yield way

    for way in leaves(DOCUMENT):
        document = json.loads(json.dumps(DOCUMENT))
        at = document
        for name in way[:-1]:
            at = at[name]
        at[way[-1]] = not at[way[-1]] if isinstance(at[way[-1]], bool) else at[way[-1]] + "1"
        with pytest.raises(refused.ContractError):
            check_seal(written(told() | {"payload": encoded(canonical(document))}), now=NOW)


# --- sealing ---


def test_an_expired_certificate_seals_nothing():
    with pytest.raises(refused.CertificateNotValid):
        sealed(DOCUMENT, sealer(METROPOLE, begins=BEGINS, ends=NOW - timedelta(seconds=1)))


@pytest.mark.parametrize("raw", [b"", b"0" * 64, b"0" * 70])
def test_a_signer_that_fails_silently_is_found_out(raw):
    class Broken(Sealer):
        async def sign(self, signing_input: bytes) -> bytes:
            return raw

    with pytest.raises(refused.SignerFailed):
        sealed(DOCUMENT, Broken(PROVIDER.kid, PROVIDER.key, PROVIDER.chain))


def test_what_a_signer_raises_passes_through():
    class Away(Sealer):
        async def sign(self, signing_input: bytes) -> bytes:
            raise ConnectionError("the device is away")

    with pytest.raises(ConnectionError):
        sealed(DOCUMENT, Away(PROVIDER.kid, PROVIDER.key, PROVIDER.chain))


def test_a_third_seal_is_not_added():
    with pytest.raises(refused.WrongSealCount):
        countersigned(BOTH, STRANGER)


def test_a_seal_has_an_instant_in_a_time_zone():
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        asyncio.run(seal(canonical(DOCUMENT), PROVIDER, media_type=CONTRACT, at=naive))
    with pytest.raises(ValueError, match="time zone"):
        asyncio.run(countersign(ONE, CONSUMER, at=naive))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"by": "9f31", "rule": "r"},
        {"function": "Le maire"},
        {"by": "x" * 201},
        {"by": "a\nb"},
        {"by": "9f31", "function": "urn:pupitre:approved-by:1"},
        {"by": "9f31", "at": NOW.replace(tzinfo=None)},
    ],
)
def test_an_approval_is_of_one_kind(members):
    with pytest.raises(ValueError, match=r"approval|function"):
        Approval(**members)


def test_the_roles_commit_to_what_they_must():
    assert {role: [each.rpartition("#")[2] for each in those] for role, those in COMMITMENTS.items()} == {
        "provider": ["ProofOfOrigin", "ProofOfApproval"],
        "consumer": ["ProofOfApproval"],
    }
