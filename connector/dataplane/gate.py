"""The gate: no byte leaves unless every sentence of `judge` is true.

token → grant → address → flow is started → policy permits → source. A decision is remembered under the token's hash
until the token expires or the policy's decision may change, whichever comes first, and is dropped at once when the
transfer's flow is signalled, by this process or another replica. While signals may be lost nothing is remembered.
Sending the bytes is not here: see bodies.py, and http/public/data.py for HTTP.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.clock import Clock
from connector.dataplane import flows, tokens
from connector.dataplane.errors import AccessRefused, FlowNotStarted, NoSuchFlow, PolicyRefuses
from connector.dataplane.sources import Measured, Source
from connector.problems import Problem
from connector.store import grants
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


Permits = Callable[[Tx, Flow], Verdict]
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

    async def admit(self, authorization: str | None, path: str) -> Admission:
        """Return leave to read at this path.

        Raises AccessRefused, NoSuchFlow, FlowNotStarted, PolicyRefuses, or what keeps the source from being read.
        """
        token = tokens.presented(authorization)
        if token is None:
            raise AccessRefused
        fingerprint = tokens.fingerprint(token)
        remembered = self.recall(fingerprint, path)
        if remembered is not None and remembered.is_unchanged:
            return remembered
        admission = await self._ask(fingerprint, path)  # what was published may have been published anew
        admission.source.require_unchanged(admission.published)
        return admission

    def recall(self, fingerprint: str, path: str) -> Admission | None:
        """Return the admission that is remembered for this token, if it still holds for this path."""
        admission = self._admissions.get(fingerprint)
        if admission is None or admission.path != path or not self._store.signals_are_live:
            return None
        return admission if self._clock.now() < admission.expires_at else None

    def judge(self, tx: Tx, fingerprint: str, path: str) -> Admission:
        """Return leave to read, or raise the first reason against it."""
        granted = grants.find(tx, fingerprint, "access")
        if granted is None:  # 1. token and grant
            raise AccessRefused
        flow = granted.flow
        if path != address(flow):  # 2. the token's own address
            raise NoSuchFlow
        verdict = self.require_permitted(tx, flow)  # 3. started, 4. policy
        return Admission(
            flow=flows.key(flow.owner, flow.transfer),
            owner=flow.owner,
            transfer=flow.transfer,
            path=path,
            source=self._open_source(flow.source),  # 5. source
            published=Measured.of(flow.source),
            expires_at=min(granted.grant.expires_at, verdict.valid_until or granted.grant.expires_at),
            permitted_until=verdict.valid_until,
        )

    def require_permitted(self, tx: Tx, flow: Flow) -> Verdict:
        """Return the policy's verdict on a started flow. Raises FlowNotStarted or PolicyRefuses."""
        if not flows.is_started(flow.state, flow.pending):
            raise FlowNotStarted(flow.state)
        verdict = self._permits(tx, flow)
        if not verdict.is_permitted:
            raise PolicyRefuses(verdict.reason or "")
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
        if not self._store.signals_are_live:
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
        for signalled in self._asking.values():
            signalled.add(flow)
        if flow == flows.EVERYTHING:
            self._admissions.clear()
            self._tokens_of.clear()
        for fingerprint in list(self._tokens_of.get(flow, ())):
            self._forget(fingerprint)
        self.streams.signalled(flow)


def address(flow: Flow) -> str:
    """Return the path of a flow's data on the public listener (design: the first participant has no prefix)."""
    prefix = "" if flow.is_root else f"/o/{flow.owner}"
    return f"{prefix}/data/{flow.transfer}"
