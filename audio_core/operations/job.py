"""The settings of a transcription."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_core.engines import Engine
from audio_core.http.endpoint import Endpoint
from audio_core.operations.limits import apply_limits, takes_samples
from audio_core.operations.recording import Recording
from audio_core.operations.store_keys import PieceKey
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.transcript.progress import Progress
from audio_core.transcript.usage import Usage
from audio_core.wire.speaker_samples import SpeakerSample
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["Job", "Recording"]


@dataclass(frozen=True, slots=True)
class Job:
    """The settings of a transcription.

    Attributes:
        endpoint: where requests go. With an engine, only its timeout, retry limit and provider name count.
        model: name of the model.
        options: how to transcribe.
        max_concurrency: how many pieces of one recording are transcribed side by side.
        store: where finished transcripts are kept, so that nothing is paid for twice; None keeps nothing.
        engine: what transcribes in this process; None sends requests to the endpoint.
        samples: speech of speakers who are known: those that the user names, then those of earlier pieces.
    """

    endpoint: Endpoint
    model: str
    options: TranscriptionOptions
    max_concurrency: int
    store: TranscriptStore | None = None
    engine: Engine | None = None
    samples: tuple[SpeakerSample, ...] = ()

    @property
    def model_label(self) -> str:
        """Name of the model in transcripts and messages: without the folder that a local model's weights lie in."""
        return self.engine.label if self.engine else self.model

    def without_progress(self) -> Job:
        """Return the same settings for a part of a recording, which reports no progress of its own."""
        return replace(self, options=replace(self.options, progress=None))

    def with_limits(self) -> Job:
        """Return the same settings with the limits of the model that are known by now."""
        known = self.options.known_speakers or {}
        is_limited = not takes_samples(self.endpoint, self.model)
        samples = tuple(sample for sample in self.samples if not is_limited or sample.label in known)
        return replace(self, endpoint=apply_limits(self.endpoint, self.model), samples=samples)

    def with_attempts(self, attempts: int) -> Job:
        """Return the same settings for a recording that was sent so many times before, in another form."""
        return replace(self, endpoint=replace(self.endpoint, attempts=attempts))

    def build_key(self, recording: Recording, start: float, end: float) -> PieceKey:
        """Build the store's key for a stretch of a recording. Without a store, its bytes are not read for a key.

        Args:
            recording: the open recording.
            start: where the stretch starts, in seconds of the original recording.
            end: where the stretch ends, in seconds of the original recording.
        """
        audio, provider = recording.audio, self.endpoint.provider
        return PieceKey(
            recording.sha256 if self.store else "",
            start,
            end,
            provider.name,
            self.model,
            self.options,
            audio.label,
            audio.only_channel,
            audio.track,
            base_url="" if self.engine else provider.find_base_url(self.endpoint.base_url),
            pcm=audio.stated_pcm,
            samples=tuple((sample.label, sample.sha256) for sample in self.samples),
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
