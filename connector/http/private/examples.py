"""An example of each operation of the API: a request that works, and what it is answered (examples.json).

They stand in the description that the node serves and on the page of reference. A test plays every one of them on real
nodes (tests/api/test_examples.py), and fails when an operation has none.
"""

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def every() -> dict[str, Any]:
    """Return the examples by the name of their operation: `path`, `query`, `body`, `status`, `answer`."""
    text = (resources.files("connector.http.private") / "examples.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def put_into(operation: dict[str, Any]) -> None:
    """Add its example to the description of an operation."""
    example = every().get(operation["operationId"], {})
    for parameter in operation.get("parameters", ()):
        known = {**example.get("path", {}), **example.get("query", {})}
        if parameter["in"] in ("path", "query") and parameter["name"] in known:
            parameter["example"] = known[parameter["name"]]
    if "body" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["body"]
    if "answer" in example:
        operation["responses"][str(example["status"])]["content"]["application/json"]["example"] = example["answer"]
