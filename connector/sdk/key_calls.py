"""The calls about keys of the management API; calls.py hands them on."""

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call
from connector.sdk.call import said as _said


def list_keys(*, revoked: bool | None = None, cursor: str | None = None, limit: int | None = None) -> Call[t.Keys]:
    """List API keys."""
    return _call("GET", "keys", query={"revoked": revoked, "cursor": cursor, "limit": limit})


def issue_key(label: str, role: str, *, days: int | None = None, function: str | None = None) -> Call[t.CreatedKey]:
    """Make an API key with a role, for a function that seals claim (never a name); its secret is told once."""
    return _call("POST", "keys", body=_said(label=label, role=role, days=days, function=function))


def rotate_key(
    key_id: str,
    *,
    overlap_hours: int | None = None,
    days: int | None = None,
    role: str | None = None,
    function: str | None = None,
) -> Call[t.CreatedKey]:
    """Make a key in the place of another, which stays valid for a while."""
    body = _said(overlap_hours=overlap_hours, days=days, role=role, function=function)
    return _call("POST", "keys", key_id, "rotate", body=body)


def revoke_key(key_id: str) -> Call[None]:
    """Revoke an API key, at once and for good."""
    return _call("DELETE", "keys", key_id)
