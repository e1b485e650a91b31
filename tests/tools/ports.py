"""Ports for what a test starts: free when they are given, and nobody else's to take before the test does.

A port that the kernel picks (port 0) may be picked again, by another process or for an outgoing connection, between its
release and its use. These lie below the range from which the kernel picks, and no process gives one of them twice until
it has given all: a process begins at a place of its own.
"""

import itertools
import os
import socket
from pathlib import Path

FIRST, LAST = 12_000, 32_000
_STRIDE = 997  # processes that start one after the other begin far apart


def _range() -> range:
    """Return the ports below those that the kernel picks from."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        lowest = LAST
    return range(FIRST, min(LAST, lowest)) or range(FIRST, LAST)


_PORTS = _range()
_next = itertools.count(os.getpid() * _STRIDE)


def free_port() -> int:
    """Return a port of loopback that is free now. Raises OSError when there is none."""
    for _ in _PORTS:
        port = _PORTS[next(_next) % len(_PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
