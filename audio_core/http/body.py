"""Request bodies that are never held in memory as a whole, and that can be sent again.

A body is a sequence of segments: bytes in memory, and contents that are read, and encoded as base64 if need be, while
they are sent. Its length is known before any content is read. So no chunked transfer encoding is needed, and a file
that changes is noticed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

import pybase64

from audio_core.audio.content import Base64Content, Content
from audio_core.errors import InvalidAudio, InvalidOption
from audio_core.lenient_json import replace_half_characters

__all__ = ["Body", "DataUrl", "FilePart", "encode_json", "encode_multipart"]

_UNSAFE_IN_NAMES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # RFC 7578 §2, as browsers do it


@dataclass(frozen=True, slots=True)
class _Base64Part:
    """A content that is sent as base64."""

    content: Content

    @property
    def size(self) -> int:
        return -(-self.content.size // 3) * 4

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        if isinstance(self.content, Base64Content):
            yield from self.content.iterate_text(size)
        else:
            yield from map(pybase64.b64encode, _read_pieces(self.content, size // 4 * 3))


@dataclass(frozen=True, slots=True)
class _RawPart:
    """A content that is sent as it is."""

    content: Content

    @property
    def size(self) -> int:
        return self.content.size

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        return _read_pieces(self.content, size)


def _read_pieces(content: Content, size: int) -> Iterator[bytes]:
    position = 0
    while not content.has_changed and (piece := content.read_at(position, min(size, content.size - position))):
        position += len(piece)
        yield piece
    if content.has_changed or position < content.size or content.read_at(position, 1):
        raise InvalidAudio("The recording changed while it was being sent. Send it again once it is complete.")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request.

    Attributes:
        content_type: value of the `Content-Type` header.
        segments: bytes, and contents that are read while they are sent.
    """

    content_type: str
    segments: Sequence[bytes | _Base64Part | _RawPart]

    @property
    def length(self) -> int:
        """The number of bytes, known before any content is read."""
        return sum(len(segment) if isinstance(segment, bytes) else segment.size for segment in self.segments)

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        """Yield the body from its beginning. Each call reads the contents anew, in pieces of about `size` bytes.

        Raises:
            InvalidAudio: if a file was written to since it was opened.
        """
        for segment in self.segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                yield from segment.iterate_pieces(size)

    def __repr__(self) -> str:
        return f"Body({self.content_type.split(';')[0]!r}, length={self.length})"


def encode_json(payload: Mapping[str, Any]) -> Body:
    """Build a JSON body in which every `Content` is a base64 string.

    Raises:
        InvalidOption: if the payload holds what JSON does not have, such as a NaN or a `Path`, other than a `Content`.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> b"".join(encode_json({"data": BytesContent(b"RIFF")}).iterate_pieces(1024))
        b'{"data":"UklGRg=="}'
    """
    contents: list[Content] = []
    placeholder = f"<{secrets.token_hex(16)}>"

    def insert_placeholder(value: Any) -> str:
        if not hasattr(value, "open_reader"):
            raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
        contents.append(value)
        return placeholder

    try:
        document = json.dumps(
            payload, default=insert_placeholder, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    except (TypeError, ValueError, RecursionError) as error:
        message = f"The request cannot be written as JSON: {error}. Pass text, finite numbers, lists and mappings only."
        raise InvalidOption(message) from None
    head, *tails = map(_encode_text, document.split(placeholder))
    segments: list[bytes | _Base64Part | _RawPart] = [head]
    for content, tail in zip(contents, tails, strict=True):
        segments += (_Base64Part(content), tail)
    return Body("application/json", segments)


@dataclass(frozen=True, slots=True)
class FilePart:
    """The file of a multipart form.

    Attributes:
        name: the name of the form's field.
        filename: the name of the file.
        mime: MIME type.
        content: the file's bytes.
    """

    name: str
    filename: str
    mime: str
    content: Content


@dataclass(frozen=True, slots=True)
class DataUrl:
    """A value of a form that is a data URL.

    Attributes:
        mime: MIME type.
        content: the bytes, which are sent as base64.
    """

    mime: str
    content: Content


def encode_multipart(fields: Sequence[tuple[str, str | DataUrl]], file: FilePart) -> Body:
    """Build a `multipart/form-data` body (RFC 7578).

    Args:
        fields: name and value of each field, sent in this order.
        file: sent after the fields.
    """
    boundary = secrets.token_hex(16)
    segments: list[bytes | _Base64Part | _RawPart] = []
    for name, value in fields:
        segments.append(_encode_text(f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote(name)}"\r\n\r\n'))
        if isinstance(value, DataUrl):
            segments += (f"data:{value.mime};base64,".encode(), _Base64Part(value.content), b"\r\n")
        else:
            segments.append(_encode_text(f"{value}\r\n"))
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote(file.name)}"; '
        f'filename="{_quote(file.filename)}"\r\nContent-Type: {file.mime}\r\n\r\n'
    )
    segments += (_encode_text(head), _RawPart(file.content), f"\r\n--{boundary}--\r\n".encode())
    return Body(f"multipart/form-data; boundary={boundary}", tuple(_join_texts(segments)))


def _join_texts(segments: Sequence[bytes | _Base64Part | _RawPart]) -> Iterator[bytes | _Base64Part | _RawPart]:
    """Join bytes that follow each other, as each segment costs a write of its own."""
    for is_text, group in groupby(segments, lambda segment: isinstance(segment, bytes)):
        if is_text:
            yield b"".join(cast("Iterator[bytes]", group))
        else:
            yield from group


def _encode_text(text: str) -> bytes:
    return replace_half_characters(text).encode()


def _quote(text: str) -> str:
    return text.translate(_UNSAFE_IN_NAMES)
