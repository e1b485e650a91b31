"""The data behind an EDC: files that its data plane reads for a pull, and a place to which it pushes."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK_BYTES = 64 << 10


class DataServer:
    """Serves `contents` by path and keeps what is posted in `received`; a path in `slow` stops half way for a while."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.received: dict[str, bytes] = {}
        self.slow: dict[str, threading.Event] = {}
        self.half_way = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="data", daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def close(self) -> None:
        for may in self.slow.values():
            may.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(data: DataServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Answers):
        pass

    Handler.data = data
    return Handler


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    data: DataServer

    def do_GET(self) -> None:
        name = self.path.strip("/")
        content = self.data.contents.get(name)
        if content is None:
            self._answer(404, b"")
            return
        may = self.data.slow.get(name)
        self._answer(200, content if may is None else content[: len(content) // 2], len(content))
        if may is not None:
            self.data.half_way.set()
            may.wait()
            self.wfile.write(content[len(content) // 2 :])

    def do_POST(self) -> None:
        parts = []
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            parts.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.data.received[self.path.strip("/")] = b"".join(parts)
        self._answer(200, b"")

    do_PUT = do_POST

    def _answer(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
