"""A PostgreSQL server of one's own, for tests: made in a new folder, on a free port, gone afterwards.

It trusts everybody on the loopback interface and does not wait for the disk, unless asked to: what is tested on it is
the node, not PostgreSQL. PostgreSQL refuses to run as root, so root's server runs as the user `postgres` or `nobody`.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
TIME_LIMIT_S = 60


def programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs: the newest of Debian's, or the first on the path."""
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name.split(".")[0]), reverse=True)
    path = map(Path, os.environ.get("PATH", "").split(os.pathsep))
    return next((folder for folder in (*debian, *path) if (folder / "initdb").exists()), None)


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Yield the address of a new server, `postgresql://postgres@127.0.0.1:PORT`, and stop it afterwards.

    With `durable` it waits for the disk at each commit, as a real one does.
    """
    binaries = programs()
    if binaries is None:
        raise FileNotFoundError("PostgreSQL's server programs are not installed")
    with _folder_of_postgres() as (folder, user):
        _run(user, binaries / "initdb", "--auth=trust", "--username=postgres", "--no-sync", f"--pgdata={folder}/data")
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        if not durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        control: list[str | Path] = [
            binaries / "pg_ctl",
            "--wait",
            f"--timeout={TIME_LIMIT_S}",
            f"--pgdata={folder}/data",
        ]
        _run(user, *control, f"--log={folder}/log", f"--options={options}", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            _run(user, *control, "--mode=immediate", "stop")


def create_database(server_url: str, name: str) -> str:
    """Create an empty database on a server; return its address."""
    _run(None, _program("createdb"), f"--maintenance-db={server_url}/postgres", name)
    return f"{server_url}/{name}"


def _program(name: str) -> Path:
    folder = programs()
    assert folder is not None
    return folder / name


@contextmanager
def _folder_of_postgres() -> Iterator[tuple[Path, str | None]]:
    """Yield a folder that belongs to whoever runs the server, and that user when it is not ourselves."""
    folder = Path(tempfile.mkdtemp(prefix="pupitre-postgres-"))
    user = _user_instead_of_root()
    if user is not None:
        shutil.chown(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder)


def _user_instead_of_root() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(user: str | None, *command: str | Path) -> None:
    """Run a program of PostgreSQL to its end; raises with what it said when it fails."""
    with tempfile.TemporaryFile("w+") as said:  # a pipe would stay open in the server that pg_ctl leaves behind
        done = subprocess.run(
            command, stdout=said, stderr=said, user=user, cwd="/", timeout=2 * TIME_LIMIT_S, check=False
        )
        if done.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"{Path(command[0]).name}: {said.read()}")
