"""Checkpoints kept elsewhere, held against those that the node shows: `pupitre journal verify --against FILE`.

A copy that the node does not show any more tells of entries that were taken away. A restoration that the node itself
declared under seal, over the instant of the copy, explains it; nothing else does. The seal of a copy is not checked
here: whoever kept it knows where it is from.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Outcome = Literal["same", "restored", "unexplained"]


@dataclass(frozen=True)
class Point:
    """A checkpoint, as its sealed text says it."""

    number: int
    at: datetime
    sha256: str
    restorations: tuple[tuple[datetime, datetime], ...]
    """When the backup was taken, when it was restored."""


@dataclass(frozen=True)
class Compared:
    """A copy, held against what the node shows."""

    number: int
    outcome: Outcome
    restored_at: datetime | None = None


def read(content: bytes) -> list[Point]:
    """Return the checkpoints in a file: one sealed text, or the list that `journal checkpoints --json` prints.

    Raises ValueError.
    """
    told = json.loads(content.decode("utf-8"))
    texts = [told] if isinstance(told, dict) else [json.loads(one["jws"]) for one in told if one["jws"]]
    return [_point(one) for one in texts]


def compare(copies: Iterable[Point], shown: Iterable[str]) -> Iterator[Compared]:
    """Yield how each copy stands to the sealed texts that the node shows."""
    present = {one.number: one for one in (_point(json.loads(text)) for text in shown)}
    for copy in copies:
        same = present.get(copy.number)
        if same is not None and same.sha256 == copy.sha256:
            yield Compared(copy.number, "same")
            continue
        declared = (found for one in present.values() if one.number <= copy.number for found in one.restorations)
        restored = next((end for begin, end in declared if begin <= copy.at <= end), None)
        yield Compared(copy.number, "unexplained" if restored is None else "restored", restored)


def _point(jws: Any) -> Point:
    try:
        payload = base64.urlsafe_b64decode(jws["payload"] + "=" * (-len(jws["payload"]) % 4))
        told = json.loads(payload)
        restorations = tuple(
            (datetime.fromisoformat(one["backupAt"]), datetime.fromisoformat(one["restoredAt"]))
            for one in told.get("restorations", ())
        )
        return Point(
            int(told["number"]), datetime.fromisoformat(told["at"]), hashlib.sha256(payload).hexdigest(), restorations
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no checkpoint") from error
