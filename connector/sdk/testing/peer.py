"""`FakePeer`: what a test holds. It answers and begins, keeps what it heard and said, and waits without sleeping."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from connector.sdk.testing import protocol as p
from connector.sdk.testing.calling import Answer, NotCalled, call
from connector.sdk.testing.conduct import Conduct, Move
from connector.sdk.testing.errors import NotHeard, Refused, ScriptError
from connector.sdk.testing.goods import DEFAULT, Dataset, Goods, read_address
from connector.sdk.testing.identity import Identity, document_address
from connector.sdk.testing.listener import HOST, Errands, Listener
from connector.sdk.testing.mail import Mail
from connector.sdk.testing.processes import Process, Processes
from connector.sdk.testing.protocol import Json
from connector.sdk.testing.reception import Reach, Reception
from connector.sdk.testing.records import Heard, Said
from connector.sdk.testing.script import OnArrival, OnSending, on_arrival, on_sending

R = TypeVar("R", Heard, Said)
KEPT = 20_000
"""How many calls and messages are kept, each way."""
PATIENCE_S = 10.0
LONGEST_S = 660.0
"""How long a verb may take: longer than any delay that a script may ask for."""


class FakePeer:
    """A partner of a node, in the test's own process; a context manager."""

    def __init__(
        self, *, datasets: Iterable[Dataset] = DEFAULT, token_lifetime_s: float = 300.0, port: int = 0
    ) -> None:
        """Listen on a port of loopback, any free one unless told otherwise. Raises OSError when it is taken."""
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)
        self._heard: deque[Heard] = deque(maxlen=KEPT)
        self._said: deque[Said] = deque(maxlen=KEPT)
        self._arrivals, self._sendings = on_arrival(), on_sending()
        self._listener = Listener(port)
        self._is_there = self._is_going = False
        self.url = f"http://{HOST}:{self._listener.port}"
        """Where it is; its DSP base is below, and in its version document."""
        self._identity = Identity(self.url)
        self.did: str = self._identity.did
        """Its did:web."""
        self._goods = Goods(self.url, tuple(datasets), token_lifetime_s)
        self._processes = Processes(self._news)
        self._errands = Errands(self._listener.problems)
        self._mail = Mail(self._identity, self._sendings, self._errands, self._keep_said)
        self._conduct = Conduct(self.did, self._goods, self._processes)
        reach = Reach(self._keep_heard, self._go_on, self._going, self.go_away)
        self._reception = Reception(self._identity, self._goods, self._processes, self._conduct, self._arrivals, reach)
        self._errands.begin()
        self.come_back()

    # --- its life -----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
        if error is None and self._listener.problems:
            raise self._listener.problems[0]

    def close(self) -> None:
        """Be gone for good."""
        self._errands.end()
        self._listener.close()

    def go_away(self) -> None:
        """Be gone: connections are refused, nothing is sent. What it knows it still knows."""
        self._is_there = False
        self._errands.rest(True)
        self._listener.close()
        with self._news:
            self._is_going = False
            self._news.notify_all()

    def _going(self) -> None:
        with self._news:
            self._is_going = True

    def come_back(self) -> None:
        """Be there again, at the same address, and send what waited; a death that has begun comes first."""
        with self._news:
            self._news.wait_for(lambda: not self._is_going, PATIENCE_S)
        if not self._is_there:
            self._listener.open(self._reception.respond)
            self._is_there = True
            self._errands.rest(False)

    # --- its script ---------------------------------------------------------------------------------------------------

    def on(self, kind: str) -> OnArrival:
        """Say what it does when this arrives (script.py). Raises ScriptError for what never arrives."""
        return OnArrival(self._arrivals.rule(kind))

    def sending(self, kind: str) -> OnSending:
        """Say what it does when it is about to send this. Raises ScriptError for what is never sent."""
        return OnSending(self._sendings.rule(kind))

    def behave(self) -> None:
        """Forget the script: be correct from now on."""
        self._arrivals.forget()
        self._sendings.forget()

    # --- what it has --------------------------------------------------------------------------------------------------

    @property
    def datasets(self) -> list[Dataset]:
        """What its catalogue shows."""
        return list(self._goods.datasets.values())

    def publish(self, dataset: Dataset) -> Dataset:
        """Show one more dataset, or another one of the same identifier."""
        with self._lock:
            self._goods.datasets[dataset.id] = dataset
        return dataset

    def change_key(self) -> None:
        """Have another key, as after a loss: whoever recorded the old one has to be told."""
        self._identity.change_key()

    @property
    def negotiations(self) -> list[Process]:
        """Its negotiations, the oldest first."""
        return [one for one in self._processes if not one.is_transfer]

    @property
    def transfers(self) -> list[Process]:
        """Its transfers, the oldest first."""
        return [one for one in self._processes if one.is_transfer]

    def pushed(self, transfer: Process) -> bytes | None:
        """Return what the partner pushed for a transfer that the peer asked for; None when nothing came."""
        return self._goods.pushed.get(transfer.pid)

    # --- what happened ------------------------------------------------------------------------------------------------

    @property
    def heard(self) -> list[Heard]:
        """Every call of the partner, the oldest first."""
        with self._lock:
            return list(self._heard)

    @property
    def received(self) -> list[Heard]:
        """The messages of the partner, the oldest first; questions, documents and bytes are left out."""
        return [one for one in self.heard if one.kind in p.PATHS or one.kind == p.CATALOG_REQUEST]

    @property
    def sent(self) -> list[Said]:
        """The peer's own messages with their answers, each attempt by itself, the oldest first."""
        with self._lock:
            return list(self._said)

    def wait_for(self, kind: str, *, count: int = 1, timeout_s: float = PATIENCE_S) -> Heard:
        """Return the `count`-th call of this kind since the beginning, once it has come. Raises NotHeard."""
        self._arrivals.check(kind)
        return self._nth(lambda: self._heard, kind, count, timeout_s)

    def wait_for_answer(self, kind: str, *, count: int = 1, timeout_s: float = PATIENCE_S) -> Said:
        """Return the `count`-th message of this kind that the partner has answered. Raises NotHeard."""
        self._sendings.check(kind)
        return self._nth(lambda: [one for one in self._said if one.status is not None], kind, count, timeout_s)

    def _nth(self, kept: Callable[[], Iterable[R]], kind: str, count: int, timeout_s: float) -> R:
        def found() -> list[R]:
            alike = [one for one in kept() if one.kind == kind or one.kind.startswith(f"{kind}:")]
            return alike[count - 1 : count]

        with self._news:
            if not self._news.wait_for(found, timeout_s):
                raise NotHeard(kind, timeout_s, [one.kind for one in kept()])
            return found()[0]

    def _keep_heard(self, heard: Heard) -> None:
        with self._news:
            self._heard.append(heard)
            self._news.notify_all()

    def _keep_said(self, said: Said) -> None:
        with self._news:
            self._said.append(said)
            self._news.notify_all()

    # --- it goes on ---------------------------------------------------------------------------------------------------

    def _go_on(self, process: Process, moves: Sequence[Move], repeats: int = 0) -> None:
        """Send what follows from a message that was taken."""
        for kind, members in moves:
            answered = self._mail.post(process, kind, members, repeats=repeats)
            if kind == p.START and process.role == "provider" and process.format == p.HTTP_PUSH:
                answered.add_done_callback(self._after_start(process))

    def _after_start(self, process: Process) -> Callable[["Future[Said]"], None]:
        def push(answered: "Future[Said]") -> None:
            if answered.result().is_accepted:
                self._errands.add(lambda: self._push(process))

        return push

    def _push(self, process: Process) -> None:
        """Send the bytes of a transfer to where the partner wants them, and say that this was all."""
        endpoint, properties = read_address(process.data_address or {})
        dataset = self._goods.datasets[process.dataset]
        headers = {"Authorization": f"Bearer {properties.get('authorization', '')}", "Content-Type": dataset.media_type}
        try:
            is_done = call("PUT", endpoint, headers=headers, body=dataset.content).is_success
        except NotCalled:
            is_done = False
        last = (p.COMPLETION, {}) if is_done else self._conduct.end_of(process, "The bytes could not be pushed.")
        self._go_on(process, [last])

    # --- it begins ----------------------------------------------------------------------------------------------------

    def browse(self, did: str) -> list[Json]:
        """Return the datasets of a partner's catalogue. Raises Refused, NotCalled."""
        body = p.message(p.CATALOG_REQUEST)
        answer = self._ask("POST", did, "/catalog/request", p.CATALOG_REQUEST, body)
        return [one for one in answer.document.get("dataset", ()) if isinstance(one, dict)]

    def request_contract(self, did: str, dataset: str, *, policy: Json | None = None) -> Process:
        """Ask a partner for a dataset under its first offer, or under other rules. Raises Refused, NotCalled."""
        shown = self._ask("GET", did, f"/catalog/datasets/{dataset}", p.DATASET_REQUEST).document
        offer = {**shown["hasPolicy"][0], "@type": "Offer", "target": dataset, "assigner": did}
        if policy is not None:
            offer = {"@id": offer["@id"], "@type": "Offer", "target": dataset, "assigner": did, **policy}
        process = self._begin(did, role="consumer", dataset=dataset, offer=offer)
        return self._open(process, p.REQUEST, {"offer": offer})

    def offer(self, did: str, dataset: str) -> Process:
        """Offer a dataset of its own to a partner that has not asked. Raises Refused, NotCalled."""
        if dataset not in self._goods.datasets:
            raise ScriptError(f"{dataset}: the peer has no such dataset")
        offer = self._goods.datasets[dataset].offer(self.did)
        process = self._begin(did, role="provider", dataset=dataset, offer=offer)
        return self._open(process, p.OFFER, {"offer": offer})

    def request_transfer(self, negotiation: Process, *, push: bool = False) -> Process:
        """Ask for the data of an agreement; `push`: to be sent to the peer's own inbox. Raises Refused, NotCalled."""
        if negotiation.agreement is None or negotiation.role != "consumer":
            raise ScriptError("the peer is not the consumer of an agreement there")
        name = p.HTTP_PUSH if push else p.HTTP_PULL
        about = {"dataset": negotiation.dataset, "agreement": negotiation.agreement, "format": name}
        process = self._begin(negotiation.peer, role="consumer", is_transfer=True, **about)
        asked = {"agreementId": negotiation.agreement["@id"], "format": name}
        if push:
            asked["dataAddress"] = self._goods.inlet(process.pid)
        return self._open(process, p.TRANSFER_REQUEST, asked)

    def pull(self, transfer: Process) -> bytes:
        """Return the bytes that a started transfer opens. Raises Refused, NotCalled."""
        endpoint, properties = read_address(transfer.data_address or {})
        token = properties.get("authorization", "")
        answer = call("GET", endpoint, headers={"Authorization": f"Bearer {token}"})
        return _checked("Data", answer).body

    def say(self, process: Process, kind: str, **members: Any) -> Said:
        """Send a message in a process, once, whatever its state; return it with the partner's answer."""
        self._sendings.check(kind)
        return self._result(self._mail.post(process, kind, members, is_patient=False))

    def terminate(self, process: Process, reason: str = "No longer needed.") -> Said:
        """End a negotiation or a transfer."""
        kind, members = self._conduct.end_of(process, reason)
        self._goods.close(process.pid)
        return self.say(process, kind, **members)

    def suspend(self, transfer: Process, reason: str = "Maintenance.") -> Said:
        """Pause a transfer: its tokens are dead at once."""
        self._goods.close(transfer.pid)
        return self.say(transfer, p.SUSPENSION, reason=[reason])

    def resume(self, transfer: Process) -> Said:
        """Go on with a suspended transfer."""
        kind, members = self._conduct.start_of(transfer) if transfer.role == "provider" else (p.START, {})
        return self.say(transfer, kind, **members)

    def complete(self, transfer: Process) -> Said:
        """Say that all has been had."""
        self._goods.close(transfer.pid)
        return self.say(transfer, p.COMPLETION)

    def _begin(self, did: str, **members: Any) -> Process:
        url = self._base_of(did)
        with self._lock:
            return self._processes.begin(peer=did, url=url, **members)

    def _open(self, process: Process, kind: str, members: Json) -> Process:
        said = self._result(self._mail.post(process, kind, members, is_patient=False))
        if not said.is_accepted:
            with self._lock:
                self._processes.drop(process)
            raise Refused(kind, said.status, *_why(said.answer))
        return process

    def _result(self, answered: "Future[Said]") -> Said:
        if not self._is_there:
            raise ScriptError("the peer has gone away: `come_back` first")
        return answered.result(LONGEST_S)

    def _ask(self, method: str, did: str, path: str, kind: str, body: Json | None = None) -> Answer:
        headers = {"Authorization": self._identity.header_for(did), "Content-Type": "application/json"}
        raw = None if body is None else p.as_bytes(body)
        return _checked(kind, call(method, self._base_of(did) + path, headers=headers, body=raw))

    def _base_of(self, did: str) -> str:
        """Return the DSP base of a partner, from its DID document and its version document. Raises NotCalled."""
        services = call("GET", document_address(did)).document.get("service", ())
        for service in services:
            if service.get("type") == "DataService":
                root = str(service["serviceEndpoint"]).removesuffix("/.well-known/dspace-version")
                versions = call("GET", f"{root}/.well-known/dspace-version").document.get("protocolVersions", ())
                paths = [str(one["path"]).strip("/") for one in versions if one.get("version") == "2025-1"]
                if paths:
                    return f"{root}/{paths[0]}".rstrip("/")
        raise NotCalled(f"{did}: its documents name no DSP 2025-1 endpoint")


def _checked(kind: str, answer: Answer) -> Answer:
    if not answer.is_success:
        raise Refused(kind, answer.status, *_why(answer.document))
    return answer


def _why(body: Any) -> tuple[str, str]:
    reasons = body.get("reason", [])
    text = "; ".join(map(str, reasons if isinstance(reasons, list) else [reasons]))
    return str(body.get("code", "")), text
