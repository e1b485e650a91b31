"""What a webhook is sent: the body, and the headers that let its receiver know it is ours (Standard Webhooks).

Three headers: `webhook-id`, the same however often a message is sent; `webhook-timestamp`, when this attempt was made,
in seconds; `webhook-signature`, HMAC-SHA256 over `id.timestamp.body` in base64 after `v1,`, two of them separated by a
space while a former secret is still in use. A body is rendered from its event alone: each attempt sends the same bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.identity.webhook_keys import Secret, WebhookKeys
from connector.ids import new_id
from connector.services.webhook_errors import WebhookKeyLost
from connector.store.events import Event
from connector.store.webhooks import Webhook

TEST, GAP = "webhook.test", "webhook.gap"
"""Kinds that are sent and are no events of the feed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell a receiver."""

    id: str
    body: bytes = field(repr=False)

    def headers(self, secrets: Iterable[Secret], now: datetime) -> dict[str, str]:
        """Return the headers of one attempt."""
        timestamp = str(int(now.timestamp()))
        content = f"{self.id}.{timestamp}.".encode() + self.body
        return {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "webhook-id": self.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(secret.sign(content) for secret in secrets),
        }


def of_event(webhook: Webhook, participant: str, event: Event) -> Message:
    """Return the message that tells an event of a participant, named by its DID."""
    told = {"n": event.n, "subject": event.subject, "peer": event.peer, "told": event.told}
    return _message(f"{_name(webhook)}_{event.n}", event.kind, event.at, {"participant": participant, **told})


def of_gap(webhook: Webhook, participant: str, before: int, at: datetime) -> Message:
    """Return the message that the events after the last one that was sent and before a number are not to be had."""
    told = {"participant": participant, "after": webhook.after_n, "before": before}
    return _message(f"{_name(webhook)}_{webhook.after_n}_gap_{before}", GAP, at, told)


def of_test(webhook: Webhook, participant: str, at: datetime) -> Message:
    """Return a message that only tries whether the receiver takes it."""
    told = {"participant": participant, "webhook": webhook.id}
    return _message(f"{_name(webhook)}_test_{new_id().rpartition(':')[2]}", TEST, at, told)


def signing(webhook: Webhook, keys: WebhookKeys, now: datetime) -> list[Secret]:
    """Return the secrets with which to sign now, the newest first. Raises WebhookKeyLost, MissingKey."""
    key = keys.load(webhook.owner)
    if key.id != webhook.key_id:
        raise WebhookKeyLost
    generations = [webhook.generation]
    if webhook.overlap_until is not None and now < webhook.overlap_until:
        generations.append(webhook.generation - 1)
    return [key.secret(webhook.id, generation) for generation in generations]


def _name(webhook: Webhook) -> str:
    return "msg_" + webhook.id.rpartition(":")[2].replace("-", "")


def _message(message_id: str, kind: str, at: datetime, data: dict[str, Any]) -> Message:
    told = {"type": kind, "timestamp": at.isoformat(), "data": data}
    return Message(message_id, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
