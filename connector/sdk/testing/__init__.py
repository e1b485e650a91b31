"""A partner to test against: `FakePeer` speaks DSP 2025-1 in the test's own process, and does what its script says.

    from connector.sdk.testing import FakePeer

    with FakePeer() as peer:
        peer.on("ContractRequestMessage").refuse(reason="Not today.").then.delay(2)
        …
        assert peer.wait_for("ContractRequestMessage").body["offer"]["target"] == "urn:fake:points"

Without a script it is a correct peer: it shows a catalogue, agrees to its own terms, delivers bytes and takes what is
pushed to it, with an identity of its own. It knows nothing of the node's code: what it knows of the protocol it knows
from the specification. It listens on loopback and speaks to loopback only; it is no part of any node that serves.

peer.py is what a test holds, script.py the words; conduct.py how a correct peer goes on, goods.py what it has,
identity.py who it is, protocol.py what the specification says, listener.py and calling.py the two directions of HTTP.
"""

from connector.sdk.testing.errors import NotHeard, Refused, ScriptError
from connector.sdk.testing.goods import Dataset
from connector.sdk.testing.peer import FakePeer
from connector.sdk.testing.processes import Process
from connector.sdk.testing.records import Heard, Said

__all__ = ["Dataset", "FakePeer", "Heard", "NotHeard", "Process", "Refused", "Said", "ScriptError"]
