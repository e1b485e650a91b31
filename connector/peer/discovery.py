"""Finds peers: the document of a did:web, and the DSP base that a version document names.

Documents are kept five minutes at most, so that a withdrawn key stops working soon. A caller that meets a key it does
not know asks for a fresh look, which is granted once in a few seconds per DID. Failures are kept for a moment too, many
waiters share one fetch, and the number of fetches under way is bounded: tokens of strangers name the addresses that we
fetch, and must not turn this node into a means of attack.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from connector.clock import Clock
from connector.peer.client import Client
from connector.peer.documents import DidDocument, document_url, normal_did, read_document
from connector.peer.errors import DidUnresolved, NoCommonVersion, Unreachable
from connector.problems import Problem, Unavailable

DSP_VERSION = "2025-1"
VERSION_PATH = "/.well-known/dspace-version"
CATALOG_PATH = "/catalog"

DOCUMENT_TTL = timedelta(minutes=5)
FAILURE_TTL = timedelta(seconds=3)
REFETCH_AFTER = timedelta(seconds=5)
DOCUMENT_LIMIT_BYTES = 32 << 10
MAX_DOCUMENTS = 1024
MAX_FETCHES = 64


@dataclass(slots=True)
class _Entry:
    """What is known of one DID: its last good document, and the last attempt."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    document: DidDocument | None = None
    fetched_at: datetime | None = None
    problem: Problem | None = None
    tried_at: datetime | None = None

    def usable(self, now: datetime) -> DidDocument | None:
        """Return the document while it is young enough."""
        is_young = self.fetched_at is not None and now - self.fetched_at < DOCUMENT_TTL
        return self.document if is_young else None

    def is_settled(self, now: datetime, max_age: timedelta) -> bool:
        """True while no new attempt is due."""
        if self.tried_at is None:
            return False
        return now - self.tried_at < (max_age if self.usable(now) else FAILURE_TTL)


class Discovery:
    """Resolves what peers publish about themselves; one for a whole node."""

    def __init__(self, client: Client, clock: Clock, *, plain_http: bool = False) -> None:
        """`plain_http`: did:web of loopback hosts is read over http (only while our own node is on loopback)."""
        self._client = client
        self.clock = clock
        self._plain_http = plain_http
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._fetches = 0

    async def resolve_did(self, did: str) -> DidDocument:
        """Return the DID's document, at most five minutes old.

        Raises DidUnresolved, or Unreachable and PeerAddressRefused as client.py does, Unavailable when too many
        fetches are under way.
        """
        return await self._resolve(normal_did(did), DOCUMENT_TTL)

    async def refetch_did(self, did: str) -> DidDocument:
        """Return the document as it is now, or as it was a few seconds ago. Raises as resolve_did."""
        return await self._resolve(normal_did(did), REFETCH_AFTER)

    def known_did(self, did: str) -> DidDocument | None:
        """Return the DID's document as it was read in the last five minutes; None: it would have to be fetched."""
        entry = self._entries.get(normal_did(did))
        return None if entry is None else entry.usable(self.clock.now())

    async def read_beside(self, did: str, name: str, *, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> bytes | None:
        """Return a small file that stands beside the DID's document, None when there is none.

        Raises Unreachable, PeerAddressRefused, AnswerTooLarge.
        """
        url = document_url(did, plain_http=self._plain_http).removesuffix("did.json") + name
        answer = await self._client.get(url, limit_bytes=limit_bytes)
        if answer.status >= 500:
            raise Unreachable("server", url)
        return answer.body if answer.is_success else None

    async def find_dsp_base(self, root_url: str) -> str:
        """Return the DSP 2025-1 base of a node (DSP 2025-1 §Version metadata).

        `root_url` is the address before `/.well-known/dspace-version`, with or without it.
        Raises NoCommonVersion, Unreachable, PeerAddressRefused.
        """
        root = root_url.rstrip("/").removesuffix(VERSION_PATH)
        answer = await self._client.get(root + VERSION_PATH, limit_bytes=DOCUMENT_LIMIT_BYTES)
        if not answer.is_success:
            raise NoCommonVersion(f"{root}{VERSION_PATH} : {answer.status}")
        return (root + _path_of_version(root, answer.body)).rstrip("/")

    async def find_dsp_base_of(self, document: DidDocument) -> str:
        """Return the DSP 2025-1 base that a DID document leads to, by its DataService or CatalogService.

        Raises as find_dsp_base, and NoCommonVersion when the document names neither.
        """
        for endpoint in document.endpoints("DataService"):
            return await self.find_dsp_base(endpoint)
        for endpoint in document.endpoints("CatalogService"):
            return endpoint.removesuffix(CATALOG_PATH)
        raise NoCommonVersion(document.did)

    async def _resolve(self, did: str, max_age: timedelta) -> DidDocument:
        entry = self._entry(did)
        if not entry.is_settled(self.clock.now(), max_age):
            async with entry.lock:
                if not entry.is_settled(self.clock.now(), max_age):
                    await self._fetch(did, entry)
        if (document := entry.usable(self.clock.now())) is not None:
            return document
        raise (entry.problem or DidUnresolved(did)).with_traceback(None)

    async def _fetch(self, did: str, entry: _Entry) -> None:
        if self._fetches >= MAX_FETCHES:
            raise Unavailable("did", retry_after_s=2)
        self._fetches += 1
        try:
            entry.document = await self._read(did)
            entry.fetched_at = self.clock.now()
        except Problem as problem:
            entry.problem = problem
        finally:
            self._fetches -= 1
        entry.tried_at = self.clock.now()

    async def _read(self, did: str) -> DidDocument:
        url = document_url(did, plain_http=self._plain_http)
        answer = await self._client.get(url, limit_bytes=DOCUMENT_LIMIT_BYTES)
        if answer.status >= 500:
            raise Unreachable("server", url)
        if not answer.is_success:
            raise DidUnresolved(f"{url} : {answer.status}")
        return read_document(did, answer.body)

    def _entry(self, did: str) -> _Entry:
        entry = self._entries.setdefault(did, _Entry())
        self._entries.move_to_end(did)
        if len(self._entries) > MAX_DOCUMENTS:
            self._entries.popitem(last=False)
        return entry


def _path_of_version(root: str, raw: bytes) -> str:
    try:
        listed: Any = orjson.loads(raw)["protocolVersions"]
        found = [one for one in listed if one["version"] == DSP_VERSION and one.get("binding", "HTTPS") == "HTTPS"]
        path: str = found[0]["path"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise NoCommonVersion(root) from error
    if not isinstance(path, str) or not path.startswith("/") or urlsplit(path).netloc:
        raise NoCommonVersion(f"{root} : path")
    return path
