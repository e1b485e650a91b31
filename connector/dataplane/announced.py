"""What a head says of the content that follows; and of a provider's answer to a pull: what it sends, or why not.

Providers that are not ours may leave out sizes, digests and tags, and put their reasons in other words; nothing is
required here but the status.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from connector.dataplane import ranges
from connector.dataplane.errors import NothingThere, RefusedByProvider, TokenLost
from connector.problems import Problem, Unavailable

_DIGEST = re.compile(r"(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):")
_REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Announced:
    """The content that an answer begins to send."""

    start: int
    """The place of the first byte that follows."""
    size_bytes: int | None
    sha256: str | None
    """Hexadecimal."""
    etag: str | None
    """A strong entity tag; a weak one cannot join two parts."""


class TokenDead(Exception):
    """The provider no longer takes the token; another one may do."""

    def __init__(self, problem: TokenLost) -> None:
        super().__init__(problem.code)
        self.problem = problem


def content(status: int, headers: Mapping[str, str]) -> Announced | None:
    """Return what a 200 or 206 announces, None for a partial answer that does not say which part it is."""
    etag = headers.get("etag", "")
    strong = etag if etag.startswith('"') else None
    digest = sha256_of(headers.get("repr-digest", ""))
    if status == 200:
        size = headers.get("content-length", "")
        return Announced(0, int(size) if size.isdecimal() else None, digest, strong)
    part = ranges.answered(headers.get("content-range"))
    if part is None or part.start is None:
        return None
    return Announced(part.start, part.size_bytes, digest, strong)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Problem | TokenDead:
    """Return why nothing is sent.

    Unavailable passes by itself, NothingThere may, TokenDead asks for another token, the rest is final.
    """
    code, reason = reason_in(body)
    said = {language: f"HTTP {status}. {text}".strip() for language, text in reason.items()}
    if status == 429 or status >= 500 or code == "flow-not-started":
        wait = headers.get("retry-after", "")
        return Unavailable(said, retry_after_s=float(wait) if wait.isdecimal() else None)
    if status in (401, 403) and code != "policy-refuses":
        return TokenDead(TokenLost(said))
    return NothingThere(said) if status in (404, 405) and not code else RefusedByProvider(said)


def repr_digest(sha256: str) -> str:
    """Return the `Repr-Digest` (or `Content-Digest`) header of a SHA-256 in hexadecimal."""
    return f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"


def attachment(file_name: str) -> str:
    """Return the `Content-Disposition` header of a file, whatever letters its name has (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def media_type(stored: str) -> str:
    """Return a `Content-Type` that can stand in a header."""
    return re.sub(r"[^ -~]", "", stored)


def sha256_of(header: str) -> str | None:
    """Return the SHA-256 (hexadecimal) of a `Repr-Digest` or `Content-Digest` (RFC 9530), None when there is none."""
    match = _DIGEST.search(header)
    return None if match is None else b64decode(match[1]).hex()


def reason_in(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the code and the reason in both languages, as far as the provider speaks as we do."""
    try:
        problem = json.loads(body)
        title, detail = problem["title"], problem.get("detail") or {}
        words = {language: f"{title[language]} {detail.get(language, '')}".strip() for language in ("fr", "en")}
        return str(problem["code"]), {language: text[:_REASON_CHARACTERS] for language, text in words.items()}
    except (ValueError, TypeError, LookupError, AttributeError):
        text = "".join(filter(str.isprintable, body.decode("utf-8", "replace")))[:_REASON_CHARACTERS]
        return "", {"fr": text, "en": text}
