"""What it hands in once a contract is concluded, at `/evidence/AGREEMENT`."""

import json
from collections.abc import Callable
from typing import Any

from contracts.canonical import canonical
from contracts.jws import NOTICE, read_sealed
from contracts.notice import notice
from contracts.seals import seal_now
from contracts.timestamps import add_token
from tests.simulator.harmful import Elsewhere, Harmful
from tests.simulator.misdeeds.hands import FAR, LONG_AGO


def _notice(what: str, /, about: str = "earlier", **members: Any) -> Callable[[Harmful], list[Elsewhere]]:
    def made(by: Harmful) -> list[Elsewhere]:
        of = getattr(by, about)
        contract = read_sealed(of.jws)
        role = next(r for r in ("provider", "consumer") if contract.document["parties"][r]["did"] != by.honest.did)
        at = _now(by)
        told = notice(contract, what, by=role, at=at)  # type: ignore[arg-type]
        told |= {name: one(by) if callable(one) else one for name, one in members.items()}
        told = {name: value for name, value in told.items() if value is not ...}
        return [
            Elsewhere(f"/evidence/{of.agreement}", seal_now(told, by.signer, media_type=NOTICE, at=at).text.encode())
        ]

    return made


def _now(by: Harmful) -> Any:
    node = by.place.node
    assert node is not None
    return node.clock.now()


def _handed(
    body: Callable[[Harmful], Any], at: Callable[[Harmful], str] = lambda by: by.earlier.agreement
) -> Callable[[Harmful], list[Elsewhere]]:
    def made(by: Harmful) -> list[Elsewhere]:
        found = body(by)
        return [Elsewhere(f"/evidence/{at(by)}", found if isinstance(found, bytes) else found.encode())]

    return made


def _token_on(member: str, token: bytes) -> Callable[[Harmful], str]:
    return lambda by: add_token(getattr(by.earlier, member), 0, token)


AFTERWARDS: dict[str, Callable[[Harmful], list[Elsewhere]]] = {
    "a notice of the future": _notice("suspension", at=FAR),
    "a notice of long ago": _notice("suspension", at=LONG_AGO),
    "a notice on a day that is none": _notice("suspension", at="2026-02-30T00:00:00Z"),
    "a notice in our name": _notice("termination", by=lambda by: by.honest.did),
    "a notice in nobody's name": _notice("termination", by="did:web:example.org"),
    "a notice of another kind": _notice("termination", kind="annulment"),
    "a notice with odd reasons": _notice("suspension", reason=["x"]),
    "a notice at length": _notice("suspension", reason="é" * 100_000),
    "a notice about another contract": _notice("suspension", contract=lambda by: by.foreign.contract),
    "a notice about another text": _notice("suspension", contractSha256="0" * 64),
    "a notice about somebody else's contract": _handed(
        lambda by: _notice("suspension")(by)[0].body, lambda by: by.foreign.agreement
    ),
    "a notice about nothing": _handed(lambda by: _notice("suspension")(by)[0].body, lambda by: "urn:uuid:none"),
    "a notice at an odd address": _handed(
        lambda by: _notice("suspension")(by)[0].body, lambda by: "..%2f%00%ff//é?x#y"
    ),
    "evidence of nothing": _handed(lambda by: b""),
    "evidence that is no text": _handed(lambda by: b"\xff\xfe"),
    "evidence too deep": _handed(lambda by: b"[" * 100_000),
    "evidence too long": _handed(lambda by: b" " * (2 << 20)),
    "evidence in JSON": _handed(lambda by: b'{"payload":null,"signatures":null}'),
    "the contract of somebody else as evidence": _handed(lambda by: by.foreign.jws),
    "the contract with a false time-stamp": _handed(_token_on("jws", b"0")),
    "the conclusion with a false time-stamp": _handed(_token_on("conclusion", b"\x30\x00")),
    "the contract with many false time-stamps": _handed(lambda by: _many(by.earlier.jws)),
    "the contract with one seal": _handed(lambda by: _one(by.earlier.jws)),
    "a checkpoint as evidence": lambda by: _retyped(by, "application/vnd.pupitre.checkpoint+json"),
    "a kind of evidence that is a book": lambda by: _retyped(by, "x" * 10_000),
}


def _many(text: str) -> str:
    for number in range(16):
        text = add_token(text, 0, b"%d" % number)
    return text


def _one(text: str) -> str:
    told = json.loads(text)
    return canonical({**told, "signatures": told["signatures"][:1]}).decode()


def _retyped(by: Harmful, media_type: str) -> list[Elsewhere]:
    body = seal_now({"a": "b"}, by.signer, media_type=media_type, at=_now(by)).text
    return [Elsewhere(f"/evidence/{by.earlier.agreement}", body.encode())]
