"""WAV headers that tell a file's length, held to what a decoder finds."""

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.audio.content import BytesContent
from audio_core.media.decode import decode, probe_packets
from audio_core.media.probing import probe
from audio_core.media.wav import parse_plain_wav, parse_wav_header
from audio_core.operations.upload import encode_for_upload
from audio_core.testing import tone


def wav(samples: int, *, rate: int = 8000, channels: int = 1, width: int = 2, extra: bytes = b"") -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        out.writeframes(bytes(samples * channels * width))
    data = file.getvalue()
    return data[:12] + extra + data[12:]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44_100, 2), (16_000, 6)])
def test_it_says_what_the_packets_say(rate: int, channels: int, width: int) -> None:
    data = wav(3000, rate=rate, channels=channels, width=width)
    assert parse_plain_wav(BytesContent(data)) is not None
    assert probe(Audio.of(data)) == probe_packets(Audio.of(data))


def test_chunks_before_the_samples_and_after_them_are_no_samples() -> None:
    listed = b"LIST" + struct.pack("<I", 5) + b"INFO\0\0"  # odd lengths are padded
    data = wav(3000, extra=listed) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    assert probe(Audio.of(data)) == probe_packets(Audio.of(data))
    assert probe(Audio.of(data)).duration == 3000 / 8000


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_file_written_as_a_stream_is_as_long_as_it_is(size: int) -> None:
    data = bytearray(wav(3000))
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    assert probe(Audio.of(bytes(data))).duration == 3000 / 8000


def test_a_clip_ends_where_it_says_or_where_the_recording_does() -> None:
    assert probe(Audio.of(tone(2), end=1.5)).duration == 1.5
    assert probe(Audio.of(tone(2), end=9)).duration == 2.0


def test_a_file_that_is_cut_short_is_still_refused() -> None:
    with pytest.raises(InvalidAudio, match=r"cut short: its header says [\d,]+ bytes more"):
        probe(Audio.of(tone(10)[:-100_000]))


@given(st.binary(max_size=80))
def test_nonsense_tells_nothing_or_something_possible(junk: bytes) -> None:
    for head in (junk, b"RIFF\0\0\0\0WAVE" + junk, wav(10)[:44] + junk, wav(10)[:20] + junk):
        found = parse_plain_wav(BytesContent(head))
        assert found is None or (found.duration > 0 and found.sample_rate > 0 and found.channels > 0)


def test_the_size_of_the_samples_is_read_from_the_data_chunk() -> None:
    header = parse_wav_header(BytesContent(tone(1.0)))
    assert header is not None
    assert header.data_bytes == 32_000


def test_the_word_data_in_a_comment_is_not_the_data_chunk() -> None:
    comment = b"ICMT" + struct.pack("<I", 10) + b"metadata: "
    data = wav(3000, extra=b"LIST" + struct.pack("<I", 4 + len(comment)) + b"INFO" + comment)
    assert probe(Audio.of(data)).duration == 3000 / 8000
    assert sum(map(len, decode(Audio.of(data), rate=8000))) == 2 * 3000


def test_a_large_chunk_before_the_samples_is_stepped_over() -> None:
    data = wav(3000, extra=b"bext" + struct.pack("<I", 100_001) + bytes(100_002))
    assert parse_plain_wav(BytesContent(data)) is not None
    assert probe(Audio.of(data)).duration == 3000 / 8000


def test_rf64_keeps_the_size_of_the_samples_in_its_first_chunk() -> None:
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, 6000, 3000, 0)
    data = bytearray(wav(3000, extra=ds64))
    data[:8] = b"RF64\xff\xff\xff\xff"
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFFFFFF)
    audio = Audio.of(bytes(data))
    header = parse_wav_header(BytesContent(bytes(data)))
    assert header is not None
    assert header.data_bytes == 6000
    assert probe(audio) == probe_packets(audio)


def split(data: bytes, *, cut: int, last: int | None = None, between: bytes = b"") -> bytes:
    """Write the samples of a WAV file as two chunks, of which the second claims to have `last` bytes."""
    head, samples = data[:36], data[44:]
    parts = [(cut, samples[:cut]), (len(samples) - cut if last is None else last, samples[cut:])]
    return head + between.join(b"data" + struct.pack("<I", size) + part for size, part in parts)


def hear(audio: Audio) -> bytes:
    return b"".join(decode(audio, rate=16_000))


@pytest.mark.parametrize("cut", [2, 32_000, 63_998])
@pytest.mark.parametrize("last", [None, 0, 0xFFFFFFFF, 0x7FFFFFFF])
@pytest.mark.parametrize("between", [b"", b"LIST\4\0\0\0INFO"])
def test_samples_in_several_chunks_are_all_heard(cut: int, last: int | None, between: bytes) -> None:
    whole = tone(1) + tone(1, hertz=700)[44:]
    whole = whole[:40] + struct.pack("<I", 64_000) + whole[44:]
    audio = Audio.of(split(whole, cut=cut, last=last, between=between))
    assert probe(audio).duration == 2.0
    assert hear(audio) == hear(Audio.of(whole)) == whole[44:]
    assert hear(audio.clip(0.9, 1.6)) == hear(Audio.of(whole, start=0.9, end=1.6))
    sent = encode_for_upload(audio, ["wav"])
    assert sent.content.read_at(0, sent.content.size).endswith(whole[44:])


def test_several_chunks_that_are_cut_short_are_refused() -> None:
    data = split(tone(10), cut=100_000)
    for read in (probe, hear):
        with pytest.raises(InvalidAudio, match="cut short"):
            read(Audio.of(data[:-50_000]))
