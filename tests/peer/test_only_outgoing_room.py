"""No room but peer/ can call an address that a peer chose: none other imports an HTTP client."""

import ast
from pathlib import Path

import pytest

import connector

ROOT = Path(connector.__file__).parent
CLIENTS = {"aiohttp", "httpx", "httpcore", "requests", "urllib3", "http.client", "urllib.request"}
HOLDERS = {"peer", "sdk"}
"""sdk/ is the client of our own API: it imports nothing of the node, and the node does not import it."""


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


def _clients(path: Path) -> set[str]:
    return {client for client in CLIENTS for name in _imports(path) if name == client or name.startswith(f"{client}.")}


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in HOLDERS]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_but_peer_imports_an_http_client(path: Path) -> None:
    assert _clients(path) == set()


def test_the_rule_sees_the_client_that_peer_imports() -> None:
    assert "aiohttp" in _clients(ROOT / "peer" / "client.py")
