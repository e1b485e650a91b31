"""Delivery of events to webhooks: the job of each webhook, and what wakes it.

A webhook's job sends its receiver what comes after the last event that the receiver took, one event at a time, and
writes down each that was taken: so events come in order, and one may come twice when the node dies in between, with the
same `webhook-id`. A failure is a state of the row and an instant; the job respects that instant whoever wakes it. After
a day of failures, or at once when the receiver answers 410, the webhook stops where it is until a person goes on.

Events are written without knowing of webhooks. `follow` hears of them after their commit and has the jobs run; what it
may miss (this process died then, another replica was told too late) is found by the job's own look a minute later.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from connector.clock import Clock
from connector.identity.addresses import Addresses
from connector.identity.errors import MissingKey
from connector.identity.webhook_keys import WebhookKeys
from connector.peer.client import Answer, Call, Transport
from connector.problems import NotFound, Problem, Unavailable
from connector.services import webhook_messages
from connector.services.feed import Feed
from connector.services.webhook_errors import CALL_FAILURES, WebhookGone, WebhookKeyLost, WebhookRefused, told_of
from connector.services.webhook_messages import Message
from connector.settings import Settings
from connector.store import events, journal, webhooks
from connector.store.backoff import peer_delay_s
from connector.store.db import Store, Tx
from connector.store.events import Event
from connector.store.jobs import Job
from connector.store.webhooks import STOPPED, Webhook

log = logging.getLogger("pupitre.webhooks")

JOB = "webhook"
TOPIC = "webhooks"
"""Topic of the owners whose webhooks changed, in any process."""
LOOK_EVERY = timedelta(seconds=60)
"""How often a webhook looks for events of which nobody told it."""
RETRY_STORE = timedelta(seconds=1)
AT_ONCE = 100
"""How many events one run sends before other jobs get their turn."""
LEAST_TRIES = 10
"""A node that was down for a day has not tried for a day."""
ANSWER_LIMIT_BYTES = 1 << 20
LONGEST_WAIT_S = 3600.0
"""How long a receiver may ask us to wait (`Retry-After`)."""
_GONE = 410


@dataclass(frozen=True, slots=True)
class Tried:
    """How one attempt ended: the receiver's status if it answered, and what was wrong with that."""

    status: int | None
    milliseconds: float
    problem: Problem | None
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Due:
    """A message to send, and the number up to which everything is told with it."""

    message: Message
    upto: int


