"""What may go wrong when a program speaks to a node."""

from collections.abc import Mapping
from typing import Any

PREFIX = "urn:pupitre:problem:"


class ApiProblem(Exception):
    """The node answered, and the answer was no: its problem document (RFC 9457)."""

    def __init__(self, status: int, document: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        self.status = status
        self.code = str(document.get("type", "")).removeprefix(PREFIX)
        """Stable word for programs."""
        self.title = str(document.get("title", f"HTTP {status}"))
        self.detail = str(document.get("detail", ""))
        self.remedy = str(document.get("remedy", ""))
        """What to do."""
        self.pointer = str(document.get("pointer", ""))
        """JSON pointer to what is at fault in the request."""
        self.retry_after_s = retry_after_s
        self.document = dict(document)
        where = f"({self.pointer})" if self.pointer else ""
        super().__init__(" ".join(part for part in (self.title, self.detail, where) if part))


class NodeUnreachable(Exception):
    """No answer came from the node; whether it took the request is not known."""
