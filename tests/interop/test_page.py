"""The page for users of EDC: its lines for EDC have the bytes, between two real ones."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.interop.edc_peer import NAMES, RELEASES, Edc, _towards
from tests.interop.pairs import Stage
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]
PAGE = Path(__file__).parents[2] / "connector/docs/how-to/coming-from-edc.md"
OFFERING = ("/assets", "/policydefinitions", "/contractdefinitions")


def test_the_lines_of_the_page_have_the_bytes(stage: Stage, kept: Path) -> None:
    lines = re.findall(r"^```python\n# edc\.py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0]
    provider, consumer = (Edc(RELEASES[0], kept, None, name=f"edc-page-{role}") for role in ("provider", "consumer"))

    def edc(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        if path.startswith("/edrs/"):  # it may come a moment after the state
            return consumer.until_data_address(path.split("/")[2])
        return (provider if path in OFFERING else consumer)._call(method, path, body)

    def wait(path: str, state: str) -> Any:
        until(lambda: edc("GET", path)["state"] == state, f"{path} stands in {state}")
        return edc("GET", path)

    names: dict[str, Any] = {
        "edc": edc,
        "attendre": wait,
        "requests": SimpleNamespace(get=httpx.get),
        "VERS": _towards(provider),
        "OU": NAMES,
        "ODRL": "http://www.w3.org/ns/odrl.jsonld",
        "SOURCE": stage.data.url("content"),
    }
    try:
        provider.start()
        consumer.start()
        exec(compile(lines, "edc.py", "exec"), names)
    finally:
        provider.close()
        consumer.close()
    assert names["octets"] == stage.content
