"""Who the parties are: DID documents as they were seen, party cards, and what is known of revoked seal keys."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pupitre_verify.report import Fault
from pupitre_verify.shapes import check_not_later, instant, is_instant
from pupitre_verify.strict import Unreadable, base64url, read_json, unbase64, unbase64url

CARD_FORM = "urn:pupitre:party-card:1"
KEYS_FORM = "https://w3id.org/pupitre/seal-keys/1"
SEALS, SPEAKS = "assertionMethod", "capabilityInvocation"
_FROM_CARD = ("did", "legalName", "siren", "siret")
_IN_CARD = {"representative/function": "representativeFunction", "representative/mandate": "mandate"}


Signer: TypeAlias = tuple[Any, ...] | None
"""The public key that signed for a DID; None where no DID document is at hand to look it up."""


@dataclass(frozen=True)
class Revocation:
    """Since when a seal key is revoked, and why, as its owner says."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class KeyList:
    """A participant's signed list of seal keys."""

    keys: dict[tuple[str | None, str], Revocation | None]
    """By name, as `normal` writes it, and SHA-256 of the certificate; None: not revoked."""
    issued_at: datetime | None
    """When it was signed, as it says itself; None where it does not say."""
    signer: Signer

    def names(self, kid: str, certificate_sha256: str) -> bool:
        """Return whether the key stands in the list, with this certificate."""
        return (normal(kid), certificate_sha256) in self.keys

    def revocation(self, kid: str, certificate_sha256: str) -> Revocation | None:
        """Return what the list says of the end of a key; None where it is not revoked, or not named."""
        return self.keys.get((normal(kid), certificate_sha256))


def read_did_document(part: str, raw: bytes, did: str) -> dict[str, Any]:
    """Return the DID document, if it is the one of this DID."""
    document = _object(part, raw)
    if normal(document.get("id")) != normal(did):
        raise Fault(part, "/id", f"ce document DID n’est pas celui de {did}", f"not the DID document of {did}")
    return document


def check_seal_key(part: str, document: dict[str, Any], kid: str, certificate: x509.Certificate) -> None:
    """Verify that the DID document names the key of this certificate, for seals, under this name.

    1. Exactly one method has the name, and the DID controls it.
    2. It is listed under `assertionMethod`.
    3. Its key is the certificate's, and a certificate beside it is this one.
    """
    jwk = _method(part, document, kid, SEALS)  # 1, 2
    if _numbers(jwk) != _key_numbers(certificate.public_key()):  # 3
        raise Fault(
            part,
            "/verificationMethod",
            f"la clé {kid} n’est pas celle du certificat du cachet",
            f"the key {kid} is not the one of the seal's certificate",
        )
    if "x5c" in jwk:
        listed = jwk["x5c"]
        try:
            der = unbase64(listed[0] if isinstance(listed, list) and listed else None)
        except Unreadable as error:
            raise Fault(part, "/verificationMethod", error.fr, error.en) from error
        if hashlib.sha256(der).digest() != certificate.fingerprint(hashes.SHA256()):
            raise Fault(
                part,
                "/verificationMethod",
                f"le certificat de {kid} n’est pas celui du cachet",
                f"the certificate of {kid} is not the seal's",
            )


def names_key(document: dict[str, Any], kid: str) -> bool:
    """Return whether the DID document has a method of this name."""
    listed = document.get("verificationMethod")
    did = str(document["id"])
    return isinstance(listed, list) and any(
        isinstance(one, dict) and _same_name(one.get("id"), kid, did) for one in listed
    )


def _method(part: str, document: dict[str, Any], kid: str, relationship: str) -> dict[str, Any]:
    did = str(document["id"])
    listed = document.get("verificationMethod")
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    found = [one for one in found if _same_name(one.get("id"), kid, did)]
    if len(found) != 1 or normal(found[0].get("controller")) != normal(did):
        raise Fault(
            part, "/verificationMethod", f"la clé {kid} n’y est pas une fois", f"the key {kid} is not there once"
        )
    allowed = document.get(relationship)
    if not isinstance(allowed, list) or not any(_same_name(one, kid, did) for one in allowed):
        raise Fault(part, f"/{relationship}", f"{kid} n’y est pas", f"{kid} is not listed")
    jwk = found[0].get("publicKeyJwk")
    if not isinstance(jwk, dict):
        raise Fault(part, "/verificationMethod", "la clé n’est pas décrite", "the key is not described")
    return jwk


def _same_name(name: Any, kid: str, did: str) -> bool:
    if not isinstance(name, str):
        return False
    whole = did + name if name.startswith("#") else name
    return normal(whole) == normal(kid)


def normal(name: Any) -> str | None:
    """Return a DID or the name of a key with its host, its port and its percent signs written in one way."""
    if not isinstance(name, str):
        return None
    found = re.match(r"did:web:[^:#]*", name)
    host = found[0] if found else ""
    name = re.sub(r"%3a0+(?=[0-9]+\Z)", "%3a", host.lower()) + name.removeprefix(host)
    return re.sub(r"%[0-9A-Fa-f]{2}", lambda sign: sign[0].upper(), name)


