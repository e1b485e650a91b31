"""Verbs of webhooks: who is told of events, from where on, and under which secret. Sending is in notify.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector.identity.addresses import Addresses
from connector.identity.errors import MissingKey
from connector.identity.webhook_keys import WebhookKey, WebhookKeys
from connector.ids import new_id
from connector.peer.errors import PeerAddressRefused
from connector.problems import Invalid
from connector.services import cursors, deciders, webhook_messages
from connector.services.cursors import Page
from connector.services.deciders import Decider
from connector.services.feed import Feed
from connector.services.notify import JOB, TOPIC, Notify, Tried
from connector.services.webhook_errors import TooManyWebhooks, WebhookKeyLost, told_of
from connector.store import events, journal, webhooks
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.webhooks import Webhook

ROOM = 50
"""How many webhooks a participant may have."""
_HTTP_ONLY = {"fr": "Une adresse http(s) est attendue.", "en": "An http(s) address is expected."}


@dataclass(frozen=True, slots=True)
class Standing:
    """A webhook, and the latest number of its owner's events."""

    webhook: Webhook
    latest: int


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook with a secret that nobody has seen yet."""

    standing: Standing
    secret: str


class Webhooks:
    """The webhooks of hosted participants."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        keys: WebhookKeys,
        notify: Notify,
        vet: Callable[[str], object],
    ) -> None:
        """`vet` raises PeerAddressRefused for an address to which the node does not connect."""
        self._store = store
        self._addresses = addresses
        self._keys = keys
        self._notify = notify
        self._vet = vet
        self._feed = Feed(store)

    async def page(self, owner: str, *, cursor: str | None, limit: int, status: str | None = None) -> Page[Standing]:
        """Return webhooks in the order of their identifiers."""
        after, latest = cursors.read_key(cursor), await self._feed.latest(owner)
        rows = await self._store.read(
            lambda tx: webhooks.page(tx, owner, after=after, limit=limit + 1, status=status),
        )
        page = cursors.paged(rows, limit, lambda row: (row.id,))
        return Page([Standing(row, latest) for row in page.items], page.following)

    async def show(self, owner: str, webhook_id: str) -> Standing:
        """Return a webhook. Raises NotFound."""
        latest = await self._feed.latest(owner)
        return Standing(await self._store.read(lambda tx: webhooks.peek(tx, owner, webhook_id)), latest)

    async def create(self, owner: str, url: str, kinds: Sequence[str], after: int | None, *, by: Decider) -> Made:
        """Have events sent to an address: those after a number, or from now on.

        Raises Invalid, WebhookAddressRefused, TooManyWebhooks, WebhookKeyLost.
        """
        self._check_address(url)
        key = await self._key(owner)

        def unit(tx: Tx) -> Made:
            if webhooks.count(tx, owner) >= ROOM:
                raise TooManyWebhooks(str(ROOM))
            latest = events.latest(tx, owner)
            start = latest if after is None else min(after, latest)
            made = Webhook(owner=owner, id=new_id(), url=url, kinds=list(kinds), after_n=start, key_id=key.id)
            self._keep(tx, made, "webhook-added", by)
            return Made(Standing(made, latest), key.secret(made.id, made.generation).text)

        return await self._store.write(unit)

    async def change(
        self, owner: str, webhook_id: str, url: str, kinds: Sequence[str], after: int | None, *, by: Decider
    ) -> Standing:
        """Change the address, the kinds and, if it is given, the place in the feed; then try at once.

        Raises NotFound, Invalid, WebhookAddressRefused.
        """
        self._check_address(url)

        def unit(tx: Tx) -> Standing:
            webhook, latest = webhooks.load(tx, owner, webhook_id), events.latest(tx, owner)
            webhook.url, webhook.kinds = url, list(kinds)
            if after is not None:
                webhook.after_n = min(after, latest)
            return self._gone_on(tx, webhook, latest, "webhook-changed", by)

        return await self._store.write(unit)

    async def retry(self, owner: str, webhook_id: str, *, by: Decider) -> Standing:
        """Go on from the first event that was not delivered, at once. Raises NotFound."""

        def unit(tx: Tx) -> Standing:
            webhook = webhooks.load(tx, owner, webhook_id)
            return self._gone_on(tx, webhook, events.latest(tx, owner), "webhook-retried", by)

        return await self._store.write(unit)

    async def rotate(self, owner: str, webhook_id: str, *, overlap: timedelta, by: Decider) -> Made:
        """Make a new secret; the one before goes on signing beside it for a while. Raises NotFound."""
        await self._store.read(lambda tx: webhooks.peek(tx, owner, webhook_id))
        key = self._keys.create(owner)

        def unit(tx: Tx) -> Made:
            webhook, latest = webhooks.load(tx, owner, webhook_id), events.latest(tx, owner)
            is_same_key, webhook.key_id = webhook.key_id == key.id, key.id
            webhook.generation += 1
            webhook.overlap_until = tx.now + overlap if is_same_key and overlap else None
            self._keep(tx, webhook, "webhook-secret-rotated", by)
            return Made(Standing(webhook, latest), key.secret(webhook.id, webhook.generation).text)

        return await self._store.write(unit)

    async def delete(self, owner: str, webhook_id: str, *, by: Decider) -> None:
        """Send nothing there any more; the journal stays. Raises NotFound."""

        def unit(tx: Tx) -> None:
            webhook = webhooks.load(tx, owner, webhook_id)
            webhooks.remove(tx, webhook)
            self._tell(tx, webhook, "webhook-deleted", by)

        await self._store.write(unit)

    async def test(self, owner: str, webhook_id: str) -> Tried:
        """Send a message that only tries, whatever the state, and return how that ended. Raises NotFound."""
        webhook = await self._store.read(lambda tx: webhooks.peek(tx, owner, webhook_id))
        message = webhook_messages.of_test(webhook, self._addresses.did(owner), self._store.clock.now())
        return await self._notify.send(webhook, message)

    def _check_address(self, url: str) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise Invalid(_HTTP_ONLY, pointer="/url")
        try:
            self._vet(url)
        except PeerAddressRefused as error:
            raise told_of(error) from None

    async def _key(self, owner: str) -> WebhookKey:
        """Return the key of secrets, made with the first webhook. Raises WebhookKeyLost."""
        if not await self._store.read(lambda tx: webhooks.count(tx, owner)):
            return self._keys.create(owner)
        try:
            return self._keys.load(owner)
        except MissingKey as error:
            raise WebhookKeyLost(error.detail) from error

    def _gone_on(self, tx: Tx, webhook: Webhook, latest: int, kind: str, by: Decider) -> Standing:
        webhook.go_on()
        self._keep(tx, webhook, kind, by)
        return Standing(webhook, latest)

    def _keep(self, tx: Tx, webhook: Webhook, kind: str, by: Decider) -> None:
        webhooks.put(tx, webhook)
        self._tell(tx, webhook, kind, by)
        tx.enqueue(Job(JOB, webhook.owner, webhook.id))

    def _tell(self, tx: Tx, webhook: Webhook, kind: str, by: Decider) -> None:
        journal.append(tx, webhook.owner, webhook.id, kind, {**webhook.said, deciders.MEMBER: deciders.told(by)})
        tx.signal(TOPIC, webhook.owner)
