"""A server on the loopback interface that is written by hand, for what no HTTP server would do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
CHAT = b'{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}'


class RawServer:
    """A server that calls a function for each connection, on a thread of its own.

    Attributes:
        base_url: of its API.
        closed: set once a client has closed a connection while the server was using it.
    """

    def __init__(self, handle: Callable[[RawServer, socket.socket], None]) -> None:
        self._handle = handle
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self.closed = threading.Event()

    def accept_all(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._handle(self, connection)
            except OSError:
                self.closed.set()

    def read_request(self, connection: socket.socket) -> bytes:
        """Return the head and body of one request; raise `ConnectionError` if the client closes before."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        while len(body) < length:
            body += self._receive(connection)
        return head + b"\r\n\r\n" + body

    def _receive(self, connection: socket.socket) -> bytes:
        if not (data := connection.recv(65536)):
            raise ConnectionError
        return data

    def dribble(self, connection: socket.socket, data: bytes) -> None:
        """Send bytes one by one, again and again, until the client closes the connection."""
        while True:
            for byte in data:
                if self._stop.wait(0.02):
                    return
                connection.sendall(bytes([byte]))

    def wait_for_close(self, connection: socket.socket) -> None:
        """Wait, without sending, until the client closes the connection."""
        while connection.recv(65536):
            pass
        raise ConnectionError

    def stop(self) -> None:
        self._stop.set()
        self._listener.close()


def answer(connection: socket.socket, body: bytes = CHAT, content_type: bytes = b"application/json") -> None:
    """Send a whole response."""
    connection.sendall(HEAD % (content_type, len(body)) + body)


def reset(connection: socket.socket) -> None:
    """Close a connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def serve(handle: Callable[[RawServer, socket.socket], None]) -> Iterator[RawServer]:
    """Run a server that calls `handle` for each connection."""
    server = RawServer(handle)
    threading.Thread(target=server.accept_all, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


# --- what a server may do in place of an answer ---


def close(server: RawServer, connection: socket.socket) -> None:
    connection.close()


def break_with_reset(server: RawServer, connection: socket.socket) -> None:
    reset(connection)


def send_half_a_head(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")


def send_garbage(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
