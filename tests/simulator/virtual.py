"""Time, chance and the writer's turn, all from one seed: what makes a simulation replay to the letter.

An event loop that never waits for the machine: when nothing is left to do, the virtual clock moves to the next alarm.
A store that is the real one, file, SQL, savepoints and commits included, whose writer takes its turns in the loop
instead of in a thread: which units share a commit then depends on the seed and not on the machine. Identifiers are
drawn from the seed too.
"""

import asyncio
import contextlib
import gc
import itertools
import random
import selectors
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

from connector.clock import Clock, VirtualClock
from connector.problems import Unavailable
from connector.settings import Settings
from connector.store import sqlite
from connector.store.db import Tx
from connector.store.sqlite import SqliteStore

T = TypeVar("T")


class Stuck(AssertionError):
    """Nothing is left to do and nobody waits for an instant: the simulated world would stand still for ever."""


class IdleSelector(selectors.DefaultSelector):
    """Tells when the loop has nothing to do, instead of sleeping."""

    when_idle: Callable[[], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.when_idle is None:
            return super().select(timeout)
        if timeout is None or timeout > 0:
            self.when_idle()
        return []


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set depends on when it was begun in its loop, not on where it lies in memory.

    Task groups and killed nodes cancel what they hold in the order of a set: who hears first decides what comes next.
    """

    def __init__(self, number: int, coroutine: Coroutine[Any, Any, Any], **options: Any) -> None:
        self._number = number  # before the task is begun: it enters the set of all tasks then
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self._number


def numbered_tasks() -> Callable[..., asyncio.Task[Any]]:
    """Return a task factory for one loop."""
    numbers = itertools.count()
    return lambda loop, coroutine, **options: NumberedTask(next(numbers), coroutine, loop=loop, **options)


class InlineThreads(ThreadPoolExecutor):
    """Does at once what is sent to a thread: how long one takes depends on the machine."""

    def submit(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except Exception as error:
            done.set_exception(error)
        return done


def run(main: Coroutine[Any, Any, T], clock: VirtualClock, when_idle: Callable[[], None] | None = None) -> T:
    """Run a coroutine in a loop whose time is the clock's; no socket may be waited for.

    When nothing is left to do the clock moves to the next alarm, or `when_idle` decides what happens. What the loop's
    own turns raise, which nobody else would hear of (the store's answers, signals), is raised here.
    """
    selector = IdleSelector()

    def move_on() -> None:
        alarm = clock.next_alarm()
        if alarm is None:
            raise Stuck("nobody waits for an instant")
        clock.advance_to(alarm)

    faults: list[BaseException] = []

    def note_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "handle" in context and "exception" in context:
            faults.append(context["exception"])

    def go_on() -> None:
        if faults:
            raise faults[0]
        (when_idle or move_on)()

    selector.when_idle = go_on
    gc.collect()
    gc.disable()  # its turns depend on what ran before; a coroutine of a killed node must not end at one of them
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.get_loop().set_task_factory(numbered_tasks())
        runner.get_loop().set_exception_handler(note_fault)
        runner.get_loop().set_default_executor(InlineThreads())
        try:
            return runner.run(main)
        finally:
            selector.when_idle = None
            gc.enable()


class _NoThread:
    """Stands where the store keeps its writer's thread."""

    def start(self) -> None:
        """Do nothing: the loop is the writer."""

    def join(self) -> None:
        """Return at once."""


class InlineStore(SqliteStore):
    """The store on SQLite, written in the loop's own turn; `after_commit` may crash the node before anybody hears."""

    def __init__(self, path: Path, clock: Clock, lock: int) -> None:
        super().__init__(path, clock, lock)
        self._thread: Any = _NoThread()
        self._waiting: list[sqlite._Waiting] = []
        self._folder = path.parent
        self.after_commit: Callable[[], bool] = lambda: False
        """Called after each commit; True when the node has crashed, so that nobody is answered."""

    async def write(self, unit: Callable[[Tx], T], about: str = "") -> T:
        if not self._is_open:
            raise Unavailable("closed")
        waiting = sqlite._Waiting(unit, self._loop.create_future())
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._take_turn)
        result: T = await waiting.answer
        return result

    def _take_turn(self) -> None:
        batch, self._waiting = self._waiting, []
        if not self._is_open:
            return
        self._run(batch)
        if not self.after_commit():
            self._answer(batch)

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self.dispose()

    def crash(self) -> None:
        """Leave the files as a killed process does: the write-ahead log not brought in, no word of goodbye."""
        if not self._is_open:
            return
        self._is_open = False
        left = {path: path.read_bytes() for path in self._folder.glob(f"{sqlite.FILE}*") if path.suffix != ".lock"}
        self.dispose()
        for path in self._folder.glob(f"{sqlite.FILE}-*"):
            path.unlink()
        for path, content in left.items():
            if not path.name.endswith("-shm"):
                path.write_bytes(content)


async def open_inline(settings: Settings, clock: Clock) -> InlineStore:
    """Open the store of a simulated node (see store.db.open_store)."""
    lock = sqlite.lock_folder(settings.data_dir)
    store = InlineStore(settings.data_dir / sqlite.FILE, clock, lock)
    store.prepare()
    return store


@contextlib.contextmanager
def simulated(seed: int) -> Iterator[None]:
    """Have `build_app` open simulated stores, and identifiers come from the seed."""
    chance = random.Random(seed)
    drawn = SimpleNamespace(uuid4=lambda: uuid.UUID(int=chance.getrandbits(128), version=4))
    with patch("connector.app.open_store", open_inline), patch("connector.ids.uuid", drawn):
        yield
