"""The calls about seal keys; calls.py hands them on."""

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call
from connector.sdk.call import said as _said


def show_seal_keys() -> Call[t.SealKeys]:
    """Show the keys that seal, or sealed, our contracts."""
    return _call("GET", "seal-keys")


def create_seal_key() -> Call[t.SealKey]:
    """Make a seal key, when there is none."""
    return _call("POST", "seal-keys")


def rotate_seal_key(
    *, overlap_days: int | None = None, abandon_old_key: bool | None = None, accept_l0: bool | None = None
) -> Call[t.SealKey]:
    """Make a seal key in the place of the present one, which may sign what names it for a while.

    `abandon_old_key`: it does not open any more, and stops at once. `accept_l0`: it has the certificate of an
    authority, and the new one none; else `certificate-lost`.
    """
    body = _said(overlap_days=overlap_days, abandon_old_key=abandon_old_key, accept_l0=accept_l0)
    return _call("POST", "seal-keys", "rotate", body=body)


def request_certificate() -> Call[t.CertificateRequest]:
    """Write a certificate signing request for the present seal key."""
    return _call("GET", "seal-keys", "certificate-request")


def import_certificate(
    certificate: str | None = None,
    *,
    pkcs12: str | None = None,
    passphrase: str | None = None,
    overlap_days: int | None = None,
) -> Call[t.SealKey]:
    """Take an authority's certificate (PEM) for the present key, or a PKCS #12 file in base64 with its passphrase."""
    body = _said(certificate=certificate, pkcs12=pkcs12, passphrase=passphrase, overlap_days=overlap_days)
    return _call("POST", "seal-keys", "import", body=body)


def revoke_seal_key(name: str, reason: str, *, since: str | None = None) -> Call[t.SealKey]:
    """Say publicly that a seal key must not be trusted any more, since when and why. For good."""
    return _call("POST", "seal-keys", name, "revoke", body=_said(reason=reason, since=since))
