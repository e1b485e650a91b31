"""A sealed contract written by hand from the standards alone, with nothing of the node.

RFC 7515 §7.2.1 (general JSON serialisation) and ETSI TS 119 182-1 §5 (the headers of a JAdES baseline signature).
"""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from tests.tools.authority import SealKey

ORIGIN = {"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin"}}
APPROVAL = {"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"}}

MEDIA_TYPE = "application/vnd.pupitre.contract+json"
PAYLOAD = b'{"schema":"https://w3id.org/pupitre/contract/1"}'


def contract(*seals: tuple[SealKey, str], without: str = "") -> str:
    """Return the payload sealed in these roles."""
    members = {
        "provider": lambda at: headers("did:web:sde22.example#seal-2026", at, [ORIGIN, APPROVAL], "Chef", "u-1"),
        "consumer": lambda at: headers("did:web:rennes.example#seal-2026", at, [APPROVAL], "Cheffe", "u-2"),
    }
    made = [(key, members[role](key.made_at)) for key, role in seals]
    return sealed(PAYLOAD, MEDIA_TYPE, made, without=without)


def sealed(payload: bytes, media_type: str, seals: list[tuple[SealKey, dict[str, Any]]], without: str = "") -> str:
    """Return the payload with a signature by each key, each with members of its own in the protected header.

    `without` names a member that is left out of all of them.
    """
    body = encoded(payload)
    signatures = [_signature(body, media_type, key, members, without) for key, members in seals]
    return json.dumps({"payload": body, "signatures": signatures})


def headers(kid: str, at: datetime, commitments: list[Any], function: str, approver: str) -> dict[str, Any]:
    """Return what the protected header of one party says besides its key."""
    claimed = {"mediaType": "text/plain", "encoding": "binary", "qVals": [function, approver]}
    return {"kid": kid, "iat": int(at.timestamp()), "srCms": commitments, "srAts": {"claimed": [claimed]}}


def _signature(body: str, media_type: str, key: SealKey, members: dict[str, Any], without: str) -> dict[str, str]:
    leaf = key.ders[0]
    header = {
        "alg": "ES256",
        "typ": "JOSE+JSON",
        "cty": media_type,
        "x5c": [base64.b64encode(each).decode() for each in key.ders],
        "x5t#S256": encoded(hashlib.sha256(leaf).digest()),
        **members,
    }
    header.pop(without, None)
    protected = encoded(json.dumps(header).encode())
    return {"protected": protected, "signature": encoded(key.sign(f"{protected}.{body}".encode()))}


def encoded(octets: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
