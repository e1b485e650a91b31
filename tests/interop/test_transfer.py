"""Pulling data in both roles: the bytes that came are those that were published, and none comes when none may."""

import http.client
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from tests.interop.edc_peer import Edc
from tests.interop.pairs import CONDITIONAL, OPEN, SIZE_BYTES, Pair, digest
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]
REASON = "Vérification des données."


def pulled(address: dict[str, str]) -> bytes:
    """Read a data address as EDC's user does: the token as it stands, without `Bearer`."""
    request = urllib.request.Request(address["endpoint"], headers={"Authorization": address["authorization"]})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def status_of(address: dict[str, str]) -> int:
    """Return the status with which a data address answers."""
    try:
        pulled(address)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


# --- EDC is the consumer


@pytest.mark.parametrize("dataset", [OPEN, CONDITIONAL])
def test_edcs_user_pulls_our_bytes(pair: Pair, dataset: str) -> None:
    transfer = pair.edc.request_transfer(pair.ours, pair.agreement_of_edc(dataset))
    address = pair.edc.until_data_address(transfer)
    assert digest(pulled(address)) == digest(pair.stage.content)
    assert pair.edc.until_transfer(transfer, "STARTED")["type"] == "CONSUMER"


@pytest.mark.parametrize("by", ["edc", "us"])
def test_while_suspended_edcs_user_gets_no_byte_of_ours(pair: Pair, by: str) -> None:
    transfer = pair.edc.request_transfer(pair.ours, pair.agreement_of_edc())
    first = pair.edc.until_data_address(transfer)
    ours = pair.edc.until_transfer(transfer, "STARTED")["correlationId"]
    if by == "edc":
        pair.edc.suspend(transfer, REASON)
    else:
        pair.ours.api.suspend_transfer(ours, REASON)
    pair.edc.until_transfer(transfer, "SUSPENDED")
    pair.ours.until_transfer(ours, "SUSPENDED")
    assert pair.ours.reasons(ours) == [REASON]
    assert status_of(first) == 401
    if by == "edc":
        pair.edc.resume(transfer)
    else:
        pair.ours.api.resume_transfer(ours)
    second = pair.edc.until_data_address(transfer, unlike=first["authorization"])
    pair.edc.until_transfer(transfer, "STARTED")
    pair.ours.until_transfer(ours, "STARTED")
    assert digest(pulled(second)) == digest(pair.stage.content)
    assert status_of(first) == 401


@pytest.mark.parametrize("by", ["edc", "us"])
def test_once_terminated_edcs_user_gets_no_byte_of_ours(pair: Pair, by: str) -> None:
    transfer = pair.edc.request_transfer(pair.ours, pair.agreement_of_edc())
    address = pair.edc.until_data_address(transfer)
    ours = pair.edc.until_transfer(transfer, "STARTED")["correlationId"]
    if by == "edc":
        pair.edc.terminate(transfer, REASON)
    else:
        pair.ours.api.terminate_transfer(ours, REASON)
    pair.edc.until_transfer(transfer, "TERMINATED")
    pair.ours.until_transfer(ours, "TERMINATED")
    assert pair.ours.reasons(ours) == [REASON]
    assert status_of(address) == 401


def test_a_suspension_by_edc_cuts_the_stream_that_its_user_reads(pair: Pair) -> None:
    """The reader stops after the first bytes; what the sockets between have taken still arrives, the rest does not."""
    big = "urn:data:big"
    pair.ours.publish(big, pair.stage.content * 16)
    transfer = pair.edc.request_transfer(pair.ours, pair.edc_asks(big).edc_agreement)
    address = pair.edc.until_data_address(transfer)
    ours = pair.edc.until_transfer(transfer, "STARTED")["correlationId"]
    link = http.client.HTTPConnection(urlsplit(address["endpoint"]).netloc, timeout=60)
    link.request("GET", urlsplit(address["endpoint"]).path, headers={"Authorization": address["authorization"]})
    answer = link.getresponse()
    got = len(answer.read(64 << 10))
    pair.edc.suspend(transfer, REASON)
    pair.ours.until_transfer(ours, "SUSPENDED")
    while chunk := answer.read(1 << 20):
        got += len(chunk)
    link.close()
    assert int(answer.headers["Content-Length"]) == 16 * SIZE_BYTES
    assert got < 16 * SIZE_BYTES


def test_we_push_our_bytes_where_edc_says(pair: Pair) -> None:
    sink = f"sink-{pair.edc.name}-{pair.ours.name}"
    transfer = pair.edc.request_transfer(pair.ours, pair.agreement_of_edc(), "HttpData-PUSH", pair.stage.data.url(sink))
    ours = pair.edc.until_transfer(transfer, "COMPLETED")["correlationId"]
    pair.ours.until_transfer(ours, "COMPLETED")
    assert digest(pair.stage.data.received[sink]) == digest(pair.stage.content)


def test_we_refuse_edc_a_format_that_we_do_not_offer(pair: Pair) -> None:
    transfer = pair.edc.request_transfer(pair.ours, pair.agreement_of_edc(), "Carrier-PULL")
    assert "HttpData-PULL" in pair.edc.until_transfer(transfer, "TERMINATED")["errorDetail"]


# --- EDC is the provider


def started(pair: Pair, dataset: str = "content") -> tuple[str, str]:
    """Have EDC start a transfer of ours; return our identifier and EDC's."""
    pid = pair.ours.api.request_transfer(pair.agreement_of_ours(dataset))["pid"]
    theirs = pair.ours.until_transfer(pid, "STARTED")["peer_pid"]
    pair.edc.until_transfer(theirs, "STARTED")
    return pid, theirs


