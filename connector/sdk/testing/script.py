"""The words of a script: what a fake peer does otherwise than a correct one, in order or always.

    peer.on("ContractRequestMessage").refuse(reason="Closed.").then.delay(2)
    peer.sending("ContractAgreementMessage").repeat(3)

`on` speaks of what arrives, `sending` of what the peer is about to send. Each word describes a step; words that follow
each other describe the same step, `then` begins the next. A step serves once, `times` as often as told, `always` for
ever; when the steps are used up the peer is correct again. Rules for one kind are used in the order of their writing.
"""

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from connector.sdk.testing.errors import ScriptError
from connector.sdk.testing.protocol import CATALOG_REQUEST, DATASET_REQUEST, PATHS

Manner = Literal["correct", "answered", "refused", "silent", "cut", "dying"]
LONGEST_S = 600.0
MOST_REPEATS = 100
ELSEWHERE = frozenset(
    {
        CATALOG_REQUEST,
        DATASET_REQUEST,
        "ContractNegotiation",
        "TransferProcess",
        "VersionResponse",
        "DidDocument",
        "Data",
        "DataToken",
        "Push",
    }
)
"""What may arrive beside messages of processes: the catalogue, questions about a state, documents, bytes."""
GARBLED = b'{"@context": ["https://w3id.org/dspace/2025/1/context.jsonld"], "@type": '


@dataclass(frozen=True)
class Step:
    """What is done once."""

    manner: Manner = "correct"
    delay_s: float = 0.0
    status: int = 200
    body: bytes | None = None
    code: str = ""
    reason: str = ""
    repeats: int = 0
    """How many times more than once."""
    is_garbled: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    """Members that stand otherwise in the message; None leaves one out."""
    termination: str | None = None
    """The reason with which the process is ended instead of going on."""


CORRECT = Step()


class _Rule:
    """The steps for one kind, as far as they are not used up."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.steps: list[tuple[Step, float]] = []

    def is_about(self, kind: str) -> bool:
        return kind == self.kind or kind.startswith(f"{self.kind}:")

    def use(self) -> Step | None:
        while self.steps:
            step, left = self.steps[0]
            if left >= 1:
                self.steps[0] = (step, left - 1)
                return step
            self.steps.pop(0)
        return None


class Script:
    """All rules of one direction."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self._kinds = kinds
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def check(self, kind: str) -> None:
        """Raise ScriptError for a kind that there is not."""
        if kind not in self._kinds and kind not in {one.partition(":")[0] for one in self._kinds}:
            raise ScriptError(f"{kind}: not one of {', '.join(sorted(self._kinds))}")

    def rule(self, kind: str) -> _Rule:
        """Return a new rule. Raises ScriptError."""
        self.check(kind)
        rule = _Rule(kind)
        self._rules.append(rule)
        return rule

    def step(self, kind: str) -> Step:
        """Return what to do now; uses it up."""
        with self._lock:
            found = (rule.use() for rule in self._rules if rule.is_about(kind))
            return next((step for step in found if step is not None), CORRECT)

    def forget(self) -> None:
        """Be correct from now on."""
        with self._lock:
            self._rules.clear()


class _Words:
    """What may be said of both directions."""

    def __init__(self, rule: _Rule) -> None:
        self._rule = rule
        self._begins = True

    @property
    def then(self) -> Self:
        """Begin the next step."""
        if self._begins:
            raise ScriptError("`then` follows a step")
        self._begins = True
        return self

    def behave(self) -> Self:
        """Be correct, this time."""
        return self._say()

    def delay(self, seconds: float) -> Self:
        """Be late: what arrives is taken at once and answered after this time; what is sent leaves after it."""
        if not 0 <= seconds <= LONGEST_S:
            raise ScriptError(f"delay: 0 to {LONGEST_S:g} seconds")
        return self._say(delay_s=seconds)

    def silence(self) -> Self:
        """Take nothing and answer nothing until the caller loses patience; send nothing at all."""
        return self._say(manner="silent")

    def times(self, number: int) -> Self:
        """Do the step that often."""
        if number < 1:
            raise ScriptError("times: at least once")
        return self._last(number)

    def always(self) -> Self:
        """Do the step from then on, every time."""
        return self._last(float("inf"))

    def _say(self, **words: Any) -> Self:
        if self._begins:
            self._rule.steps.append((Step(**words), 1))
            self._begins = False
        else:
            step, left = self._rule.steps[-1]
            if "manner" in words and step.manner != "correct":
                raise ScriptError(f"{step.manner} and {words['manner']}: one of them, or `then` in between")
            self._rule.steps[-1] = (replace(step, **words), left)
        return self

    def _last(self, times: float) -> Self:
        if self._begins:
            raise ScriptError("`times` and `always` follow a step")
        self._rule.steps[-1] = (self._rule.steps[-1][0], times)
        return self


class OnArrival(_Words):
    """What the peer does when something arrives."""

    def refuse(self, status: int = 400, code: str = "refused", reason: str = "Refused.") -> Self:
        """Take nothing, and answer the protocol's typed error."""
        _check_status(status, 400)
        return self._say(manner="refused", status=status, code=code, reason=reason)

    def answer(self, status: int, body: dict[str, Any] | bytes | str = b"") -> Self:
        """Take nothing, and answer exactly this."""
        _check_status(status, 200)
        raw = json.dumps(body).encode() if isinstance(body, dict) else body
        return self._say(manner="answered", status=status, body=raw.encode() if isinstance(raw, str) else raw)

    def terminate(self, reason: str = "No.") -> Self:
        """Take the message, and end its process with a termination instead of going on."""
        return self._say(termination=reason)

    def malform(self) -> Self:
        """Take the message, and answer something that is no JSON."""
        return self._say(is_garbled=True)

    def cut(self) -> Self:
        """Take the message, and cut the connection in the middle of the answer."""
        return self._say(manner="cut")

    def die(self) -> Self:
        """Take the message, cut the connection in the middle of the answer, and be gone until `come_back`."""
        return self._say(manner="dying")

    def repeat(self, times: int = 1) -> Self:
        """Send each message with which the peer goes on that many times more, byte for byte."""
        return self._say(repeats=_checked_repeats(times))


class OnSending(_Words):
    """What the peer does when it is about to send something."""

    def malform(self) -> Self:
        """Send half of the message: it is no JSON."""
        return self._say(is_garbled=True)

    def alter(self, **members: Any) -> Self:
        """Send the message with other members; None leaves one out. `id_` and `type_` name `@id` and `@type`."""
        named = {f"@{name[:-1]}" if name.endswith("_") else name: value for name, value in members.items()}
        return self._say(changes=named)

    def repeat(self, times: int = 1) -> Self:
        """Send the message that many times more, byte for byte, each with a token of its own."""
        return self._say(repeats=_checked_repeats(times))


def on_arrival() -> Script:
    """Return an empty script of what arrives."""
    return Script(frozenset(PATHS) | ELSEWHERE)


def on_sending() -> Script:
    """Return an empty script of what is sent."""
    return Script(frozenset(PATHS))


def _check_status(status: int, least: int) -> None:
    if not least <= status <= 599:
        raise ScriptError(f"{status}: a status is {least} to 599")


def _checked_repeats(times: int) -> int:
    if not 1 <= times <= MOST_REPEATS:
        raise ScriptError(f"repeat: 1 to {MOST_REPEATS} times")
    return times
