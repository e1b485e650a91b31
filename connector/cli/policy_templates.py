"""`pupitre policy template` and `profile`: rules of use from a template, and the words of the profile."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from connector.cli import policy_given, show
from connector.cli.frame import Session, command, group, option

if TYPE_CHECKING:
    from policies.patterns import Parameter, Recognised, Template


def add_to(rules: click.Group) -> None:
    """Add the commands below `policy`."""
    templates = group(rules, "template", "Modèles de règles d’usage.", "Templates of rules of use.")
    _add_list(templates)
    _add_show(templates)
    _add_make(templates)
    _add_profile(rules)


def _add_list(templates: click.Group) -> None:
    @command(templates, "list", "Liste les modèles.", "List the templates.")
    def list_(session: Session) -> None:
        import policies

        found = policies.templates()
        rows = [(one.name, one.labels[session.language], _names(one)) for one in found]
        session.out(
            [_template(one) for one in found], lambda: show.table(session, ("name", "title", "parameters"), rows)
        )


def _add_show(templates: click.Group) -> None:
    @command(templates, "show", "Montre un modèle et ses paramètres.", "Show a template and its parameters.")
    @click.argument("name")
    def show_(session: Session, name: str) -> None:
        found = _found(session, name)
        session.out(_template(found), lambda: _tell_template(session, found))


def _add_make(templates: click.Group) -> None:
    @command(
        templates,
        "make",
        "Écrit des règles d’usage à partir d’un modèle, en JSON (0 : fait, 2 : paramètre qui ne convient pas).",
        "Write rules of use from a template, as JSON (0: done, 2: a parameter that will not do).",
    )
    @click.argument("name")
    @option(
        "--set",
        "given",
        multiple=True,
        metavar="NAME=VALUE",
        fr="Paramètre ; une liste s’écrit avec des virgules.",
        en="Parameter; a list is written with commas.",
    )
    @option("--id", "uid", fr="Identifiant (IRI) ; sinon un UUID.", en="Identifier (IRI); else a UUID.")
    def make(session: Session, name: str, given: Sequence[str], uid: str | None) -> None:
        import policies

        template = _found(session, name)
        try:
            offer = template.offer(uid or f"urn:uuid:{uuid4()}", **_parameters(session, given))
        except policies.PolicyError as error:
            policy_given.unreadable(session, name, error)
        click.echo(json.dumps(offer, ensure_ascii=False, indent=2))


def _add_profile(rules: click.Group) -> None:
    @command(
        rules,
        "profile",
        "Montre les mots du profil territoires ; --json les donne en SKOS (JSON-LD).",
        "Show the words of the territory profile; --json gives them as SKOS (JSON-LD).",
    )
    def profile(session: Session) -> None:
        from policies import profile as terri

        at = 0 if session.language == "fr" else 1
        rows = [(f"terri:{one.name}", one.labels[at], terri.ASSURANCES[one.assurance][at]) for one in terri.TERMS]
        session.out(terri.as_jsonld(), lambda: show.table(session, ("term", "meaning", "assurance"), rows))


def told(session: Session, found: "Recognised") -> str:
    """Return the template of a policy, with its parameters, in a line."""
    language = policy_given.language_of(session)
    values = "; ".join(
        f"{each.labels[language]}: {shown(session, found.parameters[each.name])}"
        for each in found.template.parameters
        if found.parameters[each.name] is not None
    )
    title = f"{found.template.labels[language]} ({found.template.name})"
    line = f"Modèle : {title}." if language == "fr" else f"Template: {title}."
    return f"{line} {values}".rstrip()


def shown(session: Session, value: Any) -> str:
    """Return the value of a parameter for people."""
    from policies import vocabulary

    texts = value if isinstance(value, tuple) else (str(value),)
    return ", ".join(vocabulary.label(text, session.language) for text in texts)


def _found(session: Session, name: str) -> "Template":
    import policies

    try:
        return policies.template(name)
    except policies.PolicyError as error:
        policy_given.unreadable(session, name, error)


def _parameters(session: Session, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or name in found:
            raise click.UsageError(
                session.say(
                    f"--set NOM=VALEUR, une fois par nom, pas {each}", f"--set NAME=VALUE, once a name, not {each}"
                )
            )
        found[name] = text
    return found


def _names(template: "Template") -> str:
    return ", ".join(each.name if each.required else f"[{each.name}]" for each in template.parameters)


def _tell_template(session: Session, template: "Template") -> None:
    click.echo(f"{template.labels[session.language]} ({template.name})\n{template.help[session.language]}")
    for each in template.parameters:
        click.echo(
            f"  {each.name} : {each.labels[session.language]}. {each.help[session.language]} {_need(session, each)}"
        )


def _need(session: Session, parameter: "Parameter") -> str:
    if parameter.required:
        return session.say("Nécessaire.", "Needed.")
    if parameter.optional:
        return session.say("Facultatif.", "May be left out.")
    return session.say("Par défaut : ", "By default: ") + f"{shown(session, parameter.default)}."


def _template(template: "Template") -> dict[str, Any]:
    return {
        "name": template.name,
        "labels": template.labels,
        "help": template.help,
        "parameters": [
            {
                "name": each.name,
                "kind": each.kind,
                "labels": each.labels,
                "help": each.help,
                "required": each.required,
                "default": each.default,
            }
            for each in template.parameters
        ],
    }
