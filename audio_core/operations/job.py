"""The recording to transcribe, and the settings of its transcription."""

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
    """An open recording and its properties.

    Attributes:
        audio: the recording, or a clip of it.
        end: where the recording, or its clip, ends, in seconds of the original recording.
        channels: the number of its channels.
        sha256: the SHA-256 of its bytes, in hex.
    """

    audio: Audio
    end: float
    channels: int
    sha256: str

    @property
    def start(self) -> float:
        """Where the recording, or its clip, starts, in seconds of the original recording."""
        return self.audio.start or 0.0

    @property
    def seconds(self) -> float:
        """The duration of the recording, or of its clip."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Job:
    """The settings of a transcription.

    Attributes:
        endpoint: where requests go. With an engine, only its timeout, retry limit and provider name count.
        model: name of the model.
        options: how to transcribe.
        max_concurrency: how many pieces are transcribed side by side.
        store: where finished transcripts are kept, so that nothing is paid for twice; None keeps nothing.
        engine: what transcribes in this process; None sends requests to the endpoint.
    """

    endpoint: Endpoint
    model: str
    options: TranscriptionOptions
    max_concurrency: int
    store: TranscriptStore | None = None
    engine: Engine | None = None

    def build_key(self, recording: Recording, start: float, end: float) -> PieceKey:
        """Build the store's key for a stretch of a recording.

        Args:
            recording: the open recording.
            start: where the stretch starts, in seconds of the original recording.
            end: where the stretch ends, in seconds of the original recording.
        """
        audio, provider = recording.audio, self.endpoint.provider
        return PieceKey(
            recording.sha256,
            start,
            end,
            provider.name,
            self.model,
            self.options,
            audio.label,
            audio.only_channel,
            base_url="" if self.engine else provider.find_base_url(self.endpoint.base_url),
            pcm=audio.stated_pcm,
        )

    def report_progress(self, recording: Recording, done: float, usage: Usage | None = None) -> None:
        """Call the progress callback of the options, if there is one.

        Args:
            recording: the open recording.
            done: seconds of audio that are transcribed, or have failed for good.
            usage: what the recording has cost so far, if the gateway says.
        """
        if self.options.progress is not None:
            self.options.progress(Progress(recording.audio.label, done, recording.seconds, usage))
