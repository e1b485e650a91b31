"""One listener: a uvicorn server among several in one loop, on a socket that is bound before it starts."""

import asyncio
import socket
from typing import Any

import uvicorn

from connector.http.public.answers import App


class Listener:
    """One uvicorn server among several in a loop; signals are the node's business."""

    def __init__(self, app: App, host: str, port: int, http: Any = "httptools") -> None:
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.started = asyncio.Event()
        config = uvicorn.Config(
            app,
            http=http,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            date_header=True,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=64 << 10,
            timeout_graceful_shutdown=3,
        )
        self._server = uvicorn.Server(config)

    async def run(self) -> None:
        """Serve until `stop` is called."""
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        self.started.set()
        await self._server.main_loop()
        await self._server.shutdown(sockets=[self._socket])

    def stop(self) -> None:
        """Finish the requests under way, then end."""
        self._server.should_exit = True


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    listening.setblocking(False)
    return listening
