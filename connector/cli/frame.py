"""What all commands share: help in two languages, `--json`, finding the node, and saying what went wrong.

A command is a function of its `Session` and its arguments. Help texts are given in French and English and chosen when
they are shown, so that `--lang` counts.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from connector.cli import exits, files, mistakes

if TYPE_CHECKING:
    from connector.sdk import Client
    from connector.settings import Settings

Texts = Mapping[str, str]
CONFIG = "node.toml"
KEY_FILE = "admin.key"


def locale_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return `en` when the locale says English, else `fr`."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "en" if locale.lower().startswith("en") else "fr"


@dataclass
class Session:
    """One run of the command line: which node, whose affairs, which language, which form of output."""

    config: Path | None = None
    url: str | None = None
    key: str | None = field(default=None, repr=False)
    owner: str | None = None
    language: str = "fr"
    is_json: bool = False
    _client: "Client | None" = None

    def say(self, fr: str, en: str) -> str:
        """Return the text in the session's language."""
        return fr if self.language == "fr" else en

    @property
    def config_path(self) -> Path:
        """The settings file: `--config`, else PUPITRE_CONFIG (both in `config`), else `node.toml` here."""
        return self.config or Path(CONFIG)

    def settings(self) -> "Settings":
        """Return the node's settings. Ends the command when there are none or they are wrong."""
        from connector.problems import Problem
        from connector.settings import load

        if not self.config_path.exists():
            fr = f"{self.config_path} est introuvable. Donnez --config, ou --url et --key, ou lancez « pupitre init »."
            en = f"{self.config_path} is not there. Give --config, or --url and --key, or run “pupitre init”."
            self.fail(self.say(fr, en), exits.UNREACHABLE)
        try:
            return load(self.config_path)
        except Problem as problem:
            self.fail(f"{problem.say(self.language)} {problem.remedy[self.language]}".strip(), exits.PROBLEM)

    @property
    def client(self) -> "Client":
        """The node's API; made at first use."""
        if self._client is None:
            from connector.sdk import Client

            url, key = self._whereabouts()
            self._client = Client(url, key, owner=self.owner, language=self.language)
        return self._client

    def close(self) -> None:
        """Let go of the connections to the node."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _whereabouts(self) -> tuple[str, str]:
        if self.url and self.key:
            return self.url, self.key
        settings = self.settings()
        return self.url or private_url(settings), self.key or self._stored_key(settings.data_dir / KEY_FILE)

    def _stored_key(self, path: Path) -> str:
        try:
            return path.read_text("ascii").strip()
        except OSError as error:
            fr, en = files.unread(path, error)
            self.fail(self.say(f"Clé d’administration : {fr}", f"Administration key: {en}"), exits.UNREACHABLE)

    def read(self, path: Path) -> bytes:
        """Return the octets of a file that was named. Ends the command when it cannot be read."""
        try:
            return path.read_bytes()
        except OSError as error:
            self.fail(self.say(*files.unread(path, error)), exits.PROBLEM)

    def first_line(self, path: Path) -> str:
        """Return the first line of a file, a passphrase for one. Ends the command when it is no text in UTF-8."""
        try:
            return next(iter(self.read(path).decode().splitlines()), "")
        except UnicodeDecodeError:
            fr = f"{path} n’est pas un texte en UTF-8. Enregistrez-le en UTF-8, puis recommencez."
            self.fail(self.say(fr, f"{path} is no text in UTF-8. Save it as UTF-8, then try again."), exits.PROBLEM)

    def fail(self, text: str, code: int) -> NoReturn:
        """End the command with a sentence on standard error."""
        click.echo(text, err=True)
        raise SystemExit(code)

    def out(self, answer: Any, show: Callable[[], None]) -> None:
        """Print an answer: as JSON when that was asked for, else as `show` does."""
        if self.is_json:
            click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            show()


def private_url(settings: "Settings") -> str:
    """Return where the node's private listener is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.private_host, settings.private_host)  # noqa: S104
    return f"http://[{host}]:{settings.private_port}" if ":" in host else f"http://{host}:{settings.private_port}"


# --- commands in two languages ----------------------------------------------------------------------------------------


def _language(context: click.Context) -> str:
    return context.find_root().params.get("lang") or locale_language()


def _help_option(option: click.Option | None, context: click.Context) -> click.Option | None:
    if option is not None and _language(context) == "fr":
        option.help = "Montre cette aide."
    return option