class Notify:
    """Sends events to webhooks."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        addresses: Addresses,
        keys: WebhookKeys,
        transport: Transport,
        settings: Settings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._addresses = addresses
        self._keys = keys
        self._transport = transport
        self._timeout_s = settings.call_timeout_s
        self._give_up_after = timedelta(seconds=settings.webhook_give_up_after_s)
        self._feed = Feed(store)
        self._listening: Mapping[str, list[str]] = {}
        self._is_stale = True
        self._told: set[str] = set()
        self._woken = asyncio.Event()
        store.subscribe(events.TOPIC, self._hear)
        store.subscribe(TOPIC, self._hear_of_change)

    # --- what wakes a job ---------------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Have the webhooks of an owner looked at when an event was written; until cancelled."""
        self._woken.set()
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._wake()
            except Unavailable:
                self._is_stale = True  # whatever was told meanwhile, all are looked at
                self._woken.set()
                await self._clock.wait(asyncio.Event(), self._clock.now() + RETRY_STORE)

    async def _wake(self) -> None:
        told, self._told = self._told, set()
        if self._is_stale:
            self._is_stale = False
            self._listening = await self._store.read(webhooks.listening)
            told = set(self._listening)
        due = [Job(JOB, owner, one) for owner in told for one in self._listening.get(owner, ())]

        def unit(tx: Tx) -> None:
            for job in due:
                tx.enqueue(job)

        if due:
            await self._store.write(unit)

    def _hear(self, owner: str) -> None:
        if owner in self._listening or owner == "":
            self._is_stale = self._is_stale or owner == ""
            self._told.add(owner)
            self._woken.set()

    def _hear_of_change(self, _: str) -> None:
        self._is_stale = True
        self._woken.set()

    # --- the job ------------------------------------------------------------------------------------------------------

    async def __call__(self, job: Job) -> datetime | None:
        """Send what is due for one webhook; return when to look again, None when it is stopped or gone."""
        for _ in range(AT_ONCE):
            await self._feed.latest(job.owner)
            webhook = await self._row(job)
            if webhook is None or webhook.status == STOPPED:
                return None
            now = self._clock.now()
            if webhook.retry_at is not None and now < webhook.retry_at:
                return webhook.retry_at
            due = await self._due(webhook)
            if due is None:
                return now + LOOK_EVERY
            tried = await self.send(webhook, due.message)
            if tried.problem is not None:
                return await self._failed(webhook, tried.problem, tried.retry_after_s)
            await self._delivered(webhook, due.upto)
        return self._clock.now()

    async def send(self, webhook: Webhook, message: Message) -> Tried:
        """Send a message once and return how that ended."""
        begun = perf_counter()
        status: int | None = None
        problem: Problem | None = None
        retry_after_s = 0.0
        try:
            headers = message.headers(
                webhook_messages.signing(webhook, self._keys, self._clock.now()), self._clock.now()
            )
            call = Call("POST", webhook.url, headers, message.body)
            answer = await self._transport.send(call, limit_bytes=ANSWER_LIMIT_BYTES, timeout_s=self._timeout_s)
            status, problem, retry_after_s = answer.status, _wrong_with(answer), _wished_wait_s(answer)
        except MissingKey as error:
            problem = WebhookKeyLost(error.detail)
        except WebhookKeyLost as error:
            problem = error
        except CALL_FAILURES as error:
            problem = told_of(error)
        log.info(
            "told", extra={"owner": webhook.owner, "webhook": webhook.id, "message_id": message.id, "status": status}
        )
        return Tried(status, (perf_counter() - begun) * 1000, problem, retry_after_s)

    async def _row(self, job: Job) -> Webhook | None:
        try:
            return await self._store.read(lambda tx: webhooks.peek(tx, job.owner, job.key))
        except NotFound:
            return None

    async def _due(self, webhook: Webhook) -> _Due | None:
        """Return the next message; what is not wanted is passed over."""
        participant = self._addresses.did(webhook.owner)

        def look(tx: Tx) -> tuple[int, int | None, list[Event]]:
            head = events.head(tx, webhook.owner)  # first: what is numbered later must not be passed over
            oldest = events.first_after(tx, webhook.owner, webhook.after_n)
            return head, oldest, events.page(tx, webhook.owner, webhook.after_n, 1, webhook.kinds)

        head, oldest, wanted = await self._store.read(look)
        if head <= webhook.after_n:
            return None
        before = head + 1 if oldest is None else oldest
        if before > webhook.after_n + 1:
            await self._store.write(lambda tx: webhooks.found_gap(tx, webhook, before))
            return _Due(webhook_messages.of_gap(webhook, participant, before, self._clock.now()), before - 1)
        if wanted:
            return _Due(webhook_messages.of_event(webhook, participant, wanted[0]), wanted[0].n)
        await self._store.write(lambda tx: webhooks.passed_over(tx, webhook, head))
        return None

    async def _delivered(self, webhook: Webhook, upto: int) -> None:
        await self._store.write(lambda tx: webhooks.delivered(tx, webhook, upto))

    async def _failed(self, webhook: Webhook, problem: Problem, wished_s: float) -> datetime | None:
        """Write down a failed attempt; return when the next one is due, None when the webhook is stopped."""
        now, failures = self._clock.now(), webhook.failures + 1
        since = webhook.failing_since or now
        is_over = failures >= LEAST_TRIES and now - since >= self._give_up_after
        delay_s = max(peer_delay_s(failures, (now - since).total_seconds()), wished_s)
        retry_at = None if is_over or isinstance(problem, WebhookGone) else now + timedelta(seconds=delay_s)

        def unit(tx: Tx) -> bool:
            is_written = webhooks.failed(tx, webhook, problem, since, retry_at)
            if is_written and retry_at is None:
                told = {"problem": problem.code, "reason": problem.say("en"), "after": webhook.after_n}
                journal.append(tx, webhook.owner, webhook.id, "webhook-stopped", told)
                events.append(tx, webhook.owner, "webhook.stopped", webhook.id, problem=problem.code)
                tx.signal(TOPIC, webhook.owner)
            return is_written

        if not await self._store.write(unit):
            return now  # somebody changed it meanwhile: this failure is of what it was
        if retry_at is None:
            log.warning("a webhook is stopped", extra={"owner": webhook.owner, "webhook": webhook.id})
        return retry_at


def _wrong_with(answer: Answer) -> Problem | None:
    if answer.is_success:
        return None
    return WebhookGone() if answer.status == _GONE else WebhookRefused(f"HTTP {answer.status}")


def _wished_wait_s(answer: Answer) -> float:
    """Return how many seconds the receiver asks us to wait, at most an hour."""
    text = answer.headers.get("retry-after", "").strip()
    return min(float(text), LONGEST_WAIT_S) if text.isdecimal() and len(text) < 10 else 0.0
