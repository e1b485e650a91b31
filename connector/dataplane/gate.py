"""The gate: no byte leaves unless every sentence of `judge` is true.

token → grant → address → flow is started → policy permits → source. A decision is remembered under the token's hash
until the token expires or the policy's decision may change, whichever comes first, and is dropped at once when the
transfer's flow is signalled, by this process or another replica. While signals may be lost nothing is remembered. Where
the policy counts uses, nothing is remembered either: a delivery is judged and counted in one transaction, before its
first byte leaves (decision 0030).
Sending the bytes is not here: see bodies.py, and http/public/data.py for HTTP.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from connector.clock import Clock
from connector.dataplane import flows, tokens
from connector.dataplane.errors import AccessRefused, FlowNotStarted, NoSuchFlow, PolicyRefuses
from connector.dataplane.sources import Measured, Source
from connector.problems import Problem, Unavailable
from connector.store import grants, journal, usage
from connector.store.db import Store, Tx
from connector.store.grants import Flow

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says about a flow at this instant."""

    is_permitted: bool
    valid_until: datetime | None = None
    """The instant at which the decision may change; None: never by itself."""
    reason: dict[str, str] | None = None
    """Why not, in `fr` and `en`."""
    is_counted: bool = False
    """True when each delivery counts: this answer holds for this moment only, and a delivery has to be taken."""
    explained: dict[str, list[str]] | None = None
    """Why not, in full and in both languages, for the journal: the partner may be told less."""


@dataclass(frozen=True, slots=True)
class Taking:
    """A delivery that is about to begin."""

    goes_on: bool = False
    """True when it continues one that the transfer has begun, if that was of the same content."""


class Permits(Protocol):
    """Judges a flow; a delivery that is being taken is counted, where the policy counts, in the same transaction."""

    def __call__(self, tx: Tx, flow: Flow, taking: Taking | None = None, /) -> Verdict: ...


