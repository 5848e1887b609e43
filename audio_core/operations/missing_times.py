"""Times for a transcript that came without them, or without those of words; and speech that has no text."""

from __future__ import annotations

from dataclasses import replace

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.media.voice_activity import find_speech_throughout
from audio_core.transcript.segment import UNCLEAR_SPEECH, AudioEvent, Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["add_missing_times", "lacks_words", "mark_unheard_speech"]

_CLEAR_STRETCHES, _CLEAR_SECONDS = 3, 1.0  # of sound with pauses between them: speech, and no tone or noise
_SLACK = 0.1  # seconds; an encoder may add a little
_FASTEST = 25.0  # characters a second; nobody says more


def lacks_words(transcript: Transcript, options: TranscriptionOptions) -> bool:
    """Tell whether words with times are asked for, and none came."""
    return options.words and not any(segment.words for segment in transcript.segments)


def mark_unheard_speech(transcript: Transcript, audio: EncodedAudio) -> Transcript:
    """Return an empty transcript with an event where what was sent clearly sounds like speech. It is decoded.

    Args:
        transcript: what the gateway sent, without text.
        audio: what was sent.
    """
    speech = _find_speech(audio)
    is_clear = len(speech) >= _CLEAR_STRETCHES and sum(end - start for start, end in speech) >= _CLEAR_SECONDS
    unheard = [AudioEvent(speech[0][0], speech[-1][1], UNCLEAR_SPEECH)] if is_clear else []
    return replace(transcript, events=(*transcript.events, *unheard))


def add_missing_times(
    transcript: Transcript, audio: EncodedAudio, options: TranscriptionOptions, *, is_timed: bool
) -> Transcript:
    """Return a transcript with the times that its options ask for. Decoding and alignment take CPU time.

    If the gateway sent no times, what was sent is one segment if it is short enough. A longer text is aligned.

    Args:
        transcript: what the gateway sent. Its times are seconds from the beginning of the audio.
        audio: what was sent.
        options: how it was to be transcribed.
        is_timed: whether the gateway sent times, and not guesses.
    """
    is_untimed, longest = not is_timed, options.segment_seconds
    if is_untimed and longest is None and not transcript.segments:
        transcript = replace(transcript, segments=(Segment(0.0, audio.seconds, transcript.text.strip()),))
    elif is_untimed and longest is not None and audio.seconds <= longest + _SLACK and not transcript.speakers:
        transcript, is_untimed = _place_in_speech(transcript, audio), False
    if lacks_words(transcript, options) or (is_untimed and longest is not None):
        return _align(transcript, audio, options)
    return transcript


def _place_in_speech(transcript: Transcript, audio: EncodedAudio) -> Transcript:
    """Return a transcript of one segment, from where the speech begins to where it ends, as far as that is heard."""
    text, speech = transcript.text.strip(), _find_speech(audio)
    start, end = (speech[0][0], speech[-1][1]) if speech else (0.0, 0.0)
    if len(text) > _FASTEST * (end - start):  # in noise, most of it may be missed
        start, end = 0.0, audio.seconds
    warning = f"{transcript.model} may have invented {text!r}: no speech was found in what was sent."
    return replace(transcript, segments=(Segment(start, end, text),)).add_warnings([] if speech else [warning])


def _find_speech(audio: EncodedAudio) -> list[tuple[float, float]]:
    """Return where somebody speaks, within the length that the recording is known to have."""
    spans = find_speech_throughout(Audio.of(audio.content))
    return [(min(start, audio.seconds), min(end, audio.seconds)) for start, end in spans]


def _align(transcript: Transcript, audio: EncodedAudio, options: TranscriptionOptions) -> Transcript:
    from audio_core.engines.alignment import align_transcript  # noqa: PLC0415 - FFmpeg is loaded when first needed

    language = next(iter(options.languages), None)
    return align_transcript(transcript, Audio.of(audio.content), language, options.aligner)
