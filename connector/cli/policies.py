"""Simple terms of use from simple flags, as ODRL; anything finer comes from a file."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from connector.cli.frame import Session, option

Json = dict[str, Any]


def policy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the ways to state terms; `terms` reads them."""
    for decorate in (
        option("--purpose", "purposes", multiple=True, fr="Finalité permise (IRI).", en="A purpose allowed (IRI)."),
        option("--only", "parties", multiple=True, fr="Organisme admis (DID).", en="A participant admitted (DID)."),
        option("--until", metavar="DATE", fr="Jusqu’à cette date incluse.", en="Until this date, included."),
        option("--open", "is_open", is_flag=True, fr="Sans condition.", en="Without conditions."),
        option(
            "--policy",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            fr="Fichier JSON de règles ODRL.",
            en="JSON file of ODRL rules.",
        ),
    ):
        function = decorate(function)
    return function


def terms(
    session: Session,
    *,
    policy: Path | None,
    is_open: bool,
    until: str | None,
    parties: Sequence[str],
    purposes: Sequence[str],
) -> Json:
    """Return the policy that the flags state. Ends the command when they state none, or two."""
    has_flags = bool(until or parties or purposes)
    if (policy is not None) + is_open + has_flags != 1:
        fr = "Dites les conditions d’une seule façon : --policy, --open, ou --until/--only/--purpose."
        raise click.UsageError(session.say(fr, "State the terms in one way: --policy, --open, or the other flags."))
    if policy is not None:
        return _read(session, policy)
    constraints = [*_until(session, until), *_list("odrl:recipient", parties), *_list("odrl:purpose", purposes)]
    rule: Json = {"action": "use"}
    return {"permission": [{**rule, "constraint": constraints} if constraints else rule]}


def _read(session: Session, path: Path) -> Json:
    try:
        read = json.loads(path.read_bytes())
    except ValueError as error:
        raise click.UsageError(f"{path}: {error}") from None
    if not isinstance(read, dict):
        raise click.UsageError(f"{path}: {session.say('un objet est attendu', 'an object is expected')}")
    return read


def _until(session: Session, text: str | None) -> list[Json]:
    if text is None:
        return []
    try:
        day = date.fromisoformat(text)
        at = datetime(day.year, day.month, day.day, 23, 59, 59).astimezone()
    except ValueError:
        raise click.UsageError(session.say("--until AAAA-MM-JJ", "--until YYYY-MM-DD")) from None
    value = {"@type": "xsd:dateTime", "@value": at.isoformat()}
    return [{"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": value}]


def _list(operand: str, values: Sequence[str]) -> list[Json]:
    if not values:
        return []
    return [{"leftOperand": operand, "operator": "isAnyOf", "rightOperand": list(values)}]
