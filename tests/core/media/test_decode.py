"""Probing, decoding, cutting and encoding with PyAV."""

import array
import contextlib
import io
import struct
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio, AudioTooLarge, InvalidAudio, UnsupportedFormat
from audio_core.media import clock, demux, inspection
from audio_core.media.decode import ENCODERS, decode, encode
from audio_core.media.probing import probe
from audio_core.testing import silence, tone

FORMATS = ["wav", "mp3", "flac", "ogg", "m4a", "mp4", "aac", "aiff", "webm", "mkv"]
AAC = ["m4a", "mp4", "aac", "mkv"]
RATE = 16_000
VORBIS = Path(__file__).parent / "talk.vorbis.ogg"


def heard(audio: Audio, rate: int = RATE) -> bytes:
    return b"".join(decode(audio, rate=rate))


def seconds(data: bytes, rate: int = RATE) -> float:
    return len(data) / 2 / rate


def ramp(length: float, rate: int = RATE) -> bytes:
    """A WAV whose every sample tells its own position."""
    samples = array.array("h", ((n % 30_000) for n in range(round(length * rate))))
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + 2 * len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        2 * rate,
        2,
        16,
        b"data",
        2 * len(samples),
    )
    return header + samples.tobytes()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_probed_and_decoded_to_its_length(recording, name: str) -> None:
    audio = Audio.of(recording(name))
    assert probe(audio).duration == pytest.approx(5.0, abs=0.05)
    assert seconds(heard(audio)) == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("name", FORMATS)
def test_a_clip_of_every_format_has_the_length_asked_for(recording, name: str) -> None:
    assert seconds(heard(Audio.of(recording(name)).clip(3.0, 4.25))) == 1.25


@settings(max_examples=40, deadline=None)
@given(start=st.integers(0, 3 * RATE - 1), length=st.integers(1, RATE))
def test_a_clip_is_exact_to_the_sample(start: int, length: int) -> None:
    audio = Audio.of(ramp(3.0)).clip(start / RATE, (start + length) / RATE)
    expected = [n % 30_000 for n in range(start, min(start + length, 3 * RATE))]
    assert array.array("h", heard(audio)).tolist() == expected


@pytest.mark.parametrize("name", FORMATS)
def test_a_clip_deep_inside_has_the_very_samples_of_the_whole(talk, recoded, name: str) -> None:
    """Cut out of the middle of real speech, by a jump where the format allows it; AAC makes its noise anew."""
    speech = Audio.of(recoded(Audio.of(talk, end=20), name))
    whole = array.array("h", heard(speech))
    for start in (0.31, 2.013, 11.3, 17.25):
        found = array.array("h", heard(speech.clip(start, start + 1.75)))
        expected = whole[round(start * RATE) :][: len(found)]
        assert len(found) == 1.75 * RATE
        error = sum((a - b) ** 2 for a, b in zip(expected, found, strict=True))
        assert error <= (0.001 * sum(a * a for a in expected) if name in AAC else 0)


def test_a_clip_of_vorbis_is_exact_although_its_stamps_are_not() -> None:
    """24 s of the talk by libvorbis, which PyAV lacks: `ffmpeg -t 24 -i talk.ogg -c:a libvorbis -q:a 0 -ar 16000`."""
    speech = Audio.of(VORBIS)
    whole = array.array("h", heard(speech))
    for tenth in range(3, 220, 7):
        found = array.array("h", heard(speech.clip(tenth / 10, tenth / 10 + 0.5)))
        assert found == whole[round(tenth / 10 * RATE) :][: len(found)], tenth


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg", "m4a", "aac", "aiff"])
def test_a_clip_does_not_decode_what_precedes_it(talk, recoded, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    speech = Audio.of(recoded(Audio.of(talk, end=30), name))
    monkeypatch.setattr(inspection, "MAX_DECODED_BYTES", 6 * 48_000 * 4)  # six seconds of what any of them decodes to
    monkeypatch.setattr(demux, "is_countable", lambda *_: False)  # so that no packet of it is read
    assert seconds(heard(speech.clip(25.0, 26.0))) == 1.0
    assert probe(speech.clip(25.0, 26.0)).duration == 26.0
    assert probe(speech.clip(25.0, 99.0)).duration == pytest.approx(30.0, abs=0.1)


def test_a_clip_of_streams_that_stand_one_after_the_other_is_found_in_the_right_one(recording, talk, recoded) -> None:
    speech = recoded(Audio.of(talk, end=20), "ogg")
    both = Audio.of(recording("ogg") + speech)
    whole = array.array("h", heard(both))
    found = array.array("h", heard(both.clip(14.5, 16.0)))
    assert found == whole[round(14.5 * RATE) : 16 * RATE]
    assert probe(both.clip(14.5, 16.0)).duration == 16.0


@pytest.mark.parametrize("name", ENCODERS)
def test_what_is_encoded_is_of_that_format_and_lasts_as_long(name: str) -> None:
    made = Audio.of(encode(Audio.of(tone(3.0), start=0.5, end=2.5), name).open_reader())
    assert made.format == name
    assert probe(made).duration == pytest.approx(2.0, abs=0.06)


def test_encoding_keeps_rate_and_channels_unless_told_otherwise(call) -> None:
    kept = probe(Audio.of(encode(Audio.of(call, end=1), "flac").open_reader()))
    assert (kept.sample_rate, kept.channels) == (16_000, 2)
    asked = probe(Audio.of(encode(Audio.of(call, end=1), "flac", rate=8_000, channels=1).open_reader()))
    assert (asked.sample_rate, asked.channels) == (8_000, 1)


def test_a_format_that_is_not_written_says_which_are() -> None:
    with pytest.raises(UnsupportedFormat, match="wav, mp3, flac, ogg, m4a"):
        encode(Audio.of(tone(1)), "aiff")


@pytest.mark.parametrize(("name", "width"), [("pcm16", 2), ("pcm24", 3)])
def test_raw_pcm_lasts_as_its_stated_rate_says(name: str, width: int) -> None:
    audio = Audio.of(bytes(2 * 8_000 * width * 2), format=name, sample_rate=8_000, channels=2)
    assert probe(audio).duration == 2.0
    assert seconds(heard(audio)) == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "mkv", "webm", "mp3"])
