"""`Speech`: the audio of a spoken reply."""

from __future__ import annotations

import io
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import TypedDict

from audio_core.audio.formats import FORMATS, find_format
from audio_core.audio.sniffing import SNIFF_BYTES, sniff_format
from audio_core.errors import UnsupportedFormat

__all__ = ["PCM_RATE", "Speech", "SpeechOptions", "detect_speech_format"]

PCM_RATE = 24_000
"""Sample rate of spoken `pcm16` in Hz; it is mono and little-endian.

Source: https://platform.openai.com/docs/guides/realtime-models-prompting#audio-formats
"""


class SpeechOptions(TypedDict):
    """Options of a spoken reply.

    Attributes:
        voice: name of a voice, or `{"id": ...}` for a custom voice.
        format: format of the reply, such as `"wav"`, `"mp3"` or `"pcm16"`; OpenAI's models stream only `"pcm16"`.
    """

    voice: str | dict[str, str]
    format: str


_BYTES_PER_SAMPLE = {"pcm16": 2, "pcm24": 3}
_FRAME_FORMATS = ("mp3", "aac")  # recognized by a few bits, which PCM samples may match by chance


@dataclass(frozen=True, slots=True)
class Speech:
    """The audio of a spoken reply.

    Attributes:
        data: the bytes, as the gateway sent them.
        format: actual format of the bytes, such as `"wav"` or `"pcm16"`, which may differ from the one requested.
        transcript: what is said.
        id: the gateway's id of this audio, by which a later request may refer to it.
        expires_at: Unix time in seconds after which the id is no longer valid.
        sample_rate: sample rate of headerless PCM, in Hz; None for formats whose header states it.

    Example:
        >>> speech = Speech(bytes(48_000), "pcm16", "Hello.", sample_rate=24_000)
        >>> speech.to_wav()[:4], speech.mime
        (b'RIFF', 'audio/pcm;rate=24000')
    """

    data: bytes = field(repr=False)
    format: str
    transcript: str = ""
    id: str | None = None
    expires_at: float | None = None
    sample_rate: int | None = None

    @property
    def mime(self) -> str:
        """The MIME type, with the sample rate if the bytes have no header."""
        rate = f";rate={self.sample_rate}" if self.sample_rate else ""
        return FORMATS[self.format].mime + rate

    def to_wav(self) -> bytes:
        """Return headerless PCM as the bytes of a mono WAV file.

        Raises:
            UnsupportedFormat: if the format is not headerless PCM.
        """
        if self.format not in _BYTES_PER_SAMPLE:
            raise UnsupportedFormat(f"The reply is {self.format}, a file already: use its data as it is, or save().")
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setparams((1, _BYTES_PER_SAMPLE[self.format], self.sample_rate or PCM_RATE, 0, "NONE", ""))
            out.writeframes(self.data)
        return file.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the audio to a file: PCM as WAV, any other format unchanged.

        Args:
            path: path of the file; its suffix must be that of the format, or `.wav` for PCM.

        Returns:
            The path.

        Raises:
            UnsupportedFormat: if the suffix is that of another format.
        """
        target = Path(path)
        is_pcm = self.format in _BYTES_PER_SAMPLE
        if find_format(target.suffix or "(no suffix)").name != ("wav" if is_pcm else self.format):
            raise UnsupportedFormat(
                f"The reply is {self.format}: save it as {'.wav' if is_pcm else FORMATS[self.format].suffix}, "
                f"not as {target.name}."
            )
        target.write_bytes(self.to_wav() if is_pcm else self.data)
        return target

    def has_valid_id(self, now: float | None = None) -> bool:
        """Return whether a request may refer to this audio by its id: it has one that is known not to have expired.

        Args:
            now: Unix time in seconds; None for the current time.
        """
        now = time.time() if now is None else now
        return self.id is not None and self.expires_at is not None and self.expires_at > now


def detect_speech_format(head: bytes, requested_format: str | None) -> tuple[str, int | None]:
    """Detect the format of a spoken reply from its first bytes.

    Args:
        head: the first bytes. They decide the format, except that PCM may look like MP3 or AAC frames by chance.
        requested_format: the requested format, which is assumed if the bytes are not recognized; None for `"pcm16"`.

    Returns:
        The canonical name of the format, and the sample rate in Hz of headerless PCM, None for other formats.

    Example:
        >>> detect_speech_format(b"RIFF....WAVE", "pcm16"), detect_speech_format(b"..", "pcm16")
        (('wav', None), ('pcm16', 24000))
    """
    detected, expected = sniff_format(head[:SNIFF_BYTES]), FORMATS.get(requested_format or "pcm16", FORMATS["pcm16"])
    if detected is not None and not (expected.raw and detected.name in _FRAME_FORMATS):
        return detected.name, None
    return expected.name, PCM_RATE if expected.raw else None
