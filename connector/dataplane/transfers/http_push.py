"""Push over HTTP: the consumer hands out an address and a secret, the provider sends.

The transfer type `HttpData-PUSH`. As provider, every start that the consumer has acknowledged has the job `push` look
(dataplane/push.py). As consumer, the request carries an inlet of ours (dataplane/inlet.py), good for one content, until
the transfer ends or the secret expires; each start of the provider prolongs it. Suspension, completion and termination
by either side cut what is on its way, in whichever direction.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.dataplane import flows, tokens
from connector.dataplane.errors import FetchFailed
from connector.dataplane.transfers import Subject
from connector.problems import Invalid
from connector.protocol import addresses
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.protocol.messages import DataAddress, from_document
from connector.store import fetches, inlets, pushes
from connector.store.db import Tx
from connector.store.jobs import Job

FORMAT = "HttpData-PUSH"
JOB = "push"
METHODS = ("POST", "PUT")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{1,8192}")
_OURS = re.compile(
    r"(?i)(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|content-.*|repr-digest)"
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A consumer's data address as a provider uses it."""

    url: str
    method: str
    header: tuple[str, str] | None
    """Name and value of the header that carries the secret."""

    def __repr__(self) -> str:
        return f"Destination({self.method})"  # the address may hold a secret too


class PushType:
    """The type, with one node's settings."""

    format = FORMAT

    def __init__(self, lifetime_s: int) -> None:
        self._lifetime = timedelta(seconds=lifetime_s)

    def check(self, address: DataAddress | None) -> None:
        if address is None:
            fr, en = "Un envoi demande une adresse (dataAddress).", "A push needs a dataAddress."
            raise Invalid({"fr": fr, "en": en}, pointer="/dataAddress")
        _read(address)

    def ask(self, tx: Tx, subject: Subject) -> DataAddress | None:
        secret = tokens.mint()
        inlets.add(
            tx,
            subject.owner,
            subject.transfer,
            secret_hash=tokens.fingerprint(secret),
            expires_at=tx.now + self._lifetime,
        )
        return addresses.push_address(inlet_address(subject.base, subject.transfer), secret)

    def start(self, tx: Tx, subject: Subject) -> DataAddress | None:
        return None

    def told(self, tx: Tx, subject: Subject, address: DataAddress) -> None:
        if subject.role is Role.PROVIDER:
            self.check(address)

    def moved(self, tx: Tx, subject: Subject) -> None:
        if subject.role is Role.PROVIDER:
            self._provided(tx, subject)
        else:
            self._consumed(tx, subject)

    def stop(self, tx: Tx, subject: Subject) -> None:
        tx.signal(flows.TOPIC, flows.key(subject.owner, subject.transfer))

    def _provided(self, tx: Tx, subject: Subject) -> None:
        if flows.may_push(subject.state, subject.pending):
            pushes.begin(tx, subject.owner, subject.transfer)
            tx.enqueue(Job(JOB, subject.owner, subject.transfer))
        elif subject.state != t.REQUESTED:
            self.stop(tx, subject)

    def _consumed(self, tx: Tx, subject: Subject) -> None:
        if subject.state == t.STARTED:
            inlets.prolong(tx, subject.owner, subject.transfer, tx.now + self._lifetime)
        if not flows.may_be_pushed(subject.state, subject.pending):
            self.stop(tx, subject)
        if t.TRANSFER.is_terminal(subject.state):
            _close(tx, subject)


def _close(tx: Tx, subject: Subject) -> None:
    """Record that nothing will come any more, if nothing came."""
    inlet = inlets.of_transfer(tx, subject.owner, subject.transfer)
    if inlet is not None and inlet.used_at is None:
        detail = {"fr": f"La livraison est {subject.state}.", "en": f"The transfer is {subject.state}."}
        fetches.fail(tx, subject.owner, subject.transfer, FetchFailed(detail))


def inlet_address(base: str, transfer: str) -> str:
    """Return where a partner pushes the bytes of a transfer; frozen for ever, since messages carry it."""
    return f"{base}/data/{transfer}/push"


def read(data_address: Mapping[str, Any]) -> Destination:
    """Return where and how to push. Raises Invalid, MalformedMessage."""
    return _read(from_document(DataAddress, dict(data_address)))


def _read(address: DataAddress) -> Destination:
    url = addresses.destination_of(address)
    if url is None or not url.startswith(("https://", "http://")):
        fr, en = "L’adresse de dépôt manque (endpoint).", "The address to push to is missing (endpoint)."
        raise Invalid({"fr": fr, "en": en}, pointer="/dataAddress/endpoint")
    method = (addresses.property_of(address, "method") or METHODS[0]).upper()
    if method not in METHODS:
        fr, en = f"Méthodes possibles : {METHODS}.", f"Possible methods: {METHODS}."
        raise Invalid({"fr": fr, "en": en}, pointer="/dataAddress/endpointProperties")
    return Destination(url, method, _header(address))


def _header(address: DataAddress) -> tuple[str, str] | None:
    """Return the header with the secret: EDC's `authKey` and `authCode`, or the specification's `authorization`."""
    name, value = addresses.property_of(address, "authKey"), addresses.property_of(address, "authCode")
    if name is None or value is None:
        name, value = "Authorization", addresses.property_of(address, "authorization")
        if value is None:
            return None
        is_bearer = (addresses.property_of(address, "authType") or "bearer").lower() == "bearer"
        value = f"Bearer {value}" if is_bearer and " " not in value else value
    if not _HEADER.fullmatch(name) or _OURS.fullmatch(name) or not _VALUE.fullmatch(value):
        fr, en = "Cet en-tête ne peut pas être envoyé.", "This header cannot be sent."
        raise Invalid({"fr": fr, "en": en}, pointer="/dataAddress/endpointProperties")
    return name, value
