"""What was stored may come back as any JSON: a typed error or a right value comes of it, and nothing else."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from any_json import ANY_JSON, Mutation, list_wrong_fields, mutate, replace_at
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import AudioError, Segment, Transcript, Usage, Word
from audio_core.integration import (
    ChunkSize,
    Cut,
    Passage,
    chunk_passages,
    format_citation,
    get_clip_url,
    restore_passages,
)
from audio_core.transcript.timeline import Timeline
from audio_core.transcript.usage import parse_usage

TEXT = "good day sir"
WORDS = (Word(10.0, 10.4, "good"), Word(10.5, 11.0, "day"))
METADATA = {
    "source": "file:///talks/a.mp3",
    "start": 10.0,
    "end": 12.0,
    "clip": "file:///talks/a.mp3#t=10,12",
    "speaker": "Ann",
    "language": "en",
    "sha256": "ab",
    "timeline": Timeline.build(
        [Segment(10.0, 11.0, "good day", words=WORDS), Segment(11.5, 12.0, "sir")],
    ).encode(10.0),
}


def change_metadata(name: str, value: Any) -> Mutation:
    return Mutation({**METADATA, name: value}, (name,))


@given(mutate(METADATA).filter(lambda mutation: mutation.path), st.sampled_from([TEXT, "day", " ", ""]))
@example(change_metadata("timeline", 5), TEXT)
@example(change_metadata("timeline", "_" * 5000), TEXT)
@example(change_metadata("timeline", "A" * 5000), TEXT)
@example(change_metadata("segment", []), TEXT)
@example(change_metadata("speaker", []), TEXT)
@example(change_metadata("start", "soon"), TEXT)
@example(change_metadata("end", 1e308), TEXT)
@example(change_metadata("source", "\ud83d"), TEXT)
def test_odd_metadata_of_a_passage_cost_one_entry(mutation: Mutation, text: str) -> None:
    passage = Passage("1", text, mutation.reply)
    for use in (
        lambda: list(chunk_passages([passage], ChunkSize(1, unit="seconds"))),
        lambda: list(chunk_passages([passage, passage], ChunkSize(100))),
        lambda: list(restore_passages([Cut(passage, 4)])),
        lambda: list(restore_passages([Cut(passage, 0), Cut(passage, 10**6)])),
    ):
        with contextlib.suppress(AudioError):
            for result in use():
                assert result is passage or 0 <= result.metadata["start"] <= result.metadata["end"]
    with contextlib.suppress(AudioError):
        assert format_citation(mutation.reply, link=True)
        assert get_clip_url(mutation.reply, padding=2.0) != ""


@pytest.mark.parametrize("timeline", [5, "", None])
def test_without_a_timeline_the_passage_is_one_segment(timeline: object) -> None:
    passage = Passage("1", TEXT, {**METADATA, "timeline": timeline})
    (chunk,) = chunk_passages([passage], ChunkSize(100))
    assert (chunk.text, chunk.metadata["start"], chunk.metadata["end"]) == (TEXT, 10.0, 12.0)


USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 3,
    "prompt_tokens_details": {"audio_tokens": 9, "cached_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 1},
    "seconds": 2.5,
    "cost": 0.01,
}
USAGE_PLACES = {
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "input_audio_tokens": ("prompt_tokens_details", "audio_tokens"),
    "input_cached_tokens": ("prompt_tokens_details", "cached_tokens"),
    "output_reasoning_tokens": ("completion_tokens_details", "reasoning_tokens"),
    "output_audio_tokens": ("completion_tokens_details", "audio_tokens"),
    "audio_seconds": ("seconds",),
    "cost": ("cost",),
}


@given(mutate(USAGE))
@example(Mutation(replace_at(USAGE, ("cost",), {"upstream": 0.1}), ("cost",)))
@example(Mutation(replace_at(USAGE, ("prompt_tokens_details", "audio_tokens"), 2.5), ("prompt_tokens_details",)))
def test_an_odd_place_in_usage_costs_that_place_alone(mutation: Mutation) -> None:
    usage, whole = parse_usage(mutation.reply), parse_usage(USAGE)
    assert list_wrong_fields(usage or Usage()) == []
    for name, place in USAGE_PLACES.items():
        assert mutation.touches(*place) or getattr(usage, name) == getattr(whole, name)


@given(ANY_JSON)
def test_any_json_is_usage_or_none(value: Any) -> None:
    usage = parse_usage(value)
    assert usage is None or (list_wrong_fields(usage) == [] and usage != Usage())


TRANSCRIPT = Transcript(
    "good day",
    (Segment(0.0, 1.0, "good day", "Ann", (Word(0.0, 0.4, "good"), Word(0.5, 1.0, "day", confidence=0.5)), 0.9),),
    "en",
    2.0,
    usage=Usage(1, 2, cost=0.1),
)
STORED = json.loads(TRANSCRIPT.to_json())


@given(mutate(STORED))
@example(Mutation(replace_at(STORED, ("segments", 0, "start"), float("nan")), ()))
def test_a_stored_transcript_is_as_it_was_or_refused(mutation: Mutation) -> None:
    try:
        transcript = Transcript.from_json(json.dumps(mutation.reply))
    except ValueError:
        return
    assert list_wrong_fields(transcript) == []
    if mutation.touches("segments"):
        return
    assert replace(transcript, segments=TRANSCRIPT.segments).segments == transcript.segments


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_any_text_is_a_stored_transcript_or_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a transcript"):
        Transcript.from_json(text)
