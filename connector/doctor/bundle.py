"""The support bundle: one ZIP file for whoever helps, without secrets, data or the content of agreements.

It holds the doctor's report, the settings (masked), versions, how many processes and jobs there are, the schema, and
logs as far as there are any. Every text goes through secrets.py, whatever it is.
"""

import json
import os
import platform
import shutil
import sqlite3
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from connector.doctor.examine import Report
from connector.doctor.secrets import Scrubber, secrets_of
from connector.store.migrate import migrations

LOG_BYTES = 2 << 20
JOURNAL_LINES = "5000"
UNIT = "pupitre"


def write_bundle(path: Path, report: Report, logs: Sequence[Path], environ: Mapping[str, str]) -> list[str]:
    """Write a new ZIP that only its owner may read; return the names of what it holds. Raises OSError."""
    scrubber = Scrubber(secrets_of(report.settings, environ))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    names = []
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in _parts(report, logs):
            bundle.writestr(name, scrubber.scrub(text))
            names.append(name)
    return names


def _parts(report: Report, logs: Sequence[Path]) -> Iterator[tuple[str, str]]:
    yield "doctor.json", _json(report.as_json())
    yield "settings.json", _json(report.shown_settings)
    yield "versions.json", _json(versions())
    yield "counts.json", _json(_counts(report))
    yield "schema.json", _json(_schema(report))
    for number, log in enumerate(logs):
        yield f"logs/{number}-{log.name}", _end_of(log)
    if (journal := _journal()) is not None:
        yield "logs/journal.txt", journal


def versions() -> dict[str, Any]:
    """Return the versions of the node, of what it runs on and of every package that it may load."""
    packages = {one.name.lower(): one.version for one in metadata.distributions()}
    return {
        "pupitre": metadata.version("pupitre"),
        "python": sys.version,
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "packages": dict(sorted(packages.items())),
    }


def _counts(report: Report) -> dict[str, Any]:
    if report.holdings is None:
        return {}
    held = report.holdings
    return {
        **held.processes,
        "jobs": asdict(held.jobs),
        "participants": len(held.hosted),
        "partners": len(held.partners),
    }


def _schema(report: Report) -> dict[str, Any]:
    dialect = "postgresql" if report.settings is not None and report.settings.database_url is not None else "sqlite"
    applied = report.holdings.schema if report.holdings is not None else None
    known = {one.number: one.title for one in migrations(dialect)}
    return {"dialect": dialect, "applied": applied, "known": known}


def _end_of(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - LOG_BYTES))
        return file.read().decode("utf-8", "replace")


def _journal() -> str | None:
    """Return the end of the service's log in the system's journal, where there is one."""
    program = shutil.which("journalctl")
    if program is None:
        return None
    command = [program, "--unit", UNIT, "--lines", JOURNAL_LINES, "--no-pager", "--quiet", "--output", "short-iso"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 and answer.stdout.strip() else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
