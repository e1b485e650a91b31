"""The calls about offers, and who would see what they publish; calls.py hands them on."""

from connector.sdk import types as t
from connector.sdk.call import Call as Call
from connector.sdk.call import Json
from connector.sdk.call import call as _call


def list_audience(
    dataset_id: str, *, at: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[t.Audience]:
    """List who among the partners would see a dataset, now or at an instant, and why not."""
    return _call("GET", "datasets", dataset_id, "audience", query={"at": at, "cursor": cursor, "limit": limit})


def preview_audience(
    dataset_id: str,
    policy: Json,
    mode: str = "manual",
    *,
    at: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.PreviewedAudience]:
    """List who would see a dataset under terms that are not offered yet. Saves nothing."""
    body, query = {"policy": policy, "mode": mode}, {"at": at, "cursor": cursor, "limit": limit}
    return _call("POST", "datasets", dataset_id, "audience", query=query, body=body)


def list_offers(
    *,
    dataset: str | None = None,
    status: str | None = None,
    mode: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Offers]:
    """List offers."""
    return _call(
        "GET", "offers", query={"dataset": dataset, "status": status, "mode": mode, "cursor": cursor, "limit": limit}
    )


def create_offer(dataset: str, policy: Json, mode: str = "manual") -> Call[t.OfferDetail]:
    """Offer a dataset, with an identifier of the node's choice."""
    return _call("POST", "offers", body={"dataset": dataset, "policy": policy, "mode": mode})


def put_offer(offer_id: str, dataset: str, policy: Json, mode: str = "manual") -> Call[t.OfferDetail]:
    """Offer a dataset under this identifier, or change the terms."""
    return _call("PUT", "offers", offer_id, body={"dataset": dataset, "policy": policy, "mode": mode})


def show_offer(offer_id: str) -> Call[t.OfferDetail]:
    """Show an offer."""
    return _call("GET", "offers", offer_id)


def withdraw_offer(offer_id: str) -> Call[t.Offer]:
    """Withdraw an offer."""
    return _call("POST", "offers", offer_id, "withdraw")
