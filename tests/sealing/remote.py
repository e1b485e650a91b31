"""A signing service far away, and the signers of a node that has its keys there: another implementation of `Signer`.

As services of this kind do, it takes a demand and lets the signature be fetched later. It is slow, it fails, it
outlives the nodes that ask, and the same demand twice is one. The signer asks again and again, and gives up after a
while; the job that wanted the seal is then tried later.
"""

import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from connector.app import Node
from contracts.signer import Signer

ASKS = 8
"""How often a signer asks before it gives up."""
PAUSE_S = 2.0


class ServiceAway(Exception):
    """The signing service does not answer, or has not signed in time."""


@dataclass(frozen=True)
class Signed:
    """What the service has signed: the key's name, and the octets."""

    kid: str
    signing_input: bytes = field(repr=False)

    @property
    def payload(self) -> bytes:
        encoded = self.signing_input.partition(b".")[2]
        return base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))

    @property
    def kind(self) -> str:
        """What sort of document it is: contract, conclusion, notice, unilateral; empty for other octets."""
        return str(self._told.get("schema", "//")).rsplit("/", 2)[1]

    @property
    def contract(self) -> str:
        """The contract that it is or speaks of."""
        return str(self._told.get("contract") or self._told.get("id"))

    @property
    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.payload or b"{}")
        return told


class Reached(Protocol):
    """A signing service, as a node reaches it."""

    async def pause(self, seconds: float, /) -> None: ...

    async def demand(self, wanted: Signed) -> str: ...

    async def fetch(self, ticket: str) -> bytes | None: ...


@dataclass
class SigningService:
    """Keeps private keys and signs digests."""

    pause: Callable[[float], Awaitable[None]]
    slowness: int = 0
    """How often a signature is asked for before it is there."""
    failures: int = 0
    """How many of the next calls are not answered."""
    signed: list[Signed] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    """How often signatures were asked for, by kind of document."""
    when_signed: Callable[[Signed], None] = lambda _: None
    _keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    _demands: dict[str, Signed] = field(default_factory=dict)
    _looks: Counter[str] = field(default_factory=Counter)
    _made: dict[str, bytes] = field(default_factory=dict)

    def keep(self, kid: str, key: Any) -> None:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._keys[kid] = key

    async def demand(self, wanted: Signed) -> str:
        """Take a demand; return its ticket. Raises ServiceAway."""
        await self._travel()
        ticket = sha256(wanted.kid.encode() + wanted.signing_input).hexdigest()
        self._demands.setdefault(ticket, wanted)
        return ticket

    async def fetch(self, ticket: str) -> bytes | None:
        """Return the JOSE signature, None while it is not there. Raises ServiceAway."""
        wanted = self._demands[ticket]
        self.asked[wanted.kind] += 1
        await self._travel()
        self._looks[ticket] += 1
        if self._looks[ticket] <= self.slowness:
            return None
        if ticket not in self._made:
            self._made[ticket] = self._sign(wanted)
            self.signed.append(wanted)
            self.when_signed(wanted)
        await self._travel()
        return self._made[ticket]

    async def _travel(self) -> None:
        await self.pause(0.1)
        if self.failures > 0:
            self.failures -= 1
            raise ServiceAway

    def _sign(self, wanted: Signed) -> bytes:
        digest = sha256(wanted.signing_input).digest()
        made = self._keys[wanted.kid].sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(made))


@dataclass(frozen=True)
class RemoteSigner:
    """Signs by asking the service, for as long as it takes or until it gives up."""

    kid: str
    chain: tuple[bytes, ...]
    service: Reached
    algorithm: str = "ES256"

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the JOSE signature. Raises ServiceAway."""
        wanted = Signed(self.kid, signing_input)
        for _ in range(ASKS):
            try:
                signature = await self.service.fetch(await self.service.demand(wanted))
            except ServiceAway:
                signature = None
            if signature is not None:
                return signature
            await self.service.pause(PAUSE_S)
        raise ServiceAway


class RemoteSigners:
    """The signers of one node whose keys the service keeps (see AnySigners)."""

    def __init__(self, service: SigningService) -> None:
        self.service = service
        self.node: Node | None = None

    def __call__(self, owner: str, kid: str | None = None) -> Signer:
        assert self.node is not None
        known = self.node.seals.signer(owner, kid)
        self.service.keep(known.kid, self.node.seals._keys.private(owner, known.kid.partition("#")[2]))
        return RemoteSigner(known.kid, known.chain, self.service)
