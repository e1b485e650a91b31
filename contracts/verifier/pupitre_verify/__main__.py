"""The command `pupitre-verify BUNDLE`.

Whatever happens here, 0, 1 and 2 are verdicts and nothing else: a program that cannot do its work, its libraries
included, ends with 3. Hence what needs a library is imported while the command runs, and the package imports nothing.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pupitre_verify import VERSION

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NO_VERDICT = 3
_EPILOG = """code de retour : 0 valide, 1 non valide, 2 indéterminé,
3 aucun verdict (commande inutilisable, rapport non écrit ou faute du programme)
exit status: 0 valid, 1 invalid, 2 indeterminate,
3 no verdict (unusable command, report not written or fault of the program)"""


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
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="PEM",
        action="append",
        default=[],
        help="autorités reconnues, un fichier ou plusieurs · authorities that you believe, in one file or several",
    )
    parser.add_argument(
        "--at", type=_instant, metavar="INSTANT", help="examiner à cette date · examine as of this date"
    )
    parser.add_argument(
        "--lang", type=_language, metavar="{fr,en}", default="fr", help="langue du rapport · language of the report"
    )
    parser.add_argument("--json", action="store_true", help="rapport pour un programme · report for a program")
    parser.add_argument(
        "--version",
        action="version",
        version=f"pupitre-verify {VERSION}",
        help="nom et version du programme · name and version of the program",
    )
    parser.error = _wrong_command  # type: ignore[method-assign]  # 2 means indeterminate here
    options = parser.parse_args(arguments)
    try:
        return _examined(options)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # a library's panic is no Exception
        _at_fault(error)


def _examined(options: argparse.Namespace) -> int:
    from pupitre_verify.examine import examine
    from pupitre_verify.package import MAX_BUNDLE_BYTES

    roots = [root for path in options.trust for root in _roots(path)]
    bundle = _read(options.bundle, MAX_BUNDLE_BYTES + 1)
    report = examine(bundle, at=options.at or datetime.now(UTC), roots=roots)
    _print(report.as_json_text() if options.json else report.as_text(options.lang))
    return report.exit_status


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever reads has seen enough; the verdict stands
        _write_nothing_more()
    except OSError as error:
        _write_nothing_more()
        _end(
            f"le rapport n’a pas pu être écrit ({error.strerror}).",
            f"the report could not be written ({error.strerror}).",
        )


def _write_nothing_more() -> None:
    """Let what is still to be written go nowhere: failing once more at the end would change the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _roots(path: Path) -> "Sequence[Certificate]":
    from pupitre_verify.certificates import read_pem

    try:
        return read_pem(_read(path))
    except ValueError:
        _end(
            f"{path} : aucun certificat lisible. Donnez un fichier PEM (« -----BEGIN CERTIFICATE----- ») par --trust.",
            f"{path}: no certificate that can be read. Give a PEM file (“-----BEGIN CERTIFICATE-----”) with --trust.",
        )


def _read(path: Path, limit: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        _end(f"{path} : ce fichier n’existe pas.", f"{path}: there is no such file.")
    except IsADirectoryError:
        _end(
            f"{path} est un dossier. Donnez le fichier « ….contract.zip » lui-même, tel que le nœud l’a écrit.",
            f"{path} is a folder. Give the file “….contract.zip” itself, as the node wrote it.",
        )
    except OSError as error:
        _end(f"{path} : illisible ({error.strerror}).", f"{path}: cannot be read ({error.strerror}).")


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        _end(
            f"--at {text} : ce n’est pas une date. Écrivez par exemple 2036-01-31 ou 2036-01-31T09:00:00Z.",
            f"--at {text}: this is no date. Write 2036-01-31 or 2036-01-31T09:00:00Z, for example.",
        )


def _language(text: str) -> str:
    if text not in {"fr", "en"}:
        _end(
            f"--lang {text} : le rapport existe en français (fr) et en anglais (en). Choisissez l’un des deux.",
            f"--lang {text}: the report is there in French (fr) and in English (en). Choose one of them.",
        )
    return text


def _wrong_command(message: str) -> NoReturn:
    _end(
        f"cette commande n’est pas complète, ou a un mot de trop ({message}). Voyez « pupitre-verify --help ».",
        f"this command is not complete, or has a word too many ({message}). See “pupitre-verify --help”.",
    )


def _at_fault(error: BaseException) -> NoReturn:
    _end(
        "faute du programme ou de son installation, et non un verdict : le dossier n’est dit ni valide ni non valide ; "
        "signalez-la à qui vous a fourni le programme, avec ces lignes et la commande.",
        "a fault of the program or of how it was installed, and no verdict: the bundle is said to be neither valid nor "
        "invalid; report it to whoever gave you the program, with these lines and the command.",
        type(error).__name__,
    )


def _end(fr: str, en: str, *more: str) -> NoReturn:
    """End without a verdict, saying why."""
    with contextlib.suppress(OSError):
        print(f"pupitre-verify : {fr}", f"pupitre-verify: {en}", *more, sep="\n", file=sys.stderr)
    raise SystemExit(NO_VERDICT)


if __name__ == "__main__":
    sys.exit(main())
