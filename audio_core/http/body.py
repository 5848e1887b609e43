"""Request bodies that never stand whole in memory and can be sent again.

A body is a row of segments: bytes that are there, and contents that are read, and encoded in base64 if need be, while they
go out. Its length is known before a byte is read, so no chunked encoding is needed and a changed file is noticed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pybase64

from audio_core.audio.content import Base64Content, Content
from audio_core.errors import InvalidAudio

__all__ = ["Body", "FilePart", "encode_json", "encode_multipart"]

_UNSAFE_IN_NAMES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # RFC 7578 §2, as browsers do it


@dataclass(frozen=True, slots=True)
class _Base64Part:
    content: Content

    @property
    def size(self) -> int:
        return -(-self.content.size // 3) * 4

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        if isinstance(self.content, Base64Content):
            text = self.content.text
            yield from (text[at : at + size].encode("ascii") for at in range(0, len(text), size))
        else:
            yield from map(pybase64.b64encode, _read(self.content, size // 4 * 3))


@dataclass(frozen=True, slots=True)
class _RawPart:
    content: Content

    @property
    def size(self) -> int:
        return self.content.size

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        return _read(self.content, size)


def _read(content: Content, size: int) -> Iterator[bytes]:
    position = 0
    while piece := content.read_at(position, min(size, content.size - position)):
        position += len(piece)
        yield piece
    if position < content.size or content.read_at(position, 1):
        raise InvalidAudio("The recording changed while it was being sent. Send it again once it is complete.")


@dataclass(frozen=True, slots=True)
class Body:
    """What a request sends.

    Attributes:
        content_type: for the header of that name.
        segments: bytes, and contents to be read on the way.
    """

    content_type: str
    segments: Sequence[bytes | _Base64Part | _RawPart]

    @property
    def length(self) -> int:
        """Bytes in all, known before any is read."""
        return sum(len(segment) if isinstance(segment, bytes) else segment.size for segment in self.segments)

    def iterate_pieces(self, size: int) -> Iterator[bytes]:
        """The body from its beginning, in pieces of about `size` bytes; each call reads the contents anew.

        Raises:
            InvalidAudio: if a file grew or shrank since it was opened.
        """
        for segment in self.segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                yield from segment.iterate_pieces(size)

    def __repr__(self) -> str:
        return f"Body({self.content_type.split(';')[0]!r}, length={self.length})"


def encode_json(payload: Mapping[str, Any]) -> Body:
    """A JSON body in which every `Content` stands as a base64 string.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> b"".join(encode_json({"data": BytesContent(b"RIFF")}).pieces(1024))
        b'{"data":"UklGRg=="}'
    """
    contents: list[Content] = []
    mark = f"<{secrets.token_hex(16)}>"

    def hold(value: Any) -> str:
        if not hasattr(value, "open_reader"):
            raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
        contents.append(value)
        return mark

    text = json.dumps(payload, default=hold, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    first, *rest = (part.encode() for part in text.split(mark))
    segments: list[bytes | _Base64Part | _RawPart] = [first]
    for content, part in zip(contents, rest, strict=True):
        segments += (_Base64Part(content), part)
    return Body("application/json", segments)


@dataclass(frozen=True, slots=True)
class FilePart:
    """The file of a multipart form: field name, file name, MIME type and bytes."""

    name: str
    filename: str
    mime: str
    content: Content


def encode_multipart(fields: Sequence[tuple[str, str]], file: FilePart) -> Body:
    """A `multipart/form-data` body (RFC 7578): the fields in order, then the file."""
    boundary = secrets.token_hex(16)
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote(file.name)}"; '
        f'filename="{_quote(file.filename)}"\r\nContent-Type: {file.mime}\r\n\r\n'
    )
    tail = f"\r\n--{boundary}--\r\n"
    return Body(f"multipart/form-data; boundary={boundary}", [head.encode(), _RawPart(file.content), tail.encode()])


def _quote(text: str) -> str:
    return text.translate(_UNSAFE_IN_NAMES)