def test_a_file_that_was_cut_short_says_how_much_is_there(recording, name: str) -> None:
    whole = recording(name)
    for read in (probe, heard):
        with pytest.raises(
            InvalidAudio, match=r"cut short: its header says [\d,.]+ (s|bytes more), but it ends after 2\.\d+ s"
        ):
            read(Audio.of(whole[: len(whole) // 2]))


def test_what_is_left_of_a_cut_file_can_be_taken_by_saying_so(recording) -> None:
    whole = recording("flac")
    assert seconds(heard(Audio.of(whole[: len(whole) // 2], end=1.0))) == 1.0


@pytest.mark.parametrize("name", ["m4a", "mp4"])
def test_a_file_that_lost_its_index_is_damaged(recording, name: str) -> None:
    whole = recording(name)
    with pytest.raises(InvalidAudio, match="damaged"):
        probe(Audio.of(whole[: len(whole) // 2]))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0xFFFFFFDB])
def test_a_wav_written_as_a_stream_lasts_as_long_as_its_bytes(size: int) -> None:
    wav = bytearray(tone(2.0))
    wav[40:44] = struct.pack("<I", size)
    assert probe(Audio.of(wav)).duration == pytest.approx(2.0, abs=0.001)


def test_two_mp3s_in_one_file_last_as_long_as_both(recording) -> None:
    both = Audio.of(recording("mp3") * 2)
    assert probe(both).duration == pytest.approx(10.0, abs=0.15)
    assert seconds(heard(both)) == pytest.approx(10.0, abs=0.15)


def test_two_ogg_streams_in_one_file_last_as_long_as_both(recording) -> None:
    assert seconds(heard(Audio.of(recording("ogg") * 2))) == pytest.approx(10.0, abs=0.1)


def test_damage_in_the_middle_leaves_time_as_it_was(recording) -> None:
    """A few packets of an MP4 are broken: what follows them keeps its place."""
    data = bytearray(recording("m4a"))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    assert seconds(heard(Audio.of(data))) == pytest.approx(5.0, abs=0.06)


def test_much_damage_is_an_error(recording) -> None:
    data = bytearray(recording("m4a"))
    data[len(data) // 4 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 4)
    with pytest.raises(InvalidAudio, match=r"damaged: \d+ of its \d+ packets"):
        heard(Audio.of(data))


def test_a_header_without_audio_is_an_error() -> None:
    with pytest.raises(InvalidAudio, match=r"holds no audio|damaged"):
        heard(Audio.of(tone(1.0)[:44]))


def test_a_clip_behind_the_end_is_an_error(recording) -> None:
    for name in ("wav", "mp3"):
        with pytest.raises(InvalidAudio, match="after the recording's end"):
            heard(Audio.of(recording(name), start=70.0))


def test_a_forged_rate_is_refused() -> None:
    for rate in (1, 10**9):
        wav = bytearray(silence(0.1))
        wav[24:28] = struct.pack("<I", rate)
        with pytest.raises(UnsupportedFormat, match="claims"):
            probe(Audio.of(wav))


def test_seconds_and_bytes_are_capped_while_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MAX_SECONDS", 1.0)
    with pytest.raises(AudioTooLarge, match="longer than"):
        heard(Audio.of(tone(2.0)))
    monkeypatch.undo()
    monkeypatch.setattr(inspection, "MAX_DECODED_BYTES", 1000)
    with pytest.raises(AudioTooLarge, match="decodes to more than"):
        heard(Audio.of(tone(2.0)))


def test_a_video_gives_its_audio_track(recording) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
        frame = av.AudioFrame(format="s16", layout="mono", samples=32_000, align=1)
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(sound.encode(frame))
        container.mux([*video.encode(None), *sound.encode(None)])
    assert seconds(heard(Audio.of(file.getvalue()))) == pytest.approx(2.0, abs=0.1)


def test_a_video_without_sound_holds_no_audio_track() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        container.mux([*video.encode(av.VideoFrame(64, 64, "yuv420p")), *video.encode(None)])
    with pytest.raises(InvalidAudio, match="no audio track"):
        probe(Audio.of(file.getvalue()))


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, 4000),
    junk=st.binary(min_size=1, max_size=60),
    name=st.sampled_from(["wav", "flac", "ogg", "mp3"]),
)
def test_any_damage_ends_in_sound_or_in_a_clear_error(recording, at: int, junk: bytes, name: str) -> None:
    data = bytearray(recording(name)[:20_000])
    data[at : at + len(junk)] = junk
    with contextlib.suppress(InvalidAudio, UnsupportedFormat, AudioTooLarge):
        heard(Audio.of(bytes(data)))


def adpcm(length: float, rate: int) -> bytes:
    """A tone that rises, as IMA ADPCM in WAV: samples stand in blocks, so bytes say little about time."""
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("adpcm_ima_wav", rate=rate, layout="mono")
        for second in range(round(length)):
            for piece in decode(Audio.of(tone(1.0, rate=rate, hertz=200.0 + 50 * second)), rate=rate):
                for begin in range(0, len(piece) // 2 - 504, 505):
                    frame = av.AudioFrame(format="s16", layout="mono", samples=505, align=1)
                    frame.planes[0].update(piece[2 * begin : 2 * (begin + 505)])
                    frame.sample_rate = rate
                    container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_a_clip_of_a_codec_in_blocks_has_the_very_samples_of_the_whole(rate: int) -> None:
    recording = Audio.of(adpcm(12.0, rate))
    whole = heard(recording, rate)
    assert heard(recording.clip(5, 7), rate) == whole[2 * 5 * rate : 2 * 7 * rate]


@pytest.mark.parametrize("name", ["mp3", "m4a", "ogg"])
def test_a_rate_that_an_encoder_does_not_take_is_resampled(name: str) -> None:
    high = Audio.of(encode(Audio.of(tone(1.0)), "flac", rate=192_000))
    assert probe(Audio.of(encode(high, name))).duration == pytest.approx(1.0, abs=0.1)


def test_a_video_that_outlasts_its_audio_is_not_cut_short() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        video = container.add_stream("mpeg4", rate=10, options={"g": "10"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = container.add_stream("libopus", rate=48_000, layout="mono")
        for number in range(80):
            picture = av.VideoFrame(32, 32, "yuv420p")
            picture.pts = number
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        position = 0
        for piece in decode(Audio.of(tone(5.0)), rate=48_000):
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2, align=1)
            frame.planes[0].update(piece)
            frame.sample_rate, frame.pts = 48_000, position
            position += frame.samples
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    assert probe(Audio.of(file.getvalue())).duration == pytest.approx(5.0, abs=0.1)
    assert seconds(heard(Audio.of(file.getvalue()))) == pytest.approx(5.0, abs=0.1)


def test_a_clip_of_opus_in_mp4_has_the_very_samples_of_the_whole(talk) -> None:
    file = io.BytesIO()
    with av.open(str(talk)) as source, av.open(file, "w", format="mp4") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    recording = Audio.of(file.getvalue())
    assert heard(recording.clip(100, 102)) == heard(recording)[2 * 100 * RATE : 2 * 102 * RATE]


def splice_flac(data: bytes, *stretches: tuple[float, float]) -> bytes:
    """Return a FLAC file with only those frames that begin within the stretches, in seconds."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        packets = [
            (float(packet.pts * stream.time_base), bytes(packet)) for packet in container.demux(stream) if packet.size
        ]
    head = data[: data.index(packets[0][1])]
    return head + b"".join(frame for time, frame in packets if any(start <= time < end for start, end in stretches))


@pytest.mark.parametrize(
    ("stretches", "length"),
    [(((0, 5), (8, 12)), 12.0), (((0, 5), (55, 60)), 10.0), (((0, 1), (9, 10), (18, 19), (27, 28)), 12.0)],
    ids=["lost frames are silence", "a forged number is not", "nor are many"],
)
def test_silence_of_flac_is_bounded_by_what_its_frames_hold(stretches: tuple, length: float) -> None:
    whole = encode(Audio.of(tone(60.0)), "flac")
    audio = Audio.of(splice_flac(whole.read_at(0, whole.size), *stretches))
    assert probe(audio).duration == pytest.approx(length, abs=0.5)
    assert seconds(heard(audio)) == pytest.approx(length, abs=0.5)
