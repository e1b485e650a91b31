"""What a fake peer has: datasets with their offers, the bytes behind them, and a place where bytes may be put.

Tokens are good as long as a transfer runs, at most `token_lifetime_s`; a renewal makes another one. All is in memory,
within limits.
"""

import hashlib
import re
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sdk.testing.protocol import CONTEXT, HTTP_PULL, HTTP_PUSH, Json, terms_of

LIMIT_BYTES = 64 << 20
HTTP_ENDPOINT_TYPE = "https://w3id.org/idsa/v4.1/HTTP"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Dataset:
    """Something that the peer offers."""

    id: str
    title: str
    content: bytes = field(repr=False)
    policy: Mapping[str, Any] = field(default_factory=lambda: {"permission": [{"action": "use"}]})
    """The rules of its only offer (ODRL)."""
    media_type: str = "text/csv"

    @property
    def offer_id(self) -> str:
        """The identifier of its offer."""
        return f"{self.id}:offer"

    @property
    def sha256(self) -> str:
        """The checksum of its bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    def offer(self, assigner: str | None = None) -> Json:
        """Return its offer as negotiation messages carry it."""
        parties = {} if assigner is None else {"assigner": assigner}
        return {"@id": self.offer_id, "@type": "Offer", **terms_of(self.policy), **parties, "target": self.id}

    def document(self, service: Json) -> Json:
        """Return it as catalogues show it."""
        offer = {"@id": self.offer_id, "@type": "Offer", **terms_of(self.policy)}
        forms = [
            {"@type": "Distribution", "format": name, "dcat:mediaType": self.media_type, "accessService": service}
            for name in (HTTP_PULL, HTTP_PUSH)
        ]
        titled = {"@id": self.id, "@type": "Dataset", "dct:title": self.title}
        return {**titled, "hasPolicy": [offer], "distribution": forms}


PLANNING = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "urn:fake:planning"}
DEFAULT = (
    Dataset("urn:fake:points", "Points lumineux", b"id,x,y\n1,3.87,43.61\n2,3.88,43.62\n"),
    Dataset(
        "urn:fake:comptages",
        "Comptages routiers",
        b"id,date,nombre\n1,2026-01-01,812\n",
        {"permission": [{"action": "use", "constraint": [PLANNING]}]},
    ),
    Dataset("urn:fake:arbres", "Arbres", b"platane,3.87,43.61\n" * 160_000),  # 3 MB: enough to be cut in the middle
)


class Goods:
    """Datasets, tokens and received bytes of one peer."""

    def __init__(self, base: str, datasets: tuple[Dataset, ...], token_lifetime_s: float) -> None:
        self._base = base
        self.datasets = {one.id: one for one in datasets}
        self.token_lifetime_s = token_lifetime_s
        self.pushed: dict[str, bytes] = {}
        """What the partner pushed, by the peer's identifier of the transfer."""
        self._access: dict[str, tuple[str, float]] = {}
        self._renewals: dict[str, str] = {}
        self._inlets: dict[str, str] = {}

    def catalog(self, did: str, service: Json) -> Json:
        """Return the whole catalogue."""
        shown = [one.document(service) for one in self.datasets.values()]
        head = {"@context": [CONTEXT], "@id": f"{self._base}/catalog", "@type": "Catalog", "participantId": did}
        return {**head, "service": [service], **({"dataset": shown} if shown else {})}

    def by_offer(self, offer: Mapping[str, Any]) -> Dataset | None:
        """Return the dataset of which this is an offer, whatever its rules say."""
        found = self.datasets.get(str(offer.get("target")))
        return found if found is not None and offer.get("@id") == found.offer_id else None

    # --- what may be pulled -------------------------------------------------------------------------------------------

    def open(self, pid: str) -> Json:
        """Return the data address of a start; tokens that the transfer had before are dead."""
        self.close(pid)
        endpoint = f"{self._base}/data/{pid}"
        renewal = self._renewals[pid] = secrets.token_urlsafe(24)
        properties = {
            "authType": "bearer",
            "authorization": self._mint(pid),
            "refreshEndpoint": f"{endpoint}/token",
            "refreshToken": renewal,
            "expiresIn": f"{self.token_lifetime_s:.0f}",
        }
        return _address(HTTP_ENDPOINT_TYPE, endpoint, properties)

    def close(self, pid: str) -> None:
        """Let every token of a transfer die."""
        self._access = {token: grant for token, grant in self._access.items() if grant[0] != pid}
        self._renewals.pop(pid, None)

    def is_open(self, pid: str, header: str | None) -> bool:
        """True when the header holds a token of the transfer that has not expired."""
        held, expires_at = self._access.get((header or "").removeprefix("Bearer "), ("", 0.0))
        return held == pid and time.monotonic() < expires_at

    def renew(self, pid: str, renewal: str) -> Json | None:
        """Return the answer to a renewal (RFC 6749 §5.1), None when the renewal token is dead."""
        if self._renewals.get(pid) != renewal:
            return None
        return {"access_token": self._mint(pid), "token_type": "Bearer", "expires_in": int(self.token_lifetime_s)}

    def _mint(self, pid: str) -> str:
        token = secrets.token_urlsafe(24)
        self._access[token] = (pid, time.monotonic() + self.token_lifetime_s)
        return token

    # --- what may be pushed -------------------------------------------------------------------------------------------

    def inlet(self, pid: str) -> Json:
        """Return the address to which the bytes of a transfer may be pushed."""
        secret = self._inlets[pid] = secrets.token_urlsafe(24)
        return _address("HttpData", f"{self._base}/inbox/{pid}", {"authType": "bearer", "authorization": secret})

    def may_put(self, pid: str, header: str | None) -> bool:
        """True when the header opens the place of this transfer."""
        return pid in self._inlets and header == f"Bearer {self._inlets[pid]}"


def piece(dataset: Dataset, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and bytes for a pull, the part that `Range` and `If-Range` ask for."""
    content, size = dataset.content, len(dataset.content)
    digest = b64encode(bytes.fromhex(dataset.sha256)).decode()
    etag = f'"{dataset.sha256}"'
    told = {
        "Content-Type": dataset.media_type,
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if asked is None or headers.get("if-range", etag) != etag:
        return 200, told, content
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first > last:
        return 416, {**told, "Content-Range": f"bytes */{size}"}, b""
    return 206, {**told, "Content-Range": f"bytes {first}-{last}/{size}"}, content[first : last + 1]


def read_address(address: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the endpoint of a data address, and its properties by the last part of their names."""
    listed = address.get("endpointProperties") or ()
    properties = {str(one["name"]).rsplit("/", 1)[-1]: str(one["value"]) for one in listed}
    return str(address.get("endpoint") or properties.get("endpoint", "")), properties


def _address(kind: str, endpoint: str, properties: Mapping[str, str]) -> Json:
    listed = [{"@type": "EndpointProperty", "name": name, "value": value} for name, value in properties.items()]
    return {"@type": "DataAddress", "endpointType": kind, "endpoint": endpoint, "endpointProperties": listed}
