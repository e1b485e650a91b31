"""A token is good for one call: where the ids of tokens already seen are kept.

One process keeps them in memory and admits no token issued before it started, since it cannot know what its
predecessor saw. Replicas share a table, and admit none issued before the database was restored from a backup. Either
way an id is kept until its token has expired for every clock we accept.
"""

from collections import Counter
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Protocol

from connector.clock import Clock
from connector.identity.errors import IdentityUnavailable, TokenRefused
from connector.store import replays
from connector.store.db import Store, Tx

MAX_PER_ISSUER = 200_000
"""Live tokens of one issuer: more than 600 calls a second for five minutes."""

PURGE_EVERY_S = 60


class Replays(Protocol):
    """Admits each token once. Instants are whole seconds since 1970; `keep_until` is the expiry with its leeway."""

    async def admit(self, issuer: str, token_id: str, *, issued_at: int, keep_until: int) -> None:
        """Remember the token. Raises TokenRefused when it was seen, IdentityUnavailable when that cannot be known."""


class MemoryReplays:
    """For a node that is one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = _seconds(clock)
        self._purged_at = 0
        self._seen: set[bytes] = set()
        self._count: Counter[str] = Counter()
        self._expiring: dict[int, dict[str, list[bytes]]] = {}

    async def admit(self, issuer: str, token_id: str, *, issued_at: int, keep_until: int) -> None:
        """Remember the token (see Replays)."""
        if issued_at < self._started_at:
            # 503: an honest caller whose clock is a little behind, or whose token was on its way, comes back.
            raise IdentityUnavailable("issued-before-start")
        self._purge()
        digest = blake2b(f"{issuer} {token_id}".encode(), digest_size=16).digest()
        if digest in self._seen:
            raise TokenRefused("replayed")
        if self._count[issuer] >= MAX_PER_ISSUER:
            raise IdentityUnavailable("too-many-tokens")
        self._seen.add(digest)
        self._count[issuer] += 1
        self._expiring.setdefault(keep_until, {}).setdefault(issuer, []).append(digest)

    def __len__(self) -> int:
        return len(self._seen)

    def _purge(self) -> None:
        now = _seconds(self._clock)
        if now == self._purged_at:
            return
        self._purged_at = now
        for second in [one for one in self._expiring if one < now]:
            for issuer, digests in self._expiring.pop(second).items():
                self._seen.difference_update(digests)
                self._count[issuer] -= len(digests)
                if not self._count[issuer]:
                    del self._count[issuer]


class StoredReplays:
    """For replicas: they share a table, so that a token seen by one is refused by all."""

    def __init__(self, store: Store, clock: Clock, restored_at: datetime | None = None) -> None:
        self._store = store
        self._clock = clock
        self._purged_at = 0
        self._not_before = int(restored_at.timestamp()) + 1 if restored_at else 0

    async def admit(self, issuer: str, token_id: str, *, issued_at: int, keep_until: int) -> None:
        """Remember the token (see Replays)."""
        if issued_at < self._not_before:
            raise IdentityUnavailable("issued-before-restore")
        now = _seconds(self._clock)
        is_purge_due = now - self._purged_at >= PURGE_EVERY_S
        if is_purge_due:
            self._purged_at = now

        def unit(tx: Tx) -> bool:
            if is_purge_due:
                replays.forget_expired(tx)
            return replays.remember(tx, issuer, token_id, datetime.fromtimestamp(keep_until, UTC))

        if not await self._store.write(unit):
            raise TokenRefused("replayed")


def _seconds(clock: Clock) -> int:
    return int(clock.now().timestamp())
