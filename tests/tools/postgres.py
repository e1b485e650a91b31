"""A PostgreSQL server of one's own, for tests: made in a new folder, on a free port, gone afterwards.

It trusts everybody on the loopback interface and does not wait for the disk, unless asked to: what is tested on it is
the node, not PostgreSQL. PostgreSQL refuses to run as root, so root's server runs as the user `postgres` or `nobody`.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from tests.tools.ports import free_port

HINT = "PostgreSQL's server programs are absent: apt-get update && apt-get install -y postgresql"
DEBIAN = Path("/usr/lib/postgresql")
_OPTIONS = ("max_connections=200", "log_statement=none")
_HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, binaries: Path, user: str | None, options: tuple[str, ...]) -> None:
        self.folder = folder
        self.port = free_port()
        self._programs = binaries
        self._options = options
        self._user = user
        self._data = folder / "data"

    def start(self) -> None:
        """Make the cluster and start the server."""
        self._call("initdb", "-D", self._data, "-U", "pupitre", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
        self.resume()

    def resume(self) -> None:
        """Start the server, the first time or after `stop`."""
        options = " ".join(f"-c {option}" for option in self._options)
        where = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        log = self.folder / "server.log"
        self._call("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", log, "-o", f"{where} {options}", "start")

    def stop(self) -> None:
        """Stop the server at once, as a failure would."""
        self._call("pg_ctl", "-D", self._data, "-w", "-t", "60", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://pupitre@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements outside of any transaction."""
        asyncio.run(_execute(self.url(database), statements))

    def create_database(self, name: str) -> str:
        """Create an empty database; return its address."""
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

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
        with tempfile.TemporaryFile("w+") as said:  # a pipe would stay open in the server that pg_ctl leaves behind
            done = subprocess.run(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=120, check=False
            )
            if done.returncode:
                said.seek(0)
                log = self.folder / "server.log"
                raise RuntimeError(f"{program}: {said.read()}{log.read_text() if log.exists() else ''}")


@contextmanager
def server(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server and stop it after; with `durable` it waits for the disk at each commit, as a real one does.

    Where its programs are absent the test is skipped; with CI=true it fails.
    """
    binaries = programs()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HINT)
        pytest.skip(HINT)
    folder = Path(tempfile.mkdtemp(prefix="pupitre-postgres-"))
    running = Postgres(folder, binaries, _unprivileged(folder), _OPTIONS if durable else _OPTIONS + _HASTY)
    try:
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs: the newest of Debian's, or the first on the path."""
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name.split(".")[0]), reverse=True)
    path = map(Path, os.environ.get("PATH", "").split(os.pathsep))
    return next((folder for folder in (*debian, *path) if (folder / "initdb").exists()), None)


def _unprivileged(folder: Path) -> str | None:
    """Return the user under which the server runs, owner of the folder; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    return user


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
