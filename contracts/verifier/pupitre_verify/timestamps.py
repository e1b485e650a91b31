"""Time-stamp tokens (RFC 3161), as a time-stamping authority gave them for the signature of a seal.

A token proves that these bytes existed at an instant, if its authority is believed: `read_token` verifies all but that;
whether the authority leads to a root that the caller trusts is looked at in certificates.py. Every byte of a token is
either signed, or has one value that it may have, or is compared with what is signed.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from pupitre_verify.certificates import read_certificate
from pupitre_verify.der import INTEGER, OCTETS, SEQUENCE, SET, TIME, Value, dotted, read
from pupitre_verify.report import Fault

DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_BY_KEY: dict[str, tuple[type, hashes.HashAlgorithm]] = {
    "1.2.840.10045.4.3.2": (ec.EllipticCurvePublicKey, hashes.SHA256()),
    "1.2.840.10045.4.3.3": (ec.EllipticCurvePublicKey, hashes.SHA384()),
    "1.2.840.10045.4.3.4": (ec.EllipticCurvePublicKey, hashes.SHA512()),
    "1.2.840.113549.1.1.11": (rsa.RSAPublicKey, hashes.SHA256()),
    "1.2.840.113549.1.1.12": (rsa.RSAPublicKey, hashes.SHA384()),
    "1.2.840.113549.1.1.13": (rsa.RSAPublicKey, hashes.SHA512()),
}
_RSA, _PSS, _MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_FIRST, _SECOND, _THIRD, _KEY = 0xA0, 0xA1, 0xA2, 0x80
_ONE, _THREE, _NO_PARAMETERS = b"\x02\x01\x01", b"\x02\x01\x03", (b"", b"\x05\x00")
_WRITTEN = re.compile(rb"(\d{14})(?:\.(\d{0,8}[1-9]))?Z", re.ASCII)


@dataclass(frozen=True)
class Stamp:
    """What a token says: an instant, and the certificates of who says so, its own first."""

    at: datetime
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class _Signer:
    """The one SignerInfo of a token, and what stands beside it."""

    content: bytes
    certificates: tuple[Value, ...]
    sid: Value
    digest: hashes.HashAlgorithm
    attributes: Value
    algorithm: Value
    signature: bytes


def read_token(part: str, place: str, der: bytes, stamped: bytes) -> Stamp:
    """Return what a token says of these bytes.

    1. It is a token: signed content of the sort TSTInfo, with one signer.
    2. It is about these bytes.
    3. The signer signed this content, and named its certificate in what it signed (RFC 5816).
    4. The signature.
    5. The certificate is for time-stamps and nothing else (RFC 3161 §2.3).
    """
    try:
        signer = _opened(der)  # 1
        at, digest, imprint = _told(signer.content)
        if imprint != hashlib.new(digest.name, stamped).digest():  # 2
            raise _bad(part, place, "cet horodatage porte sur autre chose", "this time-stamp is about something else")
        certificate, others = _certificates(signer)
        _check_attributes(signer, certificate)  # 3
        _check_signature(signer, certificate)  # 4
        _check_usage(certificate)  # 5
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, IndexError) as error:
        raise _bad(
            part, place, f"horodatage illisible ou altéré ({error})", f"unreadable or altered time-stamp ({error})"
        ) from error
    return Stamp(at, (certificate, *others))


def _opened(der: bytes) -> _Signer:
    """Return the signer of a token. What no signature covers has one spelling: nothing is added, nothing is other."""
    kind, held = _parts(read(der), SEQUENCE, 2)
    (signed,) = _parts(held, _FIRST, 1)
    version, digests, inner, certificates, signers = _parts(signed, SEQUENCE, 5)
    (digest,), (signer,) = _parts(digests, SET, 1), _parts(signers, SET, 1)
    sort, told = _parts(inner, SEQUENCE, 2)
    (content,) = _parts(told, _FIRST, 1)
    if (dotted(kind), dotted(sort), content.tag, version.whole) != (_SIGNED_DATA, _TST_INFO, OCTETS, _THREE):
        raise ValueError("not a token")
    own, sid, used, attributes, algorithm, signature = _parts(signer, SEQUENCE, 6)
    if own.whole != (_THREE if sid.tag == _KEY else _ONE) or certificates.tag != _FIRST or attributes.tag != _FIRST:
        raise ValueError("another version, or another form")
    if signature.tag != OCTETS or _digest(digest) != _digest(used):
        raise ValueError("no signature, or other digests are named")
    return _Signer(content.content, certificates.parts, sid, _digest(used), attributes, algorithm, signature.content)


def _told(content: bytes) -> tuple[datetime, hashes.HashAlgorithm, bytes]:
    """Return what a TSTInfo says: the instant, the digest, and of what."""
    version, policy, imprint, serial, at, *_ = _parts(read(content), SEQUENCE)
    algorithm, hashed = _parts(imprint, SEQUENCE, 2)
    written = _WRITTEN.fullmatch(at.content)
    if version.whole != _ONE or not dotted(policy) or (serial.tag, at.tag, hashed.tag) != (INTEGER, TIME, OCTETS):
        raise ValueError("not the content of a token")
    if written is None:
        raise ValueError("an instant that cannot be read")
    instant = datetime.strptime(written[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    micros = int((written[2] or b"0").ljust(6, b"0")[:6])
    return instant.replace(microsecond=micros), _digest(algorithm), hashed.content


def _parts(value: Value, tag: int, count: int | None = None) -> tuple[Value, ...]:
    """Return what is in a constructed value, if it is of this type and has so many parts."""
    if value.tag != tag or (count is not None and len(value.parts) != count):
        raise ValueError("another form, or something was added or left out")
    return value.parts


def _algorithm(value: Value) -> tuple[str, bytes]:
    """Return the name of an algorithm, and its parameters as they are written."""
    name, *parameters = _parts(value, SEQUENCE)
    if len(parameters) > 1:
        raise ValueError("an algorithm of another form")
    return dotted(name), parameters[0].whole if parameters else b""


def _digest(value: Value) -> hashes.HashAlgorithm:
    name, parameters = _algorithm(value)
    if name not in DIGESTS or parameters not in _NO_PARAMETERS:
        raise ValueError("a digest that is not accepted")
    return DIGESTS[name]


def _certificates(signer: _Signer) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the signer's certificate, and the others that came along: who follows the path looks at these."""
    own: list[x509.Certificate] = []
    others: list[x509.Certificate] = []
    for one in signer.certificates:
        certificate = read_certificate(one.whole)
        (own if _is_signers(one, certificate, signer.sid) else others).append(certificate)
    if len(set(own)) != 1:
        raise ValueError("the signer's certificate is not in the token")
    return own[0], tuple(others)