def received(pair: Pair, pid: str) -> str:
    """Have our node receive the bytes of a transfer; return the SHA-256 of the file."""
    pair.ours.api.fetch_transfer(pid)
    return file_of(pair, pid)


def has_resumed(edc: Edc, transfer: str) -> bool:
    """Have EDC resume where it is suspended; True once it has.

    Its suspension may leave it twice, and what it is told between the two is forgotten with the second.
    """
    state = edc.transfer(transfer)["state"]
    if state == "SUSPENDED":
        edc.resume(transfer)
    return bool(state == "STARTED")


def file_of(pair: Pair, pid: str) -> str:
    fetched = pair.ours.until_fetched(pid)
    with open(fetched["path"], "rb") as file:
        content = file.read()
    assert fetched["sha256"] == digest(content)
    return digest(content)


@pytest.mark.parametrize("dataset", ["content", "conditional"])
def test_we_receive_edcs_bytes(pair: Pair, dataset: str) -> None:
    pid, _ = started(pair, dataset)
    assert received(pair, pid) == digest(pair.stage.content)


def test_edc_pushes_its_bytes_to_us(pair: Pair) -> None:
    pid = pair.ours.api.request_transfer(pair.agreement_of_ours(), push=True)["pid"]
    theirs = pair.ours.until_transfer(pid, "COMPLETED")["peer_pid"]
    pair.edc.until_transfer(theirs, "COMPLETED")
    assert file_of(pair, pid) == digest(pair.stage.content)


def test_we_complete_and_edc_says_so(pair: Pair) -> None:
    pid, theirs = started(pair)
    assert received(pair, pid) == digest(pair.stage.content)
    pair.ours.api.complete_transfer(pid)
    pair.ours.until_transfer(pid, "COMPLETED")
    pair.edc.until_transfer(theirs, "COMPLETED")


@pytest.mark.parametrize("by", ["edc", "us"])
def test_while_suspended_we_get_no_byte_of_edcs(pair: Pair, by: str) -> None:
    pid, theirs = started(pair)
    if by == "edc":
        pair.edc.suspend(theirs, REASON)
    else:
        pair.ours.api.suspend_transfer(pid, REASON)
    pair.edc.until_transfer(theirs, "SUSPENDED")
    pair.ours.until_transfer(pid, "SUSPENDED")
    assert pair.ours.reasons(pid) == [REASON]
    pair.ours.api.fetch_transfer(pid)
    fetch = pair.ours.api.show_fetch(pid)
    assert (fetch["status"], fetch["done_bytes"]) == ("waiting", 0)
    if by == "edc":
        until(lambda: has_resumed(pair.edc, theirs), "EDC resumes the transfer")
    else:
        pair.ours.api.resume_transfer(pid)
    assert file_of(pair, pid) == digest(pair.stage.content)
    pair.edc.until_transfer(theirs, "STARTED")
    pair.ours.until_transfer(pid, "STARTED")


def test_a_suspension_by_us_stops_the_bytes_that_come_from_edc(pair: Pair) -> None:
    """EDC's data plane sends what it has begun; our node does not take it."""
    data = pair.stage.data
    data.slow["slow"], data.half_way = threading.Event(), threading.Event()
    try:
        pid, theirs = started(pair, "slow")
        pair.ours.api.fetch_transfer(pid)
        assert data.half_way.wait(60)
        pair.ours.api.suspend_transfer(pid, REASON)
        pair.edc.until_transfer(theirs, "SUSPENDED")
        until(lambda: pair.ours.api.show_fetch(pid)["status"] == "waiting", "the fetch waits")
    finally:
        data.slow.pop("slow").set()
    assert pair.ours.api.show_fetch(pid)["done_bytes"] <= SIZE_BYTES // 2
    pair.ours.api.resume_transfer(pid)
    assert file_of(pair, pid) == digest(data.contents["slow"])


@pytest.mark.parametrize("by", ["edc", "us"])
def test_once_terminated_we_get_no_byte_of_edcs(pair: Pair, by: str) -> None:
    pid, theirs = started(pair)
    if by == "edc":
        pair.edc.terminate(theirs, REASON)
    else:
        pair.ours.api.terminate_transfer(pid, REASON)
    pair.edc.until_transfer(theirs, "TERMINATED")
    ended = pair.ours.until_transfer(pid, "TERMINATED")
    assert pair.ours.reasons(pid) == [REASON]
    assert ended["fetch"] is None


def test_edc_answers_a_dead_token_403_and_we_wait_for_its_next_start(pair: Pair) -> None:
    """The suspension is on its way to us while we pull: the token is dead, and nothing is lost."""
    pid, theirs = started(pair)
    with pair.ours.proxy.holding("/suspension") as held:
        pair.edc.suspend(theirs, REASON)
        held.wait()
        pair.ours.api.fetch_transfer(pid)
        until(lambda: pair.ours.api.show_fetch(pid)["problem"], "the token is dead")
        assert pair.ours.api.show_fetch(pid)["status"] == "waiting"
        assert pair.ours.api.show_fetch(pid)["done_bytes"] == 0
    pair.ours.until_transfer(pid, "SUSPENDED")
    until(lambda: has_resumed(pair.edc, theirs), "EDC resumes the transfer")
    assert file_of(pair, pid) == digest(pair.stage.content)


def test_the_journal_of_a_transfer_with_edc_is_whole(pair: Pair) -> None:
    pid, _ = started(pair)
    assert pair.ours.api.verify_journal(pid)["is_intact"]


def test_our_node_complained_of_nothing(pair: Pair) -> None:
    """Comes last in this file: what went before is no error of ours."""
    assert pair.ours.complaints() == []
