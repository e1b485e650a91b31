"""What it answers to what the honest node says, and to its questions."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connector.peer.client import Answer
from connector.protocol import negotiation as n
from tests.simulator.harmful import Harmful, Message, without
from tests.simulator.misdeeds.hands import PIDS

Reply = Callable[[Harmful, Answer], Answer]


def body(change: Callable[[Harmful, Message], Any]) -> Reply:
    def changed(by: Harmful, answer: Answer) -> Answer:
        told = json.loads(answer.body or b"{}")
        found = change(by, told)
        return replace(answer, body=found if isinstance(found, bytes) else json.dumps(found).encode())

    return changed


def status(status: int, body: bytes = b"", **headers: str) -> Reply:
    return lambda by, answer: Answer(status, {"content-type": "application/json", **headers}, body)


def _refusal(**members: Any) -> bytes:
    return json.dumps({"@type": "ContractNegotiationError", "code": "x", "reason": ["no"], **members}).encode()


ANSWERS: dict[str, tuple[Reply, int]] = {
    "nothing": (status(200), 3),
    "no content": (status(204), 3),
    "garbage": (status(200, b"<html>"), 3),
    "a text too deep": (status(200, b"[" * 200_000), 3),
    "a list": (status(200, b"[]"), 3),
    "elsewhere": (status(302, location="http://127.0.0.1:1001/"), 3),
    "of no kind": (status(299), 3),
    "later": (status(503, **{"retry-after": "9" * 400}), 5),
    "busy": (status(503, _refusal(code="busy")), 5),
    "broken": (status(500, b"Traceback"), 5),
    "not found": (status(404), 3),
    "gone": (status(410, _refusal()), 1),
    "conflict": (status(409, _refusal()), 5),
    "no": (status(400, _refusal()), 1),
    "no, in a text too deep": (status(400, b"[" * 200_000), 1),
    "no, with reasons of all kinds": (status(400, _refusal(code=[1], reason=[None, {"a": 1}, [], 1.5, "\u202e"])), 1),
    "no, at length": (status(400, _refusal(code="é" * 100_000, reason=["é" * 100_000] * 3)), 1),
    "no, with half a character": (status(400, b'{"code":"\\ud800","reason":["\\ud800"]}'), 1),
    "forbidden": (status(403, _refusal()), 1),
    "unauthorised": (status(401), 3),
    "too many": (status(429, **{"retry-after": "-1"}), 3),
}
FIRST_ANSWERS: dict[str, tuple[Reply, int]] = {
    "no pid": (body(lambda by, told: without(told, *PIDS)), 2),
    "a pid that is null": (body(lambda by, told: {**told, **dict.fromkeys(PIDS)}), 2),
    "a pid with half a character": (body(lambda by, told: {**told, **dict.fromkeys(PIDS, "\ud800")}), 2),
    "a pid as long as a book": (body(lambda by, told: {**told, **dict.fromkeys(PIDS, "x" * 100_000)}), 2),
    "a pid of another alphabet": (body(lambda by, told: {**told, **dict.fromkeys(PIDS, "e\u0301/../?#")}), 1),
    "our own pid": (body(lambda by, told: {**told, **dict.fromkeys(PIDS, by.earlier.ours)}), 1),
    "the pid of an earlier process": (body(lambda by, told: {**told, **dict.fromkeys(PIDS, by.earlier.theirs)}), 1),
    "never a pid": (body(lambda by, told: {}), 1_000),
}
STATES: dict[str, tuple[Reply, int]] = {
    "a state that is none": (body(lambda by, told: {**told, "state": "DONE"}), 1_000),
    "a state that is a list": (body(lambda by, told: {**told, "state": ["AGREED"]}), 1_000),
    "a state with half a character": (body(lambda by, told: b'{"state":"\\ud800"}'), 1_000),
    "a state with a null character": (body(lambda by, told: b'{"state":"\\u0000"}'), 1_000),
    "a state as long as a book": (body(lambda by, told: {"state": "x" * 500_000}), 1_000),
    "a state too deep": (status(200, b"[" * 200_000), 1_000),
    "final": (body(lambda by, told: {**told, "state": n.FINALIZED}), 1_000),
    "ended": (body(lambda by, told: {**told, "state": n.TERMINATED}), 1_000),
    "verified": (body(lambda by, told: {**told, "state": n.VERIFIED}), 1_000),
    "agreed": (body(lambda by, told: {**told, "state": n.AGREED}), 1_000),
    "initial": (body(lambda by, told: {**told, "state": n.INITIAL}), 1_000),
}
