"""A request with an idempotency key has its effect once, however often it is sent; the answer is the first one's.

The key is claimed, the effect done and the answer kept in one transaction (store/conditions.py). A request that failed
leaves nothing: the same key may be tried again. The answer is kept sealed under what only the caller knows, its
`Authorization` and the key: an answer may hold a secret that the node itself keeps no copy of.
"""

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.problems import NotFound, Problem
from connector.store import conditions, idempotency
from connector.store.db import Store, Tx
from connector.store.idempotency import Kept, Named

T = TypeVar("T")
_NONCE_BYTES = 12


class KeyReused(Problem):
    """The idempotency key stood for another request."""

    code = "idempotency-key-reused"
    status = 422
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette clé d’idempotence a déjà servi à une autre demande.",
        "en": "This idempotency key already stood for another request.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Prenez une clé neuve pour chaque demande nouvelle ; ne répétez une clé qu’avec la même demande.",
        "en": "Take a new key for each new request; repeat a key only with the same request.",
    }


class PreconditionFailed(Problem):
    """The thing does not stand, or no longer stands, at the version that the request names."""

    code = "precondition-failed"
    status = 412
    title: ClassVar[dict[str, str]] = {
        "fr": "L’élément n’est plus dans la version indiquée.",
        "en": "The item is not at the version that was named.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Relisez-le, vérifiez que l’action convient encore, puis recommencez avec son nouvel ETag.",
        "en": "Read it again, see whether the action still fits, then try again with its new ETag.",
    }


class Repeated(Exception):
    """The request was carried out before: this is what was answered."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class OnceKey:
    """A caller's key, with the digest of the request that it stands for."""

    named: Named
    digest: str
    seal: bytes = field(repr=False)

    @classmethod
    def of(cls, owner: str, caller: str, key: str, digest: str, authorization: str) -> "OnceKey":
        """Return the key as the store knows it, and what opens its answer."""
        named = Named(owner=owner, caller=caller, key_hash=hashlib.sha256(key.encode()).hexdigest())
        return cls(named, digest, hashlib.sha256(f"pupitre answer\0{authorization}\0{key}".encode()).digest())

    def sealed(self, body: bytes) -> str:
        """Return the answer as it is kept."""
        nonce = os.urandom(_NONCE_BYTES)
        return b64encode(nonce + AESGCM(self.seal).encrypt(nonce, body, None)).decode()

    def opened(self, answer: str) -> bytes:
        """Return the answer as it was given. Raises KeyReused when it was given to another authorisation."""
        octets = b64decode(answer)
        try:
            return AESGCM(self.seal).decrypt(octets[:_NONCE_BYTES], octets[_NONCE_BYTES:], None)
        except InvalidTag:
            raise KeyReused from None


@dataclass(frozen=True, slots=True)
class Expected:
    """At which versions of a thing an action may happen: those named, any (`*`), or only if there is none yet."""

    versions: frozenset[int] = frozenset()
    is_any: bool = False
    is_new: bool = False

    def check(self, current: int | None) -> None:
        """Compare with the present version, None when there is nothing. Raises PreconditionFailed."""
        is_there = current is not None and (self.is_any or current in self.versions)
        if not (current is None if self.is_new else is_there):
            raise PreconditionFailed("" if current is None else f"version {current}")


class Once:
    """Carries out requests within their conditions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def do(
        self,
        act: Callable[[], Awaitable[T]],
        answer: Callable[[T], tuple[int, bytes]],
        *,
        key: OnceKey | None,
        expected: Expected | None,
        version: Callable[[Tx], int] | None,
    ) -> T:
        """Return what `act` returns; its first unit runs within the conditions.

        Raises Repeated, KeyReused, PreconditionFailed, and what `act` raises; then nothing was changed.
        """
        if key is not None:
            await self._raise_if_done(key)

        def condition(tx: Tx, unit: Callable[[Tx], T]) -> T:
            if key is not None and (kept := idempotency.claim(tx, key.named, key.digest)) is not None:
                raise _told(key, kept)
            if expected is not None and version is not None:
                expected.check(_present(tx, version))
            result = unit(tx)
            if key is not None:
                status, body = answer(result)
                idempotency.keep(tx, key.named, status, key.sealed(body))
            return result

        try:
            with conditions.around(condition):
                return await act()
        except Problem:
            if key is not None:  # the effect of the same request, sent twice at once, may be what was in the way
                await self._raise_if_done(key)
            raise

    async def _raise_if_done(self, key: OnceKey) -> None:
        kept = await self._store.read(lambda tx: idempotency.find(tx, key.named))
        if kept is not None:
            raise _told(key, kept)


def _present(tx: Tx, version: Callable[[Tx], int]) -> int | None:
    try:
        return version(tx)
    except NotFound:
        return None


def _told(key: OnceKey, kept: Kept) -> Exception:
    return Repeated(kept.status, key.opened(kept.answer)) if kept.digest == key.digest else KeyReused()


def version_of(load: Callable[..., Any], owner: str, key: str) -> Callable[[Tx], int]:
    """Return what reads the version of a row with this store function."""
    return lambda tx: int(load(tx, owner, key).version)
