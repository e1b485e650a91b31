"""Where calls of the partner arrive: what is called, who speaks, what the script says, what a correct peer answers."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from connector.sdk.testing import protocol as p
from connector.sdk.testing.conduct import Conduct, Move, Rejected, Taken
from connector.sdk.testing.errors import Unproven
from connector.sdk.testing.goods import Goods, piece
from connector.sdk.testing.identity import Identity
from connector.sdk.testing.listener import Reply, Request
from connector.sdk.testing.processes import Process, Processes
from connector.sdk.testing.records import Heard
from connector.sdk.testing.script import GARBLED, Script, Step

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reach:
    """What the reception has the peer do."""

    keep: Callable[[Heard], None]
    """Remember a call."""
    go_on: Callable[[Process, Sequence[Move], int], None]
    """Send what follows, each message so many times more than once."""
    going: Callable[[], None]
    """Be about to be gone: `go_away` follows, once half of an answer is out."""
    go_away: Callable[[], None]
    """Be gone."""


@dataclass(frozen=True)
class _Called:
    """What a call is about."""

    kind: str
    name: str = ""
    """The process or the dataset that the path names."""
    root: str = ""
    """For protocol addresses, the first part of the path below the base."""


@dataclass
class _Outcome:
    """What came of a call; `follow_up` says what the peer sends once its answer is out."""

    reply: Reply
    is_taken: bool = True
    is_repeat: bool = False
    process: Process | None = None
    kind: str = ""


class Reception:
    """Answers the calls of one peer."""

    def __init__(
        self,
        identity: Identity,
        goods: Goods,
        processes: Processes,
        conduct: Conduct,
        script: Script,
        reach: Reach,
    ) -> None:
        self._identity = identity
        self._goods = goods
        self._processes = processes
        self._conduct = conduct
        self._script = script
        self._reach = reach

    def respond(self, request: Request) -> Reply:
        """Return how a call is answered; what follows from it happens afterwards."""
        path = unquote(urlsplit(request.path).path)
        body = _object(request.body)
        called = _called(request.method, path, body)
        sender, flaw = self._caller(called, request)
        step = self._script.step(called.kind)
        if step.manner == "dying":
            self._reach.going()
        outcome = self._outcome(called, request, body, sender, flaw, step)
        reply = replace(outcome.reply, delay_s=step.delay_s)
        status = None if reply.is_silent else reply.status
        heard = Heard(called.kind, path, body, sender, status, outcome.is_taken, outcome.is_repeat)
        self._reach.keep(heard)
        return replace(reply, afterwards=self._afterwards(outcome, step))

    def _caller(self, called: _Called, request: Request) -> tuple[str | None, str]:
        """Return who speaks, None and why where that is not proven."""
        if not called.root:
            return None, ""
        try:
            return self._identity.verify(request.headers.get("authorization")), ""
        except Unproven as flaw:
            return None, str(flaw)

    def _outcome(
        self, called: _Called, request: Request, body: Mapping[str, Any], sender: str | None, flaw: str, step: Step
    ) -> _Outcome:
        match step.manner:
            case "silent":
                return _Outcome(Reply(is_silent=True), is_taken=False)
            case "refused":
                return _Outcome(self._error(called, body, step.status, step.code, step.reason), is_taken=False)
            case "answered":
                return _Outcome(Reply(step.status, step.body or b"", JSON), is_taken=False)
        try:
            if called.root and sender is None:
                raise Rejected(401, "unauthorized", flaw)
            outcome = self._correct(called, request, body, sender or "")
        except Rejected as rejected:
            reply = self._error(called, body, rejected.status, rejected.code, str(rejected))
            return _Outcome(reply, is_taken=False)
        if step.is_garbled:
            outcome.reply = replace(outcome.reply, body=GARBLED)
        if step.manner in ("cut", "dying"):
            outcome.reply = replace(outcome.reply, is_cut=True)
        return outcome

    def _afterwards(self, outcome: _Outcome, step: Step) -> Callable[[], None]:
        def follow() -> None:
            process = outcome.process
            if step.manner == "dying":
                self._reach.go_away()
            if process is None or outcome.is_repeat:
                return
            moves = self._conduct.answers_to(process, outcome.kind)
            if step.termination is not None:
                moves = [self._conduct.end_of(process, step.termination)]
            self._reach.go_on(process, moves, step.repeats)

        return follow

    # --- what a correct peer answers ----------------------------------------------------------------------------------

    def _correct(self, called: _Called, request: Request, body: Mapping[str, Any], sender: str) -> _Outcome:
        match called.kind:
            case "DidDocument":
                return _Outcome(_json(self._identity.document))
            case "VersionResponse":
                return _Outcome(_json(self._versions()))
            case p.CATALOG_REQUEST:
                return _Outcome(_json(self._goods.catalog(self._identity.did, self._service())))
            case p.DATASET_REQUEST:
                return _Outcome(self._dataset(called.name))
            case "ContractNegotiation" | "TransferProcess":
                return _Outcome(self._state(called, sender))
            case "Data":
                return self._data(called.name, request)
            case "DataToken":
                return self._renewed(called.name, request)
            case "Push":
                return self._put(called.name, request)
            case "":
                raise Rejected(404 if not called.root else 400, "malformed-message", "There is nothing of the kind.")
        return self._message(called, body, sender)

    def _message(self, called: _Called, body: Mapping[str, Any], sender: str) -> _Outcome:
        with self._processes.lock:
            taken: Taken = self._conduct.take(called.kind, body, sender, called.name or None)
            shown = _json(taken.process.document(), 201) if taken.is_first else Reply(200, b"", JSON)
        return _Outcome(shown, is_repeat=taken.is_repeat, process=taken.process, kind=called.kind)

    def _versions(self) -> p.Json:
        version = {"version": "2025-1", "path": p.BASE, "binding": "HTTPS", "identifierType": "did:web"}
        return {"protocolVersions": [{**version, "serviceId": f"{self._identity.did}#dsp"}]}

    def _service(self) -> p.Json:
        place = self._identity.place + p.BASE
        return {"@id": f"{self._identity.did}#dsp", "@type": "DataService", "endpointURL": place}

    def _dataset(self, name: str) -> Reply:
        found = self._goods.datasets.get(name)
        if found is None:
            raise Rejected(404, "not-found", "There is no such dataset.")
        return _json({"@context": [p.CONTEXT], **found.document(self._service())})

    def _state(self, called: _Called, sender: str) -> Reply:
        process = self._processes.of(called.name, sender, called.kind == "TransferProcess")
        if process is None:
            raise Rejected(404, "not-found", "There is no such process.")
        return _json(process.document())

    def _data(self, pid: str, request: Request) -> _Outcome:
        if not self._goods.is_open(pid, request.headers.get("authorization")):
            raise Rejected(401, "access-refused", "The token opens nothing.")
        transfer = next(one for one in self._processes if one.pid == pid)
        status, headers, content = piece(self._goods.datasets[transfer.dataset], request.headers)
        return _Outcome(Reply(status, content, headers))

    def _renewed(self, pid: str, request: Request) -> _Outcome:
        form = parse_qs(request.body.decode("ascii", "replace"))
        found = self._goods.renew(pid, form.get("refresh_token", [""])[0])
        if found is None:
            raise Rejected(401, "access-refused", "The token renews nothing.")
        return _Outcome(_json(found))

    def _put(self, pid: str, request: Request) -> _Outcome:
        if not self._goods.may_put(pid, request.headers.get("authorization")):
            raise Rejected(401, "access-refused", "The secret opens nothing.")
        self._goods.pushed[pid] = request.body
        return _Outcome(_json({"size_bytes": len(request.body)}))

    def _error(self, called: _Called, body: Mapping[str, Any], status: int, code: str, reason: str) -> Reply:
        if not called.root:
            return _json({"code": code, "reason": [reason]}, status)
        pids = {name: body[name] for name in ("consumerPid", "providerPid") if isinstance(body.get(name), str)}
        return _json(p.error(called.root, code, reason, pids), status)


def _called(method: str, path: str, body: Mapping[str, Any]) -> _Called:
    """Return what a call is about; the kind is empty where the peer has nothing of the sort."""
    if path in _DOCUMENTS:
        return _Called(_DOCUMENTS[path])
    if found := re.fullmatch(r"/(data|inbox)/([^/]+)(/token)?", path):
        kind = "Push" if found[1] == "inbox" else "DataToken" if found[3] else "Data"
        return _Called(kind, found[2])
    if not path.startswith(f"{p.BASE}/"):
        return _Called("")
    below = path.removeprefix(p.BASE)
    root = below.split("/")[1]
    if root == "catalog":
        name = below.removeprefix("/catalog/datasets/")
        return _Called(p.CATALOG_REQUEST if method == "POST" else p.DATASET_REQUEST, name, root)
    if method == "GET":
        kind = "TransferProcess" if root == "transfers" else "ContractNegotiation"
        return _Called(kind, below.removeprefix(f"/{root}/"), root)
    return _message_called(below, root, p.kind_of(body))


def _message_called(below: str, root: str, kind: str) -> _Called:
    if p.FIRST_PATHS.get(kind) == below:
        return _Called(kind, "", root)
    head, _, tail = p.PATHS.get(kind, "").partition("{}")
    if head and tail and below.startswith(head) and below.endswith(tail):
        return _Called(kind, below[len(head) : -len(tail)], root)
    return _Called("", "", root)


_DOCUMENTS = {"/.well-known/did.json": "DidDocument", "/.well-known/dspace-version": "VersionResponse"}


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(body: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(status, p.as_bytes(body), JSON)
