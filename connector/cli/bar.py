"""A progress bar on standard error, for a person at a terminal."""

import sys
from typing import Any

from connector.cli import show
from connector.cli.frame import Session


class Bar:
    """A progress bar, from the first thing it is told on; nothing where nobody looks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_watched = sys.stderr.isatty() and not session.is_json
        self._progress: Any = None

    def __enter__(self) -> Any:
        return self._advance

    def _advance(self, fetch: Any) -> None:
        if not self._is_watched:
            return
        if self._progress is None:
            self._progress = _begun_progress()
            self._task = self._progress.add_task("", total=None)
        said = show.value(self._session, fetch["status"])
        self._progress.update(self._task, completed=fetch["done_bytes"], total=fetch["size_bytes"], description=said)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def _begun_progress() -> Any:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    begun = progress.Progress(*columns, console=Console(stderr=True))
    begun.start()
    return begun
