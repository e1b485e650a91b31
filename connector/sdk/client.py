"""Two clients of one API: `Client` answers at once, `AsyncClient` is awaited; their methods are the calls of calls.py.

A client is a context manager; it keeps its connections. What the node refuses is raised as `ApiProblem`, its silence as
`NodeUnreachable`. The key is never shown.
"""

import asyncio
import functools
import inspect
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from connector.sdk import calls
from connector.sdk.calls import Call
from connector.sdk.get import path
from connector.sdk.problems import ApiProblem, NodeUnreachable
from connector.sdk.wish import How, Pause, Question, Received, Steps, Wish

P = ParamSpec("P")
T = TypeVar("T")
TIMEOUT_S = 30.0
FILES = frozenset({"application/zip", "application/pdf", "text/html"})
"""Answers that are handed on as they came."""
STREAM_SILENCE_S = 45.0
"""A stream without even a comment for so long is broken: the node sends one every 15 s."""
PAUSES_S = (0.2, 1.0)
"""How long a call whose answer was lost waits before it is sent again. A POST carries its key, so it acts once."""
_NOT_LOST = (httpx.ConnectError, httpx.TimeoutException, httpx.UnsupportedProtocol, httpx.ProxyError)


def _now(build: Callable[P, Call[T]]) -> "Callable[Concatenate[Client, P], T]":
    @functools.wraps(build)
    def method(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return client.send(build(*args, **kwargs))

    return method


def _later(build: Callable[P, Call[T]]) -> "Callable[Concatenate[AsyncClient, P], Awaitable[T]]":
    @functools.wraps(build)
    def method(client: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return client.send(build(*args, **kwargs))

    return method


class Client:
    """A node's management API, for programs that wait for each answer."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        owner: str | None = None,
        language: str = "fr",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Speak to the node's private listener at `url`; `owner` names a participant for an administration key."""
        headers, self._language = _headers(key, owner, language), language
        self._http = httpx.Client(base_url=url, headers=headers, transport=transport, trust_env=False)

    def send(self, call: Call[T]) -> T:
        """Send a call and return its answer; send it again when the answer was lost and that does no harm.

        Raises ApiProblem, NodeUnreachable.
        """
        request = _request(call)
        for pause_s in (*_pauses(call), None):
            try:
                answered: T = _read(self._http.request(**request))
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, _NOT_LOST):
                    raise NodeUnreachable(f"{self._http.base_url} {error}") from error
                time.sleep(pause_s)
            else:
                return answered
        raise AssertionError

    def each(self, call: Call[Any]) -> Iterator[Any]:
        """Yield the items of all pages of a list."""
        page = self.send(call)
        yield from page["items"]
        while page["next_cursor"]:
            page = self.send(call.after(page["next_cursor"]))
            yield from page["items"]

    def get(self, peer: str, dataset: str, *, to: str, **how: Unpack[How]) -> Received:
        """Have a partner's dataset in a file of the node's machine: agree, open, receive, verify, complete (get.py).

        An agreement that holds is used again; else `accept` is told the rules of use and answers True. Calling it again
        goes on where it stopped. Raises Unfinished, ApiProblem, NodeUnreachable.
        """
        return self._perform(path(Wish(peer, dataset, to, self._language, **how)))

    def _perform(self, steps: Steps[T]) -> T:
        """Do what the steps want, one after the other, and return what they end with."""
        go_on: Callable[[], Any] = functools.partial(next, steps)
        while True:
            try:
                wanted = go_on()
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                go_on = functools.partial(steps.send, self._do(wanted))
            except ApiProblem as problem:
                go_on = functools.partial(steps.throw, problem)

    def _do(self, wanted: Call[Any] | Pause | Question) -> Any:
        match wanted:
            case Call():
                return self.send(wanted)
            case Pause():
                time.sleep(wanted.seconds)
                return None
            case Question():
                return wanted.accept(wanted.terms)

    def stream_events(self, *, after: int = 0, kinds: Sequence[str] = ()) -> Iterator[Any]:
        """Yield events as they come, from the one after `after` on, for ever; a broken connection is made again.

        Raises ApiProblem when the node refuses, NodeUnreachable when it cannot be reached any more.
        """
        while True:
            request = {**_request(calls.stream_events(after=after, kinds=kinds)), "timeout": STREAM_SILENCE_S}
            try:
                with self._http.stream(**request) as answer:
                    if not answer.is_success:
                        answer.read()
                        _read(answer)
                    for event in _events(answer.iter_lines()):
                        after = event["n"]
                        yield event
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise NodeUnreachable(f"{self._http.base_url} {error}") from error
            except httpx.TransportError:
                time.sleep(PAUSES_S[0])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    show_status = _now(calls.show_status)
    list_reconciliations = _now(calls.list_reconciliations)
    list_participants = _now(calls.list_participants)
    add_participant = _now(calls.add_participant)
    list_keys = _now(calls.list_keys)
    issue_key = _now(calls.issue_key)
    rotate_key = _now(calls.rotate_key)
    revoke_key = _now(calls.revoke_key)
    show_invitation = _now(calls.show_invitation)
    show_card = _now(calls.show_card)
    put_card = _now(calls.put_card)
    show_seal_keys = _now(calls.show_seal_keys)
    create_seal_key = _now(calls.create_seal_key)
    rotate_seal_key = _now(calls.rotate_seal_key)
    request_certificate = _now(calls.request_certificate)
    import_certificate = _now(calls.import_certificate)
    revoke_seal_key = _now(calls.revoke_seal_key)
    list_datasets = _now(calls.list_datasets)
    create_dataset = _now(calls.create_dataset)
    put_dataset = _now(calls.put_dataset)
    show_dataset = _now(calls.show_dataset)
    withdraw_dataset = _now(calls.withdraw_dataset)
    list_audience = _now(calls.list_audience)
    preview_audience = _now(calls.preview_audience)
    list_offers = _now(calls.list_offers)
    create_offer = _now(calls.create_offer)
    put_offer = _now(calls.put_offer)
    show_offer = _now(calls.show_offer)
    withdraw_offer = _now(calls.withdraw_offer)
    list_peers = _now(calls.list_peers)
    add_peer = _now(calls.add_peer)
    show_peer = _now(calls.show_peer)
    remove_peer = _now(calls.remove_peer)
    accept_key = _now(calls.accept_key)
    accept_card = _now(calls.accept_card)
    set_framework = _now(calls.set_framework)
    remove_framework = _now(calls.remove_framework)
    block_peer = _now(calls.block_peer)
    unblock_peer = _now(calls.unblock_peer)
    ping_peer = _now(calls.ping_peer)
    list_attestations = _now(calls.list_attestations)
    attest_peer = _now(calls.attest_peer)
    withdraw_attestation = _now(calls.withdraw_attestation)
    browse_catalogue = _now(calls.browse_catalogue)
    show_catalogue_dataset = _now(calls.show_catalogue_dataset)
    list_inbox = _now(calls.list_inbox)
    show_newcomer = _now(calls.show_newcomer)
    admit_newcomer = _now(calls.admit_newcomer)
    refuse_newcomer = _now(calls.refuse_newcomer)
    list_negotiations = _now(calls.list_negotiations)
    request_access = _now(calls.request_access)
    propose_offer = _now(calls.propose_offer)
    show_negotiation = _now(calls.show_negotiation)
    accept_negotiation = _now(calls.accept_negotiation)
    counter_negotiation = _now(calls.counter_negotiation)
    refuse_negotiation = _now(calls.refuse_negotiation)
    verify_negotiation = _now(calls.verify_negotiation)
    terminate_negotiation = _now(calls.terminate_negotiation)
    list_agreements = _now(calls.list_agreements)
    show_agreement = _now(calls.show_agreement)
    list_contracts = _now(calls.list_contracts)
    show_contract = _now(calls.show_contract)
    export_contract = _now(calls.export_contract)
    show_convention = _now(calls.show_convention)
    verify_contract = _now(calls.verify_contract)
    terminate_contract = _now(calls.terminate_contract)
    list_transfers = _now(calls.list_transfers)
    request_transfer = _now(calls.request_transfer)
    show_transfer = _now(calls.show_transfer)
    start_transfer = _now(calls.start_transfer)
    suspend_transfer = _now(calls.suspend_transfer)
    resume_transfer = _now(calls.resume_transfer)
    complete_transfer = _now(calls.complete_transfer)
    terminate_transfer = _now(calls.terminate_transfer)
    fetch_transfer = _now(calls.fetch_transfer)
    show_fetch = _now(calls.show_fetch)
    show_journal = _now(calls.show_journal)
    verify_journal = _now(calls.verify_journal)
    verify_journals = _now(calls.verify_journals)
    list_checkpoints = _now(calls.list_checkpoints)
    list_jobs = _now(calls.list_jobs)
    retry_job = _now(calls.retry_job)
    read_events = _now(calls.read_events)
    list_webhooks = _now(calls.list_webhooks)
    create_webhook = _now(calls.create_webhook)
    show_webhook = _now(calls.show_webhook)
    change_webhook = _now(calls.change_webhook)
    delete_webhook = _now(calls.delete_webhook)
    rotate_webhook = _now(calls.rotate_webhook)
    retry_webhook = _now(calls.retry_webhook)
    test_webhook = _now(calls.test_webhook)


class AsyncClient:
    """A node's management API, for programs that do other things meanwhile."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        owner: str | None = None,
        language: str = "fr",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak to the node's private listener at `url`; `owner` names a participant for an administration key."""
        headers, self._language = _headers(key, owner, language), language
        self._http = httpx.AsyncClient(base_url=url, headers=headers, transport=transport, trust_env=False)

    async def send(self, call: Call[T]) -> T:
        """Send a call and return its answer; send it again when the answer was lost and that does no harm.

        Raises ApiProblem, NodeUnreachable.
        """
        request = _request(call)
        for pause_s in (*_pauses(call), None):
            try:
                answered: T = _read(await self._http.request(**request))
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, _NOT_LOST):
                    raise NodeUnreachable(f"{self._http.base_url} {error}") from error
                await asyncio.sleep(pause_s)
            else:
                return answered
        raise AssertionError

    async def each(self, call: Call[Any]) -> AsyncIterator[Any]:
        """Yield the items of all pages of a list."""
        page = await self.send(call)
        for item in page["items"]:
            yield item
        while page["next_cursor"]:
            page = await self.send(call.after(page["next_cursor"]))
            for item in page["items"]:
                yield item

    async def get(self, peer: str, dataset: str, *, to: str, **how: Unpack[How]) -> Received:
        """Have a partner's dataset in a file of the node's machine, as `Client.get`; `accept` may be awaitable."""
        return await self._perform(path(Wish(peer, dataset, to, self._language, **how)))

    async def _perform(self, steps: Steps[T]) -> T:
        """Do what the steps want, one after the other, and return what they end with."""
        go_on: Callable[[], Any] = functools.partial(next, steps)
        while True:
            try:
                wanted = go_on()
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                go_on = functools.partial(steps.send, await self._do(wanted))
            except ApiProblem as problem:
                go_on = functools.partial(steps.throw, problem)

    async def _do(self, wanted: Call[Any] | Pause | Question) -> Any:
        match wanted:
            case Call():
                return await self.send(wanted)
            case Pause():
                await asyncio.sleep(wanted.seconds)
                return None
            case Question():
                said = wanted.accept(wanted.terms)
                return await said if inspect.isawaitable(said) else said

    async def stream_events(self, *, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Any]:
        """Yield events as they come, from the one after `after` on, for ever; a broken connection is made again.

        Raises ApiProblem when the node refuses, NodeUnreachable when it cannot be reached any more.
        """
        while True:
            request = {**_request(calls.stream_events(after=after, kinds=kinds)), "timeout": STREAM_SILENCE_S}
            try:
                async with self._http.stream(**request) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        _read(answer)
                    async for line in answer.aiter_lines():
                        for event in _events((line,)):
                            after = event["n"]
                            yield event
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise NodeUnreachable(f"{self._http.base_url} {error}") from error
            except httpx.TransportError:
                await asyncio.sleep(PAUSES_S[0])

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    show_status = _later(calls.show_status)
    list_reconciliations = _later(calls.list_reconciliations)
    list_participants = _later(calls.list_participants)
    add_participant = _later(calls.add_participant)
    list_keys = _later(calls.list_keys)
    issue_key = _later(calls.issue_key)
    rotate_key = _later(calls.rotate_key)
    revoke_key = _later(calls.revoke_key)
    show_invitation = _later(calls.show_invitation)
    show_card = _later(calls.show_card)
    put_card = _later(calls.put_card)
    show_seal_keys = _later(calls.show_seal_keys)
    create_seal_key = _later(calls.create_seal_key)
    rotate_seal_key = _later(calls.rotate_seal_key)
    request_certificate = _later(calls.request_certificate)
    import_certificate = _later(calls.import_certificate)
    revoke_seal_key = _later(calls.revoke_seal_key)
    list_datasets = _later(calls.list_datasets)
    create_dataset = _later(calls.create_dataset)
    put_dataset = _later(calls.put_dataset)
    show_dataset = _later(calls.show_dataset)
    withdraw_dataset = _later(calls.withdraw_dataset)
    list_audience = _later(calls.list_audience)
    preview_audience = _later(calls.preview_audience)
    list_offers = _later(calls.list_offers)
    create_offer = _later(calls.create_offer)
    put_offer = _later(calls.put_offer)
    show_offer = _later(calls.show_offer)
    withdraw_offer = _later(calls.withdraw_offer)
    list_peers = _later(calls.list_peers)
    add_peer = _later(calls.add_peer)
    show_peer = _later(calls.show_peer)
    remove_peer = _later(calls.remove_peer)
    accept_key = _later(calls.accept_key)
    accept_card = _later(calls.accept_card)
    set_framework = _later(calls.set_framework)
    remove_framework = _later(calls.remove_framework)
    block_peer = _later(calls.block_peer)
    unblock_peer = _later(calls.unblock_peer)
    ping_peer = _later(calls.ping_peer)
    list_attestations = _later(calls.list_attestations)
    attest_peer = _later(calls.attest_peer)
    withdraw_attestation = _later(calls.withdraw_attestation)
    browse_catalogue = _later(calls.browse_catalogue)
    show_catalogue_dataset = _later(calls.show_catalogue_dataset)
    list_inbox = _later(calls.list_inbox)
    show_newcomer = _later(calls.show_newcomer)
    admit_newcomer = _later(calls.admit_newcomer)
    refuse_newcomer = _later(calls.refuse_newcomer)
    list_negotiations = _later(calls.list_negotiations)
    request_access = _later(calls.request_access)
    propose_offer = _later(calls.propose_offer)
    show_negotiation = _later(calls.show_negotiation)
    accept_negotiation = _later(calls.accept_negotiation)
    counter_negotiation = _later(calls.counter_negotiation)
    refuse_negotiation = _later(calls.refuse_negotiation)
    verify_negotiation = _later(calls.verify_negotiation)
    terminate_negotiation = _later(calls.terminate_negotiation)
    list_agreements = _later(calls.list_agreements)
    show_agreement = _later(calls.show_agreement)
    list_contracts = _later(calls.list_contracts)
    show_contract = _later(calls.show_contract)
    export_contract = _later(calls.export_contract)
    show_convention = _later(calls.show_convention)
    verify_contract = _later(calls.verify_contract)
    terminate_contract = _later(calls.terminate_contract)
    list_transfers = _later(calls.list_transfers)
    request_transfer = _later(calls.request_transfer)
    show_transfer = _later(calls.show_transfer)
    start_transfer = _later(calls.start_transfer)
    suspend_transfer = _later(calls.suspend_transfer)
    resume_transfer = _later(calls.resume_transfer)
    complete_transfer = _later(calls.complete_transfer)
    terminate_transfer = _later(calls.terminate_transfer)
    fetch_transfer = _later(calls.fetch_transfer)
    show_fetch = _later(calls.show_fetch)
    show_journal = _later(calls.show_journal)
    verify_journal = _later(calls.verify_journal)
    verify_journals = _later(calls.verify_journals)
    list_checkpoints = _later(calls.list_checkpoints)
    list_jobs = _later(calls.list_jobs)
    retry_job = _later(calls.retry_job)
    read_events = _later(calls.read_events)
    list_webhooks = _later(calls.list_webhooks)
    create_webhook = _later(calls.create_webhook)
    show_webhook = _later(calls.show_webhook)
    change_webhook = _later(calls.change_webhook)
    delete_webhook = _later(calls.delete_webhook)
    rotate_webhook = _later(calls.rotate_webhook)
    retry_webhook = _later(calls.retry_webhook)
    test_webhook = _later(calls.test_webhook)


