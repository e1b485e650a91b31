"""The consumer's side of token renewal (http/public/renewal.py is the provider's)."""

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from connector.dataplane import announced, flows
from connector.dataplane.errors import RefusedByProvider, TokenLost
from connector.dataplane.reception import Stopped
from connector.dataplane.transfers import http_pull
from connector.peer.client import Answer, Call, Transport
from connector.store import fetches
from connector.store.db import Store
from connector.store.fetches import Wanted

TokenFor = Callable[[str, str], Awaitable[str]]
"""`token_for(owner, peer)` → the Authorization header with which we identify ourselves."""

LIMIT_BYTES = 64 << 10
TIMEOUT_S = 10.0


class Renewing:
    """Gets another token for a transfer whose own has died."""

    def __init__(self, store: Store, transport: Transport, token_for: TokenFor) -> None:
        self._store = store
        self._transport = transport
        self._token_for = token_for

    async def renew(self, wanted: Wanted, refusal: TokenLost) -> Wanted:
        """Return the fetch with another token.

        A later start of the provider may have brought one already; else its renewal address is asked. Raises Stopped
        when nothing is to be received any more, TokenLost when no other token is to be had, RefusedByProvider,
        Unavailable, Unreachable.
        """
        now = await self._look(wanted)
        if now.address != wanted.address:
            return now
        address = now.data_address or {}
        pull = http_pull.read(address)
        if pull is None or pull.refresh_endpoint is None or pull.refresh_token is None:
            raise refusal
        access, refresh = _tokens(await self._ask(wanted, pull.refresh_endpoint, pull.refresh_token))
        before, after = now.address or "", json.dumps(http_pull.renewed(address, access, refresh))
        fetch = wanted.fetch
        await self._store.write(lambda tx: fetches.renew_address(tx, fetch.owner, fetch.transfer, before, after))
        return await self._look(wanted)

    async def _look(self, wanted: Wanted) -> Wanted:
        owner, transfer = wanted.fetch.owner, wanted.fetch.transfer
        now = await self._store.read(lambda tx: fetches.wanted(tx, owner, transfer))
        if now is None or not flows.may_receive(now.state, now.pending):
            raise Stopped
        return now

    async def _ask(self, wanted: Wanted, url: str, refresh_token: str) -> Answer:
        headers = {
            "Authorization": await self._token_for(wanted.fetch.owner, wanted.peer),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        form = urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}).encode()
        return await self._transport.send(
            Call("POST", url, headers, form), limit_bytes=LIMIT_BYTES, timeout_s=TIMEOUT_S
        )


def _tokens(answer: Answer) -> tuple[str, str | None]:
    """Return the access token and, if it was replaced, the renewal token."""
    if not answer.is_success:
        refusal = announced.refusal(answer.status, answer.headers, answer.body)
        raise refusal.problem if isinstance(refusal, announced.TokenDead) else refusal
    try:
        members = json.loads(answer.body)
        access, refresh = members["access_token"], members.get("refresh_token")
    except (ValueError, TypeError, LookupError, AttributeError):
        access, refresh = None, None
    if not isinstance(access, str) or not isinstance(refresh, str | None):
        raise RefusedByProvider("access_token?")
    return access, refresh
