"""How a correct peer takes a message, and how it goes on: no script, no network, no waiting.

As provider it agrees to the terms of its own offers and lays them on the table again when others are asked for; as
consumer it accepts what it is offered and verifies what it asked for. It starts each transfer under an agreement of its
own. A message that was taken before is acknowledged again without effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.sdk.testing import protocol as p
from connector.sdk.testing.goods import Goods
from connector.sdk.testing.processes import Process, Processes
from connector.sdk.testing.protocol import Json

Move = tuple[str, Json]
"""A kind of message, and the members that it carries beside both pids."""


class Rejected(Exception):
    """The message is not taken; nothing changed."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Taken:
    """A message that was taken."""

    process: Process
    is_first: bool = False
    is_repeat: bool = False


class Conduct:
    """The rules of one peer."""

    def __init__(self, did: str, goods: Goods, processes: Processes) -> None:
        self._did = did
        self._goods = goods
        self._processes = processes

    # --- taking -------------------------------------------------------------------------------------------------------

    def take(self, kind: str, body: Mapping[str, Any], sender: str, pid: str | None) -> Taken:
        """Take a partner's message; `pid` is ours, None for one that opens a process. Raises Rejected."""
        if p.CONTEXT not in (body.get("@context") or ()):
            raise Rejected(400, "malformed-message", "The @context is missing.")
        return self._take_first(kind, body, sender) if pid is None else self._take_next(kind, body, sender, pid)

    def _take_first(self, kind: str, body: Mapping[str, Any], sender: str) -> Taken:
        theirs = p.OPENS[kind]
        peer_pid, callback = body.get(f"{theirs}Pid"), body.get("callbackAddress")
        if not isinstance(peer_pid, str) or not isinstance(callback, str):
            raise Rejected(400, "malformed-message", f"{theirs}Pid and callbackAddress are required.")
        existing = self._processes.begun_by(sender, peer_pid, p.is_transfer(kind))
        if existing is not None:
            return Taken(existing, is_first=True, is_repeat=True)
        about = self._asked_for(body, sender) if p.is_transfer(kind) else self._laid_out(kind, body)
        process = self._processes.begin(
            peer=sender, url=callback.rstrip("/"), role=p.other(theirs), peer_pid=peer_pid, **about
        )
        self._moved(process, kind, body)
        return Taken(process, is_first=True)

    def _laid_out(self, kind: str, body: Mapping[str, Any]) -> Json:
        """Return what a first message of a negotiation is about."""
        offer = body.get("offer")
        if not isinstance(offer, dict):
            raise Rejected(400, "malformed-message", "An offer is required.")
        if kind == p.REQUEST and self._goods.by_offer(offer) is None:
            raise Rejected(404, "not-found", "There is no such offer.")
        return {"dataset": str(offer.get("target", ""))}

    def _asked_for(self, body: Mapping[str, Any], sender: str) -> Json:
        """Return what a transfer request is about."""
        negotiation = self._processes.under(str(body.get("agreementId")), sender)
        if negotiation is None:
            raise Rejected(404, "not-found", "There is no such agreement.")
        if body.get("format") not in (p.HTTP_PULL, p.HTTP_PUSH):
            raise Rejected(400, "invalid", f"Formats: {p.HTTP_PULL}, {p.HTTP_PUSH}.")
        told = {"dataset": negotiation.dataset, "agreement": negotiation.agreement, "format": body["format"]}
        return {**told, "is_transfer": True, "data_address": body.get("dataAddress")}

    def _take_next(self, kind: str, body: Mapping[str, Any], sender: str, pid: str) -> Taken:
        process = self._processes.of(pid, sender, p.is_transfer(kind))
        if process is None:
            raise Rejected(404, "not-found", "There is no such process.")
        if process.peer_pid is None:
            process.peer_pid = str(body.get("consumerPid" if process.role == "provider" else "providerPid"))
        if any(body.get(member) not in (None, value) for member, value in process.pids.items()):
            raise Rejected(404, "not-found", "The identifiers are those of another process.")
        if body.get("@id") in process.taken:
            return Taken(process, is_repeat=True)
        if p.step(process.state, kind, p.other(process.role)) is None:
            raise Rejected(400, "illegal-transition", f"{kind} in {process.state}")
        self._moved(process, kind, body)
        return Taken(process)

    def _moved(self, process: Process, kind: str, body: Mapping[str, Any]) -> None:
        process.state = p.step(process.state, kind, p.other(process.role)) or process.state
        if isinstance(body.get("@id"), str):
            process.taken.add(body["@id"])
        if isinstance(body.get("offer"), dict):
            process.offer = dict(body["offer"])
        if isinstance(body.get("agreement"), dict):
            process.agreement = dict(body["agreement"])
        if kind == p.START and isinstance(body.get("dataAddress"), dict):
            process.data_address = dict(body["dataAddress"])
        if kind in (p.SUSPENSION, p.COMPLETION, p.TRANSFER_TERMINATION):
            self._goods.close(process.pid)

    # --- going on -----------------------------------------------------------------------------------------------------

    def answers_to(self, process: Process, kind: str) -> list[Move]:
        """Return what a correct peer sends after it took a message of this kind."""
        match kind, process.role:
            case p.REQUEST, "provider":
                dataset = self._goods.datasets[process.dataset]
                if p.terms_of(process.offer) == p.terms_of(dataset.policy):
                    return [self._agree(process)]
                return [(p.OFFER, {"offer": dataset.offer(self._did)})]
            case p.ACCEPTED, "provider":
                return [self._agree(process)]
            case p.VERIFICATION, "provider":
                return [(p.FINALIZED, {})]
            case p.OFFER, "consumer":
                return [(p.ACCEPTED, {})]
            case p.AGREEMENT, "consumer":
                return [self._verdict(process)]
            case ((p.TRANSFER_REQUEST | p.START), "provider"):
                return [self.start_of(process)]
        return []

    def start_of(self, process: Process) -> Move:
        """Return the start of a transfer of ours, with what opens the data where they are to be pulled."""
        is_pull = process.format == p.HTTP_PULL
        return (p.START, {"dataAddress": self._goods.open(process.pid)} if is_pull else {})

    def end_of(self, process: Process, reason: str) -> Move:
        """Return the termination of a process."""
        kind = p.TRANSFER_TERMINATION if process.is_transfer else p.TERMINATION
        return (kind, {"code": "refused", "reason": [reason]})

    def _agree(self, process: Process) -> Move:
        """Return the agreement on the terms on the table."""
        process.agreement = {
            "@id": p.new_id(),
            "@type": "Agreement",
            **p.terms_of(process.offer),
            "assigner": self._did,
            "assignee": process.peer,
            "target": process.dataset,
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return (p.AGREEMENT, {"agreement": process.agreement})

    def _verdict(self, process: Process) -> Move:
        """Return what is said of an agreement: verified, or ended because it is not what was asked for."""
        agreement = process.agreement or {}
        parties = (agreement.get("assigner"), agreement.get("assignee"), agreement.get("target"))
        is_ours = parties == (process.peer, self._did, process.dataset)
        if is_ours and p.terms_of(agreement) == p.terms_of(process.offer):
            return (p.VERIFICATION, {})
        return self.end_of(process, "The agreement is not what was asked for.")
