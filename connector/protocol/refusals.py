"""The typed error bodies, written for peers and read from them.

Ours carry a stable code and the reason in both languages. Peers' are read with indulgence: EDC leaves out both pids,
proxies answer in HTML; a status and whatever text there is must do.
"""

from dataclasses import dataclass

from connector.problems import Problem
from connector.protocol import strict_json
from connector.protocol.errors import MalformedMessage
from connector.protocol.messages import CatalogError, ContractNegotiationError, TransferError, render

UNKNOWN_PID = "urn:uuid:00000000-0000-0000-0000-000000000000"
"""Stands for a pid that the refused message did not tell; the schemas require one."""


def negotiation_error(problem: Problem, provider_pid: str = UNKNOWN_PID, consumer_pid: str = UNKNOWN_PID) -> bytes:
    """Return the body that refuses a negotiation message."""
    return render(
        ContractNegotiationError(
            provider_pid=provider_pid, consumer_pid=consumer_pid, code=problem.code, reason=_reasons(problem)
        )
    )


def transfer_error(problem: Problem, provider_pid: str = UNKNOWN_PID, consumer_pid: str = UNKNOWN_PID) -> bytes:
    """Return the body that refuses a transfer message."""
    return render(
        TransferError(provider_pid=provider_pid, consumer_pid=consumer_pid, code=problem.code, reason=_reasons(problem))
    )


def catalog_error(problem: Problem) -> bytes:
    """Return the body that refuses a catalogue or dataset request."""
    return render(CatalogError(code=problem.code, reason=_reasons(problem)))


def _reasons(problem: Problem) -> tuple[str, ...]:
    return tuple(dict.fromkeys((problem.say("fr"), problem.say("en"))))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a peer said when it refused: its error's type, code and reasons, each as far as it told them."""

    type: str = ""
    code: str = ""
    reasons: tuple[str, ...] = ()


def read_refusal(raw: bytes) -> Refusal:
    """Return what a peer's error body says; never raises, an unreadable body says nothing."""
    try:
        body = strict_json.read_object(raw)
    except MalformedMessage:
        return Refusal()
    reasons = body.get("reason", [])
    return Refusal(
        type=str(body.get("@type", "")),
        code=str(body.get("code", "")),
        reasons=tuple(str(reason) for reason in (reasons if isinstance(reasons, list) else [reasons])),
    )
