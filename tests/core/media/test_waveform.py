"""The waveform of a recording: its peaks are those of the sound, and memory does not grow with its length."""

import io
import tracemalloc
import wave
from array import array

import pytest

from audio_core import Audio, InvalidAudio
from audio_core.media import waveform as waveform_room
from audio_core.media.waveform import compute_waveform
from audio_core.testing import silence, tone

TONE = 8000 / 2**15  # the amplitude of `tone`


def join(*sounds: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        for sound in sounds:
            with wave.open(io.BytesIO(sound)) as part:
                out.writeframes(part.readframes(part.getnframes()))
    return file.getvalue()


def test_a_tone_between_silences_has_its_height_and_its_place() -> None:
    waveform = compute_waveform(Audio.of(join(silence(1.0), tone(2.0), silence(1.0))))
    assert (waveform.start, waveform.end) == (0.0, 4.0)
    assert len(waveform.peaks) == 400  # of a hundredth of a second each
    assert waveform.peaks[110:290] == pytest.approx([TONE] * 180, abs=0.01)
    assert max(waveform.peaks[:98] + waveform.peaks[302:]) < 0.002


def test_a_clip_has_the_times_of_the_recording() -> None:
    waveform = compute_waveform(Audio.of(join(silence(1.0), tone(1.0)), start=0.5, end=1.5))
    assert (waveform.start, waveform.end, len(waveform.peaks)) == (0.5, 1.5, 100)
    assert max(waveform.peaks[:48]) < 0.002 < min(waveform.peaks[52:])


def test_one_loud_moment_in_a_long_recording_is_not_lost() -> None:
    waveform = compute_waveform(Audio.of(join(silence(60.0), tone(0.05), silence(30.0))))
    assert 1000 <= len(waveform.peaks) <= 2000
    place = waveform.peaks.index(max(waveform.peaks)) / len(waveform.peaks) * waveform.end
    assert max(waveform.peaks) == pytest.approx(TONE, abs=0.01)
    assert place == pytest.approx(60.0, abs=0.2)


@pytest.mark.parametrize("name", ["mp3", "m4a", "ogg", "flac"])
def test_every_format_has_the_same_waveform(recording, name: str) -> None:
    waveform = compute_waveform(Audio.of(recording(name)))
    assert waveform.end == pytest.approx(5.0, abs=0.06)
    assert waveform.peaks[50:450] == pytest.approx([TONE] * 400, abs=0.03)


def test_memory_does_not_grow_with_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    second, most = array("h", range(200)).tobytes() * 40, list[int]()
    for minutes in (1, 15):
        pieces = (second for _ in range(60 * minutes))
        monkeypatch.setattr(waveform_room, "decode", lambda *_, pieces=pieces, **__: pieces)
        tracemalloc.start()
        try:
            assert len(compute_waveform(Audio.of(b"")).peaks) <= 2000
            most.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert most[1] < most[0] + 100_000  # 13 MB more were decoded


def test_what_is_cut_short_is_no_waveform() -> None:
    with pytest.raises(InvalidAudio):
        compute_waveform(Audio.of(tone(2.0)[:20_000]))
