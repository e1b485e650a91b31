"""The consumer's whole path in one call: agreement, transfer, file, written once for both clients.

A path is a generator. It yields what it wants done (a `Call`, a `Pause`, a `Question` to whoever accepts rules of use)
and is sent what came of it; how that is done, at once or awaited, is the client's business. It keeps nothing: each step
first looks for what an earlier run left at the node (an agreement, a negotiation under way, a transfer that is open, a
file half received), so that the same call goes on wherever another one stopped.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from connector.sdk import calls
from connector.sdk.calls import Call
from connector.sdk.problems import ApiProblem, Unfinished
from connector.sdk.wish import Pause, Question, Received, Steps, Terms, Wish

LONGEST_LOOK_S = 20.0
"""How long one question may wait at the node; a longer wait asks again."""
LOOK_EVERY_S = 0.3
PULL = "HttpData-PULL"
_ENDED = frozenset({"FINALIZED", "TERMINATED", "COMPLETED"})
_STANDSTILLS = frozenset({"refused", "our-turn", "diverged", "given-up"})
"""Why a process will not move without a person."""
_HOPELESS = frozenset({"refused", "diverged", "given-up"})
"""Why a process is left alone, and another one begun in its place."""


def path(wish: Wish) -> Steps[Received]:
    """Return the steps from a wish to a verified file. They raise Unfinished, ApiProblem, NodeUnreachable."""
    held = yield from _held_agreement(wish)
    agreement, opened = held, None
    if held is not None:
        opened = yield from _open_transfer(wish, held)
    if agreement is None or opened is None or _is_refused(opened.transfer):
        agreement = yield from _negotiate(wish)
        opened = yield from _open_transfer(wish, agreement)
    if opened.transfer["state"] != "STARTED":
        raise _stopped(wish, opened.transfer)
    fetch = yield from _receive(wish, opened)
    if not wish.keep_open:
        yield from _complete(opened.pid)
    return Received(
        peer=wish.peer,
        dataset=wish.dataset,
        agreement=agreement,
        is_new_agreement=agreement != held,
        transfer=opened.pid,
        path=fetch["path"],
        size_bytes=fetch["done_bytes"],
        sha256=fetch["sha256"],
    )


# --- an agreement -----------------------------------------------------------------------------------------------------


def _held_agreement(wish: Wish) -> Steps[str | None]:
    """Return the newest agreement in force with this partner for this dataset."""
    found = yield calls.list_agreements(role="consumer", status="active", peer=wish.peer, dataset=wish.dataset)
    for one in found["items"]:
        if wish.offer in (None, (yield calls.show_negotiation(one["negotiation"]))["offer_id"]):
            return str(one["id"])
    return None


def _negotiate(wish: Wish) -> Steps[str]:
    """Return an agreement: go on with the negotiation that is under way, or begin one."""
    pid = yield from _negotiation_under_way(wish)
    if pid is None:
        pid = yield from _ask(wish)
    seen = yield from _follow(wish, pid, calls.show_negotiation, _ENDED)
    if seen["why"]["code"] == "our-turn" and "accept" in seen["why"]["actions"]:
        yield from _answer(wish, seen)
        seen = yield from _follow(wish, pid, calls.show_negotiation, _ENDED)
    if seen["state"] != "FINALIZED":
        raise _stopped(wish, seen)
    return str(seen["agreement"])


def _negotiation_under_way(wish: Wish) -> Steps[str | None]:
    found = yield calls.list_negotiations(role="consumer", peer=wish.peer, dataset=wish.dataset)
    for one in found["items"]:
        if one["state"] in _ENDED or wish.offer not in (None, one["offer_id"]):
            continue
        if (yield calls.show_negotiation(one["pid"]))["why"]["code"] not in _HOPELESS:
            return str(one["pid"])
    return None


def _ask(wish: Wish) -> Steps[str]:
    """Show the rules of use, and request exactly these once they are agreed to."""
    terms = yield from _terms_offered(wish)
    if wish.accept is None:
        raise wish.unfinished("not-accepted", _listed(terms.sentences), terms=terms)
    if not (yield Question(wish.accept, terms)):
        raise wish.unfinished("declined", terms=terms)
    begun = yield calls.request_access(wish.peer, wish.dataset, offer=terms.offer)
    return str(begun["pid"])


def _answer(wish: Wish, seen: Mapping[str, Any]) -> Steps[None]:
    """Agree to what the partner laid on the table, if that is what somebody wants; else it stays there."""
    offer, sentences = seen["offer"], seen["terms"]
    terms = Terms(wish.peer, wish.dataset, wish.dataset, seen["offer_id"], sentences, offer, is_counter_offer=True)
    if wish.accept is None or not (yield Question(wish.accept, terms)):
        raise wish.unfinished("counter-offer", _listed(sentences), terms=terms, process=seen)
    yield calls.accept_negotiation(seen["pid"]).at(seen["version"])


def _terms_offered(wish: Wish) -> Steps[Terms]:
    """Return the terms of the offer that is wanted, as the partner's catalogue shows it now."""
    dataset = yield from _look_up(wish)
    offers = {str(one["@id"]): one for one in dataset["offers"] if wish.offer in (None, one["@id"])}
    if not offers:
        raise wish.unfinished("not-offered", wish.offer or wish.dataset)
    if len(offers) > 1:
        told = (f"{one}: {' '.join(dataset['terms'].get(one, ()))}" for one in offers)
        raise wish.unfinished("several-offers", _listed(told))
    offer_id, offer = next(iter(offers.items()))
    return Terms(wish.peer, wish.dataset, dataset["title"], offer_id, dataset["terms"][offer_id], offer)


