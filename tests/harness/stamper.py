"""A time-stamping authority of the tests' own: it reads real requests and answers as RFC 3161 says, or lies."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from asn1crypto import core, tsp
from cryptography.hazmat.primitives.serialization import Encoding

from tests.contracts.verifier.stamps import token
from tests.contracts.verifier.written import authority, stamping_authority
from tests.tools.authority import publish
from tests.tools.ports import free_port

BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)


class Stamper:
    """An authority; what it says of the time, of what it stamps and of the nonce may be changed."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.root, self._root_key = root = authority("Autorité d’essai", begin=BEGIN)
        self.now = now
        self._by = stamping_authority(root, begin=BEGIN, end=END)
        self.pem = self.root.public_bytes(Encoding.PEM)
        self.lies: dict[str, Any] = {}
        self.asked = 0

    @property
    def certificate(self) -> bytes:
        """The certificate of the key that stamps (DER)."""
        return self._by[0].public_bytes(Encoding.DER)

    def write_trust(self, folder: Path) -> Path:
        """Write the file of authorities that trusts this one."""
        file = folder / "stamper.pem"
        file.write_bytes(self.pem)
        return file

    def publish(self, folder: Path) -> None:
        """Write the root above this authority, and its empty list of revocations, where the judges look for them."""
        publish(folder, self.root, self._root_key, datetime.now(UTC))

    def token(self, message: bytes, at: datetime | None = None, **said: Any) -> bytes:
        """Return a time-stamp token of these bytes (DER)."""
        return token(message, (at or self.now()).replace(microsecond=0), self._by, **said)

    def stamp(self, query: bytes) -> bytes:
        """Return the token for a request (DER)."""
        self.asked += 1
        asked = tsp.TimeStampReq.load(query)
        said = {"message_imprint": asked["message_imprint"], "nonce": asked["nonce"].native, **self.lies}
        return self.token(b"", said.pop("at", None), **said)

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a request (DER)."""
        return granted(self.stamp(query))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Answer over HTTP on loopback; yield the address."""

        async def stamp(request: web.Request) -> web.Response:
            assert request.content_type == "application/timestamp-query"
            return web.Response(body=self.answer(await request.read()), content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/tsa", stamp)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}/tsa"
        finally:
            await runner.cleanup()


def granted(token: bytes) -> bytes:
    """Return an answer that gives a token (DER)."""
    return _answer("granted", token)


def rejected() -> bytes:
    """Return an answer that gives none (DER)."""
    return _answer("rejection")


def _answer(status: str, token: bytes = b"") -> bytes:
    """Return an answer; a token is put in as it stands, since to write it anew takes longer than to make it."""
    parts = core.Any.load(tsp.PKIStatusInfo({"status": status}).dump()), *((core.Any.load(token),) if token else ())
    answer: bytes = core.SequenceOf(parts, spec=core.Any).dump()
    return answer
