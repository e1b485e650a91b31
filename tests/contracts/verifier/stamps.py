"""Time-stamp tokens (RFC 3161) written by hand, at any instant, so that time can be told wrongly as well."""

import base64
import hashlib
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.contracts.verifier.written import Case, authority, b64, canonical, der, stamping_authority

Authority = tuple[x509.Certificate, Any]
POLICY = "1.2.3.4.1"


def token(
    stamped: bytes,
    at: datetime,
    by: Authority,
    *,
    named: x509.Certificate | None = None,
    pss: bool = False,
    by_key: bool = False,
    **said: Any,
) -> bytes:
    """Return a token over these bytes; `named` is the certificate that the signer names, if another than its own.

    With `pss` the signature is RSASSA-PSS; `by_key`: the signer says which key it has, instead of issuer and number.
    """
    certificate, key = by
    told = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(stamped).digest(),
            },
            "serial_number": 1,
            "gen_time": at,
        }
        | said
    ).dump()
    own = asn1.Certificate.load(der(certificate))
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.sha256(told).digest()]},
            {
                "type": "signing_certificate_v2",
                "values": [{"certs": [{"cert_hash": (named or certificate).fingerprint(hashes.SHA256())}]}],
            },
        ]
    )
    algorithm, signature = signed_by(key, attributes.dump(), pss=pss)
    number = {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}}
    signer = {
        "version": "v3" if by_key else "v1",
        "sid": {"subject_key_identifier": own.key_identifier} if by_key else number,
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm(algorithm),
        "signature": signature,
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(told)},
        "certificates": [own],
        "signer_infos": [signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def signed_by(key: Any, text: bytes, *, pss: bool = False) -> tuple[dict[str, Any], bytes]:
    """Return the algorithm and the signature."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": "sha256_ecdsa"}, key.sign(text, ec.ECDSA(hashes.SHA256()))
    if not pss:
        return {"algorithm": "sha256_rsa"}, key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    sha256 = {"algorithm": "sha256"}
    said = {
        "hash_algorithm": sha256,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
        "salt_length": 32,
    }
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return {"algorithm": "rsassa_pss", "parameters": said}, key.sign(text, salted, hashes.SHA256())


def item(der_token: bytes) -> str:
    """Return an item of `etsiU`."""
    told = {"sigTst": {"tstTokens": [{"val": base64.b64encode(der_token).decode()}]}}
    return b64(canonical(told))


def stamp(one: dict[str, Any], at: datetime, by: Authority, **said: Any) -> None:
    """Add a time-stamp to an entry of `signatures`."""
    over = said.pop("over", one["signature"])
    one["header"] = {"etsiU": [item(token(over.encode(), at, by, **said))]}


def stamp_all(whole: Case, by: Authority) -> Case:
    """Time-stamp both seals and the conclusion, each a minute after it was made."""
    whole.stamp = lambda one, made_at: stamp(one, made_at, by)
    for n, one in enumerate(whole.seals):
        whole.stamp(one, whole.made_at(n))
    return whole


def authorities() -> tuple[Authority, Authority]:
    """Return an authority, and the time-stamping authority that it vouches for."""
    root = authority()
    return root, stamping_authority(root)