def _look_up(wish: Wish) -> Steps[Any]:
    """Return what the catalogue says of the dataset; an absent partner and an absent dataset are told apart."""
    try:
        yield calls.show_peer(wish.peer)
    except ApiProblem as problem:
        if problem.status != 404:
            raise
        raise wish.unfinished("unknown-peer", wish.peer) from problem
    try:
        return (yield calls.show_catalogue_dataset(wish.peer, wish.dataset))
    except ApiProblem as problem:
        if problem.code == "peer-refused" and problem.detail.startswith("404"):
            raise wish.unfinished("not-offered", wish.dataset) from problem
        raise


# --- a transfer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opened:
    """A transfer whose bytes go into our file."""

    pid: str
    path: str
    transfer: Mapping[str, Any]


def _open_transfer(wish: Wish, agreement: str) -> Steps[_Opened]:
    """Return a transfer of the agreement once it is open or will not be; go on with one that is ours or free.

    The file is named at once: from then on the transfer is ours, and the node receives as soon as it can.
    """
    pid = yield from _transfer_under_way(wish, agreement)
    if pid is None:
        pid = (yield calls.request_transfer(agreement))["pid"]
    into = yield from _name_file(wish, pid)
    seen = yield from _follow(wish, pid, calls.show_transfer, _ENDED | {"STARTED", "SUSPENDED"})
    if seen["state"] == "SUSPENDED" and "resume" in seen["why"]["actions"]:
        yield calls.resume_transfer(pid)
        seen = yield from _follow(wish, pid, calls.show_transfer, _ENDED | {"STARTED"})
    return _Opened(pid, into, seen)


def _name_file(wish: Wish, pid: str) -> Steps[str]:
    """Return the path of our file at the node; nothing when the partner has ended the transfer already."""
    try:
        return str((yield calls.fetch_transfer(pid, wish.to, overwrite=wish.overwrite))["path"])
    except ApiProblem as problem:
        if problem.status != 409:
            raise
        return ""


