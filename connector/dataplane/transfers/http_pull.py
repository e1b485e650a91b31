"""Pull over HTTP: the provider hands out an address and a token, the consumer reads.

The transfer type `HttpData-PULL`. Its verbs are called inside the transaction that moves the transfer: grants live and
die with its state, in the same commit. Resuming is starting again: every start has a new token, and the old
ones stay dead. What the tokens open is decided in gate.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connector.dataplane import flows, tokens
from connector.dataplane.errors import AccessRefused
from connector.dataplane.gate import Gate, address
from connector.dataplane.transfers import Subject
from connector.problems import Invalid
from connector.protocol import addresses
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.protocol.messages import DataAddress, EndpointProperty, from_document
from connector.store import fetches, grants
from connector.store.db import Tx
from connector.store.grants import Grant
from connector.store.jobs import Job

FORMAT = "HttpData-PULL"
FETCH = "fetch"
"""The job that reads, see receive.py."""

_AS_LONG_AS_THE_TRANSFER = timedelta(days=36_500)
"""A renewal token has no end of its own: it is deleted when the transfer stops."""


class PullType:
    """The type, with one node's settings."""

    format = FORMAT

    def __init__(self, lifetime_s: int) -> None:
        self._lifetime_s = lifetime_s

    def check(self, address: DataAddress | None) -> None:
        if address is not None:
            fr, en = f"{FORMAT} n’a pas d’adresse dans la demande.", f"{FORMAT} has no address in the request."
            raise Invalid({"fr": fr, "en": en}, pointer="/dataAddress")

    def ask(self, tx: Tx, subject: Subject) -> DataAddress | None:
        return None

    def start(self, tx: Tx, subject: Subject) -> DataAddress | None:
        return start(
            tx,
            base=subject.base,
            owner=subject.owner,
            transfer=subject.transfer,
            peer=subject.peer,
            lifetime_s=self._lifetime_s,
        )

    def told(self, tx: Tx, subject: Subject, address: DataAddress) -> None:
        if subject.role is Role.CONSUMER and fetches.awaken(tx, subject.owner, subject.transfer):
            tx.enqueue(Job(FETCH, subject.owner, subject.transfer))

    def moved(self, tx: Tx, subject: Subject) -> None:
        if subject.state != t.STARTED:
            self.stop(tx, subject)

    def stop(self, tx: Tx, subject: Subject) -> None:
        if subject.role is Role.PROVIDER:
            stop(tx, subject.owner, subject.transfer)


def start(tx: Tx, *, base: str, owner: str, transfer: str, peer: str, lifetime_s: int) -> DataAddress:
    """Return the data address for a TransferStartMessage, good from the commit on.

    `base` is the owner's public address without a slash at the end; the transfer's row must exist. Earlier tokens of
    the transfer die.
    """
    stop(tx, owner, transfer)
    access = _grant(tx, owner, transfer, "access", peer, timedelta(seconds=lifetime_s))
    renewal = _grant(tx, owner, transfer, "refresh", peer, _AS_LONG_AS_THE_TRANSFER)
    endpoint = f"{base}/data/{transfer}"
    plain = addresses.http_address(endpoint, access)
    more = {"expiresIn": str(lifetime_s), "refreshToken": renewal, "refreshEndpoint": f"{endpoint}/token"}
    extended = (plain.endpoint_properties or ()) + tuple(
        EndpointProperty(name=prefix + name, value=value)
        for name, value in more.items()
        for prefix in ("", addresses.EDC_NAMESPACE)
    )
    return plain.model_copy(update={"endpoint_properties": extended})


def stop(tx: Tx, owner: str, transfer: str) -> None:
    """Revoke every token of the transfer: from the commit on nothing opens, and open streams are cut.

    For suspension, completion and termination by either side; harmless when nothing was granted.
    """
    if grants.revoke(tx, owner, transfer):
        tx.signal(flows.TOPIC, flows.key(owner, transfer))


