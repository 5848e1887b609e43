"""An open recording: what is transcribed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.audio.hashing import compute_sha256, find_sha256, note_sha256, read_sha256
from audio_core.errors import InvalidAudio
from audio_core.media.probing import Probe
from audio_core.operations.transcript_store import TranscriptStore

__all__ = ["Recording"]


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording and its properties.

    Attributes:
        audio: the recording, or a clip of it.
        properties: its length, channels and such; the length of a clip is the time at which it ends.
    """

    audio: Audio
    properties: Probe

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hex. They are read for it, unless they were sent or read before."""
        return compute_sha256(self.audio.open_content())

    @property
    def is_identified(self) -> bool:
        """Whether its SHA-256 is known without reading the bytes."""
        return find_sha256(self.audio.open_content()) is not None

    @property
    def end(self) -> float:
        """Where the recording, or its clip, ends, in seconds of the original recording."""
        return self.properties.duration

    @property
    def start(self) -> float:
        """Where the recording, or its clip, starts, in seconds of the original recording."""
        return self.audio.start or 0.0

    @property
    def seconds(self) -> float:
        """The duration of the recording, or of its clip."""
        return max(0.0, self.end - self.start)

    def clip(self, start: float, end: float) -> Recording:
        """Return a clip of the recording, from `start` to `end` in seconds of the original recording."""
        end = min(end, self.end)  # which the sum of a start and a length may exceed by rounding
        properties = replace(self.properties, duration=end)
        return replace(self, audio=self.audio.clip(start, end), properties=properties)

    def identify(self, store: TranscriptStore | None = None) -> None:
        """Find out the SHA-256 of the bytes, without reading them if they, or the same file, were read before.

        Args:
            store: what knows files that other processes have read.

        Raises:
            StoreError: if the store cannot be used.
        """
        content = self.audio.open_content()
        if store is None or not isinstance(content, FileContent) or not content.is_settled:
            compute_sha256(content)
            return
        stored = store.find_sha256(content.version)
        if stored and not find_sha256(content):
            note_sha256(content, stored)
        digest = compute_sha256(content)
        if digest != stored and not content.has_changed:
            store.save_sha256(content.version, digest)

    def check_unchanged(self) -> None:
        """Check that the file has not been overwritten since it was opened.

        Raises:
            InvalidAudio: if it has. What was transcribed may be of two recordings.
        """
        content = self.audio.open_content()
        if content.has_changed and read_sha256(content) != self.sha256:
            raise InvalidAudio(
                f"{self.audio.label} changed while it was being transcribed. Transcribe it again once it is complete."
            )