def _transfer_under_way(wish: Wish, agreement: str) -> Steps[str | None]:
    for one in (yield calls.list_transfers(role="consumer", agreement=agreement))["items"]:
        if one["state"] in _ENDED or one["format"] != PULL:
            continue
        seen = yield calls.show_transfer(one["pid"])
        if seen["why"]["code"] not in _HOPELESS and _is_free(seen, wish.to):
            return str(one["pid"])
    return None


def _is_free(transfer: Mapping[str, Any], to: str) -> bool:
    """True when the bytes go into the file that is wanted, or into none.

    A transfer that was only just asked for and has no file yet is about to get one from whoever asked.
    """
    fetch = transfer["fetch"]
    if fetch is None:
        return transfer["state"] in ("STARTED", "SUSPENDED")
    wanted = PurePosixPath(to).parts
    return fetch["status"] == "failed" or PurePosixPath(fetch["path"]).parts[-len(wanted) :] == wanted


def _receive(wish: Wish, opened: _Opened) -> Steps[Any]:
    """Return the reception once the file is whole and verified; the node resumes after cuts by itself."""
    before, heard_at = None, time.monotonic()
    while (seen := (yield calls.show_fetch(opened.pid)))["status"] in ("waiting", "running"):
        _check_ours(wish, opened, seen)
        _tell(wish, seen)
        if seen["status"] == "running" or seen["done_bytes"] != before:
            before, heard_at = seen["done_bytes"], time.monotonic()
        if time.monotonic() > heard_at + wish.timeout_s:
            raise wish.unfinished("waiting", _cause(seen), process=seen)
        yield Pause(LOOK_EVERY_S)
    _check_ours(wish, opened, seen)
    _tell(wish, seen)
    if seen["status"] == "failed":
        raise wish.unfinished("not-received", f"{seen['path']} {_cause(seen)}", process=seen)
    return seen


def _check_ours(wish: Wish, opened: _Opened, fetch: Mapping[str, Any]) -> None:
    if fetch["path"] != opened.path:
        raise wish.unfinished("taken-over", fetch["path"], process=fetch)


def _tell(wish: Wish, fetch: Mapping[str, Any]) -> None:
    if wish.progress is not None:
        wish.progress(fetch)


def _cause(fetch: Mapping[str, Any]) -> str:
    problem = fetch["problem"]
    return f"{problem['reason']} {problem['remedy']}".strip() if problem else ""


def _complete(pid: str) -> Steps[None]:
    """Say that all has been had; a transfer that the partner has ended meanwhile needs no more."""
    try:
        yield calls.complete_transfer(pid)
    except ApiProblem as problem:
        if problem.status != 409:
            raise


# --- waiting ----------------------------------------------------------------------------------------------------------


def _follow(wish: Wish, pid: str, look: Callable[..., Call[Any]], over: frozenset[str]) -> Steps[Any]:
    """Return the process once it stands in one of these states, needs a person, or the wait has passed."""
    ends_at = time.monotonic() + wish.timeout_s
    seen = yield look(pid)
    while not (seen["state"] in over and seen["pending"] is None) and seen["why"]["code"] not in _STANDSTILLS:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            break
        seen = yield look(pid, wait=min(left_s, LONGEST_LOOK_S), version=seen["version"])
    return seen


def _is_refused(seen: Mapping[str, Any]) -> bool:
    return bool(seen["state"] == "TERMINATED" or seen["why"]["code"] == "refused")


def _stopped(wish: Wish, seen: Mapping[str, Any]) -> Unfinished:
    """Return why a process that was followed is not where it should be."""
    is_stuck = seen["why"]["code"] in _STANDSTILLS
    code = "refused" if _is_refused(seen) else "stuck" if is_stuck else "waiting"
    return wish.unfinished(code, f"{seen['why']['text']} ({seen['pid']})", process=seen)


def _listed(lines: Any) -> str:
    return "\n" + "\n".join(f"  - {line}" for line in lines) + "\n"
