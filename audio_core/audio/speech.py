"""`Speech`: what a model said aloud."""

from __future__ import annotations

import io
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import TypedDict

from audio_core.audio.formats import FORMATS, SNIFF_BYTES, find_format, sniff_format
from audio_core.errors import UnsupportedFormat

__all__ = ["PCM_RATE", "Speech", "SpeechOptions", "detect_speech_format"]

PCM_RATE = 24_000
"""Hz of spoken `pcm16`, mono, little-endian (https://platform.openai.com/docs/guides/realtime-models-prompting#audio-formats)."""


class SpeechOptions(TypedDict):
    """How a spoken reply is asked for.

    Attributes:
        voice: name of a voice, or `{"id": ...}` of one of your own.
        format: such as `"wav"`, `"mp3"` or `"pcm16"`; streams are `"pcm16"` with OpenAI's models.
    """

    voice: str | dict[str, str]
    format: str


_SAMPLE_BYTES = {"pcm16": 2, "pcm24": 3}
_FRAMED = ("mp3", "aac")


@dataclass(frozen=True, slots=True)
class Speech:
    """The audio of a spoken reply.

    Attributes:
        data: the bytes, as the gateway sent them.
        format: what the bytes are, such as `"wav"` or `"pcm16"`, whatever was asked for.
        transcript: what is said.
        id: the gateway's name for it, by which a later request may refer to it.
        expires_at: Unix time in seconds after which the gateway forgets the id.
        sample_rate: of headerless PCM, in Hz; None where the bytes say it.

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
        """Its MIME type, with the rate where the bytes do not say it."""
        rate = f";rate={self.sample_rate}" if self.sample_rate else ""
        return FORMATS[self.format].mime + rate

    def to_wav(self) -> bytes:
        """Headerless PCM as a WAV file, mono.

        Raises:
            UnsupportedFormat: if it is not PCM, and so a file already.
        """
        if self.format not in _SAMPLE_BYTES:
            raise UnsupportedFormat(f"The reply is {self.format}, a file already: save it as such.")
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setparams((1, _SAMPLE_BYTES[self.format], self.sample_rate or PCM_RATE, 0, "NONE", ""))
            out.writeframes(self.data)
        return file.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write it to a file: PCM as WAV, anything else as it came.

        Args:
            path: its suffix must be that of the format, or `.wav` for PCM.

        Returns:
            The path.

        Raises:
            UnsupportedFormat: if the suffix is another, so that no file is named what it is not.
        """
        target = Path(path)
        is_pcm = self.format in _SAMPLE_BYTES
        if find_format(target.suffix or "(no suffix)").name != ("wav" if is_pcm else self.format):
            raise UnsupportedFormat(
                f"The reply is {self.format}: save it as {'.wav' if is_pcm else FORMATS[self.format].suffix}, "
                f"not as {target.name}."
            )
        target.write_bytes(self.to_wav() if is_pcm else self.data)
        return target

    def has_valid_id(self, now: float | None = None) -> bool:
        """Whether a request may refer to it by its id: it has one, and it is known not to have expired."""
        return self.id is not None and self.expires_at is not None and self.expires_at > (now or time.time())


def detect_speech_format(head: bytes, asked: str | None) -> tuple[str, int | None]:
    """What a spoken reply is, and the rate of headerless PCM.

    Args:
        head: its first bytes. They decide, except that PCM may look like the frames of MP3 or AAC by chance.
        asked: the format that was asked for; where nothing is recognised it is believed.

    Example:
        >>> detect_speech_format(b"RIFF....WAVE", "pcm16"), detect_speech_format(b"..", "pcm16")
        (('wav', None), ('pcm16', 24000))
    """
    found, wanted = sniff_format(head[:SNIFF_BYTES]), FORMATS.get(asked or "pcm16", FORMATS["pcm16"])
    if found is not None and not (wanted.raw and found.name in _FRAMED):
        return found.name, None
    return wanted.name, PCM_RATE if wanted.raw else None
