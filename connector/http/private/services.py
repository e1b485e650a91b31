"""What the management API is handed: the verbs of the node, and the settings that bound a request."""

from collections.abc import Callable
from dataclasses import dataclass

from connector.identity.addresses import Addresses
from connector.services.attest import Attest
from connector.services.catalogue import Catalogue
from connector.services.contract import Contracts
from connector.services.contract_bundle import ContractBundles
from connector.services.contract_checks import ContractChecks
from connector.services.evidence import Evidence
from connector.services.feed import Feed
from connector.services.hosts import Hosts
from connector.services.inbox import Inbox
from connector.services.inspect import Inspect
from connector.services.introduce import Introduce
from connector.services.journals import Journals
from connector.services.negotiate import Negotiate
from connector.services.once import Once
from connector.services.publish import Publish
from connector.services.receive import Receive
from connector.services.reconcile import Reconciliations
from connector.services.transfer import Transfer
from connector.services.waiting import Waiting
from connector.services.webhooks import Webhooks
from connector.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """The rooms behind the API."""

    settings: Settings
    version: str
    addresses: Addresses
    hosts: Hosts
    introduce: Introduce
    inbox: Inbox
    attest: Attest
    publish: Publish
    catalogue: Catalogue
    negotiate: Negotiate
    contracts: Contracts
    bundles: ContractBundles
    checks: ContractChecks
    evidence: Evidence
    transfer: Transfer
    receive: Receive
    inspect: Inspect
    journals: Journals
    once: Once
    feed: Feed
    webhooks: Webhooks
    waiting: Waiting
    reconciliations: Reconciliations
    running_jobs: Callable[[], int]
    """How many jobs this process runs now."""
