"""Verbs of the transfer process, for both roles; each opens one transaction.

What is legal is said by protocol/transfer.py; what becomes of the bytes by the data room, which is told inside the same
transaction: a start opens a flow, a suspension, completion or termination closes it before anybody hears of it.
"""

from typing import Any

from connector.dataplane import receive
from connector.dataplane.transfers import http_pull
from connector.identity.addresses import Addresses
from connector.identity.scheme import Participant, Scheme
from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound
from connector.protocol import messages
from connector.protocol import transfer as t
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Role
from connector.protocol.wire import document, render
from connector.services import exchange, settle
from connector.services.decide import Decisions
from connector.services.deciders import Decider
from connector.services.exchange import Answer, Delivery, Incoming, Line, Outcome
from connector.services.negotiate import peer_pid_in
from connector.services.settle import Exchange
from connector.store import agreements, fetches, jobs, negotiations, peers, transfers
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


class Transfer(Exchange[TransferRow]):
    """The transfer process."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        decisions: Decisions,
        identity: Scheme,
        *,
        token_lifetime_s: int,
    ) -> None:
        super().__init__(store, Line(t.TRANSFER, transfers.queries, JOB, path, self._render))
        self._addresses = addresses
        self._decisions = decisions
        self._token_lifetime_s = token_lifetime_s
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
                exchange.check_counterpart(row, caller.did, incoming)
                exchange.heard(tx, owner, caller.did)
            return self._take(tx, row, incoming)

        outcome = await self._store.write(unit)
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
            row.data_address = document(message.data_address)
            if fetches.awaken(tx, owner=row.owner, transfer=row.pid):
                tx.enqueue(Job(receive.JOB, row.owner, row.pid))
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
        agreement = agreements.load(tx, owner, message.agreement_id)
        if agreement.peer != caller.did or agreement.role is not Role.PROVIDER or agreement.status != "active":
            raise NotFound(message.agreement_id)
        if message.format != http_pull.FORMAT or message.data_address is not None:
            raise Invalid(f"This dataset is offered as {http_pull.FORMAT}, without a data address.", pointer="/format")
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
        )

    def react(self, tx: Tx, process: TransferRow, by: Role, kind: str) -> None:
        """After a move: close the flow unless bytes may pass, then add at most one answer."""
        if process.role is Role.PROVIDER and process.state != t.STARTED:
            http_pull.stop(tx, process.owner, process.pid)
        wanted = self._decisions.transfer_moved(tx, process, by, kind)
        if wanted is not None:
            exchange.answer(tx, self.line, process, wanted)

    # --- a person or a rule acts --------------------------------------------------------------------------------------

    async def request(
        self, owner: str, agreement_id: str, transfer_format: str = http_pull.FORMAT, *, by: Decider
    ) -> TransferRow:
        """Ask for the data of an active agreement of ours. Raises NotFound, Conflict."""

        def unit(tx: Tx) -> TransferRow:
            agreement = agreements.load(tx, owner, agreement_id)
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
                format=transfer_format,
            )
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

        return await self._store.write(unit)

    # --- the worker reports -------------------------------------------------------------------------------------------

    async def acknowledged(self, job: Job, delivery: Delivery, body: bytes) -> bool:
        """Record that the peer accepted our message and move the transfer on; False when ours gave way to theirs."""
        peer_pid = peer_pid_in(body, "providerPid") if delivery.state_url is None else None

        def unit(tx: Tx) -> bool:
            row = transfers.load(tx, delivery.owner, delivery.pid)
            exchange.heard(tx, delivery.owner, delivery.peer)
            if not settle.settle(tx, self.line, row, delivery, peer_pid):
                return not settle.gave_way(row, delivery)
            jobs.finish(tx, job)
            self.react(tx, row, row.role, delivery.kind)
            transfers.save(tx, row)
            return True

        return await self._store.write(unit)

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _render(self, tx: Tx, row: TransferRow, wanted: Answer) -> str:
        """Return the message that an answer becomes; a flow opens or closes with it, in the same commit."""
        content = wanted.content or {}
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
                )
            case t.START:
                address = self._open_flow(tx, row) if row.role is Role.PROVIDER else None
                message = messages.TransferStartMessage(**pids, data_address=address)
            case t.SUSPENSION:
                message = messages.TransferSuspensionMessage(**pids, **why)
            case t.COMPLETION:
                message = messages.TransferCompletionMessage(**pids)
            case _:
                message = messages.TransferTerminationMessage(**pids, **why)
        if row.role is Role.PROVIDER and wanted.kind != t.START:
            http_pull.stop(tx, row.owner, row.pid)
        return render(message.with_id(new_id())).decode()

    def _open_flow(self, tx: Tx, row: TransferRow) -> messages.DataAddress:
        return http_pull.start(
            tx,
            base=self._addresses.base(row.owner),
            owner=row.owner,
            transfer=row.pid,
            peer=row.peer,
            lifetime_s=self._token_lifetime_s,
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
