"""`Audio`: every way to name a recording, and its clips."""

import base64
import io
import os
import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, AudioNotFound, InvalidAudio, UnsupportedFormat
from audio_core.testing import tone

WAV = tone(0.2)
seconds = st.floats(0, 100_000).map(lambda value: round(value, 3))


def content(audio: Audio) -> bytes:
    return audio.open_content().open_reader().read()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my talk #1.wav"
    path.write_bytes(WAV)
    return path


def test_every_kind_of_source_gives_the_same_bytes(file: Path) -> None:
    text = base64.b64encode(WAV).decode()
    sources = [
        file,
        str(file),
        file.as_uri(),
        WAV,
        bytearray(WAV),
        io.BytesIO(WAV),
        f"data:audio/wav;base64,{text}",
        {"type": "audio", "base64": text},
        Audio.of(file),
        Audio.from_base64(text),
    ]
    recordings = [Audio.of(source) for source in sources]
    assert all(content(audio) == WAV for audio in recordings)
    assert all(audio.format == "wav" for audio in recordings)


def test_a_file_object_is_read_from_where_it_stands_and_can_be_read_twice() -> None:
    handle = io.BytesIO(b"skipped!" + WAV)
    handle.seek(8)
    audio = Audio.of(handle)
    assert content(audio) == content(audio) == WAV
    assert handle.tell() == 8  # so that whoever holds it can make the same recording again


class TextReader:
    def read(self, size: int = -1) -> str:
        return "text"


class Unreadable(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise io.UnsupportedOperation("not readable")


def open_closed() -> io.BytesIO:
    file = io.BytesIO(b"RIFF")
    file.close()
    return file


@pytest.mark.parametrize("make", [open_closed, TextReader, Unreadable])
def test_a_file_object_that_cannot_be_read_is_refused(make) -> None:
    with pytest.raises(InvalidAudio, match=r"cannot be read: .*open for reading"):
        _ = Audio.of(make()).format


def test_making_one_touches_nothing() -> None:
    assert repr(Audio.of("/no/such/folder/a.mp3")) == "Audio('a.mp3')"


def test_a_missing_file_is_an_error_that_python_knows() -> None:
    with pytest.raises(FileNotFoundError, match=r"no file a\.mp3"):
        Audio.of("/no/such/folder/a.mp3").open_content()
    assert issubclass(AudioNotFound, InvalidAudio)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello there", "text"),
        (b"%PDF-1.7\n...", "a PDF"),
        (b"<html><body>", "HTML"),
        (b"PK\x03\x04....", "a ZIP"),
        (b"\x89PNG\r\n\x1a\n", "a PNG"),
        (bytes(200), "unknown bytes"),
        (b"#EXTM3U\n/etc/passwd", "text"),
    ],
)
def test_what_is_no_audio_says_what_it_looks_like(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "notes.mp3"
    path.write_bytes(data)
    with pytest.raises(InvalidAudio, match=rf"notes\.mp3.*{says}"):
        _ = Audio.of(path).format


def test_a_folder_and_a_device_are_no_recordings(tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="is a folder"):
        Audio.of(tmp_path).open_content()
    with pytest.raises(InvalidAudio, match="a pipe or a device"):
        Audio.of("/dev/null").open_content()


@pytest.mark.parametrize("source", [3, None, object(), io.StringIO("text"), "data:audio/wav,abc"])
def test_what_cannot_be_a_recording_is_refused_when_it_is_named(source: object) -> None:
    with pytest.raises(InvalidAudio):
        Audio.of(source)


@pytest.mark.parametrize("path", ["talk\0.mp3", "~\0", "~\ud800/talk.mp3"])
def test_a_text_that_is_no_path_is_refused_when_it_is_opened(path: str) -> None:
    with pytest.raises(InvalidAudio, match="not a path"):
        Audio.of(path).open_content()


@pytest.mark.parametrize("text", ["UklG\nRgAA", "UklGRgAA", " UklGRgA= ", "UklGRgA"])
def test_base64_may_have_line_breaks_or_lack_its_padding(text: str) -> None:
    assert content(Audio.from_base64(text)).startswith(b"RIFF\x00")


@pytest.mark.parametrize("text", ["UklG!", "UklGR", "U==="])
def test_broken_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidAudio, match="base64"):
        Audio.from_base64(text)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_long_base64_is_checked_to_its_end(as_bytes: bool) -> None:
    text = base64.b64encode(bytes(600_000)).decode()

    def read(text: str) -> Audio:
        return Audio.from_base64(text.encode() if as_bytes else text)

    assert content(read(text)) == content(read(f"{text[:300_000]}\n{text[300_000:]}\n")) == bytes(600_000)
    for place in (0, 262_143, 262_144, 600_000, len(text) - 1):
        for wrong in "!=":
            if wrong == "!" or place < len(text) - 1:
                with pytest.raises(InvalidAudio, match="base64"):
                    read(text[:place] + wrong + text[place + 1 :])


@given(data=st.binary(max_size=400), position=st.integers(0, 500), length=st.integers(0, 500))
def test_base64_is_read_at_any_place_as_its_bytes_are(data: bytes, position: int, length: int) -> None:
    reader = Audio.from_base64(base64.b64encode(data).decode()).open_content().open_reader()
    reader.seek(position)
    assert reader.read(length) == data[position : position + length]


def test_raw_pcm_needs_its_rate() -> None:
    with pytest.raises(UnsupportedFormat, match="sample_rate="):
        Audio.of(b"\0\0", format="pcm16")
    assert Audio.of(b"\0\0", format="pcm16", sample_rate=8000).format == "pcm16"
    assert Audio.of("data:audio/pcm;rate=24000;base64,AAAA").sample_rate == 24_000
    with pytest.raises(UnsupportedFormat, match=r"mulaw.*sample_rate="):
        Audio.of("data:audio/PCMU;base64,AAAA")


