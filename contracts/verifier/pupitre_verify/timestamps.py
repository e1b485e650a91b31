"""Time-stamp tokens (RFC 3161), as a time-stamping authority gave them for the signature of a seal.

A token proves that these bytes existed at an instant, if its authority is believed: `read_token` verifies all but that;
whether the authority leads to a root that the caller trusts is looked at in certificates.py.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from pupitre_verify.certificates import read_certificate
from pupitre_verify.report import Fault

DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True)
class Stamp:
    """What a token says: an instant, and the certificates of who says so, its own first."""

    at: datetime
    chain: tuple[x509.Certificate, ...]


def read_token(part: str, place: str, der: bytes, stamped: bytes) -> Stamp:
    """Return what a token says of these bytes.

    1. It is a token: signed content of the sort TSTInfo, with one signer.
    2. It is about these bytes.
    3. The signer signed this content, and named its certificate in what it signed (RFC 5816).
    4. The signature.
    5. The certificate is for time-stamps and nothing else (RFC 3161 §2.3).
    """
    try:
        told, signed, signer = _opened(der)  # 1
        imprint = told["message_imprint"]
        digest = _digest(imprint["hash_algorithm"])
        if imprint["hashed_message"].native != hashlib.new(digest.name, stamped).digest():  # 2
            raise _bad(part, place, "cet horodatage porte sur autre chose", "this time-stamp is about something else")
        certificate, others = _certificates(signed, signer)
        _check_attributes(signed, signer, certificate)  # 3
        _check_signature(signer, certificate)  # 4
        _check_usage(certificate)  # 5
        at = told["gen_time"].native.astimezone(UTC)
    except Fault:
        raise
    except (InvalidSignature, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise _bad(
            part, place, f"horodatage illisible ou altéré ({error})", f"unreadable or altered time-stamp ({error})"
        ) from error
    return Stamp(at, (certificate, *others))


def _opened(der: bytes) -> tuple[Any, Any, Any]:
    content = cms.ContentInfo.load(der, strict=True)
    if content.dump(force=True) != der or content["content_type"].native != "signed_data":
        raise ValueError("not signed content in DER")
    signed = content["content"]
    inner = signed["encap_content_info"]
    if inner["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise ValueError("not a token of one signer")
    _check_unsigned(signed)
    told = tsp.TSTInfo.load(inner["content"].parsed.dump(), strict=True)
    return told, signed, signed["signer_infos"][0]


def _check_unsigned(signed: Any) -> None:
    """Verify what no signature covers, so that a token has one spelling: versions, digests, nothing added."""
    signer = signed["signer_infos"][0]
    named = [(one["algorithm"].native, one["parameters"].native) for one in signed["digest_algorithms"]]
    is_by_key = signer["sid"].name == "subject_key_identifier"
    versions = signed["version"].native, signer["version"].native
    if named != [(signer["digest_algorithm"]["algorithm"].native, None)] or signed["crls"] or signer["unsigned_attrs"]:
        raise ValueError("something was added, or other digests are named")
    if versions != ("v3", "v3" if is_by_key else "v1"):
        raise ValueError("another version")


def _digest(algorithm: algos.DigestAlgorithm) -> hashes.HashAlgorithm:
    return DIGESTS[algorithm["algorithm"].native]()


def _certificates(signed: Any, signer: Any) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the signer's certificate, and the others that came along."""
    own: list[x509.Certificate] = []
    others: list[x509.Certificate] = []
    for one in signed["certificates"]:
        certificate = read_certificate(one.chosen.dump())
        (own if _is_signers(one.chosen, signer["sid"]) else others).append(certificate)
    if len(set(own)) != 1:
        raise ValueError("the signer's certificate is not in the token")
    return own[0], tuple(others)


def _is_signers(certificate: Any, sid: Any) -> bool:
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier == sid.chosen.native)
    named = sid.chosen
    return bool(
        certificate.issuer.dump() == named["issuer"].dump()
        and certificate.serial_number == named["serial_number"].native
    )


def _check_attributes(signed: Any, signer: Any, certificate: x509.Certificate) -> None:
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    if len(attributes) != len(signer["signed_attrs"]) or any(len(values) != 1 for values in attributes.values()):
        raise ValueError("an attribute is there twice")
    if attributes["content_type"][0].native != "tst_info":
        raise ValueError("signed as something else")
    content = bytes(signed["encap_content_info"]["content"])
    if (
        attributes["message_digest"][0].native
        != hashlib.new(_digest(signer["digest_algorithm"]).name, content).digest()
    ):
        raise ValueError("the content is not the one that was signed")
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        digest = _digest(named["hash_algorithm"])
    else:
        named = attributes["signing_certificate"][0]["certs"][0]
        digest = hashes.SHA1()  # noqa: S303  # RFC 3161 knew no other; the signature covers it, and is checked apart
    if named["cert_hash"].native != certificate.fingerprint(digest):
        raise ValueError("another certificate was named")


def _check_signature(signer: Any, certificate: x509.Certificate) -> None:
    text = signer["signed_attrs"].untag().dump()
    signature, key = signer["signature"].native, certificate.public_key()
    algorithm = signer["signature_algorithm"]
    kind = algorithm.signature_algo
    digest = _digest(signer["digest_algorithm"]) if kind == "rsassa_pkcs1v15" else DIGESTS[algorithm.hash_algo]()
    if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
        key.verify(signature, text, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15":
        key.verify(signature, text, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss":
        salted = padding.PSS(padding.MGF1(digest), digest.digest_size)
        key.verify(signature, text, salted, digest)
    else:
        raise ValueError("an algorithm that does not fit the key")


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise ValueError("not a certificate for time-stamps") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("not a certificate for time-stamps alone")


def _bad(part: str, place: str, fr: str, en: str) -> Fault:
    return Fault(part, place, fr, en)
