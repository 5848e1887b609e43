"""Join streamed parts of speech to one stream, and encode it as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_core.errors import IncompleteResponse
from audio_core.media.pcm_joiner import PcmJoiner
from audio_core.media.voice_activity import SpeechFinder
from audio_core.media.whole_audio import WavWalker
from audio_core.transcript.segment import Segment
from audio_core.transcript.speakable import time_sentences
from audio_core.wire.chat_response import SpeechDelta

if TYPE_CHECKING:
    from audio_core.media.encoder import Encoder

__all__ = ["SpeechJoiner"]


class SpeechJoiner:
    """A joiner of parts that come as 16-bit mono PCM, with or without a WAV header. It holds a few milliseconds.

    Args:
        format: canonical name of the format in which the whole is given out.
        provider: name of the gateway, for error messages.
    """

    def __init__(self, format: str, provider: str) -> None:
        self._format, self._provider = format, provider
        self._rate: int | None = None
        self._wav: WavWalker | None = None
        self._joiner: PcmJoiner | None = None
        self._finder: SpeechFinder | None = None
        self._encoder: Encoder | None = None
        self._outlet = _Outlet()
        self._is_begun = False

    @property
    def encodes(self) -> bool:
        """Whether pieces are encoded, which takes time."""
        return self._format not in ("pcm16", "wav")

    def add(self, piece: SpeechDelta) -> list[SpeechDelta]:
        """Add a piece of the current part, and return what can be given out.

        Raises:
            IncompleteResponse: if the part has other samples than those before.
        """
        if piece.format:
            self._wav = WavWalker() if piece.format == "wav" else None
            self._finder = None
            self._check(piece.format in ("wav", "pcm16"), piece.format)
            self._use_rate(piece.sample_rate)
        pcm = piece.data if self._wav is None else self._read_wav(self._wav, piece.data)
        if self._joiner is None or self._rate is None:
            return []
        self._finder = self._finder or SpeechFinder(self._rate, self._joiner.seconds)
        self._finder.feed(pcm)
        return self._give(self._joiner.add(pcm))

    def end_part(self, text: str) -> list[SpeechDelta]:
        """End the current part, and return what can be given out, with the sentences that have been said.

        Args:
            text: what was said.
        """
        if self._joiner is None or self._finder is None:
            return []
        start, data = self._joiner.seconds, self._joiner.end_part()
        spans = self._finder.get_spans()
        return self._give(data, tuple(time_sentences(text, start, self._joiner.seconds, spans)))

    def close(self) -> list[SpeechDelta]:
        """Return what was held back."""
        if self._joiner is None:
            return []
        given = self._give(self._joiner.close())
        if self._encoder:
            self._encoder.close()
        return given + self._give(b"")

    def _read_wav(self, wav: WavWalker, data: bytes) -> bytes:
        pcm, header = wav.take_samples(data), wav.header
        if header is not None:
            self._check(
                header.codec == "pcm_s16le" and header.channels == 1, f"{header.codec}, {header.channels} channels"
            )
            self._use_rate(header.sample_rate)
        return pcm

    def _use_rate(self, rate: int | None) -> None:
        if rate is None:
            return
        self._check(self._rate in (None, rate), f"{rate} Hz after {self._rate} Hz")
        if self._joiner is None:
            self._rate, self._joiner = rate, PcmJoiner(rate)

    def _check(self, is_right: bool, found: str) -> None:
        if not is_right:
            raise IncompleteResponse(
                f"{self._provider} sent speech that cannot be joined as it comes: {found}. "
                "speak() joins it once it is there.",
                provider=self._provider,
                may_have_been_billed=True,
            )

    def _give(self, pcm: bytes, segments: tuple[Segment, ...] = ()) -> list[SpeechDelta]:
        data = pcm if self._format == "pcm16" else self._encode(pcm)
        if not (data or segments):
            return []
        is_first, self._is_begun = bool(data) and not self._is_begun, self._is_begun or bool(data)
        rate = self._rate if is_first and self._format == "pcm16" else None
        return [SpeechDelta(data, self._format if is_first else None, rate, segments=segments)]

    def _encode(self, pcm: bytes) -> bytes:
        from audio_core.media.encoder import Encoder  # noqa: PLC0415 - FFmpeg is loaded when first needed

        if self._encoder is None and self._rate:
            self._encoder = Encoder(self._outlet, self._format, self._rate)
        if self._encoder and pcm:
            self._encoder.write(pcm)
        return self._outlet.take()


class _Outlet:
    """A file that an encoder writes to, and that cannot seek."""

    def __init__(self) -> None:
        self._pieces = list[bytes]()

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data, self._pieces = b"".join(self._pieces), []
        return data
