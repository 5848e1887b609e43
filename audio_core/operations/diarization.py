"""Whether a model is asked to tell speakers apart. What it refused is neither asked again nor dropped in silence."""

from __future__ import annotations

from dataclasses import replace

from audio_core.errors import InvalidOption
from audio_core.http.endpoint import Endpoint
from audio_core.operations.limits import has_speakers
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["build_speakers_error", "choose_diarization", "name_words", "warn_of_refusal"]


def choose_diarization(endpoint: Endpoint, model: str, options: TranscriptionOptions) -> TranscriptionOptions:
    """Return the options with what to ask for: speakers, unless the model has refused to tell them apart.

    Args:
        endpoint: where the request goes.
        model: name of the model.
        options: the user's.

    Raises:
        InvalidOption: if the model has refused, and the user does not want a transcript without speakers.
    """
    is_possible = has_speakers(endpoint, model)
    if options.diarize is True and not is_possible:
        raise build_speakers_error(endpoint, model)
    return replace(options, diarize=bool(options.diarize) and is_possible)


def build_speakers_error(endpoint: Endpoint, model: str) -> InvalidOption:
    """Build the error for a model that refuses to tell speakers apart.

    Args:
        endpoint: that refused.
        model: name of the model.
    """
    return InvalidOption(
        f"{endpoint.provider.name}'s model {model} refuses diarize=True. Name a model that tells speakers apart; pass "
        "diarize='if possible' to transcribe without speakers where a model refuses; channels='separate' if each speaker "
        "has a channel; or the gateway's own fields as extra=..."
    )


def warn_of_refusal(
    endpoint: Endpoint, model: str, options: TranscriptionOptions, transcript: Transcript
) -> Transcript:
    """Return a transcript with the warning that its model refuses to tell speakers apart, if they were wanted.

    Args:
        endpoint: where the request went.
        model: name of the model.
        options: the user's.
        transcript: what the model heard.
    """
    if not options.diarize or has_speakers(endpoint, model) or any(segment.speaker for segment in transcript.segments):
        return transcript
    return transcript.add_warnings([f"{model} refuses to tell speakers apart, so the transcript has none."])


def name_words(transcript: Transcript) -> Transcript:
    """Return a transcript in which the words of a speaker's segment are the speaker's, also those that were aligned."""
    return replace(transcript, segments=tuple(map(_name_words, transcript.segments)))


def _name_words(segment: Segment) -> Segment:
    if segment.speaker is None:  # most segments: no word is built anew
        return segment
    words = tuple(replace(word, speaker=word.speaker or segment.speaker) for word in segment.words)
    return replace(segment, words=words)
