"""Where nobody speaks, Whisper invents words. None of them may pass, and the transcript tells what was left out."""

from pathlib import Path

import numpy as np
import pytest
from sounds import RATE, SOUNDS, music, silence, to_wav

from audio_core import Audio, AudioClient
from audio_core.media.decode import decode

# Whisper's own thresholds leave most of it out, so they are off. Then it writes something for each of these sounds.
CREDULOUS = {
    "beam_size": 1,
    "no_speech_threshold": None,
    "log_prob_threshold": None,
    "compression_ratio_threshold": None,
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_no_invented_text_passes(tiny: str, sound: str) -> None:
    transcript = AudioClient(model=tiny).transcribe(to_wav(SOUNDS[sound](3.0)), extra=CREDULOUS)
    assert (transcript.text, transcript.segments) == ("", ())
    assert f"faster-whisper:{Path(tiny).name} found no speech." in transcript.warnings
    (event,) = transcript.events
    assert (event.text, event.start) == ("(no speech)", 0.0)
    assert any(f"It was left out: 00:00-00:0{event.end:.0f} {event.left_out!r}" in each for each in transcript.warnings)


def test_nor_that_of_a_model_that_must_find_the_language_first(base: str) -> None:
    transcript = AudioClient(model=base).transcribe(to_wav(music(3.0)), extra=CREDULOUS)
    assert (transcript.text, transcript.language) == ("", None)
    assert transcript.events[0].left_out


def test_times_of_what_was_left_out_are_those_of_the_recording(tiny: str) -> None:
    transcript = AudioClient(model=tiny).transcribe(Audio.of(to_wav(silence(65.0)), start=62.0), extra=CREDULOUS)
    assert transcript.events[0].start == 62.0
    assert any("It was left out: 01:02-01:0" in warning for warning in transcript.warnings)


def test_speech_after_music_and_before_silence_is_kept(tiny: str, call: Path) -> None:
    speech = np.frombuffer(b"".join(decode(Audio.of(call, end=3.0), rate=RATE)), "<i2") / 32768
    recording = np.concatenate([music(8.0), speech, silence(8.0)])
    transcript = AudioClient(model=tiny).transcribe(to_wav(recording), words=True, extra={"beam_size": 1})
    assert "this is the city library" in transcript.text.casefold()
    words = [word for segment in transcript.segments for word in segment.words]
    assert words[0].start > 7.5
    assert words[-1].end < 12.5
