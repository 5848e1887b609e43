"""What goes out untouched is measured without FFmpeg, and measures the same as with it."""

from __future__ import annotations

import functools
import io
import os
import random
import struct
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest

from audio_core import Audio, AudioTooLarge, InvalidAudio
from audio_core.audio.content import BytesContent, FileContent
from audio_core.media import clock
from audio_core.media.decode import encode, probe_packets
from audio_core.media.ogg_pages import OggPage, OggPages, PageWriter
from audio_core.media.probing import probe, probe_plain
from audio_core.testing import ScriptedGateway, tone

ID3V1 = b"TAG" + bytes(125)
RATES = {
    "mp3": (8_000, 11_025, 16_000, 22_050, 44_100, 48_000),
    "flac": (8_000, 44_100, 96_000),
    "wav": (8_000, 48_000),
    "ogg": (48_000,),
    "m4a": (44_100, 48_000),
}
CASES = [(name, rate, layout) for name, rates in RATES.items() for rate in rates for layout in ("mono", "stereo")]
ENCODERS = {"mp3": "libmp3lame", "flac": "flac", "wav": "pcm_s16le", "ogg": "libopus", "m4a": "aac"}
MUXERS = {"m4a": "ipod"}
VORBIS = Path(__file__).parent


@functools.cache
def write(
    name: str,
    *,
    rate: int = 44_100,
    layout: str = "mono",
    seconds: float = 3.0,
    quality: int | None = None,
    frame_duration: str | None = None,
    **options: str,
) -> bytes:
    """Encode a tone, with FFmpeg's options of the container; MP3 of a variable bit rate if `quality` is given."""
    file, fixed = io.BytesIO(), {} if quality is None else {"flags": "+qscale", "global_quality": str(118 * quality)}
    fixed |= {"frame_duration": frame_duration} if frame_duration else {}
    with av.open(file, "w", format=MUXERS.get(name, name), options=options) as container:
        stream = container.add_stream(ENCODERS[name], rate=rate, layout=layout, options=fixed)
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        for frame in av.open(io.BytesIO(tone(seconds, rate=rate))).decode(audio=0):
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return file.getvalue()


def make_noise(seconds: float) -> bytes:
    """Return a WAV file of white noise, which no codec compresses: 400 kB a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, 100_000, 0, "NONE", ""))
        out.writeframes(random.Random(5).randbytes(round(seconds * 400_000)))
    return file.getvalue()


def id3(frame: bytes = b"") -> bytes:
    body = frame + bytes(2000)
    return b"ID3\x04\0\0" + bytes([0, 0, len(body) >> 7, len(body) & 127]) + body


def ape(title: bytes = b"Title\0A talk") -> bytes:
    item = struct.pack("<II", 6, 0) + title
    header, footer = (
        b"APETAGEX" + struct.pack("<IIII8x", 2000, len(item) + 32, 1, flags) for flags in (0xA0000000, 0x80000000)
    )
    return header + item + footer


def set_delays(data: bytes, delay: int, padding: int) -> bytes:
    """Replace what an MP3 says of the samples that were added at its ends."""
    at = data.index(b"Info") + 141
    return data[:at] + (delay << 12 | padding).to_bytes(3, "big") + data[at + 3 :]


def check_same(data: bytes) -> None:
    plain = probe_plain(Audio.of(data))
    assert plain is not None
    assert plain == probe_packets(Audio.of(data))


@pytest.mark.parametrize(("name", "rate", "layout"), CASES)
def test_it_measures_what_ffmpeg_measures(name: str, rate: int, layout: str) -> None:
    check_same(write(name, rate=rate, layout=layout))


@pytest.mark.parametrize("quality", [None, 0, 9])
@pytest.mark.parametrize("write_xing", ["0", "1"])
def test_an_mp3_of_any_bit_rate_is_counted_with_a_header_or_without(quality: int | None, write_xing: str) -> None:
    check_same(write("mp3", quality=quality, write_xing=write_xing))


@pytest.mark.parametrize("delay", [0, 576, 4095])
@pytest.mark.parametrize("padding", [0, 528, 530, 4095])
def test_what_an_encoder_added_at_both_ends_is_not_counted(delay: int, padding: int) -> None:
    check_same(set_delays(write("mp3"), delay, padding))


@pytest.mark.parametrize("name", ["mp3", "flac"])
def test_a_tag_before_the_audio_is_stepped_over(name: str) -> None:
    check_same(id3() + write(name))


@pytest.mark.parametrize("tags", [ID3V1, ape(), ape() + ID3V1])
def test_tags_behind_an_mp3_are_no_audio(tags: bytes) -> None:
    check_same(write("mp3") + tags)


def test_two_mp3s_in_one_file_are_counted_both() -> None:
    check_same(write("mp3", write_xing="0", id3v2_version="0") * 2)


def test_the_shipped_recordings_measure_the_same(call: Path, talk: Path) -> None:
    check_same(call.read_bytes())
    check_same(talk.read_bytes())
    check_same((VORBIS / "talk.vorbis.ogg").read_bytes())


def test_vorbis_is_counted_by_its_blocks() -> None:
    """FFmpeg's timestamps of it jump wherever long blocks change to short ones, as if something were missing there."""
    data = (VORBIS / "blocks.vorbis.ogg").read_bytes()
    assert (probe(Audio.of(data)).duration, probe(Audio.of(data)).is_continuous) == (8.0, True)


