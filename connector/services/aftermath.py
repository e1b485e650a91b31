"""Builds what looks after concluded contracts: notices, time-stamps, and warnings of their end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from connector.identity.scheme import Scheme
from connector.identity.timestamps import Authorities, Rfc3161
from connector.peer.client import Client, Transport
from connector.services import expiry, notices, stamping
from connector.services.evidence import Evidence
from connector.services.expiry import Expiry
from connector.services.hosts import Hosts
from connector.services.introduce import Introduce
from connector.services.seal_case import Signers
from connector.services.stamping import Stamping
from connector.services.tell import Tell
from connector.settings import BadSettings, Settings
from connector.settings_told import no_authorities
from connector.store.db import Store
from connector.store.jobs import Handler


@dataclass(frozen=True)
class Aftermath:
    """What follows the conclusion of a contract."""

    evidence: Evidence
    handlers: Mapping[str, Handler]
    """By kind of job."""


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
    authorities = Authorities(read_trusted(settings.timestamp_trust))
    url, timeout_s = settings.timestamp_url, settings.call_timeout_s
    stamps = Stamping(store, authorities, Rfc3161(transport, url, authorities, timeout_s) if url else None)
    tell = Tell(store, client, identity, sealing, seals.endpoint, give_up_after_s=settings.give_up_after_s)
    alerts = Expiry(store, settings.expiry_alert_days)
    return Aftermath(Evidence(store, seals, stamps), {notices.JOB: tell, stamping.JOB: stamps, expiry.JOB: alerts})


def read_trusted(file: Path | None) -> list[x509.Certificate]:
    """Return the time-stamping authorities of a file. Raises BadSettings."""
    try:
        return [] if file is None else x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadSettings(no_authorities("timestamp_trust", file)) from error
