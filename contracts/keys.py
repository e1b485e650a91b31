"""Public keys and signatures of seals: which algorithms fit which keys, and the one spelling of an ECDSA signature.

For every ECDSA signature (r, s) there is a second one, (r, n − s), that verifies as well and that anybody can make. So
only the lower s is taken: a seal cannot be altered and stay good.
"""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.jws import Signature, signing_input
from contracts.refused import AlgorithmRefused, BadSeal, WrongCertificate

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (FIPS 186-5, SEC 2 §2.4.2)."""
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192


_ECDSA = ECDSA(SHA256())
_RSA = {"PS256": padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), "RS256": padding.PKCS1v15()}


@lru_cache(maxsize=64)
def _loaded(der: bytes) -> x509.Certificate:
    """Return a certificate of which everything that is looked at here can be read; reading it is lazy."""
    found = x509.load_der_x509_certificate(der)
    _ = (found.public_key(), found.not_valid_before_utc, found.not_valid_after_utc, found.issuer, found.subject)
    return found


def certificate(der: bytes, pointer: str) -> x509.Certificate:
    """Return the certificate. Raises WrongCertificate when these bytes are none."""
    try:
        return _loaded(der)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise WrongCertificate(actual=str(error)[:80], pointer=pointer) from error


@lru_cache(maxsize=64)
def public_bytes(leaf: x509.Certificate) -> bytes:
    """Return the public key of a certificate, in its one DER form."""
    return leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def check_algorithm(leaf: x509.Certificate, algorithm: str, pointer: str) -> None:
    """Verify that an algorithm fits the key of a certificate. Raises AlgorithmRefused."""
    needed = _fitting(leaf)
    if algorithm not in needed:
        raise AlgorithmRefused(needed=", ".join(needed) or "P-256, RSA ≥ 2048", actual=algorithm, pointer=pointer)


@lru_cache(maxsize=64)
def _fitting(leaf: x509.Certificate) -> tuple[str, ...]:
    key = leaf.public_key()
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return ("ES256",)
    if isinstance(key, RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return ("PS256", "RS256")
    return ()


def normalised(algorithm: str, signature: bytes) -> bytes:
    """Return a signature in its one spelling: for ES256, with the lower of the two values of s that would do."""
    if algorithm != "ES256" or len(signature) != 64:
        return signature
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + min(s, (ORDER - s) % ORDER).to_bytes(32, "big")


def verify(signature: Signature, leaf: x509.Certificate, payload: bytes, pointer: str) -> None:
    """Verify a signature whose form and algorithm were checked (RFC 7518 §3.3 to §3.5). Raises BadSeal."""
    key, raw, signed = leaf.public_key(), signature.signature, signing_input(signature.protected, payload)
    try:
        if isinstance(key, EllipticCurvePublicKey):
            if len(raw) != 64:
                raise BadSeal(needed="64", actual=str(len(raw)), pointer=pointer)
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            if s > ORDER // 2:
                raise BadSeal(needed="s ≤ n/2", pointer=pointer)
            key.verify(encode_dss_signature(r, s), signed, _ECDSA)
        elif isinstance(key, RSAPublicKey):
            key.verify(raw, signed, _RSA[signature.header["alg"]], SHA256())
        else:
            raise BadSeal(needed="P-256, RSA", actual=type(key).__name__, pointer=pointer)
    except InvalidSignature as error:
        raise BadSeal(pointer=pointer) from error
