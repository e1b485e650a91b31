"""Verbs of the transfer process, for both roles; each opens one transaction.

What is legal is said by protocol/transfer.py; what becomes of the bytes by the data room, which is told inside the same
transaction: a start opens a flow, a suspension, completion or termination closes it before anybody hears of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connector.dataplane.transfers import Subject, TransferType
from connector.identity.addresses import Addresses
from connector.identity.scheme import Participant, Scheme
from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound
from connector.protocol import messages
from connector.protocol import transfer as t
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Role
from connector.protocol.wire import document, render
from connector.services import exchange, notices, watch
from connector.services.decide import Decisions
from connector.services.deciders import Decider
from connector.services.exchange import Answer, Delivery, Incoming, Line, Outcome
from connector.services.redaction import kept_of
from connector.services.settle import Exchange
from connector.store import agreements, fetches, negotiations, peers, transfers
from connector.store.agreements import StoredAgreement
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.transfers import Transfer as TransferRow

JOB = "transfer"

_PATHS = {
    t.START: "/start",
    t.SUSPENSION: "/suspension",
    t.COMPLETION: "/completion",
    t.TERMINATION: "/termination",
    "": "",
}


def path(transfer: TransferRow, kind: str) -> str:
    """Return the path below the peer's base (DSP 2025-1, Transfer Process HTTPS binding)."""
    if kind == t.REQUEST:
        return "/transfers/request"
    return f"/transfers/{transfer.peer_pid}{_PATHS[kind]}"


@dataclass(frozen=True, slots=True)
class Into:
    """Where the bytes of a transfer that is pushed to us shall go."""

    path: Callable[[TransferRow], str]
    """The file, vetted already; it may be named after the transfer."""
    overwrite: bool = False


