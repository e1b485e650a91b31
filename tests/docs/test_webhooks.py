"""The page on webhooks: its program verifies a real delivery, its numbers are those of the code."""

import re
import threading
from pathlib import Path

import pytest

from connector.sdk import Client
from connector.sdk.webhooks import TOLERANCE_S
from connector.services import notify
from connector.settings import Settings
from connector.store.backoff import peer_delay_s
from connector.store.webhooks import STATUSES
from tests.harness.threaded import in_thread
from tests.tools.ports import free_port

PAGE = (Path(__file__).parents[2] / "connector/docs/how-to/webhooks.md").read_text("utf-8")
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_program_of_the_page_verifies_a_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (program,) = PROGRAM.findall(PAGE)
    port = free_port()
    text = program.replace("8300", str(port)).replace("serveur.serve_forever()", "servi(serveur)")
    is_up = threading.Event()

    def serve(server: object) -> None:
        is_up.set()
        for _ in range(2):
            server.handle_request()  # type: ignore[attr-defined]

    with in_thread(tmp_path / "page") as running, Client(running.url, running.key) as client:
        made = client.create_webhook(f"http://127.0.0.1:{port}/", ["fetch.done"])
        monkeypatch.setenv("SECRET", made["secret"])
        space = {"__name__": "page", "servi": serve}
        thread = threading.Thread(target=exec, args=(compile(text, "webhooks.md", "exec"), space))
        thread.start()
        assert is_up.wait(30)
        genuine = client.test_webhook(made["id"])
        client.rotate_webhook(made["id"], overlap_hours=0)
        forged = client.test_webhook(made["id"])
        thread.join(30)
    assert (genuine["is_taken"], genuine["status"]) == (True, 204)
    assert (forged["is_taken"], forged["status"]) == (False, 400)
    assert capfd.readouterr().out.startswith("webhook.test None\n")


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert [peer_delay_s(n, 0) for n in range(1, 6)] == [0.5, 1, 2, 4, 8]
    assert peer_delay_s(99, 86400) == 5 * 60
    assert "après 0,5, 1, 2, 4, 8 secondes, puis de plus en plus rarement, jusqu’à toutes les cinq minutes" in text
    assert Settings.model_fields["webhook_give_up_after_s"].default == 24 * 3600
    assert notify.LEAST_TRIES == 10
    assert "dix essais au moins" in text
    assert notify.LONGEST_WAIT_S == 3600
    assert TOLERANCE_S == 5 * 60
    assert Settings.model_fields["call_timeout_s"].default == 10
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(STATUSES)
