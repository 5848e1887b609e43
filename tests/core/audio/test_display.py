"""How an `Audio` shows itself in notebooks."""

import re
from pathlib import Path

import pytest

from audio_core import Audio
from audio_core.testing import tone


def test_a_small_recording_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "<talk>.wav"
    path.write_bytes(tone(1.0))
    html = Audio.of(path).clip(0.25, 0.5)._repr_html_()
    assert 'src="data:audio/wav;base64,UklGR' in html
    assert '#t=0.25,0.5"' in html
    assert "&lt;talk&gt;.wav" in html
    assert str(tmp_path) not in html


@pytest.mark.parametrize("data", [tone(60.0), b"no audio", b""], ids=["long", "text", "empty"])
def test_any_other_is_named_only(data: bytes) -> None:
    assert Audio.of(data)._repr_html_() == "<div>audio given as bytes</div>"


def test_one_that_is_missing_is_named_only(tmp_path: Path) -> None:
    assert Audio.of(tmp_path / "a.mp3")._repr_html_() == "<div>a.mp3</div>"


def test_one_on_the_web_is_played_from_there() -> None:
    html = Audio.of('https://host/a.mp3?x="><script>#t=1,2')._repr_html_()
    assert "<script>" not in html
    assert re.search(r'src="https://host/a.mp3[^"]*#t=1,2"', html)


def test_who_asks_for_its_duration_is_told_how_to_measure_it() -> None:
    audio = Audio.of("a.mp3")
    with pytest.raises(AttributeError, match=r"does not open its recording.*probe\(audio\)\.duration"):
        _ = audio.duration
    assert not hasattr(audio, "duration")
