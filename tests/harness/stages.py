"""Nodes that several tests share: they live in one event loop, which runs while a test does."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Kept(Generic[S]):
    """What an asynchronous context manager gave, and the loop in which it lives."""

    def __init__(self, runner: asyncio.Runner, stage: S) -> None:
        self._runner = runner
        self.stage = stage

    def run(self, play: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """Run a test on the stage."""
        return self._runner.run(play(self.stage))


@contextmanager
def kept(manager: AbstractAsyncContextManager[S]) -> Iterator[Kept[S]]:
    """Enter the manager in a loop of its own, and leave it there."""

    async def enter() -> S:
        return await manager.__aenter__()

    async def leave() -> None:
        await manager.__aexit__(None, None, None)

    with asyncio.Runner() as runner:
        yield Kept(runner, runner.run(enter()))
        runner.run(leave())
