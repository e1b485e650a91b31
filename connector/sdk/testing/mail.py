"""What a fake peer sends: rendered once, sent as its script says, again while the partner is not there.

A state is entered when its message leaves, and left again when the partner refuses it: so a partner that answers faster
than it acknowledges is understood, and one whose acknowledgement is lost.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from connector.sdk.testing import protocol as p
from connector.sdk.testing.calling import Answer, NotCalled, call
from connector.sdk.testing.identity import Identity
from connector.sdk.testing.listener import Errands
from connector.sdk.testing.processes import Process
from connector.sdk.testing.protocol import Json
from connector.sdk.testing.records import Said
from connector.sdk.testing.script import Script, Step

ATTEMPTS = 40
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True)
class _Letter:
    """A message on its way out."""

    process: Process
    kind: str
    body: Json
    raw: bytes
    step: Step
    is_patient: bool
    answered: "Future[Said]"


class Mail:
    """The outgoing messages of one peer."""

    def __init__(self, identity: Identity, script: Script, errands: Errands, keep: Callable[[Said], None]) -> None:
        self._identity = identity
        self._script = script
        self._errands = errands
        self._keep = keep

    def post(
        self, process: Process, kind: str, members: Json, *, repeats: int = 0, is_patient: bool = True
    ) -> "Future[Said]":
        """Have a message sent; the result is what was said, with its answer.

        `repeats`: how many times more than once. Not patient: sent once, whatever comes of it.
        """
        step = self._script.step(kind)
        step = replace(step, repeats=step.repeats + repeats)
        first = {"callbackAddress": self._identity.place + p.BASE} if process.peer_pid is None else {}
        body = p.message(kind, **{**process.pids, **first, **members, **step.changes})
        for name, value in step.changes.items():
            if value is None:
                body.pop(name, None)
        raw = p.as_bytes(body)
        raw = raw[: len(raw) // 2] if step.is_garbled else raw
        letter = _Letter(process, kind, body, raw, step, is_patient, Future())
        self._errands.add(lambda: self._leave(letter, ATTEMPTS), step.delay_s)
        return letter.answered

    def _leave(self, letter: _Letter, attempts: int) -> None:
        """Send the message, its repetitions, or nothing."""
        process = letter.process
        url = url_of(process, letter.kind)
        if letter.step.manner == "silent":
            self._note(letter, Said(letter.kind, url, letter.body, None))
            return
        before = process.state
        self._move(process, p.step(before, letter.kind, process.role) or before)
        said = self._send(letter, url)
        if said.is_accepted:
            self._learn(process, said)
        elif said.status is not None:
            self._move_back(process, letter.kind, before)
        if letter.is_patient and _may_pass(said) and attempts > 1:
            self._keep(said)
            pause_s = min(FIRST_PAUSE_S * 2.0 ** (ATTEMPTS - attempts), LONGEST_PAUSE_S)
            self._errands.add(lambda: self._leave(letter, attempts - 1), pause_s)
            return
        self._note(letter, said)
        for _ in range(letter.step.repeats):
            self._keep(self._send(letter, url))

    def _send(self, letter: _Letter, url: str) -> Said:
        headers = {
            "Authorization": self._identity.header_for(letter.process.peer),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        try:
            answer = call("POST", url, headers=headers, body=letter.raw)
        except NotCalled:
            return Said(letter.kind, url, letter.body, None)
        return _said(letter, url, answer)

    def _learn(self, process: Process, said: Said) -> None:
        """Take the partner's identifier from its answer to a first message."""
        if process.peer_pid is None:
            member = "providerPid" if process.role == "consumer" else "consumerPid"
            process.peer_pid = said.answer.get(member)

    def _move(self, process: Process, state: str) -> None:
        with process.news:
            process.state = state
            process.news.notify_all()

    def _move_back(self, process: Process, kind: str, before: str) -> None:
        if process.state == p.step(before, kind, process.role):
            self._move(process, before)

    def _note(self, letter: _Letter, said: Said) -> None:
        self._keep(said)
        letter.answered.set_result(said)


def url_of(process: Process, kind: str) -> str:
    """Return where a message of this kind goes now."""
    if process.peer_pid is None:
        return process.url + p.FIRST_PATHS[kind]
    return process.url + p.PATHS[kind].format(process.peer_pid)


def _said(letter: _Letter, url: str, answer: Answer) -> Said:
    return Said(letter.kind, url, letter.body, answer.status, answer.document)


def _may_pass(said: Said) -> bool:
    """True when the same message may be taken later."""
    return said.status is None or said.status >= 500
