"""Decode the speech of a streamed chat completion, piece by piece.

Each piece of base64 may have padding of its own. Decoding all of them joined would stop at the first padding and lose
the remainder without an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pybase64

from audio_core.audio.sniffing import SNIFF_BYTES
from audio_core.errors import IncompleteResponse
from audio_core.lenient_json import to_number, to_text
from audio_core.transcript.speech import Speech, detect_speech_format
from audio_core.wire.chat_response import SpeechDelta

__all__ = ["Base64Stream", "SpeechBuilder"]


_PADDED = re.compile("[^=]+=*|=+")


class Base64Stream:
    r"""Decoder of base64 in pieces, which may be cut anywhere and may each have padding.

    Example:
        >>> stream = Base64Stream()
        >>> stream.feed("BA=="), stream.feed("BQ"), stream.feed("YH"), stream.close()
        (b'\x04', b'', b'\x05\x06\x07', b'')
    """

    def __init__(self) -> None:
        self._remainder = ""

    def feed(self, text: str) -> bytes:
        """Return the bytes that `text` completes.

        Raises:
            ValueError: if the text is not base64.
        """
        text = self._remainder + text
        end = len(text) // 4 * 4
        self._remainder = text[end:]
        return b"".join(pybase64.b64decode(part, validate=True) for part in _PADDED.findall(text[:end]))

    def close(self) -> bytes:
        """Return the bytes of a last piece without padding.

        Raises:
            ValueError: if the base64 ends in the middle of a byte.
        """
        text, self._remainder = self._remainder, ""
        return pybase64.b64decode(text + "=" * (-len(text) % 4), validate=True)


class SpeechBuilder:
    """Builder of the speech of a streamed answer.

    Args:
        provider: name of the gateway, for error messages.
        requested_format: the format that was requested.
    """

    def __init__(self, provider: str, requested_format: str | None) -> None:
        self._provider, self._asked = provider, requested_format
        self._base64 = Base64Stream()
        self._pieces: list[bytes] = []
        self._pending = b""
        self._format: tuple[str, int | None] | None = None
        self._metadata: dict[str, Any] = {}
        self._transcript: list[str] = []

    @property
    def transcript(self) -> str:
        """The transcript received so far."""
        return "".join(self._transcript)

    def add(self, audio: Mapping[str, Any]) -> SpeechDelta | None:
        """Add the `audio` of a delta, and return what is ready to be given out, or None.

        Raises:
            IncompleteResponse: if the data is not valid base64.
        """
        self._transcript.append(to_text(audio.get("transcript")) or "")
        known = {"id": to_text(audio.get("id")), "expires_at": to_number(audio.get("expires_at"))}
        metadata = {key: value for key, value in known.items() if value and key not in self._metadata}
        self._metadata |= metadata
        self._append(self._decode_text(audio.get("data")))
        return self._flush(metadata, is_enough=self._format is not None or len(self._pending) >= SNIFF_BYTES)

    def close(self) -> SpeechDelta | None:
        """Return the bytes that were still held back, or None if there are none.

        Raises:
            IncompleteResponse: if the base64 ends in the middle of a byte.
        """
        self._append(self._decode(self._base64.close))
        return self._flush({}, is_enough=True)

    def build_speech(self) -> Speech | None:
        """Build the speech from all pieces, or return None if there is none. Call `close` first."""
        data = b"".join(self._pieces)
        if not data:
            return None
        format_name, sample_rate = self._detect_format(data)
        return Speech(data, format_name, self.transcript, sample_rate=sample_rate, **self._metadata)

    def _append(self, data: bytes) -> None:
        self._pieces.append(data)
        self._pending += data

    def _flush(self, metadata: dict[str, Any], *, is_enough: bool) -> SpeechDelta | None:
        """Return what is new. Bytes are held back until there are enough of them to detect their format."""
        data, is_first = (self._pending if is_enough else b""), self._format is None
        if not data:
            return SpeechDelta(**metadata) if metadata else None
        self._pending = b""
        self._format = self._detect_format(data)
        return SpeechDelta(data, *(self._format if is_first else (None, None)), **metadata)

    def _detect_format(self, data: bytes) -> tuple[str, int | None]:
        return self._format or detect_speech_format(data, self._asked)

    def _decode_text(self, text: Any) -> bytes:
        return self._decode(lambda: self._base64.feed(text)) if isinstance(text, str) else b""

    def _decode(self, decode: Any) -> bytes:
        try:
            return decode()
        except ValueError:
            raise IncompleteResponse(
                f"{self._provider} streamed speech that is not valid base64. Ask again.",
                provider=self._provider,
                partial=self.transcript,
                may_have_been_billed=True,
            ) from None
