"""A contract as it stands for ever: `python -m tests.contracts.golden` writes the files of `golden/` anew.

Keys, identifiers and instants are fixed and the signatures deterministic (RFC 6979), so every byte is. Certificates are
kept: their own signatures are not deterministic. What was sealed under this schema must be readable by every version to
come, so these files are added to and not changed. When the words of policies/ change, so does the number of GENERATOR,
and a folder of that number is added: the files beside it were written by the first.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

from contracts.approval import Approval
from contracts.canonical import canonical
from contracts.conclusion import conclude
from contracts.jws import CONCLUSION, NOTICE, Sealed, read_sealed
from contracts.notice import notice
from contracts.seals import seal
from contracts.terms import GENERATOR
from contracts.timestamps import add_token
from tests.harness.contracts import COMMUNE, METROPOLE, NOW, countersigned, drawn_up, negotiated, sealed
from tests.harness.sealers import Sealer, given, p256

FOLDER = Path(__file__).parent / "golden"
NEWEST = FOLDER / GENERATOR.rpartition("/")[2]
NAMES = {"provider": METROPOLE, "consumer": COMMUNE}
SECRETS = {"provider": 1_000_003, "consumer": 1_000_033}
TOKEN = b"stands where a time-stamp token stands"


def sealer(role: str) -> Sealer:
    """Return the key of a role with the certificate that is kept."""
    certificate = (FOLDER / f"{role}.cer").read_bytes()
    return Sealer(f"{NAMES[role]}#seal-2026", p256(SECRETS[role]), (certificate,))


def made() -> dict[str, str]:
    """Return what stands in each file, made anew."""
    provider, consumer = sealer("provider"), sealer("consumer")
    document = drawn_up(negotiated(provider, consumer))
    one = sealed(document, provider)
    both = countersigned(one, consumer)
    contract = read_sealed(both)
    return {
        "contract.json": canonical(document).decode(),
        "provider.jws.json": one,
        "contract.jws.json": both,
        "stamped.jws.json": add_token(add_token(both, 0, TOKEN), 1, TOKEN),
        "conclusion.jws.json": concluded(contract, provider),
        "termination.jws.json": ended(contract, consumer),
    }


def concluded(contract: Sealed, provider: Sealer) -> str:
    """Return the sealed conclusion."""
    at = NOW + timedelta(seconds=4)
    return asyncio.run(seal(canonical(conclude(contract, at=at)), provider, media_type=CONCLUSION, at=at)).text


def ended(contract: Sealed, consumer: Sealer) -> str:
    """Return the sealed notice by which the consumer ends the contract."""
    at = NOW + timedelta(days=90)
    told = notice(contract, "termination", by="consumer", at=at, code="no-longer-needed", reason="Étude terminée.")
    approval = Approval(function="Le maire", by="77c0", at=at)
    return asyncio.run(seal(canonical(told), consumer, media_type=NOTICE, at=at, approval=approval)).text


def main() -> None:
    """Write the files; certificates only where there is none."""
    NEWEST.mkdir(exist_ok=True)
    for role, secret in SECRETS.items():
        if not (kept := FOLDER / f"{role}.cer").exists():
            kept.write_bytes(given(NAMES[role], p256(secret)))
    for name, text in made().items():
        (NEWEST / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
