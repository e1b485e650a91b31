"""Seals: a general JSON JWS (RFC 7515 §7.2.1) with the headers of JAdES B-B, read by its own rules.

`read_jws` says what is written, strictly; `check_signature` says whether the key of the certificate made it. Who the
certificate belongs to, and when it was valid, is looked at elsewhere.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pupitre_verify.certificates import read_certificate
from pupitre_verify.report import Fault
from pupitre_verify.strict import Unreadable, base64url, read_canonical, read_json, unbase64, unbase64url

REQUIRED = frozenset({"alg", "kid", "typ", "cty", "iat", "x5c", "x5t#S256", "srCms"})
ALLOWED = REQUIRED | {"srAts"}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SMALLEST_RSA_BITS = 2048
MAX_CERTIFICATES = 8
MAX_IAT = 1 << 36
_APPROVED = {
    "urn:pupitre:approved-by:": "key",
    "urn:pupitre:approval-rule:": "rule",
    "urn:pupitre:approved-at:": "at",
}
ORIGIN, APPROVAL = (f"http://uri.etsi.org/01903/v1.2.2#ProofOf{word}" for word in ("Origin", "Approval"))


@dataclass(frozen=True)
class Seal:
    """One signature of a JWS, with what its header says."""

    part: str
    place: str
    kid: str
    algorithm: str
    made_at: datetime
    chain: tuple[x509.Certificate, ...]
    commitments: frozenset[str]
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    texts: tuple[str, str] = field(repr=False)
    """`protected` and `signature` as they are written."""
    tokens: tuple[bytes, ...] = field(repr=False)
    """Time-stamp tokens, DER."""
    approval: dict[str, str]
    """What is claimed of who approved (`srAts`): a function, a key or a rule, an instant."""

    @property
    def certificate_sha256(self) -> str:
        """Return the SHA-256 of the certificate, in hexadecimal."""
        return self.chain[0].fingerprint(hashes.SHA256()).hex()

    @property
    def payload_sha256(self) -> str:
        """Return the SHA-256 of the document that is sealed."""
        return hashlib.sha256(unbase64url(self.signing_input.decode("ascii").partition(".")[2])).hexdigest()

    @property
    def did(self) -> str:
        """Return the DID part of `kid`."""
        return self.kid.partition("#")[0]

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of `protected.signature`, by which a conclusion names this seal."""
        return hashlib.sha256(".".join(self.texts).encode("ascii")).hexdigest()


def read_jws(part: str, text: bytes, media_type: str, count: int) -> tuple[bytes, tuple[Seal, ...]]:
    """Return the payload and its `count` seals. Nothing is verified yet but the form."""
    jws = _canonical(part, "", text)
    _members(part, "", jws, {"payload", "signatures"})
    payload = _decoded(part, "/payload", jws["payload"])
    entries = jws["signatures"]
    if not isinstance(entries, list) or len(entries) != count:
        found = len(entries) if isinstance(entries, list) else 0
        raise Fault(
            part,
            "/signatures",
            f"il faut exactement {count} cachet(s), il y en a {found}",
            f"there must be exactly {count} seal(s), there are {found}",
        )
    seals = tuple(
        _read_seal(part, f"/signatures/{n}", jws["payload"], entry, media_type) for n, entry in enumerate(entries)
    )
    return payload, seals


def _read_seal(part: str, place: str, payload: str, entry: Any, media_type: str) -> Seal:
    _members(part, place, entry, {"protected", "signature"}, {"header"})
    at = f"{place}/protected"
    header = _canonical(part, at, _decoded(part, at, entry["protected"]))
    _check_header(part, at, header, media_type)
    return Seal(
        part=part,
        place=place,
        kid=header["kid"],
        algorithm=header["alg"],
        made_at=datetime.fromtimestamp(header["iat"], UTC),
        chain=_chain(part, at, header),
        commitments=_commitments(part, f"{at}/srCms", header["srCms"]),
        signing_input=f"{entry['protected']}.{payload}".encode("ascii"),
        signature=_decoded(part, f"{place}/signature", entry["signature"]),
        texts=(entry["protected"], entry["signature"]),
        tokens=_tokens(part, f"{place}/header", entry.get("header")),
        approval=_approval(part, f"{at}/srAts", header.get("srAts")),
    )


