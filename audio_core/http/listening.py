"""Open the socket of a server."""

from __future__ import annotations

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager

from audio_core.errors import InvalidOption

__all__ = ["open_listener"]

_LAST_PORT = 65_535


@contextmanager
def open_listener(host: str, port: int, hint: str = "") -> Generator[socket.socket]:
    """Listen while the block runs.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        hint: what else to do where another port is taken.

    Raises:
        InvalidOption: if there is no such port, or no such address can be.
        OSError: if the address or port cannot be used.
    """
    _check_address(host, port)
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise OSError(error.errno, f"{host}:{port} cannot be used: {error.strerror}") from None
        other_port = port + 1 if port < _LAST_PORT else port - 1
        raise OSError(
            error.errno,
            f"Port {port} is taken: another program, perhaps another such server, listens at {host}:{port}. Use that one, "
            f"end it, or take another port: --port {other_port}, or --port 0 for any free one. {hint}".rstrip(),
        ) from None
    with listener:
        yield listener


def _check_address(host: str, port: int) -> None:
    if not 0 <= port <= _LAST_PORT:
        raise InvalidOption(f"port={port} is no port: use one up to {_LAST_PORT}, or 0 for any free one.")
    try:
        host.encode("idna")
    except UnicodeError:
        raise InvalidOption(f"host={host!r} is no address: use 127.0.0.1, or another of this machine.") from None
