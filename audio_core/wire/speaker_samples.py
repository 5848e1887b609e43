"""Samples of speakers' voices, by which a model knows the speakers again, and the fields of a form that carry them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from audio_core.audio.content import EncodedAudio
from audio_core.audio.formats import FORMATS
from audio_core.http.body import DataUrl
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript

__all__ = ["SpeakerSample", "list_sample_fields", "rename_speakers"]


@dataclass(frozen=True, slots=True)
class SpeakerSample:
    """A few seconds of a speaker's speech.

    Attributes:
        label: what the transcript calls the speaker.
        name: what the request and the response call the speaker: a short identifier.
        audio: the speech, in a format that the gateway accepts.
        sha256: the SHA-256 of the speech as PCM, in hex.
    """

    label: str
    name: str
    audio: EncodedAudio = field(repr=False)
    sha256: str


def list_sample_fields(samples: Sequence[SpeakerSample]) -> Iterator[tuple[str, str | DataUrl]]:
    """Yield the fields of a form that name speakers, and those with their voices, as OpenAI takes them."""
    yield from (("known_speaker_names[]", sample.name) for sample in samples)
    for sample in samples:
        yield "known_speaker_references[]", DataUrl(FORMATS[sample.audio.format].mime, sample.audio.content)


def rename_speakers(transcript: Transcript, samples: Sequence[SpeakerSample]) -> Transcript:
    """Return a transcript in which the speakers of the samples have their labels.

    Args:
        transcript: as the gateway has sent it.
        samples: that were sent.
    """
    labels = {sample.name: sample.label for sample in samples}
    return replace(transcript, segments=tuple(_rename_speaker(segment, labels) for segment in transcript.segments))


def _rename_speaker(segment: Segment, labels: dict[str, str]) -> Segment:
    words = tuple(replace(word, speaker=labels.get(word.speaker or "", word.speaker)) for word in segment.words)
    return replace(segment, speaker=labels.get(segment.speaker or "", segment.speaker), words=words)
