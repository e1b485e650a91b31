"""Every action of the management API as a `Call`: what to send, and the type of what comes back.

Pure: nothing is sent here. The two clients (client.py) turn each of these functions into a method of the same name.
Identifiers may be any IRI; they are written as one part of the path.
"""

from collections.abc import Sequence
from typing import Any

from connector.sdk import types as t
from connector.sdk.attestation_calls import attest_peer as attest_peer
from connector.sdk.attestation_calls import list_attestations as list_attestations
from connector.sdk.attestation_calls import withdraw_attestation as withdraw_attestation
from connector.sdk.call import Call as Call
from connector.sdk.call import Json
from connector.sdk.call import call as _call
from connector.sdk.call import said as _said
from connector.sdk.contract_calls import export_contract as export_contract
from connector.sdk.contract_calls import list_contracts as list_contracts
from connector.sdk.contract_calls import show_contract as show_contract
from connector.sdk.contract_calls import show_convention as show_convention
from connector.sdk.contract_calls import terminate_contract as terminate_contract
from connector.sdk.contract_calls import verify_contract as verify_contract
from connector.sdk.journal_calls import list_checkpoints as list_checkpoints
from connector.sdk.journal_calls import show_journal as show_journal
from connector.sdk.journal_calls import verify_journal as verify_journal
from connector.sdk.journal_calls import verify_journals as verify_journals
from connector.sdk.key_calls import issue_key as issue_key
from connector.sdk.key_calls import list_keys as list_keys
from connector.sdk.key_calls import revoke_key as revoke_key
from connector.sdk.key_calls import rotate_key as rotate_key
from connector.sdk.offer_calls import create_offer as create_offer
from connector.sdk.offer_calls import list_audience as list_audience
from connector.sdk.offer_calls import list_offers as list_offers
from connector.sdk.offer_calls import preview_audience as preview_audience
from connector.sdk.offer_calls import put_offer as put_offer
from connector.sdk.offer_calls import show_offer as show_offer
from connector.sdk.offer_calls import withdraw_offer as withdraw_offer
from connector.sdk.seal_calls import create_seal_key as create_seal_key
from connector.sdk.seal_calls import import_certificate as import_certificate
from connector.sdk.seal_calls import request_certificate as request_certificate
from connector.sdk.seal_calls import revoke_seal_key as revoke_seal_key
from connector.sdk.seal_calls import rotate_seal_key as rotate_seal_key
from connector.sdk.seal_calls import show_seal_keys as show_seal_keys
from connector.sdk.webhook_calls import change_webhook as change_webhook
from connector.sdk.webhook_calls import create_webhook as create_webhook
from connector.sdk.webhook_calls import delete_webhook as delete_webhook
from connector.sdk.webhook_calls import list_webhooks as list_webhooks
from connector.sdk.webhook_calls import retry_webhook as retry_webhook
from connector.sdk.webhook_calls import rotate_webhook as rotate_webhook
from connector.sdk.webhook_calls import show_webhook as show_webhook
from connector.sdk.webhook_calls import test_webhook as test_webhook

# The node


def show_status() -> Call[t.Status]:
    """Show how the node is."""
    return _call("GET", "status")


def list_participants(*, cursor: str | None = None, limit: int | None = None) -> Call[t.Participants]:
    """List the participants that the node hosts. Administration only."""
    return _call("GET", "participants", query={"cursor": cursor, "limit": limit})


def add_participant(owner: str, name: str) -> Call[t.Participant]:
    """Host one more participant. Administration only."""
    return _call("POST", "participants", body={"owner": owner, "name": name})


# How we make ourselves known


def show_invitation() -> Call[t.Invitation]:
    """Show the line by which a partner gets to know us."""
    return _call("GET", "invitation")


def show_card() -> Call[t.Card]:
    """Show our own party card."""
    return _call("GET", "card")


def put_card(
    legal_name: str,
    representative_function: str,
    contact_role: str,
    *,
    mandate: str | None = None,
    siren: str | None = None,
    siret: str | None = None,
    contact_email: str | None = None,
    contact_telephone: str | None = None,
) -> Call[t.Card]:
    """Change our own party card."""
    named = {"legal_name": legal_name, "representative_function": representative_function, "contact_role": contact_role}
    named |= {"mandate": mandate} if mandate else {}
    reach = {"contact_email": contact_email, "contact_telephone": contact_telephone}
    return _call("PUT", "card", body=_said(**named, **reach, siren=siren, siret=siret))


