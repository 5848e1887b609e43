"""Decode streamed responses: bytes in, events out, no I/O.

`stream` and `astream` in `http/driver.py` read the bytes and feed them to a decoder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from audio_core.errors import IncompleteResponse
from audio_core.http.flow import MAX_REPLY_BYTES, Response

__all__ = ["Decoder", "OpenStream", "ServerSentEvents", "StreamedBody"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_EVENT_STREAM = re.compile(rb"\s*(?:data:|event:|id:|:)")
_LINE = re.compile(rb"\r\n|\n|\r")
_MAX_EVENT_BYTES = 32 * 2**20  # also of a line


class Decoder(Protocol, Generic[T_co]):
    """A decoder that turns the bytes of a body into items as they arrive."""

    @property
    def partial(self) -> str:
        """The text decoded so far. An error carries it if the stream breaks off."""
        ...

    def feed(self, data: bytes) -> Iterator[T_co]:
        """Yield the items that are complete once `data` has arrived."""
        ...

    def close(self) -> Iterator[T_co]:
        """Yield the remaining items when the body has ended.

        Raises:
            ProviderError: if the body is incomplete.
        """
        ...


OpenStream = tuple[Response, Decoder[T]]
"""An open response, and the decoder that is fed with its body."""


class ServerSentEvents:
    r"""A decoder that yields the `data` of server-sent events.

    It follows https://html.spec.whatwg.org/multipage/server-sent-events.html §9.2.6. Lines end with CR, LF or CRLF, and
    comments are dropped. Unlike in the standard, a last event without its blank line is yielded too, as some gateways
    omit that line.

    Example:
        >>> events = ServerSentEvents()
        >>> list(events.feed(b": hello\r\ndata: 1\r")), list(events.feed(b"\n\r\n"))
        ([], ['1'])
    """

    def __init__(self) -> None:
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._data_lines: list[str] = []
        self._event_bytes = 0
        self._is_first_line = True

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the events that are complete once `data` has arrived.

        Raises:
            IncompleteResponse: if an event is too long.
        """
        self._buffer.append(data)
        self._buffered_bytes += len(data)
        # A CR at the end may be half of a CRLF: wait for what follows it.
        if not data or (b"\n" not in data and b"\r" not in data and not self._buffer[0].endswith(b"\r")):
            _check_event_size(self._buffered_bytes)
            return
        text = b"".join(self._buffer)
        *lines, remainder = _split_lines(text[:-1] if text.endswith(b"\r") else text)
        self._buffer = [remainder + b"\r" if text.endswith(b"\r") else remainder]
        self._buffered_bytes = len(self._buffer[0])
        yield from self._assemble_events(lines)

    def close(self) -> Iterator[str]:
        """Yield the last event if it lacks its blank line."""
        yield from self._assemble_events((*_split_lines(b"".join(self._buffer)), b""))
        self._buffer, self._buffered_bytes = [], 0

    def _assemble_events(self, lines: Iterable[bytes]) -> Iterator[str]:
        for line in lines:
            if line:
                self._parse_line(line)
            elif self._data_lines:
                event, self._data_lines, self._event_bytes = "\n".join(self._data_lines), [], 0
                yield event

    def _parse_line(self, line: bytes) -> None:
        if self._is_first_line:
            self._is_first_line, line = False, line.removeprefix(b"\xef\xbb\xbf")
        name, _, value = line.partition(b":")
        if name == b"data":
            self._event_bytes += len(line)
            _check_event_size(self._event_bytes)
            self._data_lines.append(value.removeprefix(b" ").decode("utf-8", "replace"))


def _check_event_size(size: int) -> None:
    if size > _MAX_EVENT_BYTES:
        raise IncompleteResponse(f"One event of the stream is over {_MAX_EVENT_BYTES // 2**20} MiB; it is not read.")


class StreamedBody:
    """The body of a response to a request for a stream: events, or plain JSON, which some gateways send instead.

    A body that calls itself JSON is held until it has ended. Its bytes then decide, as some are event streams.

    Args:
        headers: headers of the response, with names in lower case.
        max_bytes: size of the largest body that is read. A model that repeats itself for ever would fill the memory.
    """

    def __init__(self, headers: Mapping[str, str], max_bytes: int = MAX_REPLY_BYTES) -> None:
        self._max_bytes, self._size = max_bytes, 0
        self._events = ServerSentEvents()
        self._json_pieces: list[bytes] | None = [] if "json" in headers.get("content-type", "") else None
        self._late_events = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the events that `data` completes; none while the body may be plain JSON.

        Raises:
            IncompleteResponse: if an event, or the whole body, is too long.
        """
        self._size += len(data)
        if self._size > self._max_bytes:
            raise IncompleteResponse(
                f"The stream goes on after {self._max_bytes // 2**20} MiB; it is not read any further. "
                "What has come is in .partial."
            )
        if self._json_pieces is None:
            yield from self._events.feed(data)
        else:
            self._json_pieces.append(data)

    def take_json(self) -> bytes | None:
        """Return the body that has ended if it is plain JSON, else None. What is fed later counts as events."""
        if self._json_pieces is None:
            return None
        body, self._json_pieces = b"".join(self._json_pieces), None
        if not _EVENT_STREAM.match(body):
            return body
        self._late_events = body
        return None

    def close(self) -> Iterator[str]:
        """Yield the remaining events."""
        yield from self._events.feed(self._late_events)
        yield from self._events.close()


def _split_lines(data: bytes) -> list[bytes]:
    # Without a CR, bytes.split is eight times as fast. This matters for streams of long base64.
    return _LINE.split(data) if b"\r" in data else data.split(b"\n")
