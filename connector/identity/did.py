"""DID documents: the one that we publish, and which key of a peer's document may prove what.

Ours keeps to the members that strict readers know: a method has `id`, `type`, `controller` and `publicKeyJwk`, a
service `id`, `type` and `serviceEndpoint`, a relationship is an array of strings. A seal key carries its certificates
in its JWK (`x5c`, RFC 7517 §4.7) and stands under `assertionMethod` alone: it signs no token. Fetching is
connector/peer's work.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from connector.identity import certificates
from connector.identity.addresses import Addresses
from connector.identity.certificates import Chain
from connector.identity.errors import TokenRefused, UnknownKey
from connector.identity.keys import COORDINATE_BYTES, SigningKey, base64url, public_jwk, thumbprint, unbase64url
from connector.peer.discovery import CATALOG_PATH
from connector.peer.documents import DidDocument, normal_did
from connector.problems import Problem

AUTH = "auth"
"""Fragment of the key that signs our tokens."""

SELF_ISSUED = "capabilityInvocation"
"""Relationship under which a method may sign self-issued tokens (DCP 1.0 §Self-Issued ID Tokens)."""

SEALS = "assertionMethod"
"""Relationship under which a method may seal contracts."""

SEALING = "ContractSealing"
"""Type of the service that says that a participant seals contracts, and where what comes later is handed in."""

EVIDENCE_PATH = "/evidence"

CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"]


@dataclass(frozen=True, slots=True)
class PeerKey:
    """A public key of a peer."""

    public: ec.EllipticCurvePublicKey = field(repr=False)
    thumbprint: str


@dataclass(frozen=True, slots=True)
class ShownSeal:
    """A seal key as the DID document shows it."""

    name: str
    """Its fragment."""
    chain: Chain


def own_document(addresses: Addresses, owner: str, key: SigningKey, seals: Sequence[ShownSeal] = ()) -> dict[str, Any]:
    """Return the owner's DID document, with its DSP services (DSP 2025-1 §DID service entries) and its seal keys."""
    did = addresses.did(owner)
    method = f"{did}#{AUTH}"
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "id": did,
        "verificationMethod": [
            _method(did, method, {**key.jwk, "alg": "ES256", "use": "sig"}),
            *(_method(did, f"{did}#{seal.name}", certified_jwk(seal.chain)) for seal in seals),
        ],
        "authentication": [method],
        SELF_ISSUED: [method],
        "service": [
            _service(f"{did}#dsp", "DataService", addresses.version_document(owner)),
            _service(f"{did}#catalogue", "CatalogService", addresses.dsp_base(owner) + CATALOG_PATH),
        ],
    }
    if seals:
        document[SEALS] = [f"{did}#{seal.name}" for seal in seals]
        document["service"].append(_service(f"{did}#evidence", SEALING, addresses.base(owner) + EVIDENCE_PATH))
    return document


def certified_jwk(chain: Chain) -> dict[str, Any]:
    """Return the key of a chain's first certificate as a JWK with the chain. Raises CertificateRefused."""
    public = certificates.public_key(chain[0])
    jwk = {"use": "sig", "x5c": [b64encode(one).decode() for one in chain]}
    if isinstance(public, ec.EllipticCurvePublicKey):
        return {**public_jwk(public), "alg": "ES256", **jwk}
    numbers = public.public_numbers()
    n, e = (base64url(one.to_bytes((one.bit_length() + 7) // 8, "big")) for one in (numbers.n, numbers.e))
    return {"kty": "RSA", "n": n, "e": e, "alg": "RS256", **jwk}


def sealing_endpoint(document: DidDocument) -> str | None:
    """Return where a participant takes evidence; None when it does not say that it seals contracts."""
    return next(iter(document.endpoints(SEALING)), None)


def seal_names(document: DidDocument) -> set[str]:
    """Return the names (`DID#fragment`) of the keys that may seal, as a participant's document says."""
    listed = document.members.get(SEALS)
    names = (method_name(document.did, one) for one in (listed if isinstance(listed, list) else ()))
    return {name for name in names if name is not None}


def key_named(document: DidDocument, kid: str, relationship: str = SELF_ISSUED) -> PeerKey:
    """Return the key that `kid` names in the document.

    1. `kid` is `DID#fragment` or `#fragment`, split at its only `#`, and its DID is the document's.
    2. Exactly one verification method has that id, and the DID controls it.
    3. The method is listed under the relationship.
    4. Its JWK is a P-256 signing key without a private part.
    Raises UnknownKey when 2 finds none, TokenRefused otherwise.
    """
    name = method_name(document.did, kid)  # 1
    if name is None:
        raise TokenRefused("kid")
    methods = [one for one in _objects(document.members.get("verificationMethod")) if _is(document, one, name)]
    if not methods:  # 2
        raise UnknownKey("unknown-key")
    if len(methods) > 1 or not _same_did(methods[0].get("controller"), document.did):
        raise TokenRefused("method")
    listed = document.members.get(relationship)
    if not isinstance(listed, list) or all(method_name(document.did, one) != name for one in listed):  # 3
        raise TokenRefused("relationship")
    return read_jwk(methods[0].get("publicKeyJwk"))  # 4


def authentication_thumbprints(document: DidDocument, relationship: str = SELF_ISSUED) -> frozenset[str]:
    """Return the thumbprints of all keys that may sign the peer's tokens: what is pinned when a peer is added.

    Keys that we would refuse (of another kind, or not described) are left out.
    """
    listed = document.members.get(relationship)
    found = set()
    for kid in listed if isinstance(listed, list) else []:
        with suppress(TokenRefused):
            found.add(key_named(document, kid, relationship).thumbprint)
    return frozenset(found)


def read_jwk(jwk: Any) -> PeerKey:
    """Return an ES256 public key. Raises TokenRefused for any other kind of key."""
    if not isinstance(jwk, Mapping) or (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256") or "d" in jwk:
        raise TokenRefused("key-type")
    if jwk.get("alg", "ES256") != "ES256" or jwk.get("use", "sig") != "sig":
        raise TokenRefused("key-use")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise TokenRefused("key-type")
    return _public_key(x, y)


@lru_cache(maxsize=2048)
def _public_key(x: str, y: str) -> PeerKey:
    """Return the key at a point of the curve; kept, since reading one costs as much as a verification."""
    try:
        point = [unbase64url(x), unbase64url(y)]
        if any(len(one) != COORDINATE_BYTES for one in point):
            raise TokenRefused("key-type")
        at_x, at_y = (int.from_bytes(one, "big") for one in point)
        public = ec.EllipticCurvePublicNumbers(at_x, at_y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise TokenRefused("key-type") from error
    return PeerKey(public, thumbprint(public_jwk(public)))


def method_name(did: str, name: Any) -> str | None:
    """Return `DID#fragment` with the DID in normal form, or None when it is not a name in this DID's document."""
    if not isinstance(name, str):
        return None
    owner, sign, fragment = name.partition("#")
    if not sign or not fragment or "#" in fragment or (owner and not _same_did(owner, did)):
        return None
    return f"{did}#{fragment}"


def _same_did(one: Any, did: str) -> bool:
    if one == did:
        return True
    try:
        return isinstance(one, str) and normal_did(one) == did
    except Problem:
        return False


def _is(document: DidDocument, method: Mapping[str, Any], name: str) -> bool:
    return method_name(document.did, method.get("id")) == name


def _objects(listed: Any) -> list[Mapping[str, Any]]:
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _service(name: str, kind: str, endpoint: str) -> dict[str, str]:
    return {"id": name, "type": kind, "serviceEndpoint": endpoint}


def _method(did: str, name: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}
