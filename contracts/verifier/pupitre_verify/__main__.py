"""The command `pupitre-verify BUNDLE`."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from pupitre_verify.certificates import read_pem
from pupitre_verify.examine import examine
from pupitre_verify.package import MAX_BUNDLE_BYTES

UNUSABLE = 3
_EPILOG = """code de retour : 0 valide, 1 non valide, 2 indéterminé, 3 commande inutilisable
exit status: 0 valid, 1 invalid, 2 indeterminate, 3 unusable command"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine a bundle, print the report, return the exit status."""
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
    parser.error = _unusable  # type: ignore[method-assign]  # 2 means indeterminate here
    options = parser.parse_args(arguments)
    try:
        roots = read_pem(options.trust.read_bytes()) if options.trust else ()
        with options.bundle.open("rb") as file:
            bundle = file.read(MAX_BUNDLE_BYTES + 1)
    except (OSError, ValueError) as error:
        _unusable(str(error))
    report = examine(bundle, at=options.at or datetime.now(UTC), roots=roots)
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print(report.as_text(options.lang))
    return report.exit_status


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _unusable(message: str) -> NoReturn:
    print(f"pupitre-verify : {message}", file=sys.stderr)
    raise SystemExit(UNUSABLE)


if __name__ == "__main__":
    sys.exit(main())