for _method in (Client.stream_events, AsyncClient.stream_events):
    vars(_method)["__wrapped__"] = calls.stream_events  # as with the methods that are made of calls


def _headers(key: str, owner: str | None, language: str) -> dict[str, str]:
    headers = {"authorization": f"Bearer {key}", "accept-language": language, "accept": "application/json"}
    return headers if owner is None else {**headers, "x-pupitre-owner": owner}


def _request(call: Call[Any]) -> dict[str, Any]:
    """Return what the HTTP library is told; a POST without a key gets one."""
    keyed = call.once(str(uuid.uuid4())) if call.method == "POST" and call.key is None else call
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "json": call.body,
        "headers": keyed.headers,
        "timeout": TIMEOUT_S + call.wait_s,
    }


def _events(lines: Iterable[str]) -> Iterator[Any]:
    """Yield the events of a stream; comments and other fields are passed over."""
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def _pauses(call: Call[Any]) -> tuple[float, ...]:
    """Return the pauses before further attempts: none for a DELETE, which would find nothing the second time."""
    return PAUSES_S if call.method in ("GET", "POST", "PUT") else ()


def _read(answer: httpx.Response) -> Any:
    """Return what a successful answer says, the bytes of what is a file. Raises ApiProblem for any other."""
    if answer.is_success:
        is_file = answer.headers.get("content-type", "").partition(";")[0] in FILES
        return answer.content if is_file else answer.json() if answer.content else None
    try:
        document = answer.json()
    except ValueError:
        document = {}
    after = answer.headers.get("retry-after", "")
    retry_after_s = float(after) if after.isdecimal() else None
    told = document if isinstance(document, dict) else {}
    raise ApiProblem(answer.status_code, told, retry_after_s, str(answer.url))
