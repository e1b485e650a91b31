"""The time-stamping authority of a world: a real one (RFC 3161), reached over the world's network, in its virtual time.

In bad times it is away, answers late or with an error, or with a token that does not fit: about something else, for
another question, or from an authority that nobody trusts. Then it recovers, in half of the worlds only after they were
judged without it. A share of the worlds has one; what it does is drawn from a random stream of its own, so that all
other worlds are what they would be if there was none.
"""

import copy
import functools
import random
from collections import Counter
from pathlib import Path
from typing import Any

from asn1crypto import tsp

from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.protocol.machine import Role
from tests.harness.stamper import Stamper, granted, rejected
from tests.simulator.network import Network

HOST = "127.0.0.1:1003"
SHARE = 0.15
"""Of the worlds."""
ASKING = ((Role.PROVIDER,), (Role.CONSUMER,), (Role.PROVIDER, Role.CONSUMER))
ZEROS = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\0" * 32}
LIES: dict[str, dict[str, Any]] = {"imprint": {"message_imprint": ZEROS}, "nonce": {"nonce": 1}}
MISDEEDS = ("away", "late", "error", "rejection", "garbage", "again", "foreign", *LIES)
"""What it may do wrong."""
OFTEN = (*MISDEEDS, "late", "late")
"""What it does in bad times, as often as it stands here: little is asked of it before they end."""
PROMPT = tuple(one for one in MISDEEDS if one != "late")
"""What it does after them until it recovers, so that the world comes to rest."""


@functools.cache
def _stampers() -> tuple[Stamper, Stamper]:
    """Return the authority that is trusted and another one: keys cost more than a world."""
    return Stamper(), Stamper()


class Authority:
    """Stamps for the nodes of one world, at its worst until it recovers."""

    def __init__(self, seed: int, clock: VirtualClock, net: Network) -> None:
        self.chance = random.Random(f"time-stamping authority {seed}")
        self.is_there = self.chance.random() < SHARE
        self.asking: tuple[Role, ...] = self.chance.choice(ASKING) if self.is_there else ()
        """Who asks it; both sides trust it."""
        self.fails_until_judged = self.chance.random() < 0.5
        self.has_recovered = False
        self.given: dict[bytes, bytes] = {}
        """Of each token that fits its question: the SHA-256 that it is about."""
        self.did: Counter[str] = Counter()
        """How often it did what."""
        self._net = net
        self._last = b""
        if self.is_there:
            self._stamper, self._other = (copy.copy(one) for one in _stampers())
            self._stamper.now = self._other.now = clock.now

    @property
    def never_answered(self) -> bool:
        """True while it has given no token that fits, and could not have."""
        return self.fails_until_judged and not self.has_recovered

    def settings(self, role: Role, folder: Path) -> dict[str, Any]:
        """Return what a node's settings say of it."""
        if not self.is_there:
            return {}
        trust = {"timestamp_trust": self._stamper.write_trust(folder)}
        return {**trust, "timestamp_url": f"http://{HOST}/{role}"} if role in self.asking else trust

    def asked_by(self, call: Call) -> Role:
        """Return whose question it is."""
        return Role(call.url.rpartition("/")[2])

    async def answer(self, call: Call, *, in_bad_times: bool) -> Answer:
        """Answer a question. Raises Unreachable while it is away."""
        does = self._drawn(in_bad_times=in_bad_times)
        self.did[does] += 1
        if does == "away":
            raise Unreachable("refused", HOST)
        if does == "late":
            await self._net.pause(self.chance.uniform(11.0, 60.0))
        body = self._said(does, call.body or b"")
        self._last = body if does in ("stamp", "late") else self._last
        return Answer(503 if does == "error" else 200, {"content-type": "application/timestamp-reply"}, body)

    def _drawn(self, *, in_bad_times: bool) -> str:
        is_well = not self.never_answered and (not in_bad_times or self.chance.random() < 0.3)
        return "stamp" if is_well else self.chance.choice(OFTEN if in_bad_times else PROMPT)

    def _said(self, does: str, question: bytes) -> bytes:
        match does:
            case "error":
                return b""
            case "rejection":
                return rejected()
            case "garbage":
                return question
            case "again":
                return self._last
            case "foreign":
                return self._other.answer(question)
        self._stamper.lies = LIES.get(does, {})
        token = self._stamper.stamp(question)
        if does not in LIES:
            self.given[token] = _imprint(question)
        return granted(token)


def _imprint(question: bytes) -> bytes:
    imprint: bytes = tsp.TimeStampReq.load(question)["message_imprint"]["hashed_message"].native
    return imprint
