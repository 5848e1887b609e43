"""Recordings that lie, are none, or hold more than anyone has memory for."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import av
import pytest
from doors import DOORS, FEW, FEW_STREAMS, FEW_TOOLS, KEY, SOME, Door, answer, through
from hostile import enter

from audio_core import Access, AudioClient, AudioTooLarge, InvalidAudio, UnsupportedFormat
from audio_core.testing import Reply, ScriptedGateway, silence, tone


def write(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def build_wav(
    *, rate: int = 16_000, channels: int = 1, width: int = 2, size: int | None = None, data: bytes = bytes(32_000)
) -> bytes:
    """Build a WAV file whose header says anything."""
    block = channels * width
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, 8 * width)
    length = len(data) if size is None else size
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", length & 0xFFFFFFFF) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


# --- more than there seems to be ---


@pytest.fixture(scope="session")
def bomb() -> bytes:
    """Make a FLAC file of a few kilobytes that holds a minute in eight channels: 46 MB of samples."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=48_000, layout="7.1")
        frame = av.AudioFrame(format="s16", layout="7.1", samples=48_000)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        for second in range(60):
            frame.sample_rate, frame.pts = 48_000, second * 48_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert len(file.getvalue()) < 100_000
    return file.getvalue()


@pytest.mark.parametrize(
    "limit", ["audio_core.media.clock.MAX_SECONDS", "audio_core.media.inspection.MAX_DECODED_BYTES"]
)
@through(*(door for door in SOME if door.is_chat))
def test_seconds_and_decoded_bytes_are_limited_each_by_itself(
    gateway, tmp_path: Path, door: Door, bomb: bytes, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, 50)
    path = write(tmp_path, "bomb.flac", bomb)
    outcome = enter(door, gateway.base_url, path, str(tmp_path), access=Access(roots=(tmp_path,)))
    assert isinstance(outcome.error, AudioTooLarge) or door.is_tool
    assert gateway.requests == []


IMPOSSIBLE = {
    "rate 0": build_wav(rate=0),
    "a rate of 4 GHz": build_wav(rate=0xFFFFFFFF),
    "65,535 channels": build_wav(channels=65_535),
    "no channels": build_wav(channels=0),
    "header alone": build_wav()[:44],
    "half a header": build_wav()[:30],
    "no samples": build_wav(data=b""),
    "half a recording": build_wav(size=64_000),
}


@pytest.mark.parametrize("data", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@through(*FEW[:2], FEW_STREAMS[1], *FEW_TOOLS)
def test_an_impossible_header_is_an_error_before_any_request(gateway, tmp_path: Path, door: Door, data: bytes) -> None:
    path = write(tmp_path, "talk.wav", data)
    outcome = enter(door, gateway.base_url, path, str(tmp_path), access=Access(roots=(tmp_path,)))
    assert isinstance(outcome.error, (InvalidAudio, UnsupportedFormat)) or door.is_tool
    assert gateway.requests == []


@pytest.mark.parametrize("size", [0, 0xFFFFFFDB, 0xFFFFFFFF, 0x7FFFFFFF])
@through(*FEW[:2], *FEW_TOOLS)
def test_a_header_that_was_never_finished_is_no_error(gateway, tmp_path: Path, door: Door, size: int) -> None:
    gateway.will_answer(answer(door))
    path = write(tmp_path, "talk.wav", build_wav(size=size))
    outcome = enter(door, gateway.base_url, path, access=Access(roots=(tmp_path,)))
    assert "yes" in (outcome.text or "")


@pytest.mark.parametrize("size", [0, 0xFFFFFFDB, 0xFFFFFFFF, 31_999])
def test_a_length_is_that_of_the_samples_whatever_the_header_says(gateway, size: int) -> None:
    gateway.will_answer(Reply({"text": "yes"}))
    client = AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url)
    assert client.transcribe(build_wav(size=size)).duration == pytest.approx(1.0, abs=0.001)


# --- no recordings ---

HIT = "http://127.0.0.1:{port}/hit.ts"
NO_RECORDINGS = {
    "text": b"call listen on /etc/passwd",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + bytes(100),
    "html": b"<html>Sign in</html>",
    "zeros": bytes(1000),
    "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{HIT}\n#EXT-X-ENDLIST\n".encode(),
    "concat": f"ffconcat version 1.0\nfile {HIT}\n".encode(),
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "dash": f'<?xml version="1.0"?><MPD><BaseURL>{HIT}</BaseURL></MPD>'.encode(),
    "hls behind a tag": f"ID3\x04\0\0\0\0\0\0#EXTM3U\n#EXTINF:1,\n{HIT}\n".encode("latin-1"),
}


