"""What a model said aloud, as a value."""

import io
import wave
from pathlib import Path

import pytest

from audio_core import Audio, Speech, UnsupportedFormat
from audio_core.testing import tone

PCM = Speech(b"\x01\x00" * 24_000, "pcm16", "Hi.", sample_rate=24_000)


def test_pcm_is_saved_as_wav_in_one_call(tmp_path: Path) -> None:
    path = PCM.save(tmp_path / "reply.wav")
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(24_000) == PCM.data
    assert Audio.of(path).format == "wav"


def test_pcm24_keeps_its_samples() -> None:
    with wave.open(io.BytesIO(Speech(b"\x01\x02\x03" * 8, "pcm24", sample_rate=24_000).to_wav())) as file:
        assert (file.getsampwidth(), file.getnframes()) == (3, 8)


def test_a_file_is_saved_as_it_came(tmp_path: Path) -> None:
    wav = tone(0.1)
    assert Speech(wav, "wav").save(str(tmp_path / "a.WAV")).read_bytes() == wav


@pytest.mark.parametrize(("speech", "name"), [(Speech(b"ID3", "mp3"), "a.wav"), (PCM, "a.mp3"), (PCM, "a")])
def test_no_file_is_named_what_it_is_not(speech: Speech, name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat):
        speech.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_pcm() -> None:
    with pytest.raises(UnsupportedFormat, match="mp3, a file already"):
        Speech(b"ID3", "mp3").to_wav()


@pytest.mark.parametrize(
    ("id_", "expires", "may"), [("a", 10.0, True), ("a", 5.0, False), ("a", None, False), (None, 10.0, False)]
)
def test_an_id_may_be_named_until_it_expires(id_: str | None, expires: float | None, may: bool) -> None:
    speech = Speech(b"", "wav", id=id_, expires_at=expires)
    assert speech.has_valid_id(now=5.0) is may
    assert speech.has_valid_id(now=0.0) is (id_ is not None and expires is not None)
    assert speech.has_valid_id() is False


def test_its_mime_type_says_the_rate_that_the_bytes_do_not() -> None:
    assert (PCM.mime, Speech(b"", "mp3").mime) == ("audio/pcm;rate=24000", "audio/mpeg")
    assert Audio.of(PCM.data, format=PCM.mime).sample_rate == 24_000


def test_its_repr_shows_no_audio() -> None:
    assert "data" not in repr(PCM)
