"""Decode replies to requests for speech: bytes of audio, which may be no audio at all, or end too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audio_core.audio.formats import find_format, parse_parameter
from audio_core.audio.sniffing import SNIFF_BYTES, describe_bytes, sniff_format
from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import build_unreadable_error, find_error
from audio_core.http.flow import MAX_SPEECH_BYTES
from audio_core.lenient_json import parse_json
from audio_core.media.whole_audio import Walker, create_walker
from audio_core.transcript.speakable import time_sentences
from audio_core.transcript.speech import Speech, detect_speech_format
from audio_core.wire.chat_response import SpeechDelta

__all__ = ["SpeechReply", "parse_speech"]

_HELD_BYTES = 64 * 1024  # of a body that is no audio; the rest of it is not needed for the message
_TEXT_TYPES = ("application/json", "application/problem+json", "text/")
_TEXT_BEGINNINGS = (b"{", b"<", b"data:", b"event:")


class SpeechReply:
    """A decoder of the body of a reply, which gives the audio out as it comes and holds none of it.

    Args:
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        requested_format: the format that was asked for.
        text: what is said.
        max_bytes: size of the largest body that is read. A gateway that never ends would fill a disk.

    Attributes:
        partial: always empty, as there is no text.
        format: canonical name of the actual format, once it is known.
        sample_rate: in Hz, of headerless PCM, once it is known.
    """

    partial = ""

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        provider: str,
        requested_format: str,
        text: str = "",
        max_bytes: int = MAX_SPEECH_BYTES,
    ) -> None:
        self._text, self._max_bytes, self._size = text, max_bytes, 0
        self._type, self._provider = headers.get("content-type", "").lower(), provider
        self._requested = find_format(requested_format).name
        self.format: str | None = None
        self.sample_rate: int | None = None
        self._walker: Walker | None = None
        self._pending, self._is_text = b"", self._type.startswith(_TEXT_TYPES)

    @property
    def seconds(self) -> float:
        """How much audio has come, in seconds."""
        return self._walker.seconds if self._walker else 0.0

    def feed(self, data: bytes) -> Iterator[SpeechDelta]:
        """Yield the audio. Its first bytes are held back until they tell what it is.

        Raises:
            IncompleteResponse: if the body is too long.
        """
        self._size += len(data)
        if self._size > self._max_bytes:
            raise IncompleteResponse(
                f"{self._provider} goes on speaking after {self._max_bytes // 2**20} MiB; no more is read. "
                "Ask for a shorter text, or for a compressed format such as 'mp3'.",
                provider=self._provider,
                may_have_been_billed=True,
            )
        if self.format is not None:
            yield from self._give(data)
            return
        self._pending += data
        if len(self._pending) >= SNIFF_BYTES:
            yield from self._give_beginning()

    def close(self) -> Iterator[SpeechDelta]:
        """Yield what was held back, and the sentences with their times.

        Raises:
            ProviderError: if it is no audio, or an error of the gateway.
            IncompleteResponse: if the audio is not whole.
        """
        if self.format is None:
            yield from self._give_beginning()
        if self.format is None:
            raise self._build_error(self._pending)
        fault = self._walker.find_fault() if self._walker else None
        if fault is None and self._walker and not self.seconds:
            fault = "it holds no samples"
        if fault is not None:
            raise IncompleteResponse(
                f"{self._provider} sent speech that is not whole: {fault}. It is not used. Ask again.",
                provider=self._provider,
                may_have_been_billed=True,
            )
        if self._text:
            yield SpeechDelta(segments=tuple(time_sentences(self._text, 0.0, self.seconds)))

    def _give_beginning(self) -> Iterator[SpeechDelta]:
        if not self._detect_format(self._pending):
            self._pending = self._pending[:_HELD_BYTES]
            return
        data, self._pending = self._pending, b""
        yield from self._give(data, self.format, self.sample_rate)

    def _give(self, data: bytes, *facts: Any) -> Iterator[SpeechDelta]:
        if self._walker:
            self._walker.feed(data)
        if data:
            yield SpeechDelta(data, *facts)

    def _detect_format(self, head: bytes) -> bool:
        """Set the format by the first bytes, and return whether they are audio."""
        begins_like_text = head.lstrip()[:6].lower().startswith(_TEXT_BEGINNINGS)
        self._is_text = begins_like_text or (self._is_text and sniff_format(head[:SNIFF_BYTES]) is None)
        is_recognized = find_format(self._requested).raw or sniff_format(head[:SNIFF_BYTES]) is not None
        if not head or self._is_text or not is_recognized:
            return False
        self.format, rate = detect_speech_format(head, self._requested)
        self.sample_rate = rate and (parse_parameter(self._type, "rate") or rate)
        self._walker = create_walker(self.format, self.sample_rate)
        return True

    def _build_error(self, body: bytes) -> Exception:
        error = find_error(parse_json(body), provider=self._provider)
        if error is not None:
            return error
        if not body:
            return IncompleteResponse(
                f"{self._provider} sent no audio: the reply is empty. Ask again.",
                provider=self._provider,
                may_have_been_billed=True,
            )
        body = body if self._is_text else describe_bytes(body).encode()
        return build_unreadable_error(body, provider=self._provider, content_type=self._type, expected="audio")


def parse_speech(
    body: bytes, headers: Mapping[str, str], *, provider: str, requested_format: str, text: str = ""
) -> Speech:
    """Parse the whole body of a reply. Its length is not measured yet.

    Args:
        body: of the response.
        headers: of the response, with names in lower case.
        provider: name of the gateway.
        requested_format: the format that was asked for.
        text: what is said.

    Raises:
        ProviderError: if it is no audio, or an error of the gateway.
        IncompleteResponse: if the audio is not whole.
    """
    reply = SpeechReply(headers, provider=provider, requested_format=requested_format)
    for _ in (*reply.feed(body), *reply.close()):
        pass
    return Speech(body, reply.format or requested_format, text, sample_rate=reply.sample_rate, duration=reply.seconds)