def _numbers(jwk: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(jwk.get(name) for name in (("kty", "crv", "x", "y") if jwk.get("kty") == "EC" else ("kty", "n", "e")))


def _key_numbers(key: Any) -> tuple[Any, ...]:
    def written(number: int, size: int) -> str:
        return base64url(number.to_bytes(size, "big"))

    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        return ("EC", "P-256", written(numbers.x, 32), written(numbers.y, 32))
    if isinstance(key, rsa.RSAPublicKey):
        n, e = key.public_numbers().n, key.public_numbers().e
        return ("RSA", written(n, (n.bit_length() + 7) // 8), written(e, (e.bit_length() + 7) // 8))
    return ()


def check_card(part: str, raw: bytes, party: dict[str, Any], place: str, document: dict[str, Any] | None) -> Signer:
    """Return who signed a party card, if it is the one that the contract names, and says the same of the party.

    Its signature is checked where the DID document that is at hand still names its key. Raises LaterForm.
    """
    if hashlib.sha256(raw).hexdigest() != party["cardSha256"]:
        raise Fault(
            part,
            f"{place}/cardSha256",
            "cette carte n’est pas celle que la convention désigne",
            "this card is not the one that the contract names",
        )
    header, payload, signer = _verified_jws(part, raw.split(b"."), document)
    card = _object(part, payload)
    check_not_later(part, "/form", card.get("form"), CARD_FORM)
    if header.get("typ") != "party-card+jws" or card.get("form") != CARD_FORM:
        raise Fault(part, "/form", "ce n’est pas une carte d’organisme", "this is not a party card")
    who = party["representative"]
    told = {name: party.get(name) for name in _FROM_CARD}
    told |= {"representative/function": who["function"], "representative/mandate": who.get("mandate")}
    for name, said in told.items():
        if card.get(_IN_CARD.get(name, name)) != said:
            raise Fault(
                "contract.jws.json",
                f"{place}/{name}",
                "la carte de l’organisme dit autre chose",
                "the party card says something else",
            )
    return signer


def read_keys(part: str, raw: bytes, did: str, document: dict[str, Any] | None) -> KeyList:
    """Return a participant's signed list of keys; its signature is checked where the DID document is at hand.

    Raises LaterForm.
    """
    jws = _object(part, raw)
    try:
        (entry,) = jws["signatures"]
        parts = [text.encode("ascii") for text in (entry["protected"], jws["payload"], entry["signature"])]
        header, payload, signer = _verified_jws(part, parts, document)
        told = _object(part, payload)
        check_not_later(part, "/schema", told.get("schema"), KEYS_FORM)
        if header.get("typ") != "seal-keys+jws" or told["schema"] != KEYS_FORM or normal(told["did"]) != normal(did):
            raise Fault(part, "/did", "ce n’est pas la liste des clés de cette partie", "not this party's list of keys")
        keys = {_named(did, one): _revocation(one) for one in told["keys"]}
        if len({kid for kid, _ in keys}) != len(told["keys"]):
            raise Fault(part, "/keys", "une clé y est deux fois", "a key is there twice")
        return KeyList(keys, instant(told["issuedAt"]) if is_instant(told.get("issuedAt")) else None, signer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Fault(part, "", "liste de clés illisible", "the list of keys cannot be read") from error


def _named(did: str, told: dict[str, Any]) -> tuple[str | None, str]:
    kid = str(told["kid"])
    return normal(f"{did}{kid}" if kid.startswith("#") else kid), str(told["certificateSha256"])


def _revocation(told: dict[str, Any]) -> Revocation | None:
    if "revokedAt" not in told:
        return None
    return Revocation(instant(told["revokedAt"]), str(told.get("reason", "")))


def _verified_jws(
    part: str, parts: list[bytes], document: dict[str, Any] | None
) -> tuple[dict[str, Any], bytes, Signer]:
    """Return header, payload and key of a one-signature ES256 JWS, signed with a key that speaks for the DID."""
    try:
        raw, payload, signature = (unbase64url(one.decode("ascii")) for one in parts)
        header = read_json(raw)
    except (Unreadable, ValueError) as error:
        raise Fault(part, "", "ce n’est pas un JWS lisible", "this is not a JWS that can be read") from error
    if not isinstance(header, dict) or header.get("alg") != "ES256" or "crit" in header or "b64" in header:
        raise Fault(part, "/alg", "algorithme ou en-tête refusé", "this algorithm or header is refused")
    if document is None:
        return header, payload, None
    kid = str(header.get("kid"))
    if not is_spoken(part, document, kid, b".".join(parts[:2]), signature):
        raise Fault(part, "/signature", "signature fausse", "the signature is wrong")
    return header, payload, _numbers(_speaker(part, document, kid))


def is_spoken(part: str, document: dict[str, Any], kid: str, text: bytes, signature: bytes) -> bool:
    """Return whether the key of this name, which must speak for the DID of the document, signed the text in ES256."""
    jwk = _speaker(part, document, kid)
    try:
        x, y = (int.from_bytes(unbase64url(jwk.get(name)), "big") for name in ("x", "y"))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _speaker(part: str, document: dict[str, Any], kid: str) -> dict[str, Any]:
    return _method(part, document, f"{document['id']}{kid}" if kid.startswith("#") else kid, SPEAKS)


def _object(part: str, raw: bytes) -> dict[str, Any]:
    try:
        value = read_json(raw)
    except Unreadable as error:
        raise Fault(part, error.place, error.fr, error.en) from error
    if not isinstance(value, dict):
        raise Fault(part, "", "ce n’est pas un objet JSON", "this is not a JSON object")
    return value
