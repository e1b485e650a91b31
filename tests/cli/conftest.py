"""Two real nodes, and the command line as a person of the consumer's office would use it."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.cli.root import cli
from tests.harness.nodes import BY, publish
from tests.harness.threaded import Running, in_thread


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("cli") / "provider") as running:
        running.do(publish(running.node))
        running.do(publish(running.node, "reserve", mode="manual"))
        yield running


@pytest.fixture(scope="session")
def consumer(tmp_path_factory: pytest.TempPathFactory, provider: Running) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("cli") / "consumer") as running:
        running.do(running.node.introduce.add("root", provider.did, "SDE", by=BY))
        yield running


@dataclasses.dataclass(frozen=True)
class Office:
    """The command line with a node behind it."""

    running: Running
    language: str = "en"
    owner: str | None = None

    def run(self, *words: str, code: int = 0, **options: Any) -> Result:
        """Run a command; fails when its exit code is another one."""
        whereabouts = ["--url", self.running.url, "--key", self.running.key, "--lang", self.language]
        whose = ["--owner", self.owner] if self.owner else []
        result = CliRunner().invoke(cli, [*whereabouts, *whose, *words], **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str, code: int = 0) -> Any:
        """Return what a command prints as JSON."""
        return json.loads(self.run(*words, "--json", code=code).stdout)


@pytest.fixture
def office(consumer: Running) -> Office:
    return Office(consumer)


@pytest.fixture
def provider_office(provider: Running) -> Office:
    return Office(provider)


@pytest.fixture
def waiting_for() -> Callable[..., Any]:
    """Return what a look shows once it is so; asks again and again, for at most 20 s."""
    import time

    def wait(look: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
        ends_at = time.monotonic() + 20
        while not is_so(seen := look()):
            assert time.monotonic() < ends_at, seen
        return seen

    return wait


@pytest.fixture(scope="session")
def agreement(consumer: Running) -> str:
    """An agreement that the consumer holds."""
    found = Office(consumer).json("negotiate", "SDE", "urn:test:lampadaires", "--wait")
    return str(found["agreement"])
