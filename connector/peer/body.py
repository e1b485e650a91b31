"""Reads the body of a small answer within a limit that holds packed and unpacked, so that a gzip bomb stays small."""

import zlib

import aiohttp

from connector.peer.errors import AnswerTooLarge, BadAnswer

GZIP_WINDOW = 31  # zlib: a gzip header, the largest window


class Plain:
    """A body that was sent as it is."""

    is_whole = True

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """Return the chunk; the caller counts."""
        return chunk


class Gzip:
    """A gzip body, unpacked no further than asked."""

    def __init__(self) -> None:
        self._unzip = zlib.decompressobj(GZIP_WINDOW)

    @property
    def is_whole(self) -> bool:
        """True once the end of the gzip member was seen."""
        return self._unzip.eof

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """Return at most `limit` further bytes. Raises BadAnswer when this is no gzip."""
        try:
            return self._unzip.decompress(chunk, limit)
        except zlib.error as error:
            raise BadAnswer("gzip") from error


async def read_body(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """Return the body, unpacked, of at most `limit_bytes`.

    Raises AnswerTooLarge as soon as the packed or the unpacked size passes the limit, BadAnswer for a broken gzip body
    or an encoding that was not asked for.
    """
    if (response.content_length or 0) > limit_bytes:
        raise AnswerTooLarge(str(response.url))
    unpacker = _unpacker(response.headers.get("Content-Encoding", ""))
    parts: list[bytes] = []
    packed = unpacked = 0
    while chunk := await response.content.readany():
        packed += len(chunk)
        part = unpacker.feed(chunk, limit_bytes - unpacked + 1)
        unpacked += len(part)
        if max(packed, unpacked) > limit_bytes:
            raise AnswerTooLarge(str(response.url))
        parts.append(part)
    if packed and not unpacker.is_whole:
        raise BadAnswer("gzip")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpacker(encoding: str) -> Plain | Gzip:
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Gzip()
    raise BadAnswer(f"Content-Encoding: {encoding}")
