"""Problem documents (RFC 9457): how an error of the node leaves the management API.

One form for all: a stable code, what happened and what to do in the caller's language, and where in the request. `type`
is a link to what the node's own documentation says of the code; it is relative, since only the caller knows by which
address it reached the node. The statuses are those of an API for programs of the house, not of the protocol: what the
present state forbids is 409, what a partner's node did wrong is 424, so that a 5xx always means that this node has
failed.
"""

import json
from collections.abc import Mapping
from typing import Any

from connector.http.private.faults import MethodNotAllowed
from connector.problems import Problem
from connector.protocol.errors import Busy, IllegalTransition

MEDIA_TYPE = "application/problem+json"
EXPLAINED_AT = "/docs/reference/problems"
LANGUAGES = ("fr", "en")

_FAILED_DEPENDENCY = 424  # RFC 4918 §11.4: the partner's node, on which this depended, did not do its part


def status_of(problem: Problem) -> int:
    """Return the HTTP status under which the API answers a problem."""
    if isinstance(problem, IllegalTransition | Busy):
        return 409
    return _FAILED_DEPENDENCY if problem.status in (502, 504) else problem.status


def type_of(code: str) -> str:
    """Return where the documentation explains a code (RFC 9457 §3.1.1: relative to the address that answered)."""
    return f"{EXPLAINED_AT}#{code}"


def document_of(problem: Problem, language: str) -> dict[str, Any]:
    """Return the problem document; members that say nothing are left out."""
    members = {
        "type": type_of(problem.code),
        "code": problem.code,
        "title": problem.title[language],
        "status": status_of(problem),
        "detail": problem.detail[language],
        "remedy": problem.remedy[language],
        "pointer": problem.pointer,
    }
    return {name: value for name, value in members.items() if value != ""}


def render(problem: Problem, language: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body."""
    headers = {"content-type": MEDIA_TYPE, "content-language": language, "cache-control": "no-store"}
    if problem.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(problem.retry_after_s)))
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(problem, MethodNotAllowed):
        headers["allow"] = problem.allowed
    body = json.dumps(document_of(problem, language), ensure_ascii=False, separators=(",", ":"))
    return status_of(problem), headers, body.encode(errors="replace")


def language_of(headers: Mapping[str, str], default: str) -> str:
    """Return `fr` or `en`, as `Accept-Language` prefers (RFC 9110 §12.5.4), else the node's own language."""
    wished: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "")[:500].split(","):
        name, _, parameters = part.strip().partition(";")
        language = name[:2].lower()
        if language in LANGUAGES and name[2:3] in ("", "-"):
            wished.append((_weight(parameters), language))
    best = max(wished, key=lambda wish: wish[0], default=(0.0, default))
    return best[1] if best[0] > 0 else default


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 1.0
