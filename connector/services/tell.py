"""The job `evidence`: seals what we have to tell about a contract, and hands it in to the partner.

What is due is read in one transaction, sealed outside any, and stored before it is sent: what was sealed once is sent
again word for word, and the partner knows it. A partner that does not answer is waited for with everything else that
waits for it; one that answers no is believed, unless the answer may be a matter of timing.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import quote

from connector.identity.errors import NoSealKey
from connector.identity.scheme import Scheme
from connector.peer.client import Answer, Client
from connector.protocol.refusals import read_refusal
from connector.services import deciders, exchange, negotiated, notices
from connector.services.exchange import PEER_FAILURES
from connector.services.seal_case import Signers
from connector.store import contracts, events, evidence, journal, negotiations
from connector.store.contracts import OPEN, StoredContract
from connector.store.db import Store, Tx
from connector.store.evidence import Due
from connector.store.jobs import Job, Postpone
from contracts.canonical import canonical
from contracts.jws import NOTICE, Sealed, read_sealed
from contracts.notice import Kind, notice
from contracts.seals import Role, seal
from contracts.signer import Signer

AGAIN = timedelta(seconds=5)
"""When a contract is looked at again whose conclusion the partner has not acknowledged yet."""
NO_ADDRESS = timedelta(minutes=10)
"""When a partner is looked at again whose DID document names no place for evidence."""
LONGEST_PAUSE_S = 300.0
NOT_CONCLUDED = "not-concluded"
_PASSING = frozenset({401, 403, 404, 405, 408, 409, 425, 429})
"""Answers that may be a matter of timing: a partner that starts, is restored, or does not know us yet."""
_FINAL = frozenset({notices.TooManyNotices.code})
"""Refusals that no time mends, whatever their status: what ends the contract must not wait behind them."""

log = logging.getLogger("pupitre.services")


class Tell:
    """Hands in what is due about one contract (key: its negotiation)."""

    def __init__(
        self,
        store: Store,
        client: Client,
        identity: Scheme,
        signers: Signers,
        endpoint_of: Callable[[str], Awaitable[str | None]],
        *,
        give_up_after_s: float,
    ) -> None:
        """`endpoint_of`: where a partner (DID) takes evidence, None when it does not say."""
        self._store = store
        self._client = client
        self._identity = identity
        self._signers = signers
        self._endpoint_of = endpoint_of
        self._give_up_after = timedelta(seconds=give_up_after_s)

    async def __call__(self, job: Job) -> datetime | None:
        """Hand in everything that is due, in order; return when to look again. Raises Postpone, NoSealKey."""
        while True:
            due, contract = await self._store.read(lambda tx: _case(tx, job))
            if due is None:
                return None
            if contract is None or contract.status not in ("concluded", *OPEN):
                await self._not_taken(due, NOT_CONCLUDED, is_final=True)
            elif contract.status in OPEN:
                return self._now() + AGAIN
            elif (again := await self._hand_in(due, contract)) is not None:
                return again

    async def _hand_in(self, due: Due, contract: StoredContract) -> datetime | None:
        """Send one thing; return when to try again if the partner did not take it."""
        text = due.jws or await self._sealed(due, contract)
        answer = await self._sent(due, contract, text)
        if answer is None:
            return self._now() + NO_ADDRESS
        log.info(
            "told", extra={"owner": due.owner, "peer": due.peer, "message_kind": due.kind, "status": answer.status}
        )
        if answer.is_success:
            await self._store.write(lambda tx: _taken(tx, due), about=due.negotiation)
            return None
        refusal = read_refusal(answer.body)
        may_pass = (answer.status >= 500 or answer.status in _PASSING) and refusal.code not in _FINAL
        is_final = not may_pass or self._now() - due.created_at >= self._give_up_after
        said = " ".join((f"HTTP {answer.status}", refusal.code or "", *refusal.reasons))[:500]
        await self._not_taken(due, said, is_final=is_final)
        return None if is_final else self._now() + _pause(due.attempts)

    async def _sealed(self, due: Due, contract: StoredContract) -> str:
        """Return the notice, sealed with the key that the contract names or with the present one, and stored."""
        agreed, now = read_sealed(contract.jws or ""), self._now()
        role: Role = contract.role.value
        told = notice(agreed, cast(Kind, due.kind), by=role, at=due.at, code=due.code, reason=due.reason)
        signer = self._signer(due.owner, agreed.document["parties"][role]["seal"]["kid"])
        approval = negotiated.approval(deciders.read(due.decided_by), due.at)
        sealed = await seal(canonical(told), signer, media_type=NOTICE, at=now, approval=approval)
        return await self._store.write(lambda tx: _gave(tx, due, sealed), about=due.negotiation)

    def _signer(self, owner: str, kid: str) -> Signer:
        try:
            return self._signers(owner, kid)
        except NoSealKey:
            return self._signers(owner)

    async def _sent(self, due: Due, contract: StoredContract, text: str) -> Answer | None:
        """Return the partner's answer, None when it names no address. Raises Postpone."""
        try:
            endpoint = await self._endpoint_of(due.peer)
            if endpoint is None:
                return None
            token = await self._identity.token_for(due.owner, due.peer)
            return await self._client.post(f"{endpoint}/{quote(contract.agreement, safe='')}", token, text.encode())
        except PEER_FAILURES as error:
            raise Postpone(due.peer, str(error)) from error

    async def _not_taken(self, due: Due, problem: str, *, is_final: bool) -> None:
        def unit(tx: Tx) -> None:
            negotiations.load(tx, due.owner, due.negotiation)
            evidence.not_taken(tx, due, problem, is_final=is_final)
            if problem != NOT_CONCLUDED:
                exchange.heard(tx, due.owner, due.peer)
            if is_final:
                told = {"notice": due.kind, "problem": problem}
                journal.append(tx, due.owner, due.negotiation, "notice-refused", told)
                events.append(tx, due.owner, "notice.refused", due.negotiation, due.peer, **told)

        await self._store.write(unit, about=due.negotiation)

    def _now(self) -> datetime:
        return self._store.clock.now()


def _case(tx: Tx, job: Job) -> tuple[Due | None, StoredContract | None]:
    return evidence.first(tx, job.owner, job.key), contracts.find(tx, job.owner, job.key)


def _pause(attempts: int) -> timedelta:
    """Return how long to wait after so many answers that were no: 0.5, 1, 2 … 300 s."""
    return timedelta(seconds=min(0.5 * 2.0 ** min(attempts, 16), LONGEST_PAUSE_S))


def _gave(tx: Tx, due: Due, sealed: Sealed) -> str:
    """Keep what was sealed and return it; or what stands there, when it was sealed twice at a time."""
    negotiations.load(tx, due.owner, due.negotiation)
    contract = contracts.find(tx, due.owner, due.negotiation)
    held = evidence.find(tx, due.owner, due.id)
    if held is not None and held.jws is not None:
        return held.jws
    if contract is not None:
        notices.gave(tx, contract, due, sealed)
    return sealed.text


def _taken(tx: Tx, due: Due) -> None:
    """Write down that the partner has it."""
    negotiations.load(tx, due.owner, due.negotiation)
    evidence.sent(tx, due)
    exchange.heard(tx, due.owner, due.peer)
    journal.append(tx, due.owner, due.negotiation, "notice-delivered", {"notice": due.kind, "to": due.peer})
