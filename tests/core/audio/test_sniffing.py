"""The format of a recording is found wherever its audio begins."""

import pytest

from audio_core import Audio, InvalidAudio
from audio_core.audio.content import BytesContent
from audio_core.audio.formats import FORMATS
from audio_core.audio.sniffing import sniff_content
from audio_core.media.probing import probe

ID3 = b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(257)


@pytest.mark.parametrize("name", ["mp3", "flac", "aac", "wav", "aiff", "ogg", "m4a", "mp4", "webm", "mkv"])
@pytest.mark.parametrize("tags", [1, 3])
def test_behind_an_id3_tag_the_audio_decides(recording, name: str, tags: int) -> None:
    assert Audio.of(tags * ID3 + recording(name)).format == name


def test_tags_without_end_are_not_followed() -> None:
    assert sniff_content(BytesContent(b"ID3\4\0\0\0\0\0\0" * 100_000)) == FORMATS["mp3"]


@pytest.mark.parametrize("zeros", [1, 417, 4096])
def test_zero_bytes_before_an_mp3_do_not_count(recording, zeros: int) -> None:
    audio = Audio.of(bytes(zeros) + recording("mp3"))
    assert audio.format == "mp3"
    assert probe(audio).duration == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("cut", [1000, 1001, 1234])
def test_an_mp3_may_begin_in_the_middle_of_a_frame(recording, cut: int) -> None:
    assert Audio.of(recording("mp3")[cut:]).format == "mp3"


@pytest.mark.parametrize("junk", [b"\xff" * 5000, b"\xff\xfb" * 3000, bytes(5000), b"text " * 1000])
def test_what_only_resembles_a_frame_is_not_audio(junk: bytes) -> None:
    assert sniff_content(BytesContent(b"\0" + junk)) is None
    with pytest.raises(InvalidAudio, match="not audio"):
        _ = Audio.of(b"\0" + junk).format