class Option(click.Option):
    """An option whose help is in two languages."""

    def __init__(self, *args: Any, texts: Texts, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.help, self.texts = texts["en"], texts

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = self.texts[_language(ctx)]
        record = super().get_help_record(ctx)
        self.help = self.texts["en"]
        return record


class Command(click.Command):
    """A command whose help is in two languages."""

    def __init__(self, *args: Any, texts: Texts, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.help, self.texts = texts["en"], texts

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as mistake:
            mistake.ctx = mistake.ctx or ctx  # the library leaves it out where an option lacks its value
            raise

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_option(super().get_help_option(ctx), ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self.texts[_language(ctx)]
        super().format_help_text(ctx, formatter)
        self.help = self.texts["en"]


class Group(click.Group):
    """A group whose help, that of its commands in its list, and what it says of mistakes are in two languages."""

    def __init__(self, *args: Any, texts: Texts, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.help, self.texts = texts["en"], texts

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_option(super().get_help_option(ctx), ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self.texts[_language(ctx)]
        super().format_help_text(ctx, formatter)
        self.help = self.texts["en"]

    def main(self, *args: Any, **named: Any) -> Any:
        run: Callable[..., Any] = super().main
        if not named.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **named)
        try:
            code = run(*args, standalone_mode=False, **named)
        except click.UsageError as mistake:
            language = _language(mistake.ctx) if mistake.ctx is not None else locale_language()
            click.echo(mistakes.told(mistake, language), err=True)
            sys.exit(mistake.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(exits.PROBLEM)
        sys.exit(code if isinstance(code, int) else 0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _short_help(self.commands[name], ctx)) for name in self.list_commands(ctx)]
        with formatter.section("Commandes" if _language(ctx) == "fr" else "Commands"):
            formatter.write_dl(rows)


def _short_help(command: click.Command, ctx: click.Context) -> str:
    texts: Texts = command.texts if isinstance(command, Command | Group) else {"fr": "", "en": ""}
    return texts[_language(ctx)].split("\n", 1)[0].rstrip(".")


def option(*names: str, fr: str, en: str, **attributes: Any) -> Callable[[Any], Any]:
    """Decorate a command with an option whose help is in two languages."""
    return click.option(*names, cls=Option, texts={"fr": fr, "en": en}, **attributes)


class Instant(click.ParamType[str]):
    """A date, or a date and time; without a zone, that of this machine. Passed on with its zone."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return datetime.fromisoformat(value).astimezone().isoformat()
        except ValueError:
            fr = f"« {value} » n’est pas une date ; écrivez par exemple 2026-11-25 ou 2026-11-25T14:00."
            en = f"“{value}” is no date; write 2026-11-25 or 2026-11-25T14:00, for example."
            language = _language(ctx) if ctx is not None else locale_language()
            self.fail(fr if language == "fr" else en, param, ctx)


def in_period(function: Any) -> Any:
    """Decorate a command with `--since` and `--until`."""
    until = option("--until", type=Instant(), fr="Avant cet instant.", en="Before this instant.")
    since = option("--since", type=Instant(), fr="À partir de cet instant.", en="From this instant on.")
    return since(until(function))


def _wish_json(ctx: click.Context, parameter: click.Parameter, is_wished: bool) -> None:
    if is_wished:
        ctx.ensure_object(Session).is_json = True


def command(group: click.Group, name: str, fr: str, en: str, *, has_json: bool = True) -> Callable[[Any], Any]:
    """Decorate a function of a Session as a command of the group; it may be asked for JSON."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **named: Any) -> Any:
            session = click.get_current_context().ensure_object(Session)
            return _answering_problems(session, lambda: function(session, *args, **named))

        if has_json:
            said = {"fr": "Affiche la réponse de l’API, en JSON.", "en": "Print the API's answer, as JSON."}
            options = {"is_flag": True, "expose_value": False, "callback": _wish_json}
            run = click.option("--json", cls=Option, texts=said, **options)(run)
        return group.command(name, cls=Command, texts={"fr": fr, "en": en})(run)

    return decorate


def group(parent: click.Group, name: str, fr: str, en: str) -> Group:
    """Return a new group of commands below the parent."""
    made = Group(name, texts={"fr": fr, "en": en})
    parent.add_command(made)
    return made


def _answering_problems(session: Session, run: Callable[[], Any]) -> Any:
    """Run a command; what the node refuses, or its silence, becomes a sentence and an exit code."""
    from connector.sdk import ApiProblem, NodeUnreachable

    try:
        return run()
    except ApiProblem as problem:
        if session.is_json:
            click.echo(json.dumps(problem.document, ensure_ascii=False, indent=2), err=True)
        else:
            click.echo(" ".join(part for part in (str(problem), problem.remedy) if part), err=True)
        sys.exit(exits.PROBLEM)
    except NodeUnreachable as silence:
        text = session.say("Le nœud ne répond pas ; est-il démarré ?", "The node does not answer; is it running?")
        session.fail(f"{text} ({silence})", exits.UNREACHABLE)
    finally:
        session.close()
