"""What is to be transcribed, and all that decides how."""

from __future__ import annotations

from dataclasses import dataclass

from audio_core.audio.audio import Audio
from audio_core.engines import Engine
from audio_core.http.endpoint import Endpoint
from audio_core.operations.transcript_store import PieceKey, TranscriptStore
from audio_core.transcript.progress import Progress
from audio_core.transcript.usage import Usage
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["Job", "Recording"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is open, and what was found in it.

    Attributes:
        audio: the recording, or a clip of it.
        end: where the recording, or its clip, ends, in seconds of the recording.
        channels: how many it has.
        sha256: of its bytes, in hex.
    """

    audio: Audio
    end: float
    channels: int
    sha256: str

    @property
    def start(self) -> float:
        """Where the recording, or its clip, starts, in seconds of the recording."""
        return self.audio.start or 0.0

    @property
    def seconds(self) -> float:
        """How long the recording, or its clip, lasts."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Job:
    """Who transcribes, and how.

    Attributes:
        gateway: whom to ask; with an engine, for its limits of time alone.
        model: name of the model.
        options: how to transcribe.
        at_once: how many pieces may be under way.
        store: where what was heard is kept, so that it is not asked for again.
        engine: what transcribes in this process instead.
    """

    endpoint: Endpoint
    model: str
    options: TranscriptionOptions
    max_concurrency: int
    store: TranscriptStore | None = None
    engine: Engine | None = None

    def build_key(self, recording: Recording, start: float, end: float) -> PieceKey:
        """The key of a stretch of a recording in the store."""
        audio, row = recording.audio, self.endpoint.provider
        return PieceKey(
            recording.sha256, start, end, row.name, self.model, self.options, audio.label, audio.only_channel
        )

    def report_progress(self, recording: Recording, done: float, usage: Usage | None = None) -> None:
        """Tell whoever wants to know how far a recording is."""
        if self.options.progress is not None:
            self.options.progress(Progress(recording.audio.label, done, recording.seconds, usage))
