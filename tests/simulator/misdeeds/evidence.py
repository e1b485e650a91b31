"""What it hands in once a contract is concluded: notices with one thing wrong, at odd addresses, and out of turn.

NOTICES and POSTS are answered with a no. SAID is what a partner may say, in whatever order: with what is answered.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from connector.app import ROOT
from connector.identity.did_web import ES256
from contracts.canonical import canonical
from contracts.jws import NOTICE, encoded, read_sealed, signing_input
from contracts.notice import notice
from contracts.seals import seal_now
from tests.simulator.harmful import Acted, Elsewhere, Harmful, Message
from tests.simulator.misdeeds.deliveries import asked
from tests.simulator.misdeeds.hands import FAR, HUGE
from tests.simulator.misdeeds.seals import EVERY_SEAL

Body = Callable[[Harmful], Any]
MEMBERS = ("schema", "kind", "contract", "contractSha256", "agreement", "at", "by")
WRONG = {
    "missing": ...,
    "null": None,
    "a list": [],
    "an object": {},
    "a number": 1,
    "empty": "",
    "huge": HUGE,
    "blank": " \u200b",
}
FIT_FOR_NOTICES = (
    "another kind",
    "no approval",
    "a chain that does not hold",
    "of an earlier negotiation",
    "the conclusion of an earlier negotiation",
)
"""What is no misdeed on a notice, or another one that is named below."""


def told(by: Harmful, what: str = "suspension", /, **members: Any) -> Message:
    """Return what a notice of the partner's says about the contract of before."""
    agreed = read_sealed(by.earlier.jws)
    said = notice(agreed, what, by=_role(by), at=_now(by))  # type: ignore[arg-type]
    return {name: value for name, value in {**said, **members}.items() if value is not ...}


def _role(by: Harmful) -> Any:
    parties = read_sealed(by.earlier.jws).document["parties"]
    return next(role for role in ("provider", "consumer") if parties[role]["did"] != by.honest.did)


def _now(by: Harmful) -> Any:
    node = by.place.node
    assert node is not None
    return node.clock.now()


def sealed(by: Harmful, what: str = "suspension", /, **members: Any) -> str:
    """Return a notice, sealed as it should be."""
    return seal_now(told(by, what, **members), by.signer, media_type=NOTICE, at=_now(by)).text


def post(by: Harmful, body: Any, at: str | None = None, **more: Any) -> Elsewhere:
    """Return what is handed in at the place of the contract of before, or elsewhere."""
    raw = body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")
    return Elsewhere(at or f"/evidence/{by.earlier.agreement}", raw, **more)


def _one(body: Body) -> Acted:
    return lambda by: [post(by, body(by))]


# --- one thing is wrong with a notice -----------------------------------------------------------------------------


def _members() -> Iterator[tuple[str, Acted]]:
    for name in MEMBERS:
        for how, value in WRONG.items():
            yield f"a notice in which {name} is {how}", _one(lambda by, n=name, v=value: _written(by, **{n: v}))
        yield f"a notice with {name} twice", _one(lambda by, n=name: _twice(by, n))
    for name in ("code", "reason"):
        for how in ("null", "a list", "a number", "empty", "huge"):
            yield (
                f"a notice in which {name} is {how}",
                _one(lambda by, n=name, v=WRONG[how]: _written(by, **{n: v})),
            )


