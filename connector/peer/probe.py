"""Looks at one address and says in one word what is to be seen there.

For the doctor, which must name a cause, and for the mirror that a partner's node holds up. What is fetched is small,
never followed and never kept. The words are those of `Unreachable`, with TLS told apart: a certificate that has ended,
is not valid yet, names another host, or comes from an authority that is not known here.
"""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from aiohttp.abc import AbstractResolver

from connector.clock import Clock
from connector.peer.body import read_body
from connector.peer.client import ANY, FAILURES, AiohttpTransport, Call, plain_headers, unreachable
from connector.peer.discovery import DOCUMENT_LIMIT_BYTES
from connector.peer.errors import AnswerTooLarge, BadAnswer, PeerAddressRefused, Unreachable
from connector.peer.guard import Guard
from connector.problems import Problem
from connector.settings import Settings

SEEN = "seen"
"""An answer came; its status says the rest."""

# OpenSSL's X509_V_ERR_…
_CERTIFICATE_FAULTS = {
    9: "tls-not-yet",
    10: "tls-expired",
    18: "tls-self-signed",
    19: "tls-authority",
    20: "tls-authority",
    21: "tls-authority",
    62: "tls-name",
    64: "tls-name",
}
WORDS = frozenset(
    {
        SEEN, "dns", "refused", "timeout", "proxy", "closed", "protocol", "server", "network", "tls",
        "address-refused", "too-large", "bad-answer", *_CERTIFICATE_FAULTS.values(),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at an address showed."""

    url: str
    word: str
    """One of `WORDS`."""
    status: int | None = None
    body: bytes = b""
    detail: str = ""
    """More on the fault, for our own eyes."""
    server_time: datetime | None = None
    """What the server's `Date` said."""
    looked_at: datetime | None = None
    """The middle of the look, by our clock."""
    certificate_ends_at: datetime | None = None

    @property
    def is_success(self) -> bool:
        """True for an answer of 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Probe:
    """Takes looks, behind the guard of a node's settings."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        resolver: AbstractResolver | None = None,
        *,
        is_own: bool = False,
    ) -> None:
        """`is_own`: what is looked at is our own public address, which no peer chose and which may lead anywhere."""
        self._clock = clock
        self._timeout_s = settings.call_timeout_s
        self._certificates: dict[str, datetime] = {}
        guard = _OwnAddress if is_own else _Watching
        self._transport = AiohttpTransport(guard(settings, resolver, self._certificates), "pupitre-doctor")

    async def look(self, url: str, authorization: str | None = None, *, method: str = "GET") -> Sight:
        """Return what is to be seen at an address. Raises nothing."""
        began_at = self._clock.now()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._answer(url, authorization, method, began_at)
        except Problem as problem:
            return Sight(url, word_of(problem), detail=_detail(problem))
        except TimeoutError:
            return Sight(url, "timeout")

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _answer(self, url: str, authorization: str | None, method: str, began_at: datetime) -> Sight:
        headers = ANY if authorization is None else {**ANY, "Authorization": authorization}
        call = Call(method, url, headers)
        response = await self._transport.open(call, idle_s=self._timeout_s, buffer_bytes=DOCUMENT_LIMIT_BYTES)
        ended_at = self._clock.now()
        try:
            body = await read_body(response, DOCUMENT_LIMIT_BYTES)
        except FAILURES as error:
            raise unreachable(error, response.url) from error
        finally:
            response.close()
        return Sight(
            url,
            SEEN,
            status=response.status,
            body=body,
            server_time=_date(plain_headers(response.headers).get("date")),
            looked_at=began_at + (ended_at - began_at) / 2,
            certificate_ends_at=self._certificates.get(response.url.raw_host or ""),
        )


def word_of(problem: Problem) -> str:
    """Return the word for a failed look."""
    match problem:
        case PeerAddressRefused():
            return "address-refused"
        case AnswerTooLarge():
            return "too-large"
        case Unreachable(cause="tls"):
            return next(_certificate_faults(problem), "tls")
        case Unreachable():
            return problem.cause
        case BadAnswer():
            return "bad-answer"
    return "protocol"


class _Watching(Guard):
    """A guard that notes until when each certificate is valid that it saw and found good."""

    def __init__(
        self, settings: Settings, resolver: AbstractResolver | None, certificates: dict[str, datetime]
    ) -> None:
        super().__init__(settings, resolver)
        self._certificates = certificates

    def _tls(self) -> ssl.SSLContext:
        context = super()._tls()
        certificates = self._certificates

        class Noting(ssl.SSLObject):
            def do_handshake(self) -> None:
                super().do_handshake()
                shown: Any = self.getpeercert()
                if shown and self.server_hostname is not None:
                    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
                    certificates[self.server_hostname] = ends_at

        context.sslobject_class = Noting
        return context


class _OwnAddress(_Watching):
    """Takes any address: our own settings named it."""

    def _vet_origin(self, scheme: str, host: str | None, port: int | None) -> None:
        """Take it."""

    def check_address(self, text: str, host: str = "") -> None:
        """Take it."""


def _certificate_faults(problem: Problem) -> Iterator[str]:
    return (_CERTIFICATE_FAULTS.get(error.verify_code, "tls") for error in _refusals(problem))


def _refusals(problem: Problem) -> Iterator[ssl.SSLCertVerificationError]:
    """Yield OpenSSL's own refusals of a certificate; aiohttp's error is of the same kind, without their numbers."""
    for error in _causes(problem):
        if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_code"):
            yield error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and what it came from, as far as anybody kept it."""
    while error is not None:
        yield error
        kept = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = kept if isinstance(kept, BaseException) and kept is not error else error.__cause__


def _detail(problem: Problem) -> str:
    return next((error.verify_message for error in _refusals(problem)), problem.detail["en"])


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
