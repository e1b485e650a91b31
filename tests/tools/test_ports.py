"""Ports for what tests start."""

import socket
from pathlib import Path

from tests.tools.ports import FIRST, LAST, free_port


def test_no_port_is_given_twice_and_none_is_one_that_the_kernel_picks() -> None:
    given = [free_port() for _ in range(200)]
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(given)) == 200
    assert all(FIRST <= port < min(LAST, lowest) for port in given)


def test_a_port_that_is_taken_is_passed_over() -> None:
    before = free_port()
    with socket.socket() as taken:
        for port in range(before + 1, before + 50):
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            break
        given = [free_port() for _ in range(60)]
        assert taken.getsockname()[1] not in given
