"""The page on seal keys: its commands are run in order on a real node, with an authority made by openssl."""

from pathlib import Path

import pytest

from tests.docs.test_operations import STOP, init, page_steps, play, start

ANSWER = """
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -out ca.pem -subj /CN=Essai
openssl x509 -req -in demande.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out certificat.pem 2>/dev/null
"""
NAME = """NAME=$(pupitre keys show --json | grep -o '"name": "[^"]*"' | head -1 | cut -d'"' -f4)\n"""


@pytest.mark.slow
def test_the_page_from_the_first_key_to_a_revocation(tmp_path: Path) -> None:
    page = page_steps("seal-keys.md")
    assert [step.commands.split()[2] for step in page] == [
        "show", "rotate-seal", "request-certificate", "import-certificate", "revoke-seal",
    ]  # fmt: skip
    page[3].commands = ANSWER + page[3].commands
    page[4].commands = NAME + page[4].commands.replace(" NOM ", " $NAME ")
    play(tmp_path, f"{init()}\n{start('node.toml')}", page, STOP)
