"""The recordings of the folders that a model may open, and what the store knows of what is said in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileVersion
from audio_core.client import AudioClient
from audio_core.errors import AudioError
from audio_core.http.access import Access
from audio_core.integration.recordings import BatchItem, find_recordings
from audio_core.transcript.budget import Budget
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionKwargs

__all__ = ["Library", "NamedRecording"]


@dataclass(frozen=True, slots=True)
class NamedRecording:
    """A recording, and the name under which tools take it.

    Attributes:
        name: its path within the folder.
        path: where it is.
    """

    name: str
    path: Path


class Library:
    """The recordings of folders, and their transcripts as far as they are in a store. Nothing is ever sent for them.

    Args:
        client: its store is read, for its model.
        access: the folders.
        options: those of `AudioClient.transcribe`, with which the recordings were transcribed.
    """

    def __init__(self, client: AudioClient, access: Access, options: TranscriptionKwargs) -> None:
        self._client, self._access = client, access
        self._options = options.copy()
        self._options.update(gaps="raise", budget=Budget(seconds=0.0))  # so that only what the store has is returned
        self._known: dict[Path, tuple[FileVersion, Transcript]] = {}

    def list_recordings(self) -> list[NamedRecording]:
        """Return the recordings of the folders and of the folders within them, by name."""
        return [recording for folder in self._access.folders for recording in _search_folder(Path(folder))]

    async def find_transcript(self, recording: NamedRecording) -> Transcript | None:
        """Return the transcript of a whole recording from the store, or None if the store does not have all of it."""
        try:
            version = FileVersion.of(recording.path.stat())
            known = self._known.get(recording.path)
            if known is None or known[0] != version:
                audio = await self._client.aopen_recording(recording.path, self._access)
                self._known[recording.path] = known = (version, await self._client.atranscribe(audio, **self._options))
        except (AudioError, OSError):  # it is gone, damaged, or was not transcribed
            return None
        return known[1]


def _search_folder(folder: Path) -> Iterator[NamedRecording]:
    for item in find_recordings(folder, lambda path: BatchItem(Audio.of(path), {}), recursive=True):
        if item.error is None and isinstance(item.source, Path):
            yield NamedRecording(item.source.relative_to(folder).as_posix(), item.source)