@pytest.mark.parametrize(
    ("mime", "stated"),
    [
        ("audio/pcm;rate=16000;channels=2", ("pcm16", 16_000, 2)),
        ('AUDIO/PCM; Rate="16000"', ("pcm16", 16_000, 1)),
        ("audio/PCMU;rate=8000", ("mulaw", 8000, 1)),
        ("audio/PCMA;rate=8000;channels=2", ("alaw", 8000, 2)),
    ],
)
def test_the_parameters_of_a_mime_type_count(mime: str, stated: tuple) -> None:
    block = {"type": "audio", "base64": "AAAA", "mime_type": mime}
    for audio in (Audio.of(f"data:{mime};base64,AAAA"), Audio.of(block), Audio.of(b"\0\0\0", format=mime)):
        assert audio.stated_pcm == stated
    assert Audio.of(b"", format=mime, sample_rate=44_100, channels=4).stated_pcm == (stated[0], 44_100, 4)


def test_a_data_uri_may_be_in_upper_case_and_a_clip() -> None:
    text = base64.b64encode(WAV).decode()
    audio = Audio.of(f"DATA:audio/wav;BASE64,{text}#t=0.1,0.15")
    assert (content(audio), audio.start, audio.end) == (WAV, 0.1, 0.15)


@pytest.mark.skipif(os.name == "nt", reason="names on Windows are Unicode")
def test_a_file_name_that_is_not_utf8_is_opened_and_named(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    path.write_bytes(WAV)
    audio = Audio.of(path)
    assert (audio.label, audio.name) == ("caf\ufffd.wav", "caf\ufffd")
    assert audio.reference.endswith("/caf%E9.wav")
    assert content(Audio.of(audio.clip(0, 0.1).reference)) == WAV


def test_the_bytes_decide_against_what_was_said() -> None:
    assert Audio.of(WAV, format="mp3").format == "wav"
    with pytest.raises(UnsupportedFormat, match="banana"):
        Audio.of(WAV, format="banana")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("a.mp3#t=12,30.5", 12, 30.5),
        ("a.mp3#t=,30", None, 30),
        ("a.mp3#t=12", 12, None),
        ("a.mp3#t=npt:1:02:03.5,1:02:04", 3723.5, 3724),
        ("https://x.org/a.mp3?sig=a%2Fb#t=02:30,", 150, None),
        ("file:///talks/a.mp3#xywh=1,2,3,4&t=1,2", 1, 2),
        ("talk #1.mp3", None, None),
    ],
)
def test_a_media_fragment_is_a_clip(text: str, start: float | None, end: float | None) -> None:
    audio = Audio.of(text)
    assert (audio.start, audio.end) == (start, end)


def test_a_path_object_has_no_fragment() -> None:
    assert not Audio.of(Path("a.mp3#t=1,2")).is_clip


@given(start=seconds, length=st.floats(0.001, 10_000).map(lambda value: round(value, 3)))
def test_a_reference_names_the_same_clip_again(start: float, length: float) -> None:
    clip = Audio.of("/talks/a b#c.mp3").clip(start, start + length)
    again = Audio.of(clip.reference)
    assert again.start == pytest.approx(start, abs=0.001)
    assert again.end == pytest.approx(start + length, abs=0.001)
    assert again.path == Path("/talks/a b#c.mp3")


@pytest.mark.parametrize(("start", "end"), [(5, 5), (5, 4), (-1, 4), (float("nan"), 4), (1, float("inf")), (40, 50)])
def test_an_impossible_clip_is_refused(start: float, end: float) -> None:
    with pytest.raises(InvalidAudio, match="clip"):
        Audio.of("a.mp3", start=0, end=30).clip(start, end)


@pytest.mark.parametrize("time", ["soon", [1], {}, pytest.param(10**400, id="huge")])
def test_a_time_that_is_no_number_is_refused(time) -> None:
    for options in ({"start": time}, {"end": time}):
        with pytest.raises(InvalidAudio, match=r"^a\.mp3: start and end of a clip must be numbers, in seconds\."):
            Audio.of("a.mp3", **options)


def test_clips_of_clips_count_from_the_recording() -> None:
    clip = Audio.of("a.mp3").clip(10, 60).clip(20, 30)
    assert (clip.start, clip.end) == (20, 30)


def test_bytes_have_no_reference_and_show_nothing_of_themselves() -> None:
    audio = Audio.from_base64(base64.b64encode(WAV).decode())
    assert audio.reference is None
    assert "UklGR" not in repr(audio)


def test_a_named_recording_pickles() -> None:
    assert pickle.loads(pickle.dumps(Audio.of("a.mp3#t=1,2"))) == Audio.of("a.mp3#t=1,2")


@pytest.mark.parametrize("size", [3 * 2**16, 3 * 2**16 + 1, 3 * 2**17 + 2])
@pytest.mark.parametrize("step", [76, 2**18, 2**18 - 1])
def test_long_base64_is_read_part_by_part(size: int, step: int) -> None:
    data = random.Random(0).randbytes(size)
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    lines = "\n".join(text[start : start + step] for start in range(0, len(text), step))
    assert Audio.from_base64(lines).open_content().read_at(0, size) == data


@pytest.mark.parametrize("position", [0, 2**18 - 1, 2**18, 2**19])
@pytest.mark.parametrize("junk", ["!", "=", "é"])
def test_junk_in_long_base64_is_found_wherever_it_is(position: int, junk: str) -> None:
    text = "A" * (2**19 + 4)
    with pytest.raises(InvalidAudio, match="base64"):
        Audio.from_base64(text[:position] + junk + text[position + 1 :])
