"""The calls about webhooks; calls.py hands them on. Verifying what a webhook receives is in webhooks.py."""

from collections.abc import Sequence

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import call as _call
from connector.sdk.call import said as _said


def list_webhooks(
    *, status: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[t.Webhooks]:
    """List webhooks; `status="stopped"`: those that wait for a person."""
    return _call("GET", "webhooks", query={"status": status, "cursor": cursor, "limit": limit})


def create_webhook(url: str, kinds: Sequence[str] = (), *, after: int | None = None) -> Call[t.CreatedWebhook]:
    """Have events sent to an address, those of some kinds or all, from now on or after a number.

    The secret that signs them is told once.
    """
    return _call("POST", "webhooks", body=_said(url=url, kinds=list(kinds), after=after))


def show_webhook(webhook_id: str) -> Call[t.Webhook]:
    """Show a webhook: how far it is, and what keeps events from it."""
    return _call("GET", "webhooks", webhook_id)


def change_webhook(
    webhook_id: str, url: str, kinds: Sequence[str] = (), *, after: int | None = None
) -> Call[t.Webhook]:
    """Change the address and the kinds, and perhaps the place in the feed; what waits is tried at once."""
    return _call("PUT", "webhooks", webhook_id, body=_said(url=url, kinds=list(kinds), after=after))


def delete_webhook(webhook_id: str) -> Call[None]:
    """Send nothing there any more."""
    return _call("DELETE", "webhooks", webhook_id)


def rotate_webhook(webhook_id: str, *, overlap_hours: int | None = None) -> Call[t.CreatedWebhook]:
    """Replace the secret; the one before signs beside it for a while."""
    return _call("POST", "webhooks", webhook_id, "rotate", body=_said(overlap_hours=overlap_hours))


def retry_webhook(webhook_id: str) -> Call[t.Webhook]:
    """Go on at once from the first event that was not delivered."""
    return _call("POST", "webhooks", webhook_id, "retry")


def test_webhook(webhook_id: str) -> Call[t.WebhookTest]:
    """Send a `webhook.test` now and tell how the receiver answers."""
    return _call("POST", "webhooks", webhook_id, "test")