def _check_header(part: str, at: str, header: Any, media_type: str) -> None:
    """Refuse what could give the signature another meaning (RFC 7515 §4.1, RFC 7797)."""
    _members(part, at, header, REQUIRED, ALLOWED - REQUIRED)
    if header["alg"] not in _VERIFIERS:
        raise Fault(part, f"{at}/alg", "algorithme refusé", "this algorithm is refused")
    if header["typ"] != "JOSE+JSON" or header["cty"] != media_type:
        raise Fault(part, f"{at}/cty", f"ce n’est pas un cachet sur {media_type}", f"not a seal over {media_type}")
    if not isinstance(header["kid"], str) or header["kid"].count("#") != 1:
        raise Fault(part, f"{at}/kid", "nom de clé refusé", "this name of a key is refused")
    if type(header["iat"]) is not int or not 0 < header["iat"] <= MAX_IAT:
        raise Fault(part, f"{at}/iat", "date du cachet illisible", "the date of the seal cannot be read")


def _chain(part: str, at: str, header: dict[str, Any]) -> tuple[x509.Certificate, ...]:
    listed = header["x5c"]
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_CERTIFICATES:
        raise Fault(part, f"{at}/x5c", "certificats absents ou trop nombreux", "no certificates, or too many")
    chain = []
    for n, one in enumerate(listed):
        try:
            certificate = read_certificate(unbase64(one))
        except ValueError as error:
            raise Fault(part, f"{at}/x5c/{n}", "certificat illisible", "this certificate cannot be read") from error
        chain.append(certificate)
    digest = base64url(chain[0].fingerprint(hashes.SHA256()))
    if header["x5t#S256"] != digest:
        raise Fault(part, f"{at}/x5t#S256", "ce n’est pas l’empreinte du certificat", "not the certificate's digest")
    return tuple(chain)


def _commitments(part: str, at: str, listed: Any) -> frozenset[str]:
    found = set()
    for one in listed if isinstance(listed, list) else []:
        name = one.get("commId") if isinstance(one, dict) else None
        found.add(name.get("id") if isinstance(name, dict) else None)
    if not found or not all(isinstance(name, str) for name in found):
        raise Fault(part, at, "engagement illisible", "the commitment cannot be read")
    return frozenset(str(name) for name in found)


def _approval(part: str, at: str, told: Any) -> dict[str, str]:
    """Return what the header claims of who approved (TS 119 182-1 §5.2.5), in words and then in names with a prefix."""
    if told is None:
        return {}
    try:
        values = [one for claimed in told["claimed"] for one in claimed["qVals"]]
        if not values or not all(isinstance(one, str) and one.isprintable() for one in values):
            raise ValueError(values)
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(part, at, "approbation illisible", "the approval cannot be read") from error
    found = {}
    for value in values:
        prefix = next((one for one in _APPROVED if value.startswith(one)), "")
        found[_APPROVED.get(prefix, "function")] = value.removeprefix(prefix)
    return found


