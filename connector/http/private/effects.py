"""How an action is carried out: once per `Idempotency-Key`, and only at the version that `If-Match` names.

Every POST, PUT and DELETE of the API has an `effect`, and hands it the verb to call and the shape of what comes back.
The conditions hold in the transaction of the verb (services/once.py). On the way out, each answer about one thing
carries an `ETag`: its version, then a digest of the text. `If-None-Match` compares the whole, `If-Match` the version,
since an action changes the thing and not how it is told.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from connector.http.private.asking import Asking, Node
from connector.http.private.faults import Malformed
from connector.http.private.services import Services
from connector.services.once import Expected, OnceKey
from connector.store.db import Tx

T = TypeVar("T")
S = TypeVar("S")
_TAG = re.compile(r'"(?P<version>\d{1,10})(?:-[0-9a-f]*)?"')
_DIGEST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Effect:
    """The conditions of one action."""

    node: Services
    status: int
    key: OnceKey | None
    expected: Expected | None

    async def of(
        self,
        act: Callable[[], Awaitable[T]],
        shape: Callable[[T], S],
        version: Callable[[Tx], int] | None = None,
    ) -> S:
        """Carry out a verb and shape what it returns; `version` reads that of the thing acted on."""
        if self.expected is not None and version is None:
            fr, en = "If-Match n’a pas de sens à cette adresse.", "If-Match has no meaning at this address."
            raise Malformed({"fr": fr, "en": en}, pointer="/if-match")
        if self.key is None and self.expected is None:
            return shape(await act())
        done = await self.node.once.do(
            act,
            lambda result: (self.status, rendered(shape(result))),
            key=self.key,
            expected=self.expected,
            version=version,
        )
        return shape(done)


async def _effect(
    request: Request,
    node: Node,
    asker: Asking,
    if_match: Annotated[
        str | None,
        Header(max_length=1_000, description="ETag: act only while the thing has this version, else 412."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[!-~]{1,255}$",
            description="Any text of yours: the request has its effect once within 24 hours, however often it is sent.",
        ),
    ] = None,
) -> Effect:
    return await _of(request, node, asker, if_match, idempotency_key)


async def _matched(
    request: Request,
    node: Node,
    asker: Asking,
    if_match: Annotated[
        str | None,
        Header(max_length=1_000, description="ETag: act only while the thing has this version, else 412."),
    ] = None,
    if_none_match: Annotated[
        str | None, Header(pattern=r"^\*$", description="`*`: only if there is nothing there yet, else 412.")
    ] = None,
) -> Effect:
    made = await _of(request, node, asker, if_match, None)
    is_new = if_none_match is not None and request.method == "PUT"
    return Effect(made.node, made.status, None, Expected(is_new=True)) if is_new else made


Doing = Annotated[Effect, Depends(_effect)]
"""The conditions of a POST."""
Putting = Annotated[Effect, Depends(_matched)]
"""The conditions of a PUT or a DELETE, which may be repeated anyway."""


async def _of(request: Request, node: Node, asker: Asking, if_match: str | None, key: str | None) -> Effect:
    status = request.scope["route"].status_code or 200
    return Effect(node, status, await _key(request, node, asker, key), expected(if_match))


async def _key(request: Request, node: Node, asker: Asking, key: str | None) -> OnceKey | None:
    if key is None:
        return None
    asked = f"{request.method}\0{request.scope['path']}\0{request.scope['query_string'].decode('latin-1')}\0".encode()
    digest = hashlib.sha256(asked + await request.body()).hexdigest()
    owner = asker.wished_owner or asker.caller.owner or node.addresses.root
    return OnceKey.of(owner, asker.caller.key_id, key, digest, request.headers.get("authorization", ""))


def expected(if_match: str | None) -> Expected | None:
    """Return the versions that an `If-Match` names (RFC 9110 §13.1.1). Raises Malformed."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return Expected(is_any=True)
    versions = []
    for part in if_match.split(","):
        tag = _TAG.fullmatch(part.strip())
        if tag is None:
            fr, en = "Un ETag que ce nœud a donné est attendu.", "An ETag that this node gave is expected."
            raise Malformed({"fr": fr, "en": en}, pointer="/if-match")
        versions.append(int(tag["version"]))
    return Expected(frozenset(versions))


def rendered(shape: object) -> bytes:
    """Return the JSON text of an answer, as the framework writes it."""
    if not isinstance(shape, BaseModel):
        return b""
    return json.dumps(shape.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")).encode()


class TaggedRoute(APIRoute):
    """A route whose JSON answers carry an ETag, and which answers 304 when the caller has that text already."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answer(request)
            if response.status_code not in (200, 201, 202) or response.media_type != "application/json":
                return response
            response.headers["etag"] = tag = etag(bytes(response.body))
            if request.method != "GET":
                return response
            response.headers["cache-control"] = "private, no-cache"
            response.headers["vary"] = "Accept-Language, X-Pupitre-Owner"
            return _unchanged(response) if _has(request.headers.get("if-none-match", ""), tag) else response

        return tagged


def etag(body: bytes) -> str:
    """Return the entity tag of an answer: the version that it tells, if it tells one, and a digest of the text."""
    told = json.loads(body) if body else None
    version = told.get("version") if isinstance(told, dict) else None
    digest = hashlib.sha256(body).hexdigest()[:_DIGEST_DIGITS]
    return f'"{version}-{digest}"' if isinstance(version, int) else f'"{digest}"'


def _has(if_none_match: str, tag: str) -> bool:
    """True when the caller names this tag (RFC 9110 §13.1.2: the weak comparison)."""
    return any(part.strip().removeprefix("W/") in (tag, "*") for part in if_none_match.split(","))


def _unchanged(response: Response) -> Response:
    kept = {name: response.headers[name] for name in ("etag", "cache-control", "vary")}
    return Response(status_code=304, headers=kept)
