"""Push decoders for streamed replies: bytes in, events out, no I/O. They are fed by two short loops in `http/drive.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from audio_core.errors import IncompleteResponse

__all__ = ["Decoder", "ServerSentEvents"]

T_co = TypeVar("T_co", covariant=True)
_LINE = re.compile(rb"\r\n|\n|\r")
_MAX_EVENT_BYTES = 32 * 2**20


class Decoder(Protocol, Generic[T_co]):
    """What turns a body's bytes into items as they come."""

    @property
    def partial(self) -> str:
        """The text that has come so far, for the error if no more comes."""
        ...

    def feed(self, data: bytes) -> Iterator[T_co]:
        """The items that are whole once `data` has come."""
        ...

    def close(self) -> Iterator[T_co]:
        """What is left when the body has ended; raises if the body is not whole."""
        ...


class ServerSentEvents:
    r"""The `data` of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html §9.2.6).

    Lines end with CR, LF or CRLF, wherever the network cuts them. Comments are dropped. An event that the end of the
    stream leaves without its blank line is still given out, for gateways that forget it.

    Example:
        >>> events = ServerSentEvents()
        >>> list(events.feed(b": hello\r\ndata: 1\r")), list(events.feed(b"\n\r\n"))
        ([], ['1'])
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._data: list[str] = []
        self._first = True

    def feed(self, data: bytes) -> Iterator[str]:
        """The events that are whole once `data` has come."""
        self._hold(data)
        # A CR at the end may be half of a CRLF: wait for what follows it.
        if not data or (b"\n" not in data and b"\r" not in data and not self._pieces[0].endswith(b"\r")):
            return
        text = b"".join(self._pieces)
        *lines, rest = _split_lines(text[:-1] if text.endswith(b"\r") else text)
        self._pieces = [rest + b"\r" if text.endswith(b"\r") else rest]
        self._held = len(self._pieces[0])
        yield from self._assemble(lines)

    def close(self) -> Iterator[str]:
        """An event that still lacked its blank line."""
        yield from self._assemble((*_split_lines(b"".join(self._pieces)), b""))
        self._pieces, self._held = [], 0

    def _hold(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > _MAX_EVENT_BYTES:
            raise IncompleteResponse(
                f"One event of the stream is over {_MAX_EVENT_BYTES // 2**20} MiB; it is not read."
            )

    def _assemble(self, lines: Iterable[bytes]) -> Iterator[str]:
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                event, self._data = "\n".join(self._data), []
                yield event

    def _take(self, line: bytes) -> None:
        if self._first:
            self._first, line = False, line.removeprefix(b"\xef\xbb\xbf")
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))


def _split_lines(data: bytes) -> list[bytes]:
    # Without a CR, plain splitting is eight times as fast, and long base64 in a stream is mostly this.
    return _LINE.split(data) if b"\r" in data else data.split(b"\n")
