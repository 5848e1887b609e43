"""A spoken reply as it is streamed: decoded piece by piece, because pieces may bring their own padding.

Joining the base64 first would stop at the first padding and lose the rest without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pybase64

from audio_core.audio.formats import SNIFF_BYTES
from audio_core.audio.speech import Speech, detect_speech_format
from audio_core.errors import IncompleteResponse
from audio_core.wire.chat_response import SpeechDelta

__all__ = ["Base64Stream", "SpeechBuilder"]


class Base64Stream:
    r"""Decodes base64 that comes in pieces, cut anywhere, each with padding or without.

    Example:
        >>> stream = Base64Stream()
        >>> stream.feed("BA=="), stream.feed("BQ"), stream.feed("YH"), stream.close()
        (b'\x04', b'', b'\x05\x06\x07', b'')
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> bytes:
        """The bytes that are whole once `text` has come; ValueError if it is no base64."""
        text = self._rest + text
        end = len(text) if text.endswith("=") else len(text) // 4 * 4
        self._rest = text[end:]
        return pybase64.b64decode(text[:end], validate=True)

    def close(self) -> bytes:
        """What lacked its padding; ValueError if it cannot be whole."""
        text, self._rest = self._rest, ""
        return pybase64.b64decode(text + "=" * (-len(text) % 4), validate=True)


class SpeechBuilder:
    """Puts a streamed spoken reply together.

    Args:
        provider: name of the gateway, for messages.
        asked: the format in which speech was asked for.
    """

    def __init__(self, provider: str, asked: str | None) -> None:
        self._provider, self._asked = provider, asked
        self._base64 = Base64Stream()
        self._pieces: list[bytes] = []
        self._unsent = b""
        self._format: tuple[str, int | None] | None = None
        self._facts: dict[str, Any] = {}
        self._transcript: list[str] = []

    @property
    def transcript(self) -> str:
        """What has been said so far."""
        return "".join(self._transcript)

    def add(self, audio: Mapping[str, Any]) -> SpeechDelta | None:
        """Take the `audio` of a delta; None if nothing in it is to be given out yet."""
        self._transcript.append(str(audio.get("transcript") or ""))
        new = {key: audio[key] for key in ("id", "expires_at") if audio.get(key) and key not in self._facts}
        self._facts |= new
        self._take(self._decode_text(audio.get("data")))
        return self._release(new, enough=self._format is not None or len(self._unsent) >= SNIFF_BYTES)

    def close(self) -> SpeechDelta | None:
        """What was still held back."""
        self._take(self._decode(self._base64.close))
        return self._release({}, enough=True)

    def build_speech(self) -> Speech | None:
        """The spoken reply; None if there was none."""
        data = b"".join(self._pieces)
        if not data:
            return None
        kind, rate = self._detect_format(data)
        return Speech(data, kind, self.transcript, sample_rate=rate, **self._facts)

    def _take(self, data: bytes) -> None:
        self._pieces.append(data)
        self._unsent += data

    def _release(self, facts: dict[str, Any], *, enough: bool) -> SpeechDelta | None:
        """What is new; bytes are held back until there are enough of them to tell their format."""
        data, is_first = (self._unsent if enough else b""), self._format is None
        if not data:
            return SpeechDelta(**facts) if facts else None
        self._unsent = b""
        kind, rate = self._format = self._detect_format(data)
        return SpeechDelta(data, *((kind, rate) if is_first else (None, None)), **facts)

    def _detect_format(self, data: bytes) -> tuple[str, int | None]:
        return self._format or detect_speech_format(data, self._asked)

    def _decode_text(self, text: Any) -> bytes:
        return self._decode(lambda: self._base64.feed(text)) if isinstance(text, str) else b""

    def _decode(self, decode: Any) -> bytes:
        try:
            return decode()
        except ValueError:
            raise IncompleteResponse(
                f"{self._provider} streamed speech that is no whole base64.",
                provider=self._provider,
                partial=self.transcript,
                may_have_been_billed=True,
            ) from None
