"""Who an EDC says it is, at the address where its DID leads, and how it would seal if it could.

With the mock identity an EDC has no DID document; ours looks for one before it sends an agreement, since a partner that
seals gets a sealed one. So the address of each EDC shows a document that names no seal key: it does not seal. `Sealing`
is an EDC with an extension that seals: what the extension would do is done on the wire, with real keys and seals of the
contracts library, to what EDC itself has sent. Between the two our node cannot tell the difference.
"""

import asyncio
import contextlib
import json
import uuid
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx

from connector.identity import card as cards
from connector.identity import seal_history
from connector.identity.did import SEALING, SEALS, SELF_ISSUED, certified_jwk
from connector.identity.keys import SigningKey
from connector.identity.seal_history import KeyStatus, SealHistory
from connector.protocol.extensions import REQUEST_CARD
from connector.protocol.strict_json import member_text
from contracts.approval import Approval
from contracts.canonical import canonical
from contracts.conclusion import conclude
from contracts.document import Dataset, Exchanged, Negotiated, Party, draw_up_contract, party_from_card
from contracts.jws import CONCLUSION as CONCLUSION_TYPE
from contracts.jws import CONTRACT, read_sealed
from contracts.seals import countersign, seal
from tests.harness.sealers import p256, sealer
from tests.interop.wire import Proxy

WELL_KNOWN = "/.well-known/"
RULE = Approval(rule="edc-extension")
DAY = timedelta(days=1)


class Identity:
    """The documents that the address of an EDC shows."""

    def __init__(self, proxy: Proxy, dsp: str) -> None:
        self.did = f"did:web:127.0.0.1%3A{proxy.port}"
        self.proxy = proxy
        self.key = SigningKey(p256())
        self._dsp = dsp
        self.show()

    def show(self, more: dict[str, bytes] | None = None, **members: Any) -> None:
        """Show a document with these members beside what it needs, and other documents beside it."""
        key, did = f"{self.did}#auth", self.did
        methods = [self._method(key, self.key.jwk), *members.pop("methods", [])]
        services = [self._service("catalogue", "CatalogService", f"{self._dsp}/catalog"), *members.pop("services", [])]
        document = {"id": did, "verificationMethod": methods, SELF_ISSUED: [key], "service": services, **members}
        documents = {"did.json": json.dumps(document).encode(), **(more or {})}
        self.proxy.shown = {WELL_KNOWN + name: content for name, content in documents.items()}

    @contextlib.contextmanager
    def sealing(self) -> Iterator["Sealing"]:
        """Have the EDC seal for a while."""
        one = Sealing(self)
        name = one.sealer.kid
        method = self._method(name, certified_jwk(one.sealer.chain))
        service = self._service("evidence", SEALING, f"{self.proxy.url}/evidence")
        self.show(one.documents(), methods=[method], services=[service], **{SEALS: [name]})
        try:
            yield one
        finally:
            self.show()

    def _method(self, name: str, jwk: Any) -> dict[str, Any]:
        return {"id": name, "type": "JsonWebKey2020", "controller": self.did, "publicKeyJwk": jwk}

    def _service(self, name: str, kind: str, endpoint: str) -> dict[str, str]:
        return {"id": f"{self.did}#{name}", "type": kind, "serviceEndpoint": endpoint}


class Sealing:
    """An EDC that seals; `add_to` is what its extension does to a message of EDC's on its way to us."""

    def __init__(self, identity: Identity) -> None:
        now = datetime.now(UTC)
        self.did = identity.did
        self.sealer = sealer(identity.did, begins=now - DAY, ends=now + 365 * DAY)
        self._key = identity.key
        self._since = now
        self._card = self._signed_card(now)

    def documents(self) -> dict[str, bytes]:
        """Return what stands beside the DID document of a participant that seals."""
        key = KeyStatus(
            kid=self.sealer.kid, certificate_sha256=self.sealer.sha256, since=self._since, chain=self.sealer.chain
        )
        history = seal_history.sign(SealHistory(self.did, self._since, (key,)), self._key)
        return {seal_history.FILE: history.encode(), cards.FILE: self._card.encode()}

    # --- as consumer: it countersigns what we sealed

    def countersigned(self, ours: str) -> str:
        """Return our sealed contract with its own seal."""
        return asyncio.run(countersign(ours, self.sealer, at=datetime.now(UTC), approval=RULE)).text

    # --- as provider: it seals, and concludes what we countersigned

    def sealed(self, us: Proxy, request: bytes, agreement: bytes) -> str:
        """Return the contract on its agreement with us, sealed: both messages as they were sent."""
        asked, agreed, now = json.loads(request), json.loads(agreement), datetime.now(UTC)
        ours = _party(us)
        what = Negotiated(
            provider=party_from_card(self._card, kid=self.sealer.kid, certificate=self.sealer.chain[0]),
            consumer=ours,
            agreement=member_text(agreement.decode(), "agreement") or "",
            dataset=Dataset(id=asked["offer"]["target"], title="Comptages", personal=False),
            provider_pid=agreed["providerPid"],
            consumer_pid=agreed["consumerPid"],
            messages=[Exchanged(type=asked["@type"], sender=ours.did, sha256=sha256(request).hexdigest())],
            request=json.loads(asked[REQUEST_CARD]),
        )
        document = draw_up_contract(
            what, contract_id=f"urn:uuid:{uuid.uuid4()}", at=now, countersign_before=now + 7 * DAY
        )
        return asyncio.run(seal(canonical(document), self.sealer, media_type=CONTRACT, at=now, approval=RULE)).text

    def concluded(self, countersigned: str) -> str:
        """Return the sealed conclusion of a contract that bears both seals."""
        now = datetime.now(UTC)
        told = conclude(read_sealed(countersigned), at=now)
        return asyncio.run(seal(canonical(told), self.sealer, media_type=CONCLUSION_TYPE, at=now)).text

    def _signed_card(self, now: datetime) -> str:
        said = {"legal_name": "Métropole d’Eclipse", "siren": "200046977", "contact_role": "Service des données"}
        made = cards.Card(**said, representative_function="La présidente", did=self.did, version=1, issued_at=now)
        return cards.sign(cards.write(made), self.did, self._key)


def with_member(body: bytes, name: str, text: str) -> bytes:
    """Return a message with one member more; what was there stays as it was written."""
    return body.rstrip()[:-1] + f",{json.dumps(name)}:{json.dumps(text)}}}".encode()


def _party(us: Proxy) -> Party:
    """Return our node as a contract names it, by what its address shows."""
    show = f"{us.url}{WELL_KNOWN}"
    document = httpx.get(f"{show}did.json").json()
    (kid,) = document[SEALS]
    (method,) = (one for one in document["verificationMethod"] if one["id"] == kid)
    certificate = b64decode(method["publicKeyJwk"]["x5c"][0])
    return party_from_card(httpx.get(f"{show}{cards.FILE}").text, kid=kid, certificate=certificate)
