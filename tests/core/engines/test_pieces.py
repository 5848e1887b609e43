"""Long recordings in this process: cut, transcribed side by side, kept piece by piece, and shown in progress."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, MissingDependency, Progress, Segment, Transcript
from audio_core.engines import cores
from audio_core.errors import AudioError, ProviderUnavailable
from audio_core.media.decode import decode
from audio_core.testing import tone
from audio_core.wire.transcription import TranscriptionOptions
from langchain_audio import AudioLoader

SECONDS = 50.0


@dataclass
class Recogniser:
    """An engine that says how long each piece is. It fails for the pieces (by number) in `failing`."""

    model: str = "lengths"
    label: str = "lengths"
    longest_piece: float = 10.0
    max_concurrency: int = 2
    failing: dict[int, AudioError] = field(default_factory=dict)
    calls: int = 0
    running: int = 0
    most: int = 0
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        with self.lock:
            number, self.calls = self.calls, self.calls + 1
            self.running += 1
            self.most = max(self.most, self.running)
        if number < 2 and self.max_concurrency == 2:
            self.together.wait(60)  # the first two are there at the same time
        with self.lock:
            self.running -= 1
        if number in self.failing:
            raise self.failing[number]
        seconds = len(b"".join(decode(audio, rate=16_000))) / 32_000
        return Transcript("words", (Segment(0.0, seconds, f"{seconds:.0f}"),), provider="local", duration=seconds)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Recogniser:
    engine = Recogniser()
    monkeypatch.setattr("audio_core.client.transcribing.find_engine", lambda *_: engine)
    monkeypatch.setattr("audio_core.client.client.count_cores", lambda: 2)
    return engine


async def transcribe(client: AudioClient, is_async: bool, **options) -> Transcript:
    source = Audio.of(tone(SECONDS))
    return await client.atranscribe(source, **options) if is_async else client.transcribe(source, **options)


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_long_recording_is_cut_and_each_piece_is_shown(engine: Recogniser, is_async: bool) -> None:
    reports: list[Progress] = []
    transcript = await transcribe(AudioClient(), is_async, progress=reports.append)
    assert engine.calls > SECONDS / engine.longest_piece
    assert engine.most == 2
    assert len(reports) == engine.calls + 2
    assert reports[-1].done == reports[-1].total == pytest.approx(SECONDS)
    assert 0 < reports[1].done < SECONDS
    assert transcript.segments[-1].end == pytest.approx(SECONDS, abs=0.1)
    assert all(a.end <= b.start + 1e-6 for a, b in zip(transcript.segments, transcript.segments[1:], strict=False))


def test_a_short_recording_is_transcribed_as_it_is(engine: Recogniser) -> None:
    engine.max_concurrency = 1
    AudioClient().transcribe(tone(9.0))
    assert engine.calls == 1


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_is_finished_is_kept_piece_by_piece(engine: Recogniser, tmp_path: Path, is_async: bool) -> None:
    engine.failing = {3: ProviderUnavailable("the process was killed")}
    client = AudioClient(store=tmp_path / "store.sqlite", max_concurrency=2)
    incomplete = await transcribe(client, is_async, gaps="mark")
    assert [segment.is_gap for segment in incomplete.segments].count(True) == 1
    before, engine.failing = engine.calls, {}
    whole = await transcribe(client, is_async)
    assert engine.calls == before + 1  # only what was missing
    assert not any(segment.is_gap for segment in whole.segments)
    assert await transcribe(client, is_async) == whole
    assert engine.calls == before + 1


def test_an_engine_that_is_not_installed_is_asked_no_further(engine: Recogniser) -> None:
    engine.failing = dict.fromkeys(range(100), MissingDependency("pip install"))
    engine.longest_piece = 2.0
    with pytest.raises(MissingDependency):
        AudioClient().transcribe(tone(SECONDS))
    assert engine.calls <= 4


def test_the_callers_own_limit_counts_too(engine: Recogniser) -> None:
    engine.together = threading.Barrier(1)
    AudioClient(max_concurrency=1).transcribe(tone(SECONDS))
    assert engine.most == 1


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_bar_ends_full_though_a_recording_failed(
    engine: Recogniser, tmp_path: Path, capsys: pytest.CaptureFixture[str], is_async: bool
) -> None:
    engine.max_concurrency = 1
    for name in ("a.wav", "c.wav"):
        (tmp_path / name).write_bytes(tone(15.0))
    (tmp_path / "b.wav").write_bytes(tone(15.0)[:-40_000])  # cut short
    (tmp_path / "d.wav").write_bytes(b"RIFF")
    loader = AudioLoader(tmp_path, on_error="collect", show_progress=True)
    documents = await loader.aload() if is_async else loader.load()
    assert documents
    assert len(loader.failures) == 2
    last = capsys.readouterr().err.split("\r")[-1]
    assert "100%" in last
    assert "4/4 recordings" in last


def test_the_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 5, 7}, raising=False)
    assert cores.count_cores() == 3
