"""The engine that needs no key and no download."""

import json
import re
import statistics
import sys
from itertools import pairwise
from pathlib import Path

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, MissingDependency, Word
from audio_core.engines import decoders, find_engine
from audio_core.engines.pocketsphinx import PocketSphinx, group_by_pause, split_utterances
from audio_core.media.decode import decode, encode
from audio_core.testing import silence, tone
from audio_core.wire.transcription import TranscriptionOptions

WORDS = TranscriptionOptions(words=True)
RATE = 16_000


def truth(recording: Path) -> list[list]:
    return [word for segment in json.loads(recording.with_suffix(".json").read_text()) for word in segment["words"]]


def test_the_call_is_heard_and_every_word_has_its_time(call: Path) -> None:
    found = PocketSphinx().transcribe(Audio.of(call), WORDS)
    spoken, heard = truth(call), [word for segment in found.segments for word in segment.words]
    measured = jiwer.process_words(" ".join(word[0] for word in spoken), " ".join(word.text for word in heard))
    assert measured.wer < 0.2
    pairs = [
        (spoken[a], heard[b])
        for chunk in measured.alignments[0]
        if chunk.type == "equal"
        for a, b in zip(
            range(chunk.ref_start_idx, chunk.ref_end_idx), range(chunk.hyp_start_idx, chunk.hyp_end_idx), strict=True
        )
    ]
    errors = sorted(
        abs(difference) for (_, start, end), word in pairs for difference in (start - word.start, end - word.end)
    )
    assert statistics.median(errors) < 0.05
    assert errors[int(len(errors) * 0.95)] < 0.2
    assert found.duration == pytest.approx(53.57, abs=0.05)


def test_segments_are_in_order_apart_and_cut_at_pauses(call: Path) -> None:
    found = PocketSphinx().transcribe(Audio.of(call), WORDS)
    assert len(found.segments) == 11
    for before, after in pairwise(found.segments):
        assert before.start < before.end <= after.start
    assert all(0 <= segment.confidence <= 1 for segment in found.segments)


def test_the_same_recording_gives_the_same_words_whatever_came_before(call: Path, talk: Path, decoding_anew) -> None:
    audio = Audio.of(call, start=15, end=19)
    first = PocketSphinx().transcribe(audio, WORDS)
    PocketSphinx().transcribe(Audio.of(talk, end=4), WORDS)
    assert PocketSphinx().transcribe(audio, WORDS) == first


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "m4a", "ogg"])
def test_any_format_is_heard(call: Path, name: str) -> None:
    clip = Audio.of(encode(Audio.of(call, start=15.5, end=19.5), name, rate=44_100).open_reader())
    text = PocketSphinx().transcribe(clip, WORDS).text
    assert "card" in text or "number" in text


@pytest.mark.parametrize("wav", [silence(3.0), tone(3.0), silence(0.001)], ids=["silence", "tone", "a moment"])
def test_where_nobody_speaks_little_is_heard(wav: bytes) -> None:
    found = PocketSphinx().transcribe(Audio.of(wav), WORDS)
    assert len(found.text.split()) <= 3


def test_words_are_given_only_if_they_are_wanted(call: Path) -> None:
    found = PocketSphinx().transcribe(Audio.of(call, end=5), TranscriptionOptions())
    assert all(segment.words == () for segment in found.segments)


def test_text_holds_no_marks_of_the_decoder(talk: Path) -> None:
    found = PocketSphinx().transcribe(Audio.of(talk, end=6), WORDS)
    assert re.fullmatch(r"[a-z' .-]+", found.text)


def test_speech_without_a_pause_is_cut_at_a_quiet_moment_and_nothing_is_lost() -> None:
    loud = b"".join(decode(Audio.of(tone(70.0, hertz=200)), rate=RATE))
    pieces = list(split_utterances([loud]))
    assert all(len(piece) <= 30.1 * RATE * 2 for _, piece in pieces)
    for (start, piece), (following, _) in pairwise(pieces):
        assert start + len(piece) / RATE / 2 == pytest.approx(following)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=30))
def test_pauses_part_words_and_lose_none(spans: list[tuple[float, float]]) -> None:
    words, at = [], 0.0
    for number, (pause, length) in enumerate(spans):
        words.append(Word(at + pause, at + pause + length, str(number)))
        at += pause + length
    groups = list(group_by_pause(words))
    assert [word for group in groups for word in group] == words
    assert all(b[0].start - a[-1].end >= 0.3 for a, b in pairwise(groups))


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch, call: Path) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.setattr(decoders, "_idle_decoders", [])
    with pytest.raises(MissingDependency, match=r"pip install 'langchain-llamaindex-audio\[local\]'"):
        find_engine(None).transcribe(Audio.of(call, end=1), WORDS)
