"""Work in threads and the cancellation of who waits for it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.dataplane.threads import in_thread


@pytest.mark.parametrize("cancellations", [1, 3])
def test_a_cancelled_caller_waits_for_the_end_of_the_work(cancellations: int) -> None:
    begun, may_end = threading.Event(), threading.Event()
    undone: list[str] = []

    def work() -> str:
        begun.set()
        may_end.wait()
        return "result"

    async def play() -> None:
        with ThreadPoolExecutor(1) as threads:
            caller = asyncio.create_task(in_thread(threads, work, undo=undone.append))
            await asyncio.to_thread(begun.wait)
            for _ in range(cancellations):
                caller.cancel()
                await asyncio.wait([caller], timeout=0.01)
                assert not caller.done()
            may_end.set()
            with pytest.raises(asyncio.CancelledError):
                await caller

    asyncio.run(play())
    assert undone == ["result"]


def test_what_the_work_raises_is_raised() -> None:
    def work() -> None:
        raise KeyError("x")

    async def play() -> None:
        with ThreadPoolExecutor(1) as threads:
            await in_thread(threads, work)

    with pytest.raises(KeyError):
        asyncio.run(play())
