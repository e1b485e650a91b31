"""What may be wished of a whole path (get.py), what its steps are made of, and what it ends with."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from connector.sdk.calls import Call
from connector.sdk.problems import Unfinished

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """Rules of use, for somebody to say yes or no to."""

    peer: str
    dataset: str
    title: str
    offer_id: str
    sentences: list[str]
    """A sentence for each rule, in the client's language."""
    offer: Mapping[str, Any]
    """The same as ODRL; saying yes requests exactly this."""
    is_counter_offer: bool = False
    """True when the partner laid them on the table itself: they are not those of its catalogue."""


class Received(TypedDict):
    """What a whole path ended with: a file that has been verified."""

    peer: str
    dataset: str
    agreement: str
    is_new_agreement: bool
    """False: an agreement was there already, and still good."""
    transfer: str
    path: str
    """The file on the node's machine."""
    size_bytes: int
    sha256: str | None


class How(TypedDict, total=False):
    """What may be said of a whole path; everything may be left out."""

    accept: Callable[[Terms], Any] | None
    """Told the rules of use; True agrees to them. None: nothing new is agreed to."""
    offer: str | None
    """Which offer, where there are several; an agreement made from another one is not used then."""
    overwrite: bool
    """Replace a file that stands there."""
    keep_open: bool
    """Leave the transfer open when all has been had."""
    timeout_s: float
    """Longest wait for the partner without any news of it."""
    progress: Callable[[Mapping[str, Any]], None] | None
    """Told how far the bytes are, several times a second."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: whose dataset, into which file of the node's machine, and how."""

    peer: str
    dataset: str
    to: str
    language: str
    accept: Callable[[Terms], Any] | None = None
    offer: str | None = None
    overwrite: bool = False
    keep_open: bool = False
    timeout_s: float = 30.0
    progress: Callable[[Mapping[str, Any]], None] | None = None

    def unfinished(self, code: str, detail: str = "", **facts: Any) -> Unfinished:
        """Return why the path ends here."""
        return Unfinished(code, detail, language=self.language, **facts)


@dataclass(frozen=True, slots=True)
class Pause:
    """Let this time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Question:
    """Ask whether these terms are agreed to."""

    accept: Callable[[Terms], Any]
    terms: Terms


Steps = Generator[Call[Any] | Pause | Question, Any, T]
