"""The faster-whisper engine with real weights: words, times, options, every kind of recording, both frameworks."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jiwer import process_words
from sounds import RATE, silence, to_wav

from audio_core import Audio, AudioClient, InvalidAudio, InvalidOption, Transcript, TranscriptStore
from audio_core.media.decode import decode
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

FAST = {"beam_size": 1}
GREETING = "this is the city library"


def read_samples(audio: Audio, rate: int = RATE) -> np.ndarray:
    return np.frombuffer(b"".join(decode(audio, rate=rate)), "<i2") / 32768


# --- words and their times ---


def test_words_are_right_and_their_times_true(heard: Transcript, truth: list[tuple[str, float, float]]) -> None:
    words = [word for segment in heard.segments for word in segment.words]
    spoken, written = (
        [normalize(each) for each in texts] for texts in ([t[0] for t in truth], [w.text for w in words])
    )
    result = process_words(" ".join(spoken), " ".join(written))
    assert result.wer < 0.15  # numbers are written in digits; PocketSphinx has 0.14 without that
    errors = [
        abs(words[chunk.hyp_start_idx + offset].start - truth[chunk.ref_start_idx + offset][1])
        for chunk in result.alignments[0]
        if chunk.type == "equal"
        for offset in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    assert statistics.median(errors) < 0.15
    assert sorted(errors)[int(len(errors) * 0.95)] < 0.5


def normalize(word: str) -> str:
    return word.casefold().strip(".,?!$") or "-"


def test_the_times_of_a_clip_are_those_of_the_recording(tiny: str, call: Path, heard: Transcript) -> None:
    clip = AudioClient(model=tiny).transcribe(f"{call}#t=14,26", words=True, extra=FAST)
    first = clip.segments[0].words[0]
    same = min((word for each in heard.segments for word in each.words), key=lambda word: abs(word.start - first.start))
    assert abs(first.start - same.start) < 0.5
    assert all(14.0 <= segment.start <= segment.end <= 26.5 for segment in clip.segments)


def test_telephone_sound_is_understood(tiny: str, call: Path) -> None:
    pcm = b"".join(decode(Audio.of(call, end=5.0), rate=8000))
    heard = AudioClient(model=tiny).transcribe(Audio.of(pcm, format="pcm16", sample_rate=8000), extra=FAST)
    assert GREETING in heard.text.casefold()


def test_each_channel_of_a_stereo_recording_is_a_speaker(tiny: str, call: Path) -> None:
    agent = read_samples(Audio.of(call, end=5.0))
    stereo = np.stack([np.concatenate([agent, silence(5.0)]), np.concatenate([silence(5.0), agent])], axis=1)
    heard = AudioClient(model=tiny).transcribe(to_wav(stereo), channels="separate", extra=FAST)
    assert len(heard.speakers) == 2
    assert heard.text.casefold().count(GREETING) == 2


def test_a_long_recording_is_cut_and_no_word_is_lost(tiny: str, talk: Path) -> None:
    heard = AudioClient(model=tiny).transcribe(f"{talk}#t=0,75", extra=FAST)
    spoken = normalize_text((talk.with_suffix(".txt")).read_text())
    written = normalize_text(heard.text)
    assert process_words(" ".join(spoken[: len(written)]), " ".join(written)).wer < 0.2
    assert heard.segments[-1].end > 70.0


def normalize_text(text: str) -> list[str]:
    return [normalize(word) for word in text.replace("-", " ").split() if normalize(word) != "-"]


def test_a_recording_that_is_cut_short_is_an_error(tiny: str, call: Path) -> None:
    with pytest.raises(InvalidAudio, match="is cut short"):
        AudioClient(model=tiny).transcribe(call.read_bytes()[:100_000], extra=FAST)


# --- options ---


@pytest.mark.parametrize(
    "extra",
    [
        {"device": "cpu", "compute_type": "int8"},
        {"batch_size": 2},
        {"vad_filter": True, "vad_parameters": {"threshold": 0.4}},
        {"hotwords": "City Library", "condition_on_previous_text": False},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_options_are_followed_and_times_stay_true(
    tiny: str, call: Path, extra: dict[str, Any], truth: list[tuple[str, float, float]]
) -> None:
    heard = AudioClient(model=tiny).transcribe(f"{call}#t=0,15", words=True, extra=FAST | extra)
    assert GREETING in heard.text.casefold()
    words = [word for segment in heard.segments for word in segment.words]
    for text in ("library", "gardens"):
        true_start = next(start for word, start, _ in truth if word == text)
        assert abs(next(word.start for word in words if normalize(word.text) == text) - true_start) < 0.5


def test_keywords_are_expected(tiny: str, call: Path) -> None:
    plain, told = (
        AudioClient(model=tiny).transcribe(f"{call}#t=0,4.5", keywords=keywords, extra=FAST).text
        for keywords in ([], ["Citty Librarry"])
    )
    assert "City" in plain
    assert "Citty" in told


def test_silence_is_no_error_for_any_way_to_run(tiny: str) -> None:
    for extra in ({"batch_size": 2}, {"vad_filter": True}):
        assert AudioClient(model=tiny).transcribe(to_wav(silence(2.0)), extra=extra).text == ""


def test_a_model_of_many_languages_detects_one_or_chooses_among_those_that_are_named(base: str, call: Path) -> None:
    clip = f"{call}#t=0,4.5"
    client = AudioClient(model=base)
    assert client.transcribe(clip, extra=FAST).language == "en"
    heard = client.transcribe(clip, language=["de", "en"], extra=FAST)
    assert (heard.language, GREETING in heard.text.casefold()) == ("en", True)


def test_a_translation_is_english(base: str, call: Path) -> None:
    heard = AudioClient(model=base).transcribe(f"{call}#t=0,4.5", language="de", extra={**FAST, "task": "translate"})
    assert (heard.language, GREETING in heard.text.casefold()) == ("en", True)


def test_what_the_weights_cannot_do_is_refused(tiny: str, base: str, call: Path) -> None:
    for model, options, says in (
        (tiny, {"language": "de"}, r"does not know language='de'. It knows English only"),
        (tiny, {"language": ["en", "de"]}, r"does not know language='de'"),
        (base, {"language": "xx"}, r"does not know language='xx'. It knows .*cy, da, de"),
        (tiny, {"extra": {"task": "translate"}}, "knows English only"),
        (
            tiny,
            {"extra": {"compute_type": "float16"}},
            "compute_type='float16' is not accepted on this machine: .*'int8'",
        ),
        (tiny, {"extra": {"device": "cuda"}}, "finds no CUDA device"),
    ):
        with pytest.raises(InvalidOption, match=says):
            AudioClient(model=model).transcribe(f"{call}#t=0,2", **options)


# --- wherever it runs ---


def test_both_frameworks_have_the_same_documents(tiny: str, call: Path) -> None:
    clip = Audio.of(call, end=9.0)
    (first, *_), (node, *_) = (
        AudioLoader(clip, model=tiny, extra=FAST).load(),
        AudioReader(model=tiny, extra=FAST).load_data(clip),
    )
    assert GREETING in first.page_content.casefold()
    assert first.page_content == node.text
    assert first.metadata["start"] == node.metadata["start"]
    assert first.metadata["model"] == f"faster-whisper:{Path(tiny).name}"  # not where it lies


def test_threads_and_event_loops_share_one_model(tiny: str, call: Path) -> None:
    clip = f"{call}#t=0,4.5"

    def listen(index: int) -> str:
        client = AudioClient(model=tiny)
        if index % 2:
            return asyncio.run(client.atranscribe(clip, extra=FAST)).text
        return client.transcribe(clip, extra=FAST).text

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(listen, range(4)))) == 1


def test_an_event_loop_goes_on_meanwhile(tiny: str, call: Path) -> None:
    async def count_ticks() -> int:
        task = asyncio.create_task(AudioClient(model=tiny).atranscribe(f"{call}#t=0,20", extra=FAST))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return ticks

    assert asyncio.run(count_ticks()) > 10


def test_a_job_that_was_stopped_goes_on_with_the_next_piece(tiny: str, talk: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(progress) -> None:
        if progress.done > 0:
            raise Stop

    store, clip = TranscriptStore(tmp_path / "jobs.sqlite"), f"{talk}#t=0,70"
    client = AudioClient(model=tiny, store=store)
    with pytest.raises(Stop):
        client.transcribe(clip, extra=FAST, progress=stop)
    done: list[float] = []
    client.transcribe(clip, extra=FAST, progress=lambda progress: done.append(progress.done))
    began = time.process_time()
    again = client.transcribe(clip, extra=FAST)
    assert again.segments[-1].end > 65.0
    assert time.process_time() - began < 5.0


LISTEN = """
import os, sys
from audio_core import AudioClient
client = AudioClient(model=sys.argv[1])
def listen(seconds):
    return client.transcribe(f"{sys.argv[2]}#t=0,{seconds}", extra={"beam_size": 1}).text
"""
BE_INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process that runs in the background ignores it
listen(2)
print("ready", flush=True)
listen(200)
"""
FORK = """
heard = listen(3)
if not os.fork():
    print(listen(3) == heard, flush=True)
    os._exit(0)
os.wait()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LISTEN + program, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_ctrl_c_ends_it(tiny: str, talk: Path) -> None:
    with start(BE_INTERRUPTED, tiny, talk) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "KeyboardInterrupt" in errors


def test_a_forked_process_loads_a_model_of_its_own(tiny: str, call: Path) -> None:
    with start(FORK, tiny, call) as run:
        output, errors = run.communicate(timeout=300)
    assert output == "True\n", errors
