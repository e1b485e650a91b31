"""The calls about journals and their checkpoints; calls.py hands them on."""

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call


def show_journal(process: str, *, cursor: str | None = None, limit: int | None = None) -> Call[t.Journal]:
    """Read the journal of a negotiation, a transfer, a dataset or an offer."""
    return _call("GET", "journal", process, query={"cursor": cursor, "limit": limit})


def verify_journal(process: str) -> Call[t.Verification]:
    """Compute the chain of a journal again."""
    return _call("GET", "journal", process, "verification")


def verify_journals(*, cursor: str | None = None, limit: int | None = None) -> Call[t.JournalsVerification]:
    """Verify all journals and their checkpoints, page by page; `items` are the faults."""
    return _call("GET", "journals", "verification", query={"cursor": cursor, "limit": limit})


def list_checkpoints(*, cursor: str | None = None, limit: int | None = None) -> Call[t.Checkpoints]:
    """List the checkpoints of the journals, with their sealed texts."""
    return _call("GET", "journals", "checkpoints", query={"cursor": cursor, "limit": limit})
