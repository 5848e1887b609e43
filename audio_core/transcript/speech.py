"""`Speech`: spoken audio, of a reply or of a text, and when each sentence of it is said."""

from __future__ import annotations

import io
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import BinaryIO

from typing_extensions import TypedDict

from audio_core.audio.audio import Audio
from audio_core.audio.display import embed_small, render_sound
from audio_core.audio.formats import FORMATS, find_format
from audio_core.audio.sniffing import SNIFF_BYTES, sniff_format
from audio_core.errors import UnsupportedFormat
from audio_core.transcript.notebook import render_table
from audio_core.transcript.segment import Segment

__all__ = ["PCM_RATE", "Speech", "SpeechOptions", "check_suffix", "detect_speech_format", "is_headerless", "open_wav"]

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


_MOST_LABEL = 200  # characters above a player
_BYTES_PER_SAMPLE = {"pcm16": 2, "pcm24": 3}
_FRAME_FORMATS = ("mp3", "aac")  # recognized by a few bits, which PCM samples may match by chance


@dataclass(frozen=True, slots=True)
class Speech:
    """The audio of a spoken reply, or of a text that was spoken.

    Attributes:
        data: the bytes, as the gateway sent them, or as they were joined.
        format: actual format of the bytes, such as `"wav"` or `"pcm16"`, which may differ from the one requested.
        transcript: what is said.
        id: the gateway's id of this audio, by which a later request may refer to it.
        expires_at: Unix time in seconds after which the id is no longer valid.
        sample_rate: sample rate of headerless PCM, in Hz; None for formats whose header states it.
        segments: the sentences of a text that was spoken, with their times in seconds of this audio. A time is known
            where a sentence was spoken by itself; within a longer part it is estimated, and says so.
        duration: length in seconds of a text that was spoken; None for a spoken reply.

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
    segments: tuple[Segment, ...] = ()
    duration: float | None = None

    @property
    def mime(self) -> str:
        """The MIME type, with the sample rate if the bytes have no header."""
        rate = f";rate={self.sample_rate}" if self.sample_rate else ""
        return FORMATS[self.format].mime + rate

    def to_audio(self) -> Audio:
        """Return the speech as an `Audio`, to be decoded, transcribed or sent.

        Example:
            >>> Speech(bytes(48_000), "pcm16", sample_rate=24_000).to_audio().format
            'pcm16'
        """
        return Audio.of(
            self.data, format=self.format if is_headerless(self.format) else None, sample_rate=self.sample_rate
        )

    def _repr_html_(self) -> str:
        """Return a player for notebooks, if there is at most a mebibyte of sound, and the timed sentences."""
        audio = Audio.of(self.to_wav()) if is_headerless(self.format) else self.to_audio()
        table = render_table(self.segments) if self.segments else ""
        return render_sound(shorten(self.transcript, _MOST_LABEL, placeholder=" …"), embed_small(audio)) + table

    def to_wav(self) -> bytes:
        """Return headerless PCM as the bytes of a mono WAV file.

        Raises:
            UnsupportedFormat: if the format is not headerless PCM.
        """
        if not is_headerless(self.format):
            raise UnsupportedFormat(f"The reply is {self.format}, a file already: use its data as it is, or save().")
        file = io.BytesIO()
        with open_wav(file, self.format, self.sample_rate) as out:
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
        check_suffix(target, self.format)
        target.write_bytes(self.to_wav() if is_headerless(self.format) else self.data)
        return target

    def has_valid_id(self, now: float | None = None) -> bool:
        """Return whether a request may refer to this audio by its id: it has one that is known not to have expired.

        Args:
            now: Unix time in seconds; None for the current time.
        """
        now = time.time() if now is None else now
        return self.id is not None and self.expires_at is not None and self.expires_at > now


def open_wav(file: BinaryIO, format: str, sample_rate: int | None) -> wave.Wave_write:
    """Begin a mono WAV file for headerless PCM.

    Args:
        file: an open file that can seek. It stays open.
        format: `"pcm16"` or `"pcm24"`.
        sample_rate: in Hz; None for `PCM_RATE`.
    """
    out = wave.open(file, "wb")  # noqa: SIM115 - the caller closes it
    out.setparams((1, _BYTES_PER_SAMPLE[format], sample_rate or PCM_RATE, 0, "NONE", ""))
    return out


def is_headerless(format: str) -> bool:
    """Tell whether speech in a format is PCM without a header, which is saved as WAV."""
    return format in _BYTES_PER_SAMPLE


def check_suffix(path: Path, format: str) -> None:
    """Check that a file is named as its content: `.wav` for headerless PCM.

    Args:
        path: path of the file.
        format: canonical name of the format of the speech.

    Raises:
        UnsupportedFormat: if the suffix is that of another format.
    """
    is_pcm = is_headerless(format)
    if find_format(path.suffix or "(no suffix)").name != ("wav" if is_pcm else format):
        raise UnsupportedFormat(
            f"The reply is {format}: save it as {'.wav' if is_pcm else FORMATS[format].suffix}, not as {path.name}."
        )


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
