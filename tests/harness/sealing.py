"""Nodes that seal, for tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from connector.app import ROOT, Node
from contracts.signer import Signer
from tests.harness import nodes

CARDS = {
    "provider": {"legal_name": "Métropole d’Exemple", "siren": "200046977", "mandate": "Délibération 2026-014"},
    "consumer": {"legal_name": "Commune d’Exemple", "siren": "217500016"},
}


async def give_card(node: Node, role: str) -> None:
    """Have a node say who it is: with its seal key, that is all a contract needs."""
    said = {"representative_function": "La présidente", "contact_role": "Service des données"}
    await node.hosts.set_card(ROOT, {**said, **CARDS[role]}, by=nodes.BY)


def open_keys(node: Node) -> None:
    """Decrypt the seal keys now: in virtual time nothing may wait for a thread."""
    for owner in node.hosts.owners:
        for key in node.seals.all(owner):
            node.seals._keys.private(owner, key.name)


@dataclass(frozen=True)
class FarSigner:
    """A signer that is far away: something happens before it signs, a delay or a failure."""

    inner: Signer
    before: Callable[[], Awaitable[None]]
    after: Callable[[], Awaitable[None]]

    @property
    def kid(self) -> str:
        return self.inner.kid

    @property
    def algorithm(self) -> str:
        return self.inner.algorithm

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.inner.chain

    async def sign(self, signing_input: bytes) -> bytes:
        await self.before()
        signature = await self.inner.sign(signing_input)
        await self.after()
        return signature


class AnySigners(Protocol):
    """The signers of one node; `node` is set once it is built."""

    node: Node | None

    def __call__(self, owner: str, kid: str | None = None) -> Signer: ...


class FarSigners:
    """The signers of one node, far away (see AnySigners)."""

    def __init__(self, before: Callable[[], Awaitable[None]], after: Callable[[], Awaitable[None]]) -> None:
        self.before, self.after = before, after
        self.node: Node | None = None

    def __call__(self, owner: str, kid: str | None = None) -> Signer:
        assert self.node is not None
        return FarSigner(self.node.seals.signer(owner, kid), self.before, self.after)
