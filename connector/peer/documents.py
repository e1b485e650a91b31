"""did:web identifiers and the documents behind them, as data: no network here (that is discovery.py).

A DID is compared in its normal form: host in lower case, `%3A` before the port. Which key of a document may prove what
is not decided here (identity/did.py).
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from connector.peer.errors import DidUnresolved

_DID_WEB = re.compile(
    r"did:web:(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|%5[Bb](?:[0-9A-Fa-f]|%3[Aa])+%5[Dd])"
    r"(?P<port>%3[Aa][0-9]{1,5})?(?P<path>(?::[A-Za-z0-9_-][A-Za-z0-9._~-]*)*)"
)
_AS_WRITTEN = re.compile("[!-~]+")
MAX_DID_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Service:
    """A service that a DID document names."""

    id: str
    type: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class DidDocument:
    """A DID document whose `id` is the DID that led to it."""

    did: str
    """In normal form."""
    members: Mapping[str, Any]
    """The document as it was received."""
    services: tuple[Service, ...]

    def endpoints(self, kind: str) -> list[str]:
        """Return the addresses of the services of one type, without a slash at the end."""
        return [service.endpoint.rstrip("/") for service in self.services if service.type == kind]


def normal_did(did: str) -> str:
    """Return the form in which DIDs are compared. Raises DidUnresolved for anything but a plain did:web."""
    authority, path = _parts(did)
    return f"did:web:{_encode(authority)}{path}"


def has_document(did: str) -> bool:
    """True for a did:web: who goes by another name, as in a laboratory, publishes nothing that could be looked at."""
    try:
        _parts(did)
    except DidUnresolved:
        return False
    return True


def did_host(did: str) -> str:
    """Return the host that a did:web names, in lower case, without port or brackets. Raises DidUnresolved."""
    return urlsplit(f"//{_parts(did)[0]}").hostname or ""


def document_url(did: str, *, plain_http: bool = False) -> str:
    """Return the address of the DID's document (did:web §Read); http only for a loopback host, when allowed."""
    authority, path = _parts(did)
    scheme = "http" if plain_http and is_loopback_host(did_host(did)) else "https"
    return f"{scheme}://{authority}{path.replace(':', '/') or '/.well-known'}/did.json"


def public_base(did: str, *, plain_http: bool = False) -> str:
    """Return the address under which a participant of this house has all its public paths, by its DID alone."""
    return document_url(did, plain_http=plain_http).removesuffix("/did.json").removesuffix("/.well-known")


def is_loopback_host(host: str) -> bool:
    """True for `localhost` and loopback addresses, written without brackets."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_document(did: str, raw: bytes) -> DidDocument:
    """Return the document. Raises DidUnresolved when it is not JSON, or speaks of another DID."""
    try:
        members = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DidUnresolved(f"{did} : JSON") from error
    if not isinstance(members, dict) or not isinstance(members.get("id"), str):
        raise DidUnresolved(f"{did} : id")
    if normal_did(members["id"]) != normal_did(did):
        raise DidUnresolved(f"{did} : id = {members['id'][:MAX_DID_LENGTH]}")
    return DidDocument(normal_did(did), members, tuple(_services(members.get("service"))))


def callback_belongs_to(document: DidDocument, did: str, url: str) -> bool:
    """True when the address is on the host of the peer's DID, or of a service that its DID document names.

    Otherwise a peer could make this node call a third party with messages that only a partner should get. Paths are
    appended to it, so it has no query, no fragment, and no credentials; and no character that readers of addresses
    leave out, each in its way (RFC 3986 has none that is not printable ASCII).
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        has_port = parts.port != 0  # raises for what is no port
        hosts = {urlsplit(service.endpoint).hostname for service in document.services}
    except ValueError:
        return False
    has_more = parts.username is not None or parts.password is not None or "?" in url or "#" in url
    is_plain = parts.scheme in ("http", "https") and has_port and not has_more
    return (
        is_plain
        and _AS_WRITTEN.fullmatch(url) is not None
        and host is not None
        and host.rstrip(".") in {did_host(did), *hosts}
    )


def _services(listed: Any) -> list[Service]:
    services = []
    for one in listed if isinstance(listed, list) else []:
        endpoint = one.get("serviceEndpoint") if isinstance(one, dict) else None
        if isinstance(endpoint, str):
            kinds = one.get("type")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                services.append(Service(str(one.get("id")), str(kind), endpoint))
    return services


def _parts(did: str) -> tuple[str, str]:
    """Return `host[:port]` as in a URL, and the path as in the DID (empty, or `:a:b`)."""
    if len(did) > MAX_DID_LENGTH:
        raise DidUnresolved(did[:MAX_DID_LENGTH])
    return _short_parts(did)


@lru_cache(maxsize=4096)
def _short_parts(did: str) -> tuple[str, str]:
    found = _DID_WEB.fullmatch(did)
    if found is None:
        raise DidUnresolved(did)
    port = f":{int(found['port'][3:])}" if found["port"] else ""
    return unquote(found["host"]).lower() + port, found["path"]


def _encode(authority: str) -> str:
    return authority.replace("[", "%5B").replace("]", "%5D").replace(":", "%3A")
