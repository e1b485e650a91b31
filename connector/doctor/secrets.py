"""What must never leave with a report: the secrets of this node, wherever they turn up, and whatever looks like one.

Two nets, one behind the other. The secrets that the settings and the data folder hold are known, and removed wherever
they stand. What has the form of a secret (a token, an API key, a private key, a password in an address) is removed
without being known.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from connector.settings import MASK, Settings

_FORMS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\bpk_[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)(?<=bearer )[^\s\"',;]+"),
    re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/=]{8,}"),
    re.compile(r"(?i)(?<=password=)[^\s&\"']+"),
    re.compile(r"(?i)(?<=refresh_token=)[^\s&\"']+"),
)
_IN_ADDRESS = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
SHORTEST = 4
"""A shorter secret is not searched for: it would turn up everywhere."""


class Scrubber:
    """Takes secrets out of texts."""

    def __init__(self, known: Iterator[str]) -> None:
        self._known = sorted({one for one in known if len(one) >= SHORTEST}, key=len, reverse=True)

    def __repr__(self) -> str:
        return "Scrubber()"

    def scrub(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        for form in _FORMS:
            text = form.sub(MASK, text)
        return _IN_ADDRESS.sub(rf"\1{MASK}", text)


def secrets_of(settings: Settings | None, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield every secret of the node that can be found on this machine."""
    for name, value in environ.items():
        if name.startswith("PUPITRE_") and name.endswith("KEY"):
            yield value
    addresses = [environ.get(name, "") for name in ("PUPITRE_DATABASE_URL", "PUPITRE_OUTGOING_PROXY")]
    if settings is not None:
        addresses += [settings.outgoing_proxy or ""]
        addresses += [settings.database_url.get_secret_value()] if settings.database_url else []
        yield from _in_files(settings.data_dir)
    for address in addresses:
        yield from _in_address(address)


def _in_address(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        password, query = parts.password, parse_qsl(parts.query)
    except ValueError:
        yield address
        return
    if password:
        yield password
        yield unquote(password)
    yield from (value for name, value in query if "password" in name.lower())


def _in_files(data_dir: Path) -> Iterator[str]:
    for path in (data_dir / "admin.key", *data_dir.glob("keys/**/*")):
        try:
            lines = path.read_text("ascii").splitlines() if path.is_file() else []
        except (OSError, UnicodeDecodeError):
            continue
        yield from (line.strip() for line in lines if not line.startswith("-----"))
