"""What `pupitre policy` tells: findings, decisions, simulations, for people and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from connector.cli import show
from connector.cli.frame import Session
from connector.cli.policy_given import LANGUAGES, Language, language_of

if TYPE_CHECKING:
    from policies import Decision, Issue
    from policies.simulation import Change, Participant, Square

_EFFECTS = {
    "permit": {"fr": "PERMIS", "en": "PERMITTED"},
    "deny": {"fr": "REFUSÉ", "en": "DENIED"},
    "not-applicable": {"fr": "SANS OBJET", "en": "NOT APPLICABLE"},
    "indeterminate": {"fr": "INDÉTERMINÉ", "en": "UNDECIDED"},
}
_COLOURS = {"permit": "green", "deny": "red", "not-applicable": "red", "indeterminate": "yellow"}
_SEVERITIES = {"error": {"fr": "ERREUR", "en": "ERROR"}, "warning": {"fr": "attention", "en": "warning"}}

Line = tuple["Participant", str | None, "list[Change]"]


Told = Literal["owner", "clause", "category", "nothing"]
"""Who reads: the owner of the rules everything, a counterparty as much as one of the levels lets it."""


# --- as JSON


def explanations(decision: "Decision", level: Told = "owner") -> dict[Language, list[str]]:
    """Return the explanation of a decision line by line, in both languages."""
    import policies

    if level == "owner":
        return {language: policies.explain(decision, language).lines() for language in LANGUAGES}
    said = {
        language: policies.explain(decision, language, audience="counterparty", level=level) for language in LANGUAGES
    }
    return {language: each.lines() for language, each in said.items()}


def decision_json(decision: "Decision") -> dict[str, Any]:
    """Return a decision as JSON."""
    return {
        "effect": decision.effect,
        "reasons": [
            {"code": reason.code, "holds": reason.holds, "pointer": reason.pointer, "text": reason.text}
            for reason in decision.reasons
        ],
        "explanation": explanations(decision),
        "missing": list(decision.missing),
        "valid_until": _iso(decision.valid_until) if decision.valid_until else None,
    }


def changes_json(changes: "Sequence[Change]") -> list[dict[str, Any]]:
    """Return a timeline as JSON."""
    return [{"at": _iso(each.at), "effect": each.effect} for each in changes]


def simulation_json(squares: "Sequence[Square]", lines: "Sequence[Line]") -> dict[str, Any]:
    """Return a simulation as JSON."""
    return {
        "squares": [
            {"participant": one.participant.did, "purpose": one.purpose, "at": _iso(one.at)}
            | decision_json(one.decision)
            for one in squares
        ],
        "timelines": [
            {"participant": who.did, "purpose": purpose, "changes": changes_json(changes)}
            for who, purpose, changes in lines
        ],
    }


def issue_json(issue: "Issue") -> dict[str, Any]:
    """Return a finding as JSON; its fix says what to do, and what a program may put in its place."""
    found: dict[str, Any] = {"code": issue.code, "severity": issue.severity, "pointer": issue.pointer}
    found["message"] = issue.message
    if issue.fix:
        found["fix"] = {"text": issue.fix.text, "operation": issue.fix.operation, "member": issue.fix.member}
    return found


# --- in words


def explanation(session: Session, decision: "Decision", level: Told = "owner", indent: str = "") -> None:
    """Tell a decision: its effect, then what explains it."""
    said = click.style(_effect(session, decision.effect), fg=_COLOURS[decision.effect], bold=True)
    click.echo(f"{indent}{said}")
    for line in explanations(decision, level)[language_of(session)]:
        click.echo(f"{indent}  {line}")


def changes(session: Session, found: "Sequence[Change]") -> None:
    """Tell what time alone will change."""
    for each in found[1:]:
        click.echo(f"{_day(each.at)} : {_effect(session, each.effect)}")


def simulation(session: Session, squares: "Sequence[Square]", lines: "Sequence[Line]") -> None:
    """Tell every answer with its reasons, then when each changes by itself."""
    for one in squares:
        click.echo(f"{_who(session, one.participant.did, one.purpose)}, {_day(one.at)}")
        explanation(session, one.decision, indent="  ")
    for who, purpose, steps in lines:
        told = " → ".join(f"{_day(each.at)} {_effect(session, each.effect)}" for each in steps)
        click.echo(f"{_who(session, who.did, purpose)} : {told}")


def issues(session: Session, found: "Sequence[Issue]") -> None:
    """Tell the findings, or that there are none."""
    language = language_of(session)
    for issue in found:
        said = _SEVERITIES[issue.severity][language]
        click.echo(f"{said} {issue.pointer or '/'} : {issue.message[language]} ({issue.code})")
        if issue.fix:
            click.echo(f"  → {issue.fix.text[language]}")
    if not found:
        click.echo(session.say("Rien à corriger.", "Nothing to correct."))


def _who(session: Session, did: str, purpose: str | None) -> str:
    from policies import vocabulary

    return did if purpose is None else f"{did}, {vocabulary.label(purpose, session.language)}"


def _effect(session: Session, effect: str) -> str:
    return _EFFECTS[effect][language_of(session)]


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day(instant: datetime) -> str:
    return show.instant(_iso(instant))
