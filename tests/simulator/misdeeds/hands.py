"""What misdeeds are made of: a hand that is laid on a message, and what it writes in the place of what was meant."""

from collections.abc import Callable
from typing import Any

from tests.simulator.harmful import Harmful, Message

HUGE = "é" * 200_000
DEEP = b'{"a":' * 60_000 + b"1" + b"}" * 60_000
FAR = "9999-12-31T23:59:59Z"
LONG_AGO = "0001-01-01T00:00:00Z"
PIDS = ("consumerPid", "providerPid")

Hand = Callable[[Harmful, Message], list[Any]]


def nested(depth: int) -> Message:
    """Return constraints in constraints, so deep."""
    atom = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"}
    return {"and": [nested(depth - 1)]} if depth else atom