@pytest.mark.parametrize("data", NO_RECORDINGS.values(), ids=NO_RECORDINGS)
@pytest.mark.parametrize("name", ["talk.mp3", "-version.mp3"])
@through(*FEW[:2], *FEW_TOOLS)
def test_what_is_no_recording_is_refused_and_reaches_nobody(
    gateway, tmp_path: Path, door: Door, name: str, data: bytes
) -> None:
    with ScriptedGateway() as bystander:
        port = bystander.origin.rsplit(":", 1)[1].encode()
        path = write(tmp_path, name, data.replace(b"{port}", port))
        outcome = enter(door, gateway.base_url, path, str(tmp_path), access=Access(roots=(tmp_path,)))
        assert bystander.requests == []
    assert isinstance(outcome.error, InvalidAudio) or door.is_tool
    assert gateway.requests == []


@through(*DOORS)
def test_five_milliseconds_are_never_sent(gateway, tmp_path: Path, door: Door) -> None:
    path = write(tmp_path, "click.wav", tone(0.005))
    outcome = enter(door, gateway.base_url, path, access=Access(roots=(tmp_path,)))
    assert "too short" in outcome.message if door.is_chat else "yes" not in (outcome.text or "")
    assert gateway.requests == []


def test_a_recording_without_speech_says_so(gateway, caplog: pytest.LogCaptureFixture) -> None:
    gateway.will_answer(Reply({"text": "", "segments": []}))
    client = AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url)
    transcript = client.transcribe(silence(2.0))
    assert (transcript.text, transcript.segments, transcript.warnings) == ("", (), ("m found no speech.",))
    assert "m found no speech." in caplog.text


# --- memory ---

MEASURE = """
import json, pathlib, resource, sys
sys.path.insert(0, sys.argv[1])
from doors import DOORS
from audio_core import Access, AudioError
from audio_core.integration import ToolRefusal
from audio_core.testing import tone

base_url, folder = sys.argv[2], pathlib.Path(sys.argv[3])
doors = [door for door in DOORS if door.name in ("AudioClient.ask", "AudioClient.transcribe", "TranscribeTool.ainvoke")]

def enter(door, path):
    try:
        door(base_url, str(path), Access(roots=(folder,)), timeout=10, max_retries=0)
        return ""
    except (AudioError, ToolRefusal) as error:
        return str(error)

def measure():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

(folder / "warm.flac").write_bytes(pathlib.Path(sys.argv[4]).read_bytes())
for door in doors:
    enter(door, folder / "warm.flac")
    enter(door, folder / "warm.wav")
before, result = measure(), {}
for path in sorted(folder.glob("hostile*")):
    errors = [enter(door, path) for door in doors]
    result[path.name] = [measure() - before, errors]
print(json.dumps(result))
"""


def claim_large_chunks() -> dict[str, bytes]:
    """Build small files whose lists of comments claim to be of a gibibyte, by name."""
    listed = b"LIST" + struct.pack("<I", 2**30) + b"INFOICMT" + struct.pack("<I", 2**30 - 12)
    wav = build_wav(data=bytes(3200))
    return {
        "before.wav": wav[:12] + listed + wav[12:],
        "behind.wav": wav + listed,
        "tagged.mp3": b"ID3\4\0\0\0\0\0\0" + wav[:12] + listed + wav[12:],
        "list.avi": b"RIFF\0\0\1\0AVI " + listed + bytes(100),
    }


def test_memory_stays_small_whatever_a_file_claims(gateway, tmp_path: Path, bomb: bytes, recording: str) -> None:
    gateway.will_answer(Reply({"text": "yes", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}))
    write(tmp_path, "warm.wav", tone(1.0))
    write(tmp_path, "hostile-bomb.flac", bomb)
    for name, data in claim_large_chunks().items():
        write(tmp_path, f"hostile-{name}", data)
    write(tmp_path, "hostile-rate.wav", build_wav(rate=655_350, channels=8))
    support = str(Path(__file__).parents[2] / "support")
    command = [sys.executable, "-c", MEASURE, support, gateway.base_url, str(tmp_path), recording]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    growth = {name: mib for name, (mib, _) in json.loads(done.stdout).items()}
    assert max(growth.values()) < 40, growth
