"""The negotiations and transfers of a fake peer, each as it stands on the peer's side."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from connector.sdk.testing.errors import NotHeard
from connector.sdk.testing.protocol import HTTP_PULL, Json, Role, new_id


@dataclass(eq=False, kw_only=True)
class Process:
    """A negotiation or a transfer."""

    peer: str
    """DID of the partner."""
    url: str
    """Base of the partner's addresses."""
    role: Role
    """The peer's own role."""
    is_transfer: bool = False
    pid: str = field(default_factory=new_id)
    peer_pid: str | None = None
    state: str = "INITIAL"
    dataset: str = ""
    offer: Json = field(default_factory=dict, repr=False)
    """The terms on the table of a negotiation."""
    agreement: Json | None = field(default=None, repr=False)
    format: str = HTTP_PULL
    data_address: Json | None = field(default=None, repr=False)
    """Where the bytes of a transfer are to be had or put, as the partner said."""
    taken: set[str] = field(default_factory=set, repr=False)
    """The messages that had their effect, by their `@id`."""
    news: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def pids(self) -> dict[str, str]:
        """Both identifiers as messages carry them, as far as they are known."""
        ours, theirs = ("consumerPid", "providerPid") if self.role == "consumer" else ("providerPid", "consumerPid")
        return {ours: self.pid, **({theirs: self.peer_pid} if self.peer_pid else {})}

    def document(self) -> Json:
        """Return how the process is shown to the partner."""
        name = "TransferProcess" if self.is_transfer else "ContractNegotiation"
        context = ["https://w3id.org/dspace/2025/1/context.jsonld"]
        return {"@context": context, "@type": name, "@id": self.pid, **self.pids, "state": self.state}

    def wait_for(self, state: str, timeout_s: float = 10.0) -> Self:
        """Return the process once it stands in this state. Raises NotHeard."""
        with self.news:
            if not self.news.wait_for(lambda: self.state == state, timeout_s):
                raise NotHeard(state, timeout_s, [self.state])
        return self


class Processes:
    """All processes of one peer."""

    def __init__(self, news: threading.Condition) -> None:
        self._news = self.lock = news
        """Held while one of them changes."""
        self._all: list[Process] = []

    def __iter__(self) -> Iterator[Process]:
        return iter(list(self._all))

    def begin(self, **members: Any) -> Process:
        """Return a new process, which is kept."""
        process = Process(news=self._news, **members)
        self._all.append(process)
        return process

    def drop(self, process: Process) -> None:
        """Forget a process that never began."""
        self._all.remove(process)

    def of(self, pid: str, peer: str, is_transfer: bool) -> Process | None:
        """Return the partner's process of this identifier of ours."""
        return next((one for one in self if (one.pid, one.peer, one.is_transfer) == (pid, peer, is_transfer)), None)

    def begun_by(self, peer: str, peer_pid: str, is_transfer: bool) -> Process | None:
        """Return the process that the partner knows by this identifier of its own."""
        found = (one for one in self if (one.peer, one.peer_pid, one.is_transfer) == (peer, peer_pid, is_transfer))
        return next(found, None)

    def under(self, agreement: str, peer: str) -> Process | None:
        """Return the concluded negotiation of an agreement that the peer gave this partner."""
        for one in self:
            is_ours = one.peer == peer and one.role == "provider" and one.state == "FINALIZED"
            if is_ours and one.agreement is not None and one.agreement["@id"] == agreement:
                return one
        return None