# Publication


def list_datasets(
    *,
    status: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Datasets]:
    """List datasets, perhaps those that changed in a period."""
    return _call(
        "GET", "datasets", query={"status": status, "since": since, "until": until, "cursor": cursor, "limit": limit}
    )


def create_dataset(title: str, source: Json, metadata: Json | None = None) -> Call[t.Dataset]:
    """Prepare a dataset, with an identifier of the node's choice."""
    return _call("POST", "datasets", body=_said(title=title, source=source, metadata=metadata))


def put_dataset(dataset_id: str, title: str, source: Json, metadata: Json | None = None) -> Call[t.Dataset]:
    """Prepare a dataset under this identifier, or replace its description and bytes."""
    return _call("PUT", "datasets", dataset_id, body=_said(title=title, source=source, metadata=metadata))


def show_dataset(dataset_id: str) -> Call[t.DatasetDetail]:
    """Show a dataset with its offers in force."""
    return _call("GET", "datasets", dataset_id)


def withdraw_dataset(dataset_id: str) -> Call[t.Dataset]:
    """Take a dataset out of the catalogue."""
    return _call("POST", "datasets", dataset_id, "withdraw")


# Partners


def list_peers(*, status: str | None = None, cursor: str | None = None, limit: int | None = None) -> Call[t.Peers]:
    """List partners."""
    return _call("GET", "peers", query={"status": status, "cursor": cursor, "limit": limit})


def add_peer(did: str | None = None, name: str = "", *, invitation: str | None = None) -> Call[t.Peer]:
    """Record a partner by its invitation, or by its DID and the keys that its documents show now."""
    return _call("POST", "peers", body=_said(did=did, invitation=invitation, name=name))


def show_peer(did: str) -> Call[t.Peer]:
    """Show a partner."""
    return _call("GET", "peers", did)


def remove_peer(did: str) -> Call[None]:
    """Forget a partner and its recorded keys."""
    return _call("DELETE", "peers", did)


def accept_key(did: str, fingerprint: str) -> Call[t.Peer]:
    """Approve a partner's new key, its fingerprint compared by another channel."""
    return _call("POST", "peers", did, "accept-key", body={"fingerprint": fingerprint})


def accept_card(did: str, digest: str) -> Call[t.Peer]:
    """Take note of a partner's newer card."""
    return _call("POST", "peers", did, "accept-card", body={"digest": digest})


def set_framework(did: str, reference: str, proof_clause: str, *, sha256: str | None = None) -> Call[t.Peer]:
    """Record the framework agreement with a partner, in the same words as the partner."""
    body = _said(reference=reference, proof_clause=proof_clause, sha256=sha256)
    return _call("PUT", "peers", did, "framework", body=body)


def remove_framework(did: str) -> Call[t.Peer]:
    """Record that there is no framework agreement with a partner."""
    return _call("DELETE", "peers", did, "framework")


def block_peer(did: str, reason: str = "") -> Call[t.Peer]:
    """Deal with a partner no more."""
    return _call("POST", "peers", did, "block", body={"reason": reason})


def unblock_peer(did: str) -> Call[t.Peer]:
    """Deal with a partner again."""
    return _call("POST", "peers", did, "unblock")


def ping_peer(did: str) -> Call[t.Ping]:
    """Ask a partner's node for its documents now."""
    return _call("POST", "peers", did, "ping")


def browse_catalogue(did: str, *, cursor: str | None = None, limit: int | None = None) -> Call[t.CataloguePage]:
    """Read a page of a partner's catalogue."""
    return _call("GET", "peers", did, "catalogue", query={"cursor": cursor, "limit": limit})


def show_catalogue_dataset(did: str, dataset_id: str) -> Call[t.CatalogueDatasetDetail]:
    """Read one dataset of a partner's catalogue, with the rules of each offer in words."""
    return _call("GET", "peers", did, "catalogue", dataset_id)


# Who knocks


