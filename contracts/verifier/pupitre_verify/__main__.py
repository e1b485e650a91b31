"""The command `pupitre-verify BUNDLE`."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from cryptography.x509 import Certificate

from pupitre_verify.certificates import read_pem
from pupitre_verify.examine import examine
from pupitre_verify.package import MAX_BUNDLE_BYTES

UNUSABLE = 3
_EPILOG = """code de retour : 0 valide, 1 non valide, 2 indéterminé, 3 commande inutilisable
exit status: 0 valid, 1 invalid, 2 indeterminate, 3 unusable command"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine a bundle, print the report, return the exit status."""
    for stream in (sys.stdout, sys.stderr):  # a sign that a terminal lacks must not end the program: 1 means invalid
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        prog="pupitre-verify",
        description="Contrôle un dossier de preuves, hors ligne. · Checks an evidence bundle, offline.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", type=Path, help="le dossier de preuves (*.contract.zip) · the evidence bundle")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="autorités reconnues · authorities that you believe")
    parser.add_argument(
        "--at", type=_instant, metavar="INSTANT", help="examiner à cette date · examine as of this date"
    )
    parser.add_argument("--lang", choices=("fr", "en"), default="fr", help="langue du rapport · language of the report")
    parser.add_argument("--json", action="store_true", help="rapport pour un programme · report for a program")
    parser.error = _wrong_command  # type: ignore[method-assign]  # 2 means indeterminate here
    options = parser.parse_args(arguments)
    roots = _roots(options.trust) if options.trust else ()
    bundle = _read(options.bundle, MAX_BUNDLE_BYTES + 1)
    report = examine(bundle, at=options.at or datetime.now(UTC), roots=roots)
    _print(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if options.json else report.as_text(options.lang))
    return report.exit_status


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever reads has seen enough; the verdict stands
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _roots(path: Path) -> Sequence[Certificate]:
    try:
        return read_pem(_read(path))
    except ValueError:
        _unusable(
            f"{path} : aucun certificat lisible. Donnez un fichier PEM (« -----BEGIN CERTIFICATE----- ») par --trust.",
            f"{path}: no certificate that can be read. Give a PEM file (“-----BEGIN CERTIFICATE-----”) with --trust.",
        )


def _read(path: Path, limit: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        _unusable(f"{path} : ce fichier n’existe pas.", f"{path}: there is no such file.")
    except IsADirectoryError:
        _unusable(
            f"{path} est un dossier. Donnez le fichier « ….contract.zip » lui-même, tel que le nœud l’a écrit.",
            f"{path} is a folder. Give the file “….contract.zip” itself, as the node wrote it.",
        )
    except OSError as error:
        _unusable(f"{path} : illisible ({error.strerror}).", f"{path}: cannot be read ({error.strerror}).")


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        _unusable(
            f"--at {text} : ce n’est pas une date. Écrivez par exemple 2036-01-31 ou 2036-01-31T09:00:00Z.",
            f"--at {text}: this is no date. Write 2036-01-31 or 2036-01-31T09:00:00Z, for example.",
        )


def _wrong_command(message: str) -> NoReturn:
    _unusable(
        f"cette commande n’est pas complète, ou a un mot de trop ({message}). Voyez « pupitre-verify --help ».",
        f"this command is not complete, or has a word too many ({message}). See “pupitre-verify --help”.",
    )


def _unusable(fr: str, en: str) -> NoReturn:
    print(f"pupitre-verify : {fr}\npupitre-verify: {en}", file=sys.stderr)
    raise SystemExit(UNUSABLE)


if __name__ == "__main__":
    sys.exit(main())
