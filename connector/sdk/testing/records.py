"""What a fake peer has heard and said, for a test to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One call of the partner."""

    kind: str
    """The message's kind, or what else was asked for: `Data`, `DidDocument`…"""
    path: str
    body: Mapping[str, Any] = field(repr=False)
    """The message as it came; empty for what carries none."""
    sender: str | None
    """DID of the partner, proven; None where nobody has to say who speaks, or did not prove it."""
    status: int | None
    """How it was answered; None: not at all."""
    is_taken: bool
    """False when the script kept it from having any effect, or the peer refused it."""
    is_repeat: bool = False
    """This very message had been taken before."""


@dataclass(frozen=True)
class Said:
    """One message of the peer, with its answer."""

    kind: str
    url: str
    body: Mapping[str, Any] = field(repr=False)
    """The message as it was meant; a malformed one was sent otherwise."""
    status: int | None
    """How the partner answered; None: not at all, or the message was never sent."""
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_accepted(self) -> bool:
        """True when the partner took it."""
        return self.status is not None and 200 <= self.status < 300
