"""A header may hold any bytes: what is read of it is possible, or nothing is read of it."""

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import Audio, AudioError
from audio_core.audio.content import Base64Content, BytesContent
from audio_core.audio.formats import FORMATS
from audio_core.audio.sniffing import SNIFF_BYTES, describe_bytes, measure_id3_tag, sniff_content, sniff_format
from audio_core.media.mp3 import has_frame_count, parse_byte_count
from audio_core.media.ogg import find_end_of_last_page, is_one_stream_between
from audio_core.media.wav import parse_plain_wav, parse_wav_header
from audio_core.testing import tone

MAGIC = [b"RIFF", b"RF64", b"FORM", b"ID3", b"\xff\xfb", b"\xff\xf1", b"\x1aE\xdf\xa3", b"....ftyp", b"OggS", b"G", b""]
WAV = tone(0.05)
OGG_PAGE = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, 7, 0, 0, 1) + b"\x04" + b"Opus"


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw a file of which some bytes were replaced, and that may be cut."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        changed[at : at + 4] = draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, bytes(4)]))
    return bytes(changed[: draw(st.integers(0, len(changed)))])


@given(st.builds(lambda magic, junk: magic + junk, st.sampled_from(MAGIC), st.binary(max_size=600)))
@example(b"ID3" + b"\xff" * 7)
def test_any_bytes_have_a_known_format_or_none(data: bytes) -> None:
    assert sniff_content(BytesContent(data)) in (None, *FORMATS.values())
    assert sniff_format(data[:SNIFF_BYTES]) in (None, *FORMATS.values())
    assert describe_bytes(data)
    assert measure_id3_tag(data) >= 0


@given(damaged(WAV[:200]))
def test_a_damaged_wav_header_says_what_is_possible_or_nothing(data: bytes) -> None:
    header, plain = parse_wav_header(BytesContent(data)), parse_plain_wav(BytesContent(data))
    if header is not None:
        assert header.sample_rate > 0
        assert header.channels > 0
        assert 0 < header.data_start <= len(data)
        assert header.data_bytes is None or header.data_bytes > 0
    assert plain is None or 0 < plain.duration <= len(data)


@given(damaged(OGG_PAGE * 3), st.integers(-1, 2**63))
def test_damaged_ogg_pages_end_within_the_file_or_are_not_believed(data: bytes, position: int) -> None:
    assert is_one_stream_between(position, position + 1, BytesContent(data)) in (True, False)
    end = find_end_of_last_page(BytesContent(data))
    assert end is None or end > 0


@given(st.sampled_from([b"Xing", b"Info", b"VBRI", b""]), st.binary(max_size=40))
def test_any_frame_header_counts_bytes_or_nothing(marker: bytes, junk: bytes) -> None:
    assert has_frame_count(marker + junk) in (True, False)
    count = parse_byte_count(bytes(36) + marker + junk)
    assert count is None or count > 0


@given(st.text("QUJD-_+/= \n!é", max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_any_base64_is_read_or_refused(text: str, position: int, length: int) -> None:
    try:
        content = Base64Content(text)
    except AudioError:
        return
    whole = content.open_reader().read()
    assert len(whole) == content.size
    assert content.read_at(position, length) == whole[position : position + length]


@given(damaged(WAV))
def test_a_damaged_file_is_decoded_or_refused(data: bytes) -> None:
    from audio_core.media.decode import decode
    from audio_core.media.probing import probe

    for use in (lambda: probe(Audio.of(data)), lambda: list(decode(Audio.of(data), rate=8000))):
        try:
            assert use() is not None
        except AudioError:
            continue