Delivers = Callable[[Measured], Taking | None]
"""Tells which delivery of the published bytes a request begins; None when it delivers none. May raise."""
OpenSource = Callable[[Mapping[str, Any]], Source]


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to read one source at one address: the proof that `judge` was passed."""

    flow: str
    owner: str
    transfer: str
    path: str
    source: Source
    published: Measured
    expires_at: datetime
    """When the admission must be asked for again: the token's expiry or the policy's instant."""
    permitted_until: datetime | None
    """When the policy must be asked again, for a stream that is still open then."""
    is_counted: bool = False
    """True when the policy counts deliveries: it is never remembered."""

    @property
    def is_unchanged(self) -> bool:
        """True when the source still seems to be what was published."""
        try:
            self.source.require_unchanged(self.published)
        except Problem:
            return False
        return True


class Gate:
    """Decides who may read what, for one process."""

    def __init__(self, store: Store, clock: Clock, permits: Permits, open_source: OpenSource) -> None:
        self._store = store
        self._clock = clock
        self._permits = permits
        self._open_source = open_source
        self._admissions: dict[str, Admission] = {}
        self._tokens_of: dict[str, set[str]] = {}
        self._asking: dict[int, set[str]] = {}
        self.streams = flows.Streams()
        store.subscribe(flows.TOPIC, self._signalled)
        store.subscribe(flows.DOUBT, self._doubted)

    async def admit(self, authorization: str | None, path: str, delivers: Delivers) -> Admission:
        """Return leave to read at this path; the delivery that begins is counted where the policy counts.

        Raises AccessRefused, NoSuchFlow, FlowNotStarted, PolicyRefuses, or what keeps the source from being read.
        """
        try:
            return await self._admit(authorization, path, delivers)
        except PolicyRefuses as refusal:
            with suppress(Unavailable):  # the partner is refused whatever happens
                await self._write_down(refusal)
            raise

    async def _admit(self, authorization: str | None, path: str, delivers: Delivers) -> Admission:
        token = tokens.presented(authorization)
        if token is None:
            raise AccessRefused
        fingerprint = tokens.fingerprint(token)
        remembered = self.recall(fingerprint, path)
        if remembered is not None and remembered.is_unchanged:
            return remembered
        admission = await self._ask(fingerprint, path)  # what was published may have been published anew
        admission.source.require_unchanged(admission.published)
        if admission.is_counted and (taking := delivers(admission.published)) is not None:
            return await self._take(fingerprint, path, taking)
        return admission

    def recall(self, fingerprint: str, path: str) -> Admission | None:
        """Return the admission that is remembered for this token, if it still holds for this path."""
        admission = self._admissions.get(fingerprint)
        if admission is None or admission.path != path or not self._store.signals_are_live:
            return None
        return admission if self._clock.now() < admission.expires_at else None

    def judge(self, tx: Tx, fingerprint: str, path: str, taking: Taking | None = None) -> Admission:
        """Return leave to read, or raise the first reason against it."""
        granted = grants.find(tx, fingerprint, "access")
        if granted is None:  # 1. token and grant
            raise AccessRefused
        flow = granted.flow
        if path != address(flow):  # 2. the token's own address
            raise NoSuchFlow
        verdict = self.require_permitted(tx, flow, taking)  # 3. started, 4. policy
        return Admission(
            flow=flows.key(flow.owner, flow.transfer),
            owner=flow.owner,
            transfer=flow.transfer,
            path=path,
            source=self._open_source(flow.source),  # 5. source
            published=Measured.of(flow.source),
            expires_at=min(granted.grant.expires_at, verdict.valid_until or granted.grant.expires_at),
            permitted_until=verdict.valid_until,
            is_counted=verdict.is_counted,
        )

    def require_permitted(self, tx: Tx, flow: Flow, taking: Taking | None = None) -> Verdict:
        """Return the policy's verdict on a started flow, and count what is taken. Raises FlowNotStarted, PolicyRefuses.

        A refusal undoes what its transaction wrote, as any exception does.
        """
        if not flows.is_started(flow.state, flow.pending):
            raise FlowNotStarted(flow.state)
        verdict = self._permits(tx, flow) if taking is None else self._permits(tx, flow, taking)
        if not verdict.is_permitted:
            about = (flow.owner, flow.transfer)
            raise PolicyRefuses(verdict.reason or "", about=about, explained=verdict.explained)
        return verdict

    async def judge_again(self, owner: str, transfer: str) -> datetime | None:
        """Return until when an open stream may go on, None for no limit. Raises as `admit`."""

        def unit(tx: Tx) -> datetime | None:
            flow = grants.flow(tx, owner, transfer)
            if flow is None:
                raise FlowNotStarted
            return self.require_permitted(tx, flow).valid_until

        return await self._store.read(unit)

    async def _ask(self, fingerprint: str, path: str) -> Admission:
        """Judge, again whenever the flow was signalled while the answer was on its way."""
        while True:
            with self._listening() as signalled:
                admission = await self._store.read(lambda tx: self.judge(tx, fingerprint, path))
            if not signalled & {admission.flow, flows.EVERYTHING}:
                self._remember(fingerprint, admission)
                return admission

    async def _write_down(self, refusal: PolicyRefuses) -> None:
        """Tell the transfer's journal why in full, the first of a row of equal refusals."""
        if refusal.about is None or refusal.explained is None:
            return
        owner, transfer = refusal.about
        entry = {"problem": refusal.code, "explained": dict(refusal.explained)}

        def is_told(tx: Tx) -> bool:
            return [(one.kind, one.entry) for one in journal.latest(tx, owner, transfer, 1)] == [
                ("data-refused", entry)
            ]

        def unit(tx: Tx) -> None:
            usage.lock(tx, owner, transfer)
            if not is_told(tx):
                journal.append(tx, owner, transfer, "data-refused", entry)

        if not await self._store.read(is_told):
            await self._store.write(unit)

    async def _take(self, fingerprint: str, path: str, taking: Taking) -> Admission:
        """Judge and count a delivery in one transaction; judge again if the flow was signalled meanwhile."""
        with self._listening() as signalled:
            admission = await self._store.write(lambda tx: self.judge(tx, fingerprint, path, taking))
        if signalled & {admission.flow, flows.EVERYTHING}:
            return await self._ask(fingerprint, path)
        return admission

    @contextmanager
    def _listening(self) -> Iterator[set[str]]:
        """Collect the flows that are signalled meanwhile."""
        signalled: set[str] = set()
        self._asking[id(signalled)] = signalled  # by identity: two empty sets are equal
        try:
            yield signalled
        finally:
            del self._asking[id(signalled)]

    def _remember(self, fingerprint: str, admission: Admission) -> None:
        if admission.is_counted or not self._store.signals_are_live:
            return
        while len(self._admissions) >= REMEMBERED:
            self._forget(next(iter(self._admissions)))
        self._admissions[fingerprint] = admission
        self._tokens_of.setdefault(admission.flow, set()).add(fingerprint)

    def _forget(self, fingerprint: str) -> None:
        flow = self._admissions.pop(fingerprint).flow
        self._tokens_of[flow].discard(fingerprint)
        if not self._tokens_of[flow]:
            del self._tokens_of[flow]

    def _signalled(self, flow: str) -> None:
        self._forget_answers(flow)
        self.streams.signalled(flow)

    def _doubted(self, flow: str) -> None:
        self._forget_answers(flow)
        self.streams.doubted(flow)

    def _forget_answers(self, flow: str) -> None:
        """Forget what was answered about a flow, and have what is being asked asked again."""
        for signalled in self._asking.values():
            signalled.add(flow)
        if flow == flows.EVERYTHING:
            self._admissions.clear()
            self._tokens_of.clear()
        for fingerprint in list(self._tokens_of.get(flow, ())):
            self._forget(fingerprint)


def address(flow: Flow) -> str:
    """Return the path of a flow's data on the public listener (design: the first participant has no prefix)."""
    prefix = "" if flow.is_root else f"/o/{flow.owner}"
    return f"{prefix}/data/{flow.transfer}"
