"""A PostgreSQL server for the tests: its own cluster in a temporary folder, a fresh database for each test.

Uses the system's server programs, as an unprivileged user when the tests run as root (the server refuses root).
"""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

HINT = "PostgreSQL's server programs are absent: apt-get update && apt-get install -y postgresql"
_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "log_statement=none")


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder = folder
        self.port = _free_port()
        self._programs = programs
        self._user = user
        self._data = folder / "data"

    def start(self) -> None:
        self._call("initdb", "-D", self._data, "-U", "pupitre", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
        self.resume()

    def resume(self) -> None:
        """Start the server, the first time or after `stop`."""
        options = " ".join(f"-c {option}" for option in _OPTIONS)
        where = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        log = self.folder / "server.log"
        self._call("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", log, "-o", f"{where} {options}", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", self._data, "-w", "-t", "60", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://pupitre@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements outside of any transaction."""
        asyncio.run(_execute(self.url(database), statements))

    @contextmanager
    def fresh_database(self, options: str = "") -> Iterator[str]:
        """Create an empty database, give its address, and drop it after."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def owned_folder(self, name: str) -> Path:
        """Make a folder that the server may write to."""
        path = self.folder / name
        path.mkdir()
        if self._user is not None:
            shutil.chown(path, self._user)
        return path

    def _call(self, program: str, *arguments: object) -> None:
        prefix = [] if self._user is None else ["runuser", "-u", self._user, "--"]
        command = [*prefix, str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            log = self.folder / "server.log"
            raise RuntimeError(f"{program}: {done.stderr}{log.read_text() if log.exists() else ''}")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server and stop it after; skip (with CI=true: fail) when its programs are absent."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HINT)
        pytest.skip(HINT)
    folder = Path(tempfile.mkdtemp(prefix="pupitre-postgres-"))
    server = Postgres(folder, programs, _unprivileged(folder))
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder of the newest server programs."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def _unprivileged(folder: Path) -> str | None:
    """Return the user under which the server runs, owner of the folder; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    return user


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
