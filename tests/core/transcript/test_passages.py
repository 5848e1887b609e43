"""Transcripts as passages for retrieval."""

from dataclasses import replace

from audio_core import Segment, Transcript
from audio_core.transcript.passages import split_passages
from audio_core.transcript.timeline import Timeline

TALK = Transcript(
    "one two",
    (Segment(0.5, 4.0, "one", "Ann"), Segment(4.5, 9.0, "two")),
    language="en",
    duration=10.0,
    model="m",
    provider="p",
    source="file:///talks/a.mp3",
    sha256="abc",
)


def test_metadata_is_flat_and_leaves_out_what_is_not_known() -> None:
    first, second = split_passages(TALK)
    assert first.metadata == {
        "source": "file:///talks/a.mp3",
        "start": 0.5,
        "end": 4.0,
        "clip": "file:///talks/a.mp3#t=0.5,4",
        "segment": 0,
        "speaker": "Ann",
        "language": "en",
        "duration": 10.0,
        "model": "m",
        "provider": "p",
        "sha256": "abc",
        "timeline": Timeline.build(TALK.segments[:1]).encode(0.5),
    }
    assert "speaker" not in second.metadata


def test_bytes_have_no_clip() -> None:
    (only,) = split_passages(Transcript("hi", (Segment(0.0, 1.0, "hi"),)))
    assert only.metadata == {"start": 0.0, "end": 1.0, "segment": 0, "timeline": "oAfSWbrt"}


def test_the_callers_metadata_is_kept_but_does_not_replace_the_recordings() -> None:
    first, _ = split_passages(TALK, metadata={"case": 7, "source": "blob-1", "start": 99})
    assert (first.metadata["case"], first.metadata["source"], first.metadata["start"]) == (
        7,
        "file:///talks/a.mp3",
        0.5,
    )


def test_windows_and_files() -> None:
    (window,) = split_passages(TALK, granularity="window", window_seconds=30)
    (file,) = split_passages(TALK, granularity="file")
    assert (window.text, window.metadata["start"], window.metadata["end"]) == ("one two", 0.5, 9.0)
    assert (file.text, file.metadata["clip"]) == ("one two", "file:///talks/a.mp3#t=0.5,9")


def test_ids_are_stable_and_tell_passages_recordings_and_models_apart() -> None:
    ids = [passage.id for passage in split_passages(TALK)]
    assert ids == [passage.id for passage in split_passages(TALK, metadata={"case": 8})]
    others = [
        Transcript(TALK.text, TALK.segments, model="m2", provider="p", sha256="abc"),
        Transcript(TALK.text, TALK.segments, sha256="def"),
    ]
    assert len({*ids, *(passage.id for other in others for passage in split_passages(other))}) == 6


def test_ids_do_not_depend_on_the_text_or_the_bytes() -> None:
    again = replace(TALK, segments=(replace(TALK.segments[0], text="other"), TALK.segments[1]), sha256="def")
    assert [passage.id for passage in split_passages(TALK)] == [passage.id for passage in split_passages(again)]


def test_ids_tell_equal_files_apart_and_passages_of_the_same_stretch() -> None:
    twin = replace(TALK, source="file:///talks/twin.mp3")
    both_at_once = replace(TALK, segments=(TALK.segments[0], replace(TALK.segments[0], speaker="Bob")))
    passages = [passage for talk in (TALK, twin) for passage in split_passages(talk)]
    assert len({passage.id for passage in passages}) == 4
    assert len({passage.id for passage in split_passages(both_at_once)}) == 2


def test_bytes_are_identified_by_their_digest() -> None:
    first, second = (replace(TALK, source=None, sha256=digest) for digest in ("abc", "def"))
    ids = [next(split_passages(talk, metadata={"source": "upload"})).id for talk in (first, second)]
    assert ids[0] != ids[1]


def test_the_score_of_an_alignment_is_in_the_metadata() -> None:
    segments = (Segment(0.0, 1.0, "four", alignment_score=0.9), Segment(1.0, 2.0, "more", alignment_score=0.5))
    (window,) = split_passages(Transcript("four more", segments), granularity="window")
    assert window.metadata["alignment_score"] == 0.7
    (plain,) = split_passages(Transcript("four", (Segment(0.0, 1.0, "four"),)))
    assert "alignment_score" not in plain.metadata
    assert Transcript.from_json(Transcript("four more", segments).to_json()).segments == segments
