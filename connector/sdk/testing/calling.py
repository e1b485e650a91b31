"""Calls of a fake peer to its partner: whole answers, within a size and a time, on this machine only."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
LIMIT_BYTES = 64 << 20


class NotCalled(OSError):
    """No answer came, or the address is not on this machine."""


@dataclass(frozen=True)
class Answer:
    """One whole answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """True for any 2xx."""
        return 200 <= self.status < 300

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def call(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Return the answer to one call. Raises NotCalled."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise NotCalled(f"{url}: a fake peer calls http addresses of this machine only")
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path or "/", body, dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read(LIMIT_BYTES + 1)
    except (OSError, HTTPException) as error:
        raise NotCalled(f"{url}: {error}") from error
    finally:
        connection.close()
    if len(content) > LIMIT_BYTES:
        raise NotCalled(f"{url}: more than {LIMIT_BYTES} bytes")
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)


def is_loopback(host: str) -> bool:
    """True for `localhost` and addresses of this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
