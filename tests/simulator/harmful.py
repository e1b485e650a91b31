"""A partner that means harm: a real node with valid credentials and keys, and somebody at its door who changes words.

What its node says goes through `spoken`, what it answers through `answered`: one misdeed at a time lays its hand on
them, with the node's own keys, and may say more, at another address or out of turn. What it does: misdeeds/table.py.
"""

import base64
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from connector.app import ROOT
from connector.identity import seal_history
from connector.identity.seal_history import SealHistory
from connector.peer.client import Answer, Call
from connector.protocol.machine import Role
from contracts.canonical import canonical
from contracts.jws import encoded, signing_input
from contracts.keys import normalised
from contracts.signer import NearSigner
from tests.simulator.places import Place

Message = dict[str, Any]
Said = Message | bytes
ERRAND_S = 900.0
"""How long a misdeed goes on in one negotiation; then the partner is what it seems."""


@dataclass(frozen=True)
class Elsewhere:
    """Something said at another address than the one that its node meant."""

    path: str
    """Below the honest node's base."""
    body: Said
    headers: Mapping[str, str] = field(default_factory=dict)
    """In the place of those that it should have, or beside them."""
    method: str = "POST"


@dataclass(frozen=True)
class Earlier:
    """What an earlier negotiation of the same two, in the same roles, came to; or one of somebody else's."""

    ours: str
    """The honest node's identifier of the negotiation."""
    theirs: str
    """The partner's."""
    agreement: str
    contract: str
    jws: str = field(repr=False)
    conclusion: str = field(repr=False)


@dataclass
class Harmful:
    """The partner."""

    place: Place
    honest: Place
    earlier: Earlier
    """Of its own."""
    foreign: Earlier
    """Of another partner's with the honest node."""
    chance: random.Random
    spent: Counter[str] = field(default_factory=Counter)
    """How often each misdeed changed something."""
    heard: list[tuple[str, Message]] = field(default_factory=list)
    """What its node has said in this negotiation as it meant it: the address, and the message."""

    # --- its keys -----------------------------------------------------------------------------------------------------

    @property
    def signer(self) -> NearSigner:
        """Its seal key."""
        node = self.place.node
        assert node is not None
        found = node.seals.near(ROOT)
        assert found is not None
        return found

    def listed(self, change: Callable[[SealHistory], SealHistory]) -> str:
        """Return its list of seal keys changed, and signed as the true one is."""
        node = self.place.node
        assert node is not None
        history = node.seals.history(ROOT)
        assert history is not None
        return seal_history.sign(change(history), node.keys.auth(ROOT))

    def sealed_anew(self, text: str, place: int, *, payload: bytes | None = None, **header: Any) -> str:
        """Return a sealed document with one seal put anew, on other bytes or with other members in its header."""
        told = json.loads(text)
        signature = told["signatures"][place]
        said = json.loads(_octets(signature["protected"])) | header
        said = {name: value for name, value in said.items() if value is not ...}
        bytes_ = payload if payload is not None else _octets(told["payload"])
        protected = encoded(canonical(said))
        value = normalised("ES256", self.signer.sign_now(signing_input(protected, bytes_)))
        signature |= {"protected": protected, "signature": encoded(value)}
        told["payload"] = encoded(bytes_)
        return canonical(told).decode()

    def rewritten(self, text: str, place: int, **members: Any) -> str:
        """Return a sealed document that says something else, sealed as if nothing had happened; `...`: left out."""
        document = document_in(text) | members
        told = {name: value for name, value in document.items() if value is not ...}
        return self.sealed_anew(text, place, payload=canonical(told))


def document_in(text: str) -> Message:
    """Return what a sealed document says."""
    found: Message = json.loads(_octets(json.loads(text)["payload"]))
    return found


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- what it does -----------------------------------------------------------------------------------------------------

Spoken = Callable[[Harmful, Message], "list[Said | Elsewhere]"]
Answered = Callable[[Harmful, Answer], Answer]
Acted = Callable[[Harmful], "list[Elsewhere] | Awaitable[list[Elsewhere]]"]


@dataclass(frozen=True)
class Misdeed:
    """One thing that it does: to a message, to an answer, to a document that it shows, or afterwards."""

    name: str
    at: str
    """The kind of message or answer (`answer …`), the document (`/did.json`), or `afterwards`."""
    does: Any = field(repr=False)
    times: int = 1_000
    """How often in one negotiation."""
    also: "tuple[Misdeed, ...]" = ()
    """What it does beside it, so that it comes to it at all."""
    rotates: bool = False
    """Whether it takes another seal key before: then its list of keys is looked at."""
    answers: tuple[int, ...] = ()
    """What the honest node answers to what is done afterwards, one after the other; empty: no to everything."""
    role: Role | None = None
    """The honest node's, where it can be done in one alone."""


def write(said: Said) -> bytes:
    """Return what goes over the wire."""
    if isinstance(said, bytes):
        return said
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def calls_of(call: Call, said: "list[Said | Elsewhere]") -> list[Call]:
    """Return the calls that say this in the place of one."""
    return [_elsewhere(call, one) if isinstance(one, Elsewhere) else replace(call, body=write(one)) for one in said]


def _elsewhere(call: Call, said: Elsewhere) -> Call:
    parts = urlsplit(call.url)
    url, headers = f"{parts.scheme}://{parts.netloc}{said.path}", {**call.headers, **said.headers}
    return replace(call, method=said.method, url=url, headers=headers, body=write(said.body))


def without(message: Mapping[str, Any], *names: str) -> Message:
    """Return a message without some members."""
    return {name: value for name, value in message.items() if name not in names}
