"""The mirror: a partner asks what its own public documents look like from here.

Whether an address can be reached from outside cannot be seen from inside. So a node asks a partner's node to look once.
What is fetched is decided here, never by the caller: the DID document and the version document of the DID that the
caller proved to be (identity/pinned.py), behind the guard, small, without redirects. The answer says in words what was
seen, and the digest of a document, never what stands in it. One look in ten seconds for each partner, few at a time.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from connector.clock import Clock
from connector.identity.scheme import Participant
from connector.peer.client import Client
from connector.peer.discovery import DOCUMENT_LIMIT_BYTES, VERSION_PATH
from connector.peer.documents import document_url, public_base
from connector.peer.probe import SEEN, word_of
from connector.problems import Problem

OWN_PREFIX = "/pupitre/1"
"""Beneath it stand the addresses at which nodes of this kind talk beside the protocol; frozen (decision 0015)."""
PATH = f"{OWN_PREFIX}/mirror"
DID_DOCUMENT = "did-document"
VERSION_DOCUMENT = "version-document"
EVERY = timedelta(seconds=10)
LOOKS_AT_ONCE = 4


class TooOften(Problem):
    """A partner may ask for one look in ten seconds."""

    code = "too-often"
    status = 429
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce nœud vient de regarder ; il ne regarde pas si souvent.",
        "en": "This node has just looked; it does not look that often.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Recommencez dans quelques secondes.",
        "en": "Try again in a few seconds.",
    }


@dataclass(frozen=True, slots=True)
class Image:
    """One document of the caller, as it is seen from here."""

    url: str
    word: str
    """One of peer/probe.py's words."""
    status: int | None = None
    sha256: str | None = None
    """Of the body of an answer of 2xx, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Reflection:
    """What was seen, and when by our clock."""

    at: datetime
    images: Mapping[str, Image]


class Mirror:
    """Looks at the public documents of partners that ask for it."""

    def __init__(self, client: Client, clock: Clock, *, plain_http: bool) -> None:
        """`plain_http`: loopback hosts are looked at over http (only while our own node is on loopback)."""
        self._client = client
        self._clock = clock
        self._plain_http = plain_http
        self._looked_at: dict[tuple[str, str], datetime] = {}
        self._room = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(self, owner: str, caller: Participant) -> Reflection:
        """Return how the caller's documents look from here. Raises TooOften."""
        now, whose = self._clock.now(), (owner, caller.did)
        before = self._looked_at.get(whose)
        if before is not None and now - before < EVERY:
            raise TooOften(retry_after_s=EVERY.total_seconds())
        if self._room.locked():
            raise TooOften(retry_after_s=1)
        self._looked_at[whose] = now
        async with self._room:
            return Reflection(now, {name: await self._image(url) for name, url in self.documents(caller.did).items()})

    def documents(self, did: str) -> dict[str, str]:
        """Return the addresses of the documents that a participant of this house publishes, by the DID alone."""
        base = public_base(did, plain_http=self._plain_http)
        return {
            DID_DOCUMENT: document_url(did, plain_http=self._plain_http),
            VERSION_DOCUMENT: base + VERSION_PATH,
        }

    async def _image(self, url: str) -> Image:
        try:
            answer = await self._client.get(url, limit_bytes=DOCUMENT_LIMIT_BYTES)
        except Problem as problem:
            return Image(url, word_of(problem))
        digest = hashlib.sha256(answer.body).hexdigest() if answer.is_success else None
        return Image(url, SEEN, answer.status, digest)
