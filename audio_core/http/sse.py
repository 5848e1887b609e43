"""Decode streamed responses: bytes in, events out, no I/O.

`stream` and `astream` in `http/driver.py` read the bytes and feed them to a decoder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from audio_core.errors import IncompleteResponse
from audio_core.http.flow import MAX_REPLY_BYTES, Response
from audio_core.lenient_json import parse_json, to_object

__all__ = ["Decoder", "OpenStream", "ServerSentEvents", "StreamedBody", "is_end_mark", "is_event_stream"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_LINES_BEFORE_DATA = re.compile(rb"(?:(?:event|id|retry)?:[^\r\n]*[\r\n]+)*")
_LAST_LINE = re.compile(rb"(?:event|id|retry)?:[^\r\n]*")
_LONGEST_FIELD = len(b"event:")
_MOST_BEFORE_DATA = 16 * 2**10  # bytes; no text begins with so many comments
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_END_MARK = 20  # characters, with spaces
_EMPTY_EVENTS = ("", "null", "{}")
_PINGS = ("ping", "keepalive", "keep-alive", "heartbeat")  # names of events that say nothing
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
    comments and pings are dropped. Unlike in the standard, a last event without its blank line is yielded too, as some
    gateways omit that line. The name of an event is not yielded: the data of one named `error` is made to say so.

    Example:
        >>> events = ServerSentEvents()
        >>> list(events.feed(b": hello\r\ndata: 1\r")), list(events.feed(b"\n\r\n"))
        ([], ['1'])
    """

    def __init__(self) -> None:
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._data_lines: list[str] = []
        self._name = ""
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
                continue
            name, event = self._name, "\n".join(self._data_lines) if self._data_lines else None
            self._name, self._data_lines, self._event_bytes = "", [], 0
            if event is not None and name not in _PINGS:
                yield _mark_error(event) if name == "error" else event

    def _parse_line(self, line: bytes) -> None:
        if self._is_first_line:
            self._is_first_line, line = False, line.removeprefix(b"\xef\xbb\xbf")
        name, _, value = line.partition(b":")
        if name == b"data":
            self._event_bytes += len(line)
            _check_event_size(self._event_bytes)
            self._data_lines.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif name == b"event":
            self._name = value[:20].decode("utf-8", "replace").strip().lower()


def _mark_error(data: str) -> str:
    """Return the data of an event named `error` as JSON that says so."""
    value = parse_json(data)
    return data if to_object(value).get("error") else json.dumps({"error": value or data or "no reason given"})


def _check_event_size(size: int) -> None:
    if size > _MAX_EVENT_BYTES:
        raise IncompleteResponse(
            f"One event of the stream is over {_MAX_EVENT_BYTES // 2**20} MiB; it is not read. Ask for a shorter answer."
        )


def is_end_mark(event: str) -> bool:
    """Tell whether the data of an event says that the stream has ended: `[DONE]`, however a gateway writes it.

    Example:
        >>> is_end_mark("[DONE]"), is_end_mark(" [ done ]"), is_end_mark('["done"]')
        (True, True, False)
    """
    return len(event) < _LONGEST_END_MARK and "".join(event.split()).upper() == "[DONE]"


def is_event_stream(body: bytes, headers: Mapping[str, str]) -> bool:
    """Tell whether the body of a response is events, which some gateways send although no stream was asked for."""
    beginning = body.lstrip().removeprefix(_BYTE_ORDER_MARK).lstrip()
    return "event-stream" in headers.get("content-type", "") or _begins_with_event(beginning) is True


def _begins_with_event(beginning: bytes) -> bool | None:
    """Tell whether the first line of a body that is neither a comment nor another field is data.

    Returns:
        None if that line has not come yet.
    """
    lines = _LINES_BEFORE_DATA.match(beginning)
    end = lines.end() if lines else 0
    if beginning.startswith(b"data:", end) or end > _MOST_BEFORE_DATA:
        return True
    name = beginning[end : end + _LONGEST_FIELD]
    is_open = any(field.startswith(name) for field in _FIELDS) or _LAST_LINE.fullmatch(beginning, end)
    return None if is_open else False


class StreamedBody:
    """The body of a response to a request for a stream: events, or JSON or text, which some gateways send instead.

    Its first bytes decide which it is, as some gateways give JSON or events another content type. What is no events is
    held until it has ended. Events without content (`null`, `{}`) are left out.

    Args:
        headers: headers of the response, with names in lower case.
        max_bytes: size of the largest body that is read. A model that repeats itself for ever would fill the memory.
    """

    def __init__(self, headers: Mapping[str, str], max_bytes: int = MAX_REPLY_BYTES) -> None:
        self._max_bytes, self._size = max_bytes, 0
        self._is_called_events = "event-stream" in headers.get("content-type", "event-stream")
        self._is_held: bool | None = None  # not known yet
        self._has_mark = False
        self._pieces: list[bytes] = []
        self._events = ServerSentEvents()

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the events that `data` completes; none while the body may be something else.

        Raises:
            IncompleteResponse: if an event, or the whole body, is too long.
        """
        self._size += len(data)
        if self._size > self._max_bytes:
            raise IncompleteResponse(
                f"The stream goes on after {self._max_bytes // 2**20} MiB; it is not read any further. "
                "What has come is in .partial; ask for a shorter answer."
            )
        if self._is_held is None:
            data = self._read_beginning(data)
        if self._is_held:
            self._pieces.append(data)
        else:
            yield from self._decode_events(data)

    def take_held(self) -> bytes | None:
        """Return the body that has ended if it is JSON or text, else None. What is fed later counts as events."""
        is_held = not self._is_called_events if self._is_held is None else self._is_held
        self._is_held = False
        return self._take_pieces() if is_held else None

    def close(self) -> Iterator[str]:
        """Yield the remaining events."""
        yield from self._decode_events(self._take_pieces())
        yield from filter(_has_content, self._events.close())

    def _read_beginning(self, data: bytes) -> bytes:
        """Return what has come, once it tells events from all else, and nothing before."""
        beginning = (self._take_pieces() + data).lstrip()
        if beginning.startswith(_BYTE_ORDER_MARK) and not self._has_mark:
            self._has_mark, beginning = True, beginning.removeprefix(_BYTE_ORDER_MARK).lstrip()
        self._pieces = [beginning]
        is_event = self._is_event(beginning)
        if is_event is None:
            return b""
        self._is_held = not is_event
        return self._take_pieces()

    def _is_event(self, beginning: bytes) -> bool | None:
        """Tell whether the body begins with an event; None while that is not known."""
        if _BYTE_ORDER_MARK.startswith(beginning):
            return None
        if beginning.startswith((b"{", b"[")):
            return False
        return self._is_called_events or _begins_with_event(beginning)

    def _take_pieces(self) -> bytes:
        data, self._pieces = b"".join(self._pieces), []
        return data

    def _decode_events(self, data: bytes) -> Iterator[str]:
        return filter(_has_content, self._events.feed(data))


def _has_content(event: str) -> bool:
    return event.strip() not in _EMPTY_EVENTS


def _split_lines(data: bytes) -> list[bytes]:
    # Without a CR, bytes.split is eight times as fast. This matters for streams of long base64.
    return _LINE.split(data) if b"\r" in data else data.split(b"\n")
