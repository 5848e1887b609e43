"""Open the socket of a server."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["open_listener"]


@contextmanager
def open_listener(host: str, port: int, hint: str = "") -> Generator[socket.socket]:
    """Listen while the block runs.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        hint: what else to do where another port is taken.

    Raises:
        OSError: if the address or port cannot be used.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise OSError(error.errno, f"{host}:{port} cannot be used: {os.strerror(error.errno or 0)}") from None
        raise OSError(
            error.errno,
            f"Port {port} is taken: another program, perhaps another such server, listens at {host}:{port}. Use that one, "
            f"end it, or take another port: --port {port + 1}, or --port 0 for any free one. {hint}".rstrip(),
        ) from None
    with listener:
        yield listener
