"""A conversation as a text: commands, and under each, indented, all that it brings about.

    # What it shows, and what it cites.

    node mode=automatic

    peer sends ContractRequestMessage
        peer → node  POST /negotiations/request  ContractRequestMessage {…}
        …

Lines that begin with `#` belong to the reader. `render` plays the commands and returns the text with what they bring
about now; the test compares, `--rewrite` writes.
"""

from connector.clock import VirtualClock
from tests.conversations.stage import Pace, Stage
from tests.simulator import virtual

INDENT = "    "


def render(text: str) -> str:
    """Return the text of a conversation with every outcome as the node gives it now."""
    clock = VirtualClock()
    pace = Pace(clock)
    with virtual.simulated(0):
        return virtual.run(_play(text, Stage(clock, pace)), clock, pace.when_idle)


async def _play(text: str, stage: Stage) -> str:
    lines: list[str] = []
    try:
        for line in text.splitlines():
            if line.startswith(INDENT):
                continue
            lines.append(line)
            if line and not line.startswith("#"):
                lines += [INDENT + outcome for outcome in await stage.play(line)]
    finally:
        await stage.close()
    return "\n".join(lines) + "\n"
