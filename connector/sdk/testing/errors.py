"""What a fake peer tells the test that holds it."""

from collections.abc import Sequence


class ScriptError(ValueError):
    """The script says something that cannot be done; nothing of it is kept."""


class NotHeard(AssertionError):
    """What was waited for did not come in time."""

    def __init__(self, wanted: str, timeout_s: float, instead: Sequence[str]) -> None:
        there = ", ".join(instead) or "nothing"
        super().__init__(f"{wanted}: not within {timeout_s:g} s; what there was: {there}")


class Refused(Exception):
    """The partner answered a message of the peer, and the answer was no."""

    def __init__(self, kind: str, status: int | None, code: str = "", reason: str = "") -> None:
        self.kind = kind
        self.status = status
        """HTTP status; None when no answer came."""
        self.code = code
        self.reason = reason
        answer = "no answer" if status is None else f"HTTP {status}"
        super().__init__(" ".join(part for part in (f"{kind}: {answer}", code, reason) if part))


class Unproven(Exception):
    """A caller's token does not prove who speaks; the text is why."""