def _is_signers(value: Value, certificate: x509.Certificate, sid: Value) -> bool:
    if sid.tag == _KEY:
        try:
            named = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return False
        return named.value.digest == sid.content
    issuer, serial = _parts(sid, SEQUENCE, 2)
    told = value.parts[0].parts
    told = told[1:] if told[0].tag == _FIRST else told
    return (told[2].whole, told[0].whole) == (issuer.whole, serial.whole)


def _check_attributes(signer: _Signer, certificate: x509.Certificate) -> None:
    attributes: dict[str, Value] = {}
    for one in signer.attributes.parts:
        name, values = _parts(one, SEQUENCE, 2)
        (value,) = _parts(values, SET, 1)
        if attributes.setdefault(dotted(name), value) is not value:
            raise ValueError("an attribute is there twice")
    if dotted(attributes[_CONTENT_TYPE]) != _TST_INFO:
        raise ValueError("signed as something else")
    if attributes[_MESSAGE_DIGEST].content != hashlib.new(signer.digest.name, signer.content).digest():
        raise ValueError("the content is not the one that was signed")
    if _SIGNING_CERTIFICATE_V2 in attributes:
        named = _named(attributes[_SIGNING_CERTIFICATE_V2])
        digest = _digest(named[0]) if named[0].tag == SEQUENCE else hashes.SHA256()
        hashed = named[1 if named[0].tag == SEQUENCE else 0]
    else:
        hashed = _named(attributes[_SIGNING_CERTIFICATE])[0]
        digest = hashes.SHA1()  # noqa: S303  # RFC 3161 knew no other; the signature covers it, and is checked apart
    if hashed.content != certificate.fingerprint(digest):
        raise ValueError("another certificate was named")


def _named(value: Value) -> tuple[Value, ...]:
    """Return what an attribute says of the first certificate, which is the signer's (RFC 2634 §5.4, RFC 5035 §4)."""
    return _parts(_parts(_parts(value, SEQUENCE)[0], SEQUENCE)[0], SEQUENCE)


def _check_signature(signer: _Signer, certificate: x509.Certificate) -> None:
    key, text = certificate.public_key(), bytes([SET]) + signer.attributes.whole[1:]
    name, parameters = _algorithm(signer.algorithm)
    if name == _PSS and isinstance(key, rsa.RSAPublicKey):
        digest, salt_bytes = _pss(signer.algorithm.parts[1])
        key.verify(signer.signature, text, padding.PSS(padding.MGF1(digest), salt_bytes), digest)
        return
    kind, digest = (rsa.RSAPublicKey, signer.digest) if name == _RSA else _BY_KEY[name]
    if not isinstance(key, kind) or parameters not in _NO_PARAMETERS:
        raise ValueError("an algorithm that does not fit the key")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signer.signature, text, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signer.signature, text, ec.ECDSA(digest))


def _pss(value: Value) -> tuple[hashes.HashAlgorithm, int]:
    """Return digest and length of the salt; nothing is left to the defaults, which are SHA-1 (RFC 4055 §3.1)."""
    hashed, masked, salted = _parts(value, SEQUENCE, 3)
    (digest,), (mask,), (salt,) = _parts(hashed, _FIRST, 1), _parts(masked, _SECOND, 1), _parts(salted, _THIRD, 1)
    function, used = _parts(mask, SEQUENCE, 2)
    if dotted(function) != _MGF1 or _digest(used) != _digest(digest) or salt.tag != INTEGER or len(salt.content) > 2:
        raise ValueError("parameters of a signature that are not accepted")
    return _digest(digest), int.from_bytes(salt.content, "big")


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise ValueError("not a certificate for time-stamps") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("not a certificate for time-stamps alone")


def _bad(part: str, place: str, fr: str, en: str) -> Fault:
    return Fault(part, place, fr, en)