def list_inbox(*, status: str | None = None, cursor: str | None = None, limit: int | None = None) -> Call[t.Newcomers]:
    """List organisations that nobody here knows and that asked for something."""
    return _call("GET", "inbox", query={"status": status, "cursor": cursor, "limit": limit})


def show_newcomer(did: str) -> Call[t.NewcomerDetail]:
    """Show one of them, with what it shows of itself now."""
    return _call("GET", "inbox", did)


def admit_newcomer(did: str, name: str = "", *, fingerprint: str | None = None) -> Call[t.Peer]:
    """Know it from now on."""
    return _call("POST", "inbox", did, "admit", body=_said(name=name, fingerprint=fingerprint))


def refuse_newcomer(did: str, reason: str = "") -> Call[t.Newcomer]:
    """Block it."""
    return _call("POST", "inbox", did, "refuse", body={"reason": reason})


# Negotiations and agreements


def list_negotiations(
    *,
    role: str | None = None,
    state: str | None = None,
    peer: str | None = None,
    dataset: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Negotiations]:
    """List negotiations, perhaps those that began in a period, the newest first."""
    return _call(
        "GET",
        "negotiations",
        query={
            "role": role,
            "state": state,
            "peer": peer,
            "dataset": dataset,
            "since": since,
            "until": until,
            "cursor": cursor,
            "limit": limit,
        },
    )


def request_access(
    peer: str,
    dataset: str,
    *,
    offer_id: str | None = None,
    offer: Json | None = None,
    purpose: str | None = None,
    until: str | None = None,
    legal_basis: str | None = None,
    use_case: str | None = None,
) -> Call[t.Negotiation]:
    """Ask a partner for a dataset, under one of its offers, and declare what for."""
    body = _said(peer=peer, dataset=dataset, offer_id=offer_id, offer=offer)
    card = _said(purpose=purpose, until=until, legal_basis=legal_basis, use_case=use_case)
    return _call("POST", "negotiations", "request", body={**body, **card})


def propose_offer(peer: str, offer_id: str) -> Call[t.Negotiation]:
    """Propose one of our offers to a partner that has not asked."""
    return _call("POST", "negotiations", "offer", body={"peer": peer, "offer_id": offer_id})


def show_negotiation(
    pid: str, *, wait: float | None = None, state: str | None = None, version: int | None = None
) -> Call[t.NegotiationDetail]:
    """Show a negotiation; with `wait` (seconds), once it has left this state or this version."""
    return _call(
        "GET", "negotiations", pid, wait_s=wait or 0.0, query={"wait": wait, "state": state, "version": version}
    )


def accept_negotiation(pid: str) -> Call[t.Negotiation]:
    """Say yes to the terms on the table."""
    return _call("POST", "negotiations", pid, "accept")


def counter_negotiation(pid: str, policy: Json) -> Call[t.Negotiation]:
    """Answer with other terms."""
    return _call("POST", "negotiations", pid, "counter", body={"policy": policy})


def refuse_negotiation(pid: str, reason: str = "", code: str = "") -> Call[t.Negotiation]:
    """Say no, for a reason that the partner is told."""
    return _call("POST", "negotiations", pid, "refuse", body={"code": code, "reason": reason})


def verify_negotiation(pid: str) -> Call[t.Negotiation]:
    """As consumer, confirm the agreement that the provider sent."""
    return _call("POST", "negotiations", pid, "verify")


def terminate_negotiation(pid: str, reason: str = "", code: str = "") -> Call[t.Negotiation]:
    """End a negotiation, for a reason that the partner is told."""
    return _call("POST", "negotiations", pid, "terminate", body={"code": code, "reason": reason})


def list_agreements(
    *,
    role: str | None = None,
    status: str | None = None,
    peer: str | None = None,
    dataset: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Agreements]:
    """List agreements, perhaps those made in a period, the newest first."""
    return _call(
        "GET",
        "agreements",
        query={
            "role": role,
            "status": status,
            "peer": peer,
            "dataset": dataset,
            "since": since,
            "until": until,
            "cursor": cursor,
            "limit": limit,
        },
    )


