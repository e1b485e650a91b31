"""The calls about what is attested of partners; calls.py hands them on."""

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call
from connector.sdk.call import said as _said


def list_attestations(
    did: str, *, status: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[t.Attestations]:
    """List what is attested of a partner, and by whom."""
    return _call("GET", "peers", did, "attestations", query={"status": status, "cursor": cursor, "limit": limit})


def attest_peer(
    did: str, kind: str, said_by: str, *, about: str = "", said_on: str | None = None, note: str = ""
) -> Call[t.Attestation]:
    """Attest something of a partner, in the place of what was attested of the same thing."""
    body = _said(kind=kind, about=about, said_by=said_by, said_on=said_on, note=note)
    return _call("POST", "peers", did, "attestations", body=body)


def withdraw_attestation(did: str, attestation_id: str, said_by: str, *, reason: str = "") -> Call[t.Attestation]:
    """Say that an attestation stands no more."""
    body = {"said_by": said_by, "reason": reason}
    return _call("POST", "peers", did, "attestations", attestation_id, "withdraw", body=body)
