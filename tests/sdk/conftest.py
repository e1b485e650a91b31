"""A node for a user of the SDK, and the fake peers that it deals with."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from connector.sdk import Client
from connector.sdk.testing import FakePeer
from tests.harness.nodes import publish
from tests.harness.threaded import Running, in_thread

CONTENT = b"id,x,y\n1,2,3\n"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real node, which offers one dataset to everybody."""
    with in_thread(tmp_path_factory.mktemp("sdk") / "node") as running:
        running.do(publish(running.node, "ours", CONTENT))
        yield running


@pytest.fixture(scope="module")
def hasty_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real node that waits one second for an answer."""
    with in_thread(tmp_path_factory.mktemp("sdk") / "hasty", call_timeout_s=1.0) as running:
        yield running


@pytest.fixture
def hasty(hasty_node: Running) -> Iterator[Client]:
    """The SDK's client of the hasty node."""
    with Client(hasty_node.url, hasty_node.key, language="en") as found:
        yield found


@pytest.fixture
def client(node: Running) -> Iterator[Client]:
    """The SDK's client of the node."""
    with Client(node.url, node.key, language="en") as found:
        yield found


@pytest.fixture
def peer(client: Client) -> Iterator[FakePeer]:
    """A fake peer that the node knows."""
    with known(client) as found:
        yield found


@contextmanager
def known(client: Client, **members: Any) -> Iterator[FakePeer]:
    """Yield a fake peer that the node knows."""
    with FakePeer(**members) as found:
        client.add_peer(found.did, "Faux partenaire")
        yield found


def until(
    show: Callable[..., Mapping[str, Any]], pid: str, is_there: Callable[[Mapping[str, Any]], bool], looks: int = 40
) -> Mapping[str, Any]:
    """Return a process as the node shows it, once it is as it should be; each look waits for a change."""
    seen = show(pid)
    for _ in range(looks):
        if is_there(seen):
            return seen
        seen = show(pid, wait=1, version=seen["version"])
    pytest.fail(f"{pid} stands in {seen['state']}: {seen['why']}")


def in_state(state: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return the question whether a process stands in a state with nothing on its way."""
    return lambda seen: seen["state"] == state and seen["pending"] is None


def why(code: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return the question whether a process stands still for this reason."""
    return lambda seen: seen["why"]["code"] == code
