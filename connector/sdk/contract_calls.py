"""The calls about contracts as evidence; calls.py hands them on."""

from typing import Literal

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call


def list_contracts(
    *,
    role: str | None = None,
    status: str | None = None,
    timestamps: str | None = None,
    peer: str | None = None,
    dataset: str | None = None,
    search: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Contracts]:
    """List contracts, the newest first; `search`: an identifier of the contract, its agreement or its hash."""
    which = {"role": role, "status": status, "timestamps": timestamps}
    of = {"peer": peer, "dataset": dataset, "search": search, "since": since, "until": until}
    return _call("GET", "contracts", query={**which, **of, "cursor": cursor, "limit": limit})


def show_contract(contract_id: str) -> Call[t.ContractDetail]:
    """Show a contract: by its own identifier, or that of its agreement or negotiation."""
    return _call("GET", "contracts", contract_id)


def export_contract(contract_id: str, *, pdf: bool | None = None) -> Call[bytes]:
    """Have the evidence bundle of a contract, the bytes of a ZIP file; `pdf` False: without the pages as a PDF."""
    return _call("GET", "contracts", contract_id, "bundle", query={"pdf": pdf})


def show_convention(contract_id: str, *, format: Literal["html", "pdf"] = "html") -> Call[bytes]:
    """Have a contract as people read it: the bytes of one HTML page (UTF-8), or of a PDF.

    Where the partner sealed nothing (`status` is `unilateral`), it is the record of what we sealed alone, and says so.
    """
    return _call("GET", "contracts", contract_id, "convention", query={"format": format})


def terminate_contract(contract_id: str, reason: str, said_by: str, *, code: str = "") -> Call[t.Contract]:
    """End a contract: deliveries under it end, none is begun; the partner reads the reason in a sealed notice.

    `said_by`, a person by name or by function, is kept in the node's own journal.
    """
    body = {"reason": reason, "said_by": said_by, "code": code}
    return _call("POST", "contracts", contract_id, "terminate", body=body)


def verify_contract(contract_id: str) -> Call[t.ContractVerification]:
    """Check a contract again, step by step, from the node's own records."""
    return _call("POST", "contracts", contract_id, "verify")
