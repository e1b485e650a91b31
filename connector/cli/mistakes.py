"""What is wrong with how a command was written, in the language of whoever wrote it: the library has English alone."""

import re
from collections.abc import Callable

import click

_Match = re.Match[str]
_FRENCH: tuple[tuple[str, Callable[[_Match], str]], ...] = (
    (r"No such command '(.+?)'\.(.*)", lambda found: f"la commande « {found[1]} » n’existe pas."),
    (r"Got unexpected extra arguments? \((.+)\)", lambda found: f"un mot de trop : {found[1]}"),
    (r"Option '(.+?)' requires an argument\.", lambda found: f"l’option {found[1]} attend une valeur."),
    (r"Option '(.+?)' does not take a value\.", lambda found: f"l’option {found[1]} ne prend pas de valeur."),
    (r"'?(.*?)'? is not one of (.+?)\.", lambda found: f"« {found[1]} » n’en est pas ; choisissez parmi {found[2]}."),
    (r"(.+) is not in the range (.+?)\.", lambda found: f"{found[1]} n’est pas dans les limites {found[2]}."),
    (r"'(.+)' is not a valid (?:integer|float)(?: range)?\.", lambda found: f"« {found[1]} » n’est pas un nombre."),
    (r"\w+ '(.+)' does not exist\.", lambda found: f"{found[1]} n’existe pas."),
    (r"File '(.+)' is a directory\.", lambda found: f"{found[1]} est un dossier ; un fichier est attendu."),
    (r"Directory '(.+)' is a file\.", lambda found: f"{found[1]} est un fichier ; un dossier est attendu."),
)


def told(mistake: click.UsageError, language: str) -> str:
    """Return what is wrong, how the command is written, and where its help is."""
    if language == "en":
        lines = [f"Error: {mistake.format_message()}"]
        context, usage, aid = mistake.ctx, "Usage:", "Help:"
    else:
        lines = [f"Erreur : {_in_french(mistake)}"]
        context, usage, aid = mistake.ctx, "Usage :", "Aide :"
    if context is not None:
        lines.insert(0, context.get_usage().replace("Usage:", usage, 1))
        lines.append(f"{aid} {context.command_path} --help")
    return "\n".join(lines)


def _in_french(mistake: click.UsageError) -> str:
    if isinstance(mistake, click.MissingParameter):
        return f"il manque {_name_of(mistake)}."
    if isinstance(mistake, click.NoSuchOption):
        near = f" Peut-être {', '.join(mistake.possibilities)} ?" if mistake.possibilities else ""
        return f"l’option {mistake.option_name} n’existe pas.{near}"
    if isinstance(mistake, click.BadParameter):
        name = _name_of(mistake)
        return f"{name} : {_translated(mistake.message)}" if name else _translated(mistake.message)
    return _translated(mistake.message)


def _name_of(mistake: click.BadParameter) -> str:
    """Return how a person wrote the option or the argument, or would have."""
    if mistake.param is None:
        return str(mistake.param_hint or "")
    if isinstance(mistake.param, click.Argument):
        return mistake.param.human_readable_name
    return str(max(mistake.param.opts, key=len))


def _translated(message: str) -> str:
    for pattern, french in _FRENCH:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return french(found)
    return message
