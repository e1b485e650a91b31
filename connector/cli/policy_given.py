"""What `pupitre policy` is given: policies from files or standard input, participants and facts from words.

A text that is no policy ends the command with exit code 2 and a sentence.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from connector.cli import exits
from connector.cli.frame import Session

if TYPE_CHECKING:
    from policies import Policy, PolicyError
    from policies.simulation import Grid, Participant


Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")


def language_of(session: Session) -> Language:
    """Return the language of what is said."""
    return "fr" if session.language == "fr" else "en"


def read(session: Session, path: Path) -> "Policy":
    """Return the policy of a file, or of standard input. Ends the command when it is none."""
    import policies

    raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        return policies.load(raw)
    except policies.PolicyError as error:
        unreadable(session, str(path), error)


def unreadable(session: Session, where: str, error: "PolicyError") -> NoReturn:
    """End the command with what is wrong, as a sentence or as JSON, on standard error."""
    if session.is_json:
        document = {"code": error.code, "title": error.title, "detail": error.detail, "pointer": error.pointer}
        session.fail(json.dumps(document, ensure_ascii=False, indent=2), exits.USAGE)
    said = error.say(language_of(session))
    session.fail(f"{where} : {said}" if session.language == "fr" else f"{where}: {said}", exits.USAGE)


def instants(texts: Sequence[str]) -> list[datetime]:
    """Return the instants that were given, or the present one."""
    return [datetime.fromisoformat(text) for text in texts] or [datetime.now(UTC)]


def participant(session: Session, did: str, stated: Sequence[str]) -> "Participant":
    """Return somebody of whom is known what `--fact` says."""
    from policies.simulation import Participant

    return Participant(did, _facts(session, stated))


def participants(session: Session, path: Path, stated: Sequence[str]) -> "list[Participant]":
    """Return the participants of a JSON file, each with its own facts and those that are stated for all."""
    from policies.simulation import Participant

    try:
        rows = [(str(row["did"]), dict(row.get("facts", {}))) for row in json.loads(path.read_bytes())]
    except (ValueError, TypeError, KeyError, AttributeError):
        expected = '[{"did": "did:web:…", "facts": {"terri:participantCategory": "terri:Collectivite"}}]'
        raise click.UsageError(f"{path}: {session.say('attendu', 'expected')} {expected}") from None
    everyone = _facts(session, stated)
    return [
        Participant(did, everyone | {_operand(name): _value(fact) for name, fact in own.items()}) for did, own in rows
    ]


def _facts(session: Session, stated: Sequence[str]) -> dict[str, Any]:
    """Return facts by the IRI of their operand; what is stated twice is a list."""
    found: dict[str, list[str]] = {}
    for each in stated:
        name, equals, text = each.partition("=")
        if not equals:
            fr, en = f"--fact OPÉRANDE=VALEUR, pas {each}", f"--fact OPERAND=VALUE, not {each}"
            raise click.UsageError(session.say(fr, en))
        found.setdefault(_operand(name), []).append(text)
    return {name: _value(values[0] if len(values) == 1 else values) for name, values in found.items()}


def _operand(name: str) -> str:
    from policies import vocabulary

    return vocabulary.term(name, vocabulary.OPERAND_WORDS)


def _value(fact: Any) -> Any:
    """Return a fact with the prefixes of its names spelt out."""
    from policies import vocabulary

    match fact:
        case str():
            return vocabulary.expand(fact)
        case list():
            return [_value(each) for each in fact]
    return fact


def purpose(text: str) -> str:
    """Return the IRI of a purpose that is given by its name in the profile, with a prefix or in full."""
    from policies import profile, vocabulary

    names = {one.name: one.iri for one in profile.TERMS if one.kind is profile.TermKind.PURPOSE}
    return names.get(text) or vocabulary.expand(text)


def grid(
    everyone: "Sequence[Participant]",
    purposes: Sequence[str | None],
    moments: Sequence[datetime],
    *,
    action: str,
    target: str | None,
    phase: str,
    unaccepted: bool,
) -> "Grid":
    """Return the questions that were asked."""
    from policies import profile
    from policies.simulation import Grid

    return Grid(
        participants=tuple(everyone),
        purposes=tuple(each and purpose(each) for each in purposes),
        instants=tuple(moments),
        action=action,
        target=target,
        phase=phase,
        accepts=not unaccepted,
        knowledge=profile.knowledge(),
    )