def _tokens(part: str, at: str, header: Any) -> tuple[bytes, ...]:
    """Return the time-stamp tokens of the unprotected header `etsiU` (TS 119 182-1 §5.3.4)."""
    if header is None:
        return ()
    _members(part, at, header, {"etsiU"})
    if not isinstance(header["etsiU"], list) or not header["etsiU"]:
        raise Fault(part, f"{at}/etsiU", "horodatage illisible", "the time-stamp cannot be read")
    tokens = []
    for n, one in enumerate(header["etsiU"]):
        place = f"{at}/etsiU/{n}"
        told = _json(part, place, _decoded(part, place, one))
        _members(part, place, told, {"sigTst"})
        _members(part, f"{place}/sigTst", told["sigTst"], {"tstTokens"})
        listed = told["sigTst"]["tstTokens"]
        if not isinstance(listed, list) or not listed:
            raise Fault(part, place, "horodatage illisible", "the time-stamp cannot be read")
        for token in listed:
            _members(part, place, token, {"val"})
            try:
                tokens.append(unbase64(token["val"]))
            except Unreadable as error:
                raise Fault(part, place, error.fr, error.en) from error
    return tuple(tokens)


def check_signature(seal: Seal) -> None:
    """Verify that the key of the seal's certificate signed exactly these bytes."""
    place = f"{seal.place}/signature"
    try:
        _VERIFIERS[seal.algorithm](seal)
    except InvalidSignature as error:
        raise Fault(
            seal.part,
            place,
            "la signature ne correspond pas à ce texte",
            "the signature does not belong to this text",
        ) from error


def _verify_es256(seal: Seal) -> None:
    key = seal.chain[0].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _other_key(seal)
    if len(seal.signature) != 64:
        raise Fault(
            seal.part, f"{seal.place}/signature", "longueur de signature refusée", "the signature's length is refused"
        )
    r, s = (int.from_bytes(half, "big") for half in (seal.signature[:32], seal.signature[32:]))
    if not 0 < r < P256_ORDER or not 0 < s <= P256_ORDER // 2:
        raise Fault(
            seal.part,
            f"{seal.place}/signature",
            "signature sous une forme refusée : s doit être dans la moitié basse",
            "a form of signature that is refused: s must lie in the lower half",
        )
    key.verify(encode_dss_signature(r, s), seal.signing_input, ec.ECDSA(hashes.SHA256()))


def _verify_rs256(seal: Seal) -> None:
    _rsa_key(seal).verify(seal.signature, seal.signing_input, padding.PKCS1v15(), hashes.SHA256())


def _verify_ps256(seal: Seal) -> None:
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
    _rsa_key(seal).verify(seal.signature, seal.signing_input, salted, hashes.SHA256())


def _rsa_key(seal: Seal) -> rsa.RSAPublicKey:
    key = seal.chain[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_RSA_BITS:
        raise _other_key(seal)
    return key


_VERIFIERS = {"ES256": _verify_es256, "RS256": _verify_rs256, "PS256": _verify_ps256}


def _other_key(seal: Seal) -> Fault:
    return Fault(
        seal.part,
        f"{seal.place}/protected/alg",
        "l’algorithme ne convient pas à la clé du certificat",
        "the algorithm does not fit the certificate's key",
    )


def _json(part: str, place: str, raw: bytes) -> Any:
    try:
        return read_json(raw)
    except Unreadable as error:
        raise Fault(part, place + error.place, error.fr, error.en) from error


def _canonical(part: str, place: str, raw: bytes) -> Any:
    try:
        return read_canonical(raw)
    except Unreadable as error:
        raise Fault(part, place + error.place, error.fr, error.en) from error


def _decoded(part: str, place: str, text: Any) -> bytes:
    try:
        return unbase64url(text)
    except Unreadable as error:
        raise Fault(part, place, error.fr, error.en) from error


def _members(part: str, place: str, value: Any, required: set[str] | frozenset[str], more: Any = frozenset()) -> None:
    """Refuse anything but an object with the required members and perhaps some more."""
    if not isinstance(value, dict):
        raise Fault(part, place, "ce n’est pas un objet JSON", "this is not a JSON object")
    for name in sorted(required - value.keys()):
        raise Fault(part, f"{place}/{name}", "ce membre manque", "this member is missing")
    for name in sorted(value.keys() - required - more):
        raise Fault(part, f"{place}/{name}", "ce membre n’est pas admis", "this member is not allowed")
