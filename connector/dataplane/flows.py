"""Flows of bytes: when one may run, and the streams that are open now.

A stream is cut, not ended: its connection is reset, so that the receiver sees an incomplete body. What cuts it is a
signal that its transfer stopped, or the instant at which the policy's decision may change and no longer permits.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.protocol import transfer

TOPIC = "flow"
DOUBT = "flow-doubt"
"""Topic of flows that have to be judged again: what is known of the partner or of the data has changed."""
EVERYTHING = ""
"""The key of a signal that may stand for any number of lost ones."""

_ENDING = frozenset({transfer.SUSPENSION, transfer.COMPLETION, transfer.TERMINATION})


def key(owner: str, transfer_pid: str) -> str:
    """Return the key under which a flow is signalled."""
    return f"{owner} {transfer_pid}"


def is_started(state: str, pending: str | None) -> bool:
    """Return True when the bytes of a transfer that we provide may flow.

    Our start counts although it is not yet acknowledged: who holds its token has received it. Our suspension,
    completion or termination counts as soon as it is decided.
    """
    if pending == transfer.START:
        return state in (transfer.REQUESTED, transfer.STARTED, transfer.SUSPENDED)
    return state == transfer.STARTED and pending not in _ENDING


def may_push(state: str, pending: str | None) -> bool:
    """Return True when we, as provider, may send: the consumer knows of our start, and neither side is stopping it."""
    return state == transfer.STARTED and pending not in _ENDING


def may_be_pushed(state: str, pending: str | None) -> bool:
    """Return True when we, as consumer, take what is pushed: asked for, neither suspended nor ended by either side.

    Before the provider's start too: some providers send first and say so afterwards.
    """
    is_asked = state == transfer.INITIAL and pending == transfer.REQUEST
    return is_asked or (state in (transfer.REQUESTED, transfer.STARTED) and pending not in _ENDING)


def may_receive(state: str, pending: str | None) -> bool:
    """Return True when we, as consumer, may go on reading: the transfer is started and we are not stopping it."""
    return state == transfer.STARTED and pending not in _ENDING


class OpenStream:
    """A body being sent, and the means to cut it."""

    def __init__(self, flow: str, abort: Callable[[], object]) -> None:
        self.flow = flow
        self.is_cut = False
        self.doubt = asyncio.Event()
        """Set when the stream must be judged again."""
        self._abort = abort

    def cut(self) -> None:
        """Reset the connection; what the sender has not yet handed over never leaves."""
        if not self.is_cut:
            self.is_cut = True
            self._abort()


class Streams:
    """The open streams of this process."""

    def __init__(self) -> None:
        self._by_flow: dict[str, set[OpenStream]] = {}

    @contextmanager
    def opened(self, flow: str, abort: Callable[[], object]) -> Iterator[OpenStream]:
        """Register a stream for as long as it is open."""
        stream = OpenStream(flow, abort)
        self._by_flow.setdefault(flow, set()).add(stream)
        try:
            yield stream
        finally:
            streams = self._by_flow[flow]
            streams.discard(stream)
            if not streams:
                del self._by_flow[flow]

    def signalled(self, flow: str) -> None:
        """Cut the streams of a flow that stopped; when signals may have been lost, have every stream judged again."""
        if flow == EVERYTHING:
            self.doubted(flow)
        for stream in list(self._by_flow.get(flow, ())):
            stream.cut()

    def doubted(self, flow: str) -> None:
        """Have the streams of a flow judged again; when signals may have been lost, every stream."""
        doubtful = self._by_flow.values() if flow == EVERYTHING else [self._by_flow.get(flow, set())]
        for stream in [one for streams in doubtful for one in streams]:
            stream.doubt.set()

    def __len__(self) -> int:
        return sum(map(len, self._by_flow.values()))