@pytest.mark.parametrize("frame_duration", ["2.5", "60", "120"])
def test_opus_is_counted_whatever_the_length_of_its_packets(frame_duration: str) -> None:
    check_same(write("ogg", rate=48_000, frame_duration=frame_duration))


def test_opus_whose_packets_go_on_on_the_next_page_is_counted() -> None:
    pages = OggPages(BytesContent(write("ogg", rate=48_000, frame_duration="120", page_duration="120000")))
    file = io.BytesIO()
    writer = PageWriter(file)
    for page in map(pages.read, range(len(pages))):
        is_split = page.lengths[0] == 255
        if is_split:
            writer.write(page.select(0, 1))
        rest = replace(page.select(1, None), is_continued=True, is_last=page.is_last)
        writer.write(rest if is_split else page)
    assert file.getvalue().count(b"OggS\0\1") > 5
    check_same(file.getvalue())


def test_a_recording_of_several_blocks_is_counted_to_its_end() -> None:
    mp3, flac = write("mp3", write_xing="0", id3v2_version="0"), encode(Audio.of(make_noise(2.0)), "flac")
    for data in (mp3 * 40, flac.open_reader().read()):
        assert len(data) > 3 * 256 * 1024
        check_same(data)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[: len(data) * 6 // 10],
    "cut by a byte": lambda data: data[:-1],
    "with a hole": lambda data: data[: len(data) // 2] + data[len(data) * 6 // 10 :],
    "with zeros": lambda data: data[: len(data) // 2] + bytes(20_000) + data[len(data) // 2 + 20_000 :],
    "twice": lambda data: data * 2,
    "followed by junk": lambda data: data + b"junk" * 1000,
    "without its beginning": lambda data: data[:4] + data[len(data) // 4 :],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["mp3", "flac", "ogg"])
def test_what_is_damaged_or_unusual_is_left_to_ffmpeg(name: str, damage: Callable[[bytes], bytes]) -> None:
    data = damage(write(name, rate=48_000 if name == "ogg" else 8000, seconds=20.0))
    assert probe_plain(Audio.of(data)) is None


@pytest.mark.parametrize("damage", sorted(DAMAGE.keys() - {"without its beginning"}))
def test_an_m4a_is_what_its_index_says(damage: str) -> None:
    data = DAMAGE[damage](write("m4a", seconds=20.0))
    plain = probe_plain(Audio.of(data))
    assert plain is None or plain == probe_packets(Audio.of(data))


@pytest.mark.parametrize("options", [{"use_editlist": "0"}, {"movflags": "frag_keyframe+empty_moov"}])
def test_an_m4a_of_another_kind_measures_the_same(options: dict[str, str]) -> None:
    data = write("m4a", **options)
    assert probe(Audio.of(data)) == probe_packets(Audio.of(data))
    assert (probe_plain(Audio.of(data)) is None) == ("movflags" in options)


def test_half_the_sample_rate_of_an_m4a_is_not_believed() -> None:
    """What doubles it may be in the packets."""
    assert probe_plain(Audio.of(write("m4a", rate=24_000))) is None


def test_a_table_of_an_m4a_that_ends_within_a_number_is_left_to_ffmpeg() -> None:
    data = bytearray(write("m4a"))
    at = data.index(b"stsz") - 4
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") - 1).to_bytes(4, "big")
    assert probe_plain(Audio.of(bytes(data))) is None


def test_an_opus_header_without_a_number_of_channels_is_left_to_ffmpeg() -> None:
    content = FileContent.write_temporary(lambda file: PageWriter(file).write(OggPage.hold([b"OpusHead"])))
    assert probe_plain(Audio.of(content)) is None


@pytest.mark.parametrize("at", range(40))
def test_a_forged_index_of_an_m4a_is_left_to_ffmpeg(at: int) -> None:
    data = bytearray(write("m4a"))
    start = data.index(b"moov")
    rng = random.Random(at)
    for _ in range(20):
        data[rng.randrange(start, len(data))] = rng.choice((0, 1, 255))
    plain = probe_plain(Audio.of(bytes(data)))
    assert plain is None or plain.duration <= 4.0


def test_a_flac_whose_last_frame_is_damaged_is_left_to_ffmpeg() -> None:
    data = bytearray(write("flac"))
    data[-20] ^= 1
    assert probe_plain(Audio.of(bytes(data))) is None


def test_an_mp3_that_counts_other_frames_than_it_has_is_left_to_ffmpeg() -> None:
    data = bytearray(write("mp3"))
    at = data.index(b"Info") + 8
    data[at : at + 4] = (200).to_bytes(4, "big")
    assert probe_plain(Audio.of(bytes(data))) is None
    assert probe(Audio.of(bytes(data))).warnings


@pytest.mark.parametrize("name", ["mp3", "flac", "wav"])
def test_a_file_that_is_cut_short_is_refused_as_ever(recording, name: str) -> None:
    data = recording(name)
    with pytest.raises(InvalidAudio, match="cut short"):
        probe(Audio.of(data[: len(data) // 2]))


def test_another_track_than_the_only_one_is_refused(recording) -> None:
    with pytest.raises(InvalidAudio, match="no audio track 1"):
        probe(Audio.of(recording("wav")).select_track(1))


@pytest.mark.parametrize("name", ["mp3", "flac", "wav"])
def test_what_is_too_long_is_refused(recording, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MAX_SECONDS", 4.0)
    with pytest.raises(AudioTooLarge):
        probe(Audio.of(recording(name)))


@pytest.mark.parametrize("name", ["mp3", "ogg"])
def test_a_file_that_has_not_changed_is_not_read_again(recording, tmp_path: Path, name: str, monkeypatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(recording(name))
    os.utime(path, (1, 1))
    first = probe(Audio.of(path))
    with monkeypatch.context() as patch:
        patch.setattr("audio_core.media.probing._probe", None)
        assert probe(Audio.of(path)) == probe(Audio.of(path, start=1.0)) == first
    path.write_bytes(write("mp3", seconds=1.0))
    os.utime(path, (1, 1))
    assert probe(Audio.of(path)) == probe_packets(Audio.of(path)) != first


SEND = """
import gc, re, sys
from pathlib import Path
from audio_core import Audio, AudioClient
from audio_core.integration import ChatMessage

def read_memory(field):
    return int(re.search(field + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

client = AudioClient("openrouter", model="m", api_key="k", base_url=sys.argv[1])
client.chat([ChatMessage("user", ("hello",))], {})
for path in sys.argv[2:]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = read_memory("VmRSS")
    client.chat([ChatMessage("user", ("What is said?", Audio.of(path)))], {})
    print(read_memory("VmHWM") - before)
assert "av" not in sys.modules
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of memory")
def test_sending_what_a_gateway_takes_loads_no_decoder_and_holds_little(
    gateway: ScriptedGateway, tmp_path: Path, talk: Path
) -> None:
    noise, mp3 = make_noise(25.0), write("mp3", write_xing="0", id3v2_version="0")
    recordings = {"a.wav": noise, "b.mp3": mp3 * (len(noise) // len(mp3)), "c.flac": encode(Audio.of(noise), "flac")}
    recordings |= {"d.m4a": write("m4a")}
    paths = [tmp_path / name for name in recordings]
    for path, data in zip(paths, recordings.values(), strict=True):
        path.write_bytes(data if isinstance(data, bytes) else data.open_reader().read())
    assert min(path.stat().st_size for path in paths[:3]) > 9_000_000
    with ScriptedGateway() as gateway:
        command = [sys.executable, "-c", SEND, gateway.base_url, *paths, talk]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert [len(request.body) > 12_000_000 for request in gateway.requests] == [
            False,
            True,
            True,
            True,
            False,
            False,
        ]
    assert max(map(float, run.stdout.split())) < 4.0