class Transfer(Exchange[TransferRow]):
    """The transfer process."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        decisions: Decisions,
        identity: Scheme,
        types: Sequence[TransferType],
    ) -> None:
        """Take the types of transfer; the first is the one that is asked for unless told otherwise."""
        super().__init__(store, Line(t.TRANSFER, transfers.queries, JOB, path, self._render, kept_of))
        self._addresses = addresses
        self._decisions = decisions
        self._types = {one.format: one for one in types}
        self._default = types[0].format
        self._identity = identity

    # --- a peer speaks ------------------------------------------------------------------------------------------------

    async def receive(
        self, owner: str, caller: Participant, incoming: Incoming, pid: str | None = None
    ) -> Outcome[TransferRow]:
        """Take a peer's message: load or create, move, tell the data room, answer, save.

        `pid` is our identifier, None for a request. Raises NotFound, IllegalTransition, Busy, Invalid.
        """
        if pid is None:
            await exchange.check_callback(self._identity, caller, incoming)

        def unit(tx: Tx) -> Outcome[TransferRow]:
            if pid is None:
                exchange.heard(tx, owner, caller.did)
                row = self._first(tx, owner, caller, incoming)
                if row.version:
                    return Outcome(row, is_repeat=True)
            else:
                row = transfers.load(tx, owner, pid, incoming.message.message_id)
                exchange.check_counterpart(tx, self.line, row, caller.did, incoming)
                exchange.heard(tx, owner, caller.did)
            return self._take(tx, row, incoming)

        outcome = await self._store.write(unit, about=pid or "")
        exchange.log_arrival(outcome, incoming)
        if outcome.problem is not None:
            raise outcome.problem
        return outcome

    def _take(self, tx: Tx, row: TransferRow, incoming: Incoming) -> Outcome[TransferRow]:
        is_new = row.version == 0
        try:
            received = exchange.arrive(tx, self.line, row, incoming)
        except (IllegalTransition, Busy) as problem:
            exchange.refuse_arrival(tx, row, incoming, problem)
            return Outcome(row, problem=problem)
        if received.is_repeat:
            return Outcome(row, is_repeat=True)
        message = incoming.message
        if isinstance(message, messages.TransferStartMessage) and message.data_address is not None:
            self._type(row.format).told(tx, self._subject(row), message.data_address)
            row.data_address = document(message.data_address)
        if is_new:
            transfers.save(tx, row)
        self.react(tx, row, row.role.other, message.kind)
        transfers.save(tx, row)
        return Outcome(row, is_new=is_new)

    def _first(self, tx: Tx, owner: str, caller: Participant, incoming: Incoming) -> TransferRow:
        """Return the transfer that a request opens, or the one it has opened already (idempotent on consumerPid)."""
        message = incoming.message
        assert isinstance(message, messages.TransferRequestMessage)
        existing = transfers.by_peer_pid(tx, owner, caller.did, Role.PROVIDER, message.consumer_pid)
        if existing is not None:
            return existing
        agreement = agreements.hold(tx, owner, message.agreement_id)
        if agreement.peer != caller.did or agreement.role is not Role.PROVIDER or agreement.status != "active":
            raise NotFound(message.agreement_id)
        self._type(message.format).check(message.data_address)
        return TransferRow(
            owner=owner,
            pid=new_id(),
            role=Role.PROVIDER,
            peer=caller.did,
            peer_pid=message.consumer_pid,
            peer_url=message.callback_address.rstrip("/"),
            state=t.INITIAL,
            agreement=agreement.id,
            dataset=agreement.dataset,
            format=message.format,
            data_address=None if message.data_address is None else document(message.data_address),
        )

    def react(self, tx: Tx, process: TransferRow, by: Role, kind: str) -> None:
        """After a move: tell the transfer's type, watch over its permission, then add at most one answer.

        Tokens are forgotten once it has ended.
        """
        self._type(process.format).moved(tx, self._subject(process))
        watch.begin(tx, process)
        notices.transfer_moved(tx, process, kind)
        if t.TRANSFER.is_terminal(process.state):
            process.data_address = None
        wanted = self._decisions.transfer_moved(tx, process, by, kind)
        if wanted is not None:
            exchange.answer(tx, self.line, process, wanted)

    # --- a person or a rule acts --------------------------------------------------------------------------------------

    async def request(
        self,
        owner: str,
        agreement_id: str,
        transfer_format: str | None = None,
        *,
        by: Decider,
        into: Into | None = None,
    ) -> TransferRow:
        """Ask for the data of an active agreement of ours; `into` says where what is pushed to us shall go.

        Raises NotFound, Conflict, Invalid for a format that this node does not know.
        """
        kind = self._type(transfer_format or self._default)

        def unit(tx: Tx) -> TransferRow:
            agreement = agreements.hold(tx, owner, agreement_id)
            _check_usable(agreement)
            row = TransferRow(
                owner=owner,
                pid=new_id(),
                role=Role.CONSUMER,
                peer=agreement.peer,
                peer_url=_peer_url(tx, agreement),
                state=t.INITIAL,
                agreement=agreement.id,
                dataset=agreement.dataset,
                format=kind.format,
            )
            if into is not None:  # what is written now refers to the transfer
                transfers.save(tx, row)
                fetches.begin(tx, owner, row.pid, into.path(row), overwrite=into.overwrite)
            exchange.answer(tx, self.line, row, Answer(t.REQUEST, by))
            transfers.save(tx, row)
            return row

        return await self._store.write(unit)

    async def start(self, owner: str, pid: str, *, by: Decider) -> TransferRow:
        """Start, resume, or renew as provider; ask to resume as consumer."""
        return await self._act(owner, pid, Answer(t.START, by))

    async def suspend(self, owner: str, pid: str, code: str = "", reason: str = "", *, by: Decider) -> TransferRow:
        """Suspend: no byte leaves from the moment this is recorded."""
        return await self._act(owner, pid, Answer(t.SUSPENSION, by, _why(code, reason)))

    async def complete(self, owner: str, pid: str, *, by: Decider) -> TransferRow:
        """Say that all has been had."""
        return await self._act(owner, pid, Answer(t.COMPLETION, by))

    async def terminate(self, owner: str, pid: str, code: str = "", reason: str = "", *, by: Decider) -> TransferRow:
        """End the transfer, for a reason that the peer is told."""
        return await self._act(owner, pid, Answer(t.TERMINATION, by, _why(code, reason)))

    async def _act(self, owner: str, pid: str, wanted: Answer) -> TransferRow:
        def unit(tx: Tx) -> TransferRow:
            row = transfers.load(tx, owner, pid)
            exchange.answer(tx, self.line, row, wanted)
            transfers.save(tx, row)
            return row

        return await self._store.write(unit, about=pid)

    # --- the worker reports -------------------------------------------------------------------------------------------

    async def acknowledged(self, job: Job, delivery: Delivery, body: bytes) -> bool:
        """Record that the peer accepted our message and move the transfer on; False when ours gave way to theirs."""
        peer_pid = exchange.peer_pid_in(body, "providerPid") if delivery.state_url is None else None
        return await self.taken(job, delivery, peer_pid)

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _render(self, tx: Tx, row: TransferRow, wanted: Answer) -> str:
        """Return the message that an answer becomes; a flow opens or closes with it, in the same commit."""
        content, kind, subject = wanted.content or {}, self._type(row.format), self._subject(row)
        pids: dict[str, Any] = {"consumer_pid": row.consumer_pid, "provider_pid": row.provider_pid}
        why: dict[str, Any] = {"code": content.get("code"), "reason": tuple(content.get("reason") or ()) or None}
        message: messages.Message
        match wanted.kind:
            case t.REQUEST:
                message = messages.TransferRequestMessage(
                    consumer_pid=row.pid,
                    agreement_id=row.agreement,
                    format=row.format,
                    callback_address=self._addresses.dsp_base(row.owner),
                    data_address=kind.ask(tx, subject),
                )
            case t.START:
                address = kind.start(tx, subject) if row.role is Role.PROVIDER else None
                message = messages.TransferStartMessage(**pids, data_address=address)
            case t.SUSPENSION:
                message = messages.TransferSuspensionMessage(**pids, **why)
            case t.COMPLETION:
                message = messages.TransferCompletionMessage(**pids)
            case _:
                message = messages.TransferTerminationMessage(**pids, **why)
        if wanted.kind not in (t.REQUEST, t.START):
            kind.stop(tx, subject)
        return render(message.with_id(new_id())).decode()

    def _type(self, name: str) -> TransferType:
        """Return the type of a format. Raises Invalid naming those that there are."""
        if name not in self._types:
            formats = ", ".join(self._types)
            raise Invalid({"fr": f"Formats : {formats}.", "en": f"Formats: {formats}."}, pointer="/format")
        return self._types[name]

    def _subject(self, row: TransferRow) -> Subject:
        return Subject(
            owner=row.owner,
            transfer=row.pid,
            peer=row.peer,
            role=row.role,
            state=row.state,
            pending=row.pending,
            base=self._addresses.base(row.owner),
        )


def _check_usable(agreement: StoredAgreement) -> None:
    if agreement.role is not Role.CONSUMER:
        raise Conflict("Only the consumer of an agreement requests its data.")
    if agreement.status != "active":
        raise Conflict(f"The agreement is {agreement.status}.")


def _peer_url(tx: Tx, agreement: StoredAgreement) -> str:
    """Return where the provider is now, if we know it, else where it was when the agreement was made."""
    peer = peers.find(tx, agreement.owner, agreement.peer)
    return peer.url if peer else negotiations.peek(tx, agreement.owner, agreement.negotiation).peer_url


def _why(code: str, reason: str) -> dict[str, Any]:
    return {"code": code or None, "reason": [reason] if reason else None}
