"""Work on files in threads, without leaving a thread behind when its caller is cancelled.

A descriptor must not be closed under a thread that still uses it: its number may by then be another file's.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(
    threads: Executor, work: Callable[..., T], *arguments: Any, undo: Callable[[T], None] | None = None
) -> T:
    """Return what the work returns. Cancelled, wait for its end first, and undo what nobody will receive."""
    future = asyncio.get_running_loop().run_in_executor(threads, work, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            await _ended(future)
        if undo is not None and not future.cancelled() and future.exception() is None:
            undo(future.result())
        raise


async def _ended(future: asyncio.Future[T]) -> None:
    """Wait for the future, however often we are cancelled meanwhile: work on a file ends by itself."""
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        return
