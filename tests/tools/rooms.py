"""What the tests of one folder share, ended once the last of them is done: a session may go on for long after that.

A fixture of the scope `session` ends with the session, and so does one of the scope `package`, since tests are no
packages. What is dear to keep (an Eclipse EDC takes a third of a core while nobody speaks to it) belongs to the folder.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_SHARED: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


def shared(request: pytest.FixtureRequest, folder: Path, name: str, make: Callable[[ExitStack], T]) -> T:
    """Return what `make` returned when a test of the folder first asked for that name; its stack is closed at the end.

    `request` is that of a fixture for each test.
    """
    room = next(one for one in request.node.iter_parents() if one.path == folder)
    found: dict[str, Any] = room.stash.setdefault(_SHARED, {})
    if name not in found:
        stack = ExitStack()
        room.addfinalizer(stack.close)
        stack.callback(found.pop, name, None)
        found[name] = make(stack)
    made: T = found[name]
    return made
