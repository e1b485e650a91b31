"""What the commands about negotiations and transfers share: sheets that answer "why is it stuck?", and waiting."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Session

STEP_S = 20.0
"""How long one question may wait at the node; a longer wait asks again."""
STANDSTILLS = frozenset({"refused", "our-turn", "diverged", "given-up"})
"""Why a process will not move without a person."""


def sheet(session: Session, found: Any, *more: tuple[str, str | None]) -> None:
    """Print where a process stands, what was said last both ways, and what can be done."""
    why, problem = found["why"], found["problem"]
    show.sheet(
        session,
        [
            ("pid", found["pid"]),
            ("role", show.role(session, found["role"])),
            ("peer", found["peer"]),
            ("dataset", found["dataset"]),
            *more,
            ("last_sent", _message(session, found["last_sent"])),
            ("decided_by", _decider(found["last_sent"])),
            ("explanation", "\n".join((found["last_sent"] or {}).get("explanation", ()))),
            ("last_received", _message(session, found["last_received"])),
            ("problem", " ".join(filter(None, (problem["code"], problem["reason"]))) if problem else None),
            ("why", why["text"]),
            ("next_attempt_at", show.instant(why["next_attempt_at"])),
            ("actions", ", ".join(why["actions"])),
        ],
    )


def listed(session: Session, found: Sequence[Any], states: Any) -> None:
    """Print processes as a table."""
    rows = (
        (
            one["pid"],
            states(one["state"]),
            show.value(session, one["turn"]),
            show.role(session, one["role"]),
            one["peer"],
            one["dataset"],
            show.instant(one["updated_at"]),
        )
        for one in found
    )
    show.table(session, ("pid", "state", "turn", "role", "peer", "dataset", "updated_at"), rows)


def follow(look: Callable[[int | None, float], Any], is_over: Callable[[Any], bool], wait_s: float) -> Any:
    """Return what `look(version, seconds)` shows once it is over, needs a person, or the wait has passed."""
    ends_at = time.monotonic() + wait_s
    seen = look(None, 0)
    while not is_over(seen) and seen["why"]["code"] not in STANDSTILLS:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            break
        seen = look(seen["version"], min(left_s, STEP_S))
    return seen


def conclude(session: Session, found: Any, good: frozenset[str]) -> None:
    """Exit by how a followed process stands."""
    if found["state"] in good:
        return
    if found["state"] == "TERMINATED" or found["why"]["code"] == "refused":
        raise SystemExit(exits.REFUSED)
    if not session.is_json:
        click.echo(found["why"]["text"], err=True)
    raise SystemExit(exits.STILL_WAITING)


def _decider(said: Any) -> str | None:
    return said["decided_by"]["text"] if said and said["decided_by"] else None


def _message(session: Session, said: Any) -> str | None:
    if said is None:
        return None
    parts = [show.message(session, said["message"]), show.instant(said["at"]), show.value(session, said["status"])]
    if said["attempts"]:
        parts.append(session.say(f"essais sans succès : {said['attempts']}", f"failed attempts: {said['attempts']}"))
    if said["status"] != "pending":
        parts += [said[name] for name in ("code", "reason") if said[name]]
    return ", ".join(parts)