def show_agreement(agreement_id: str) -> Call[t.AgreementDetail]:
    """Show an agreement with its text."""
    return _call("GET", "agreements", agreement_id)


# Transfers


def list_transfers(
    *,
    role: str | None = None,
    state: str | None = None,
    peer: str | None = None,
    dataset: str | None = None,
    agreement: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Transfers]:
    """List transfers, perhaps those that began in a period, the newest first."""
    return _call(
        "GET",
        "transfers",
        query={
            "role": role,
            "state": state,
            "peer": peer,
            "dataset": dataset,
            "agreement": agreement,
            "since": since,
            "until": until,
            "cursor": cursor,
            "limit": limit,
        },
    )


def request_transfer(
    agreement: str, *, push: bool = False, path: str | None = None, overwrite: bool = False
) -> Call[t.Transfer]:
    """Ask for the data of an agreement; with `push` the provider sends them, into this file of the node's machine."""
    body: dict[str, Any] = {"agreement": agreement}
    if push:
        body |= {"format": "HttpData-PUSH", "into": _said(path=path, overwrite=overwrite)}
    return _call("POST", "transfers", body=body)


def show_transfer(
    pid: str, *, wait: float | None = None, state: str | None = None, version: int | None = None
) -> Call[t.TransferDetail]:
    """Show a transfer; with `wait` (seconds), once it has left this state or this version."""
    return _call("GET", "transfers", pid, wait_s=wait or 0.0, query={"wait": wait, "state": state, "version": version})


def start_transfer(pid: str) -> Call[t.Transfer]:
    """As provider, open the data."""
    return _call("POST", "transfers", pid, "start")


def suspend_transfer(pid: str, reason: str = "", code: str = "") -> Call[t.Transfer]:
    """Suspend: no byte leaves from now on."""
    return _call("POST", "transfers", pid, "suspend", body={"code": code, "reason": reason})


def resume_transfer(pid: str) -> Call[t.Transfer]:
    """Resume what was suspended."""
    return _call("POST", "transfers", pid, "resume")


def complete_transfer(pid: str) -> Call[t.Transfer]:
    """Say that all has been had."""
    return _call("POST", "transfers", pid, "complete")


def terminate_transfer(pid: str, reason: str = "", code: str = "") -> Call[t.Transfer]:
    """End a transfer, for a reason that the partner is told."""
    return _call("POST", "transfers", pid, "terminate", body={"code": code, "reason": reason})


def fetch_transfer(pid: str, path: str | None = None, *, overwrite: bool = False) -> Call[t.Fetch]:
    """Receive the bytes into a file of the node's machine."""
    return _call("POST", "transfers", pid, "fetch", body=_said(path=path, overwrite=overwrite))


def show_fetch(pid: str) -> Call[t.Fetch]:
    """Show how far the bytes have been received."""
    return _call("GET", "transfers", pid, "fetch")


# Journal and jobs


def list_jobs(
    *,
    status: str | None = None,
    kind: str | None = None,
    peer: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[t.Jobs]:
    """List jobs; `status="dead"`: those given up."""
    return _call("GET", "jobs", query={"status": status, "kind": kind, "peer": peer, "cursor": cursor, "limit": limit})


def retry_job(kind: str, key: str) -> Call[None]:
    """Try a job again that was given up."""
    return _call("POST", "jobs", kind, key, "retry")


def list_reconciliations(
    *, outcome: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[t.Reconciliations]:
    """List how processes of a restored backup stand with the partners."""
    return _call("GET", "reconciliations", query={"outcome": outcome, "cursor": cursor, "limit": limit})


# Events


def read_events(
    *, after: int = 0, kinds: Sequence[str] = (), wait: float | None = None, limit: int | None = None
) -> Call[t.Events]:
    """Read what happened after an event; with `wait` (seconds), once something has."""
    query = {"after": after, "limit": limit, "wait": wait, "kind": tuple(kinds) or None}
    return _call("GET", "events", query=query, wait_s=wait or 0.0)


def stream_events(*, after: int = 0, kinds: Sequence[str] = ()) -> Call[None]:
    """Listen to what happens; the answer has no end, so only `Client.stream_events` sends this."""
    return _call("GET", "events", "stream", query={"after": after, "kind": tuple(kinds) or None})