def _written(by: Harmful, /, **members: Any) -> str:
    """Return a notice that says something else, also what is never written canonically."""
    said = json.dumps(told(by, **members), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return by.sealed_anew(sealed(by), 0, payload=said.encode())


def _twice(by: Harmful, name: str) -> str:
    said = told(by)
    text = canonical(said).decode()
    again = json.dumps({name: said[name]}, separators=(",", ":"))[1:-1]
    return by.sealed_anew(sealed(by), 0, payload=text.replace("{", "{" + again + ",", 1).encode())


def _seals() -> Iterator[tuple[str, Acted]]:
    for name, does in EVERY_SEAL.items():
        if name not in FIT_FOR_NOTICES:
            yield f"a notice, and its seal is {name}", _one(lambda by, do=does: _text(do(by, sealed(by), 0)))


def _text(made: Any) -> str:
    return made if isinstance(made, str) else json.dumps(made)


def _by_key(of: Callable[[Harmful], Any]) -> Body:
    """A notice whose signature is made with another key, and which names the true one."""

    def made(by: Harmful) -> str:
        text = json.loads(sealed(by))
        first = text["signatures"][0]
        value = ES256.sign(signing_input(first["protected"], canonical(told(by))), of(by).keys.auth(ROOT).private)
        text["payload"], first["signature"] = encoded(canonical(told(by))), encoded(value)
        return canonical(text).decode()

    return made


def _by_honest(by: Harmful, /, **members: Any) -> str:
    """Return a notice that the honest node might have sealed: it comes back to it."""
    node = by.honest.node
    assert node is not None
    signer = node.seals.near(ROOT)
    assert signer is not None
    said = told(by, "receipt", by=by.honest.did, code="received", reason="0" * 64, **members)
    return seal_now(said, signer, media_type=NOTICE, at=_now(by)).text


def _about(of: str, **members: str) -> Body:
    """A notice that is about another contract, in all or in some of what names it."""
    return lambda by: _written(by, **{name: _named(getattr(by, of), member) for name, member in members.items()})


def _named(of: Any, member: str) -> str:
    return read_sealed(of.jws).sha256 if member == "sha256" else str(getattr(of, member))


def _shifted(**by_: float) -> Body:
    """A notice given at another time than it is sealed at."""
    return lambda by: _written(by, at=f"{_now(by) + timedelta(**by_):%FT%TZ}")


NOTICES: dict[str, Acted] = {
    **dict(_members()),
    **dict(_seals()),
    "a notice with a member more": _one(lambda by: _written(by, x="y")),
    "a notice in other spelling": _one(
        lambda by: by.sealed_anew(sealed(by), 0, payload=json.dumps(told(by), indent=1).encode())
    ),
    "a notice of nothing": _one(lambda by: by.sealed_anew(sealed(by), 0, payload=b"{}")),
    "a notice that is a list": _one(lambda by: by.sealed_anew(sealed(by), 0, payload=b"[]")),
    "a notice that is the contract": _one(
        lambda by: by.sealed_anew(sealed(by), 0, payload=canonical(read_sealed(by.earlier.jws).document))
    ),
    "a notice that is the conclusion": _one(
        lambda by: by.sealed_anew(sealed(by), 0, payload=canonical(read_sealed(by.earlier.conclusion).document))
    ),
    "a notice that calls itself a contract": _one(
        lambda by: by.sealed_anew(sealed(by), 0, cty="application/vnd.pupitre.contract+json")
    ),
    "a notice that calls itself a conclusion": _one(
        lambda by: by.sealed_anew(sealed(by), 0, cty="application/vnd.pupitre.conclusion+json")
    ),
    "a contract that calls itself a notice": _one(lambda by: by.sealed_anew(by.earlier.jws, 1, cty=NOTICE)),
    "a notice by the key of its tokens": _one(_by_key(lambda by: by.place.node)),
    "a notice by the key of our tokens": _one(_by_key(lambda by: by.honest.node)),
    "a notice of ours, sent back": _one(_by_honest),
    "a notice of ours in its name": _one(
        lambda by: by.sealed_anew(_by_honest(by), 0, payload=canonical(told(by, "receipt"))).replace(
            by.place.did, by.honest.did
        )
    ),
    "a notice about all of another contract": _one(
        _about("foreign", contract="contract", contractSha256="sha256", agreement="agreement")
    ),
    "a notice about another agreement": _one(_about("foreign", agreement="agreement")),
    "a notice about the digest of another": _one(_about("foreign", contractSha256="sha256")),
    "a notice named after our negotiation": _one(_about("earlier", contract="agreement")),
    "a notice of tomorrow": _one(_shifted(days=1)),
    "a notice of the next minutes": _one(_shifted(minutes=6)),
    "a notice of before the contract": _one(_shifted(days=-2)),
    "a notice of the end of time, sealed then": _one(
        lambda by: by.sealed_anew(_written(by, at=FAR), 0, payload=canonical(told(by, at=FAR)), iat=253402300799)
    ),
    "a notice sealed tomorrow": _one(
        lambda by: by.sealed_anew(sealed(by), 0, iat=int((_now(by) + timedelta(days=1)).timestamp()))
    ),
}

# --- a good notice, in the wrong place ----------------------------------------------------------------------------


def _at(path: Callable[[Harmful], str], **more: Any) -> Acted:
    return lambda by: [post(by, sealed(by), path(by), **more)]


POSTS: dict[str, Acted] = {
    "a notice without a token": _at(lambda by: f"/evidence/{by.earlier.agreement}", headers={"Authorization": ""}),
    "a notice with a token of nobody": _at(
        lambda by: f"/evidence/{by.earlier.agreement}", headers={"Authorization": "Bearer e30.e30.e30"}
    ),
    "a notice with a token for itself": lambda by: _with_token(by),
    "a notice under the contract's own name": _at(lambda by: f"/evidence/{by.earlier.contract}"),
    "a notice under our negotiation": _at(lambda by: f"/evidence/{by.earlier.ours}"),
    "a notice under its negotiation": _at(lambda by: f"/evidence/{by.earlier.theirs}"),
    "a notice under no agreement": _at(lambda by: "/evidence/"),
    "a notice under an agreement in capitals": _at(lambda by: f"/evidence/{by.earlier.agreement.upper()}"),
    "a notice under an agreement with a null character": _at(lambda by: f"/evidence/{by.earlier.agreement}%00"),
    "a notice under an agreement without end": _at(lambda by: "/evidence/" + "x" * 60_000),
    "a notice at somebody who is not hosted here": _at(lambda by: f"/o/nobody/evidence/{by.earlier.agreement}"),
    "a notice among the messages": _at(lambda by: f"/dsp/2025-1/negotiations/{by.earlier.ours}/termination"),
    "a notice that is compressed": _at(
        lambda by: f"/evidence/{by.earlier.agreement}", headers={"Content-Encoding": "gzip"}
    ),
    "a notice that is read": _at(lambda by: f"/evidence/{by.earlier.agreement}", method="GET"),
    "a notice that is put": _at(lambda by: f"/evidence/{by.earlier.agreement}", method="PUT"),
    "a notice that is deleted": _at(lambda by: f"/evidence/{by.earlier.agreement}", method="DELETE"),
    "a notice with a mark before it": lambda by: [post(by, b"\xef\xbb\xbf" + sealed(by).encode())],
    "a notice and a line": lambda by: [post(by, sealed(by) + "\n")],
    "two notices in one": lambda by: [post(by, sealed(by) * 2)],
    "a list of notices": lambda by: [post(by, f"[{sealed(by)}]")],
    "a notice in a text": lambda by: [post(by, json.dumps(sealed(by)))],
    "a notice in UTF-16": lambda by: [post(by, sealed(by).encode("utf-16"))],
    "evidence by the thousand that is none": lambda by: [post(by, f'{{"x":{number}}}') for number in range(1_000)],
}


async def _with_token(by: Harmful) -> list[Elsewhere]:
    node = by.place.node
    assert node is not None
    return [post(by, sealed(by), headers={"Authorization": await node.identity.token_for(ROOT, by.place.did)})]


# --- what a partner may say, in whatever order --------------------------------------------------------------------


def _series(*kinds: str) -> Acted:
    return lambda by: [
        post(by, sealed(by, kind, code=f"{number}", reason=f"{kind} {by.chance.random()}"))
        for number, kind in enumerate(kinds)
    ]


def _again(by: Harmful, times: int) -> list[Elsewhere]:
    return [post(by, sealed(by, reason=f"{by.chance.random()}"))] * times


def _resealed(by: Harmful) -> list[Elsewhere]:
    """Return one notice under two seals: the same was said."""
    first = sealed(by, reason=f"{by.chance.random()}")
    return [post(by, first), post(by, by.sealed_anew(first, 0))]


SAID: dict[str, tuple[Any, ...]] = {
    "a notice of suspension": (_series("suspension"), 201),
    "a notice twice": (lambda by: _again(by, 2), 201, 200),
    "a notice five hundred times": (lambda by: _again(by, 500), 201, *[200] * 499),
    "a notice under two seals": (_resealed, 201, 200),
    "a receipt of nothing": (lambda by: [post(by, sealed(by, "receipt", code="received", reason="0" * 64))], 201),
    "a receipt without words": (lambda by: [post(by, sealed(by, "receipt"))], 201),
    "a resumption of what was not suspended": (_series("resumption"), 201),
    "suspensions and resumptions in disorder": (
        _series("resumption", "suspension", "suspension", "resumption"),
        201,
        201,
        201,
        201,
    ),
    "the contract again": (_one(lambda by: by.earlier.jws), 200),
    "the conclusion again": (_one(lambda by: by.earlier.conclusion), 200),
    "a suspension, an end, a suspension": (_series("suspension", "termination", "suspension"), 201, 201, 201),
    "an end after the end": (_series("termination", "termination", "resumption"), 201, 201, 201),
    "an end, then what was agreed is asked for": (
        lambda by: [*_series("termination")(by), asked(by), asked(by)],  # type: ignore[misc]
        201,
        404,
        404,
    ),
    "an end under another address of the agreement": (
        lambda by: [post(by, sealed(by, "termination"), f"/evidence/{by.earlier.agreement.replace('u', '%75')}/")],
        201,
    ),
}