def hold_back(tx: Tx, owner: str, peer: str) -> None:
    """Revoke what opens data to a peer that is not trusted for now; it renews its tokens once it is again."""
    for transfer in grants.revoke_access_of(tx, owner, peer):
        tx.signal(flows.TOPIC, flows.key(owner, transfer))


@dataclass(frozen=True, slots=True)
class Renewed:
    """A fresh access token and its lifetime in seconds."""

    access_token: str = field(repr=False)
    expires_in_s: int


def bearer_of(tx: Tx, refresh_token: str, path: str) -> Grant:
    """Return the grant of a renewal token at the address of its flow. Raises AccessRefused."""
    granted = grants.find(tx, tokens.fingerprint(refresh_token), "refresh")
    if granted is None or path != address(granted.flow):
        raise AccessRefused
    return granted.grant


def renew(tx: Tx, gate: Gate, refresh_token: str, path: str, peer: str, lifetime_s: int) -> Renewed:
    """Return a fresh access token for the peer to whom the transfer belongs.

    The renewal token stays good: it is worth nothing to anybody else, and an answer that gets lost does no harm.
    Raises AccessRefused, FlowNotStarted, PolicyRefuses.
    """
    grant = bearer_of(tx, refresh_token, path)
    flow = grants.flow(tx, grant.owner, grant.transfer)
    if flow is None or peer != grant.peer:
        raise AccessRefused
    gate.require_permitted(tx, flow)
    grants.forget_expired(tx, grant.owner, grant.transfer)
    access = _grant(tx, grant.owner, grant.transfer, "access", grant.peer, timedelta(seconds=lifetime_s))
    return Renewed(access, lifetime_s)


def _grant(tx: Tx, owner: str, transfer: str, kind: grants.Kind, peer: str, lifetime: timedelta) -> str:
    token = tokens.mint()
    grants.add(
        tx,
        Grant(
            token_hash=tokens.fingerprint(token),
            owner=owner,
            transfer=transfer,
            kind=kind,
            peer=peer,
            expires_at=tx.now + lifetime,
        ),
    )
    return token


@dataclass(frozen=True, slots=True)
class Pull:
    """A provider's data address as a consumer uses it."""

    endpoint: str
    authorization: str | None = field(repr=False)
    """The whole header."""
    refresh_endpoint: str | None
    refresh_token: str | None = field(repr=False)


def read(data_address: Mapping[str, Any]) -> Pull | None:
    """Return how to pull from the address of a provider's start, None when it says nowhere.

    An address that names its token only in EDC's way takes it bare; every other one as `Bearer` (RFC 6750).
    Raises MalformedMessage.
    """
    parsed = from_document(DataAddress, dict(data_address))
    endpoint = addresses.endpoint_of(parsed)
    if endpoint is None:
        return None
    return Pull(
        endpoint=endpoint,
        authorization=_header(parsed),
        refresh_endpoint=addresses.property_of(parsed, "refreshEndpoint"),
        refresh_token=addresses.property_of(parsed, "refreshToken"),
    )


def renewed(data_address: Mapping[str, Any], access_token: str, refresh_token: str | None) -> dict[str, Any]:
    """Return the address with other tokens in the place of those that it carries."""
    fresh = {"authorization": access_token} | ({"refreshToken": refresh_token} if refresh_token else {})
    properties = [dict(one) for one in data_address.get("endpointProperties", ())]
    for one in properties:
        one["value"] = fresh.get(str(one.get("name")).rsplit("/", 1)[-1], one.get("value"))
    return {**data_address, "endpointProperties": properties}


def _header(parsed: DataAddress) -> str | None:
    token = addresses.property_of(parsed, "authorization")
    names = {one.name for one in parsed.endpoint_properties or ()}
    if token is None or " " in token or "authorization" not in names:
        return token
    return f"Bearer {token}"
