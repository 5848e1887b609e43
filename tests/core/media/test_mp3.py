"""MP3 headers, and any bytes in place of a header."""

from hypothesis import given
from hypothesis import strategies as st

from audio_core.audio.content import BytesContent
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.media.mp3 import has_frame_count
from audio_core.media.wav import parse_wav_header


def test_an_id3_tag_is_as_long_as_it_says() -> None:
    assert measure_id3_tag(b"ID3\x04\x00\x00\x00\x00\x02\x01") == 10 + 257
    assert measure_id3_tag(b"ID3\x04\x00\x10\x00\x00\x02\x01") == 10 + 257 + 10  # with a footer
    assert measure_id3_tag(b"\xff\xfb\x90\x00") == 0


@given(st.binary(max_size=200))
def test_any_head_can_be_read(head: bytes) -> None:
    header = parse_wav_header(BytesContent(head))
    assert header is None or header.data_bytes is None or header.data_bytes > 0
    assert measure_id3_tag(head) >= 0
    assert has_frame_count(head) in (True, False)
