"""Builds what looks after concluded contracts: notices and time-stamps, ours and those of partners."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from connector.identity.scheme import Scheme
from connector.identity.timestamps import Authorities, Rfc3161
from connector.peer.client import Client, Transport
from connector.services.evidence import Evidence
from connector.services.hosts import Hosts
from connector.services.introduce import Introduce
from connector.services.seal_case import Signers
from connector.services.stamping import Stamping
from connector.services.tell import Tell
from connector.settings import BadSettings, Settings
from connector.store.db import Store


@dataclass(frozen=True)
class Aftermath:
    """What follows the conclusion of a contract."""

    evidence: Evidence
    tell: Tell
    stamping: Stamping


def aftermath(
    store: Store,
    client: Client,
    transport: Transport,
    identity: Scheme,
    hosts: Hosts,
    introduce: Introduce,
    settings: Settings,
    signers: Signers | None,
) -> Aftermath:
    """Return it, as the settings say. Raises BadSettings when `timestamp_trust` cannot be read.

    It seals with the participants' own keys unless other signers are given.
    """
    seals, sealing = introduce.seals, signers or hosts.seals.signer
    authorities = Authorities(_trusted(settings.timestamp_trust))
    url, timeout_s = settings.timestamp_url, settings.call_timeout_s
    stamping = Stamping(store, authorities, Rfc3161(transport, url, authorities, timeout_s) if url else None)
    tell = Tell(store, client, identity, sealing, seals.endpoint, give_up_after_s=settings.give_up_after_s)
    return Aftermath(Evidence(store, seals, stamping), tell, stamping)


def _trusted(file: Path | None) -> list[x509.Certificate]:
    try:
        return [] if file is None else x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadSettings(f"timestamp_trust: {file}", pointer="/timestamp_trust") from error
