"""What headers promise."""

from hypothesis import given
from hypothesis import strategies as st

from audio_core.media.mp3 import has_frame_count, measure_id3_tag, promised_wav_bytes
from audio_core.testing import tone


def test_a_wav_promises_the_size_of_its_samples() -> None:
    assert promised_wav_bytes(tone(1.0)[:4096]) == 32_000


def test_an_id3_tag_is_as_long_as_it_says() -> None:
    assert measure_id3_tag(b"ID3\x04\x00\x00\x00\x00\x02\x01") == 10 + 257
    assert measure_id3_tag(b"\xff\xfb\x90\x00") == 0


@given(st.binary(max_size=200))
def test_any_head_can_be_read(head: bytes) -> None:
    promised = promised_wav_bytes(head)
    assert promised is None or promised > 0
    assert measure_id3_tag(head) >= 0
    assert has_frame_count(head) in (True, False)
