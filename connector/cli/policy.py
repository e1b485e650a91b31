"""`pupitre policy`: rules of use read, checked, told, tried and compared, without any node.

Each command takes a file, or `-` for standard input, in any of the forms of ODRL that policies/ reads. A text that is
no policy ends the command with exit code 2; what 0 and 1 mean is in the help of each command.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from connector.cli import exits, policy_given, policy_templates, policy_told
from connector.cli.frame import Instant, Session, command, group, option

PHASES = ("catalogue", "negotiation", "transfer", "request")


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    rules = group(cli, "policy", "Règles d’usage : lire, vérifier, essayer.", "Rules of use: read, check, try.")
    _add_check(rules)
    _add_show(rules)
    _add_diff(rules)
    _add_explain(rules)
    _add_simulate(rules)
    policy_templates.add_to(rules)


def _file(name: str = "file") -> Callable[[Any], Any]:
    return click.argument(name, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))


def _add_check(rules: click.Group) -> None:
    @command(
        rules,
        "check",
        "Dit ce qui est faux ou douteux (0 : aucune erreur, 1 : des erreurs, 2 : illisible).",
        "Say what is wrong or doubtful (0: no error, 1: errors, 2: unreadable).",
    )
    @_file()
    @option(
        "--target",
        type=click.Choice(["offer", "dsp", "odrl"]),
        default="offer",
        fr="offer : offre d’un catalogue ; dsp : offre ou convention d’un message ; odrl : toute règle.",
        en="offer: an offer of a catalogue; dsp: an offer or agreement of a message; odrl: any policy.",
    )
    @option("--licence", metavar="IRI", fr="Licence du jeu de données.", en="The dataset's licence.")
    @option("--strict", is_flag=True, fr="Un avertissement compte aussi.", en="A warning counts, too.")
    def check(session: Session, file: Path, target: Any, licence: str | None, strict: bool) -> None:
        import policies

        policy = policy_given.read(session, file)
        found = [*policies.validate(policy, target), *policies.lint(policy, licence)]
        session.out([policy_told.issue_json(issue) for issue in found], lambda: policy_told.issues(session, found))
        if any(strict or issue.severity == "error" for issue in found):
            raise SystemExit(exits.PROBLEM)


def _add_show(rules: click.Group) -> None:
    @command(
        rules,
        "show",
        "Dit en phrases ce qui est permis, interdit et dû (0 : lisible, 2 : illisible).",
        "Say in sentences what is permitted, forbidden and due (0: readable, 2: unreadable).",
    )
    @_file()
    def show(session: Session, file: Path) -> None:
        import policies

        policy, language = policy_given.read(session, file), policy_given.language_of(session)
        found = policies.recognise(policy)
        verified = [policies.what_is_verified(rule, policy) for rule in policy.rules]
        answer = {
            "sentences": {"fr": policies.sentences(policy, "fr"), "en": policies.sentences(policy, "en")},
            "verified": {"fr": [each.say("fr") for each in verified], "en": [each.say("en") for each in verified]},
            "template": {"name": found.template.name, "parameters": found.parameters} if found else None,
            "accepted_terms": [term.as_json() for term in policies.declarative_terms(policy)],
            "hash": policies.hash(policy),
        }

        def told() -> None:
            badges = [f"\n  [{each.say(language)}]" for each in verified]
            for sentence, badge in zip_longest(policies.sentences(policy, language), badges, fillvalue=""):
                click.echo(f"{sentence}{badge}")
            if found:
                click.echo(policy_templates.told(session, found))

        session.out(answer, told)


def _add_diff(rules: click.Group) -> None:
    @command(
        rules,
        "diff",
        "Dit ce que le second texte change, et dans quel sens (0 : mêmes règles, 1 : autres règles, 2 : illisible).",
        "Say what the second text changes, and which way (0: same terms, 1: other terms, 2: unreadable).",
    )
    @_file("before")
    @_file("after")
    def diff(session: Session, before: Path, after: Path) -> None:
        import policies

        old, new = policy_given.read(session, before), policy_given.read(session, after)
        found, is_same = policies.compare(old, new), policies.same_terms(old, new)
        changes = [
            {"kind": each.kind, "direction": each.direction, "text": {"fr": each.say("fr"), "en": each.say("en")}}
            for each in found.changes
        ]

        def told() -> None:
            for line in found.lines(policy_given.language_of(session)):
                click.echo(line)
            if is_same:
                click.echo(session.say("Les mêmes règles.", "The same terms."))

        session.out({"same": is_same, "direction": found.direction, "changes": changes}, told)
        if not is_same:
            raise SystemExit(exits.PROBLEM)


_QUESTION = (
    option("--action", default="use", fr="Action (use).", en="Action (use)."),
    option("--dataset", "target", metavar="IRI", fr="Jeu de données.", en="Dataset."),
    option("--phase", type=click.Choice(PHASES), default="request", fr="Moment (request).", en="Phase (request)."),
    option(
        "--fact",
        "facts",
        multiple=True,
        metavar="OPERAND=VALUE",
        fr="Ce que l’on sait, par exemple terri:participantCategory=terri:Collectivite.",
        en="What is known, such as terri:participantCategory=terri:Collectivite.",
    ),
    option(
        "--unaccepted",
        is_flag=True,
        fr="Sans supposer que l’organisme accepte les conditions telles quelles.",
        en="Without supposing that the participant accepts the terms as they are.",
    ),
)


def _question(function: Any) -> Any:
    for decorate in reversed(_QUESTION):
        function = decorate(function)
    return function


def _add_explain(rules: click.Group) -> None:
    @command(
        rules,
        "explain",
        "Dit si un organisme obtiendrait l’accès, et pourquoi (0 : permis, 1 : non, 2 : illisible).",
        "Say whether a participant would be permitted, and why (0: permitted, 1: not, 2: unreadable).",
    )
    @_file()
    @option("--as", "who", metavar="DID", required=True, fr="Organisme qui demande.", en="Participant that asks.")
    @option("--purpose", fr="Finalité déclarée : nom du profil ou IRI.", en="Purpose declared: profile's name or IRI.")
    @option("--at", type=Instant(), fr="Quand (maintenant).", en="When (now).")
    @option(
        "--told-to",
        "level",
        type=click.Choice(["owner", "clause", "category", "nothing"]),
        default="owner",
        fr="owner : tout ; sinon ce qu’en lirait l’organisme : la condition, sa catégorie, ou rien.",
        en="owner: everything; else what the participant would read: the condition, its category, or nothing.",
    )
    @_question
    def explain(
        session: Session,
        file: Path,
        who: str,
        purpose: str | None,
        at: str | None,
        level: Any,
        facts: Sequence[str],
        **asked: Any,
    ) -> None:
        import policies
        from policies.simulation import question, timeline

        policy = policy_given.read(session, file)
        somebody, moments = policy_given.participant(session, who, facts), policy_given.instants((at,) if at else ())
        grid = policy_given.grid([somebody], [purpose], moments, **asked)
        request = question(policy, grid, somebody, grid.purposes[0], moments[0])
        decision, changes = policies.compile(policy).decide(request), timeline(policy, request)

        if level != "owner":
            answer = {"effect": decision.effect, "explanation": policy_told.explanations(decision, level)}
            session.out(answer, lambda: policy_told.explanation(session, decision, level))
        else:

            def told() -> None:
                policy_told.explanation(session, decision)
                policy_told.changes(session, changes)

            session.out(policy_told.decision_json(decision) | {"timeline": policy_told.changes_json(changes)}, told)
        if not decision.permitted:
            raise SystemExit(exits.PROBLEM)


def _add_simulate(rules: click.Group) -> None:
    @command(
        rules,
        "simulate",
        "Essaie des organismes, des finalités et des dates : qui obtient quoi, pourquoi, jusqu’à quand.",
        "Try participants, purposes and dates: who gets what, why, until when (0: done, 2: unreadable).",
    )
    @_file()
    @option("--as", "who", multiple=True, metavar="DID", fr="Organisme, plusieurs fois.", en="Participant, repeatable.")
    @option(
        "--participants",
        "listed",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        fr="Fichier JSON : une liste d’objets did, facts.",
        en="JSON file: a list of objects did, facts.",
    )
    @option("--purpose", "purposes", multiple=True, fr="Finalité, plusieurs fois.", en="Purpose, repeatable.")
    @option(
        "--at", "ats", type=Instant(), multiple=True, fr="Date, plusieurs fois (maintenant).", en="Date, repeatable."
    )
    @_question
    def simulate(
        session: Session,
        file: Path,
        who: Sequence[str],
        listed: Path | None,
        purposes: Sequence[str],
        ats: Sequence[str],
        facts: Sequence[str],
        **asked: Any,
    ) -> None:
        policy = policy_given.read(session, file)
        everyone = [policy_given.participant(session, did, facts) for did in who]
        everyone += policy_given.participants(session, listed, facts) if listed else []
        if not everyone:
            raise click.UsageError(session.say("Donnez --as ou --participants.", "Give --as or --participants."))
        grid = policy_given.grid(everyone, list(purposes) or [None], policy_given.instants(ats), **asked)
        _simulate(session, policy, grid)


def _simulate(session: Session, policy: Any, grid: Any) -> None:
    import policies
    from policies.simulation import question, simulate, timeline

    try:
        squares = simulate(policy, grid)
    except policies.PolicyError as error:
        policy_given.unreadable(session, "simulate", error)
    first = min(grid.instants)
    lines = [
        (somebody, purpose, timeline(policy, question(policy, grid, somebody, purpose, first)))
        for somebody in grid.participants
        for purpose in grid.purposes
    ]
    session.out(policy_told.simulation_json(squares, lines), lambda: policy_told.simulation(session, squares, lines))
