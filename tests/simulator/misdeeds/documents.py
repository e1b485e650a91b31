"""What it shows of itself: its list of seal keys and its DID document."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connector.identity.seal_history import SealHistory
from connector.peer.client import Answer
from tests.simulator.harmful import Harmful, without
from tests.simulator.misdeeds.answers import Reply, body, status
from tests.simulator.misdeeds.hands import nested


def _list(change: Callable[[Harmful, SealHistory], SealHistory]) -> Reply:
    return lambda by, answer: Answer(200, answer.headers, by.listed(lambda history: change(by, history)).encode())


def _keyed(**values: Any) -> Reply:
    def change(by: Harmful, history: SealHistory) -> SealHistory:
        return replace(
            history, keys=tuple(replace(one, **{n_: v(history) for n_, v in values.items()}) for one in history.keys)
        )

    return _list(change)


LISTS: dict[str, Reply] = {
    "a list from the future": _list(
        lambda by, history: replace(history, issued_at=history.issued_at + timedelta(days=365))
    ),
    "an older list": _list(lambda by, history: replace(history, issued_at=history.issued_at - timedelta(days=365))),
    "a list without keys": _list(lambda by, history: replace(history, keys=())),
    "a list of another's keys": _list(lambda by, history: replace(history, did="did:web:127.0.0.1%3A1003")),
    "a list with every key twice": _list(lambda by, history: replace(history, keys=history.keys * 2)),
    "a list of revoked keys": _keyed(revoked_at=lambda h: h.issued_at, reason=lambda h: "volée", chain=lambda h: ()),
    "a list of keys revoked long ago": _keyed(
        revoked_at=lambda h: h.issued_at - timedelta(days=300), chain=lambda h: ()
    ),
    "a list of keys to be revoked": _keyed(revoked_at=lambda h: h.issued_at + timedelta(days=300)),
    "a list of retired keys": _keyed(retired_at=lambda h: h.issued_at, chain=lambda h: ()),
    "a list of other certificates": _keyed(certificate_sha256=lambda h: "0" * 64, chain=lambda h: ()),
    "a list of keys of the end of time": _keyed(since=lambda h: h.issued_at.replace(year=9999)),
    "no list": status(404),
    "a list that is none": status(200, b"{}"),
    "a list too deep": status(200, b"[" * 200_000),
    "a list as long as a book": status(200, b"[" + b"1," * 200_000 + b"1]"),
    "a list that is broken": lambda by, answer: replace(answer, body=answer.body[:-30]),
}
DIDS: dict[str, Reply] = {
    "a document without services": body(lambda by, told: without(told, "service")),
    "a document with odd services": body(
        lambda by, told: {**told, "service": [1, None, {"type": ["ContractSealing"], "serviceEndpoint": {"uri": 1}}]}
    ),
    "a document without seal keys": body(
        lambda by, told: {name: value for name, value in told.items() if "seal" not in name.lower()}
    ),
    "a document without methods": body(lambda by, told: without(told, "verificationMethod")),
    "a document with a fraction": body(lambda by, told: {**told, "x": 1.5}),
    "a document with nothing in it": body(lambda by, told: {**told, "x": None}),
    "a document of another alphabet": body(lambda by, told: {**told, "x": "e\u0301\u202e"}),
    "a document with a number beyond": body(lambda by, told: {**told, "x": 10**400}),
    "a document with deep things": body(lambda by, told: {**told, "x": nested(14)}),
    "a document with a key twice": lambda by, answer: replace(
        answer, body=answer.body.replace(b"{", b'{"x":1,"x":2,', 1)
    ),
    "a document of another": body(lambda by, told: {**told, "id": "did:web:127.0.0.1%3A1003"}),
    "a document that is none": status(200, b"null"),
    "a document too deep": status(200, b"[" * 50_000),
    "no document": status(404),
}
CARDS: dict[str, Reply] = {"no card": status(404), "a card that is broken": status(200, b"e30.e30.e30")}
