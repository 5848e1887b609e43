"""Speech recognition in this process.

| `model=` | engine | extra |
|---|---|---|
| None or `"pocketsphinx"` | PocketSphinx: English only, modest accuracy, no download | `[local]` |
| `"faster-whisper:small"`, `"faster-whisper:/path/to/model"` | Whisper on CTranslate2 | `[faster-whisper]` |
"""

from __future__ import annotations

from typing import Protocol

from audio_core.audio.audio import Audio
from audio_core.errors import UnsupportedFormat
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["Engine", "find_engine"]


class Engine(Protocol):
    """A speech recogniser that runs in this process, without a gateway."""

    @property
    def model(self) -> str:
        """The name of the model, as it stands in the transcript."""
        ...

    @property
    def longest_piece(self) -> float:
        """How many seconds of a recording are transcribed at once. A longer one is cut at pauses."""
        ...

    @property
    def max_concurrency(self) -> int:
        """How many calls of `transcribe` are useful side by side on this machine."""
        ...

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: a recording that is not remote.
            options: how to transcribe it; an engine ignores the options that it does not support.

        Returns:
            The transcript, with times in seconds of the original recording.
        """
        ...


def find_engine(model: str | None) -> Engine:
    """Return the engine for a model name. Nothing is loaded yet.

    Raises:
        UnsupportedFormat: if there is no such engine.

    Example:
        >>> find_engine(None).model
        'pocketsphinx'
    """
    name, _, weights = (model or "pocketsphinx").partition(":")
    if name == "pocketsphinx" and not weights:
        from audio_core.engines.pocketsphinx import PocketSphinx  # noqa: PLC0415 - engines load when asked for

        return PocketSphinx()
    if name == "faster-whisper" and weights:
        from audio_core.engines.faster_whisper import FasterWhisper  # noqa: PLC0415

        return FasterWhisper(weights)
    raise UnsupportedFormat(
        f"There is no local engine {model!r}. Known: 'pocketsphinx', and 'faster-whisper:<size or path of a model>'."
    )
