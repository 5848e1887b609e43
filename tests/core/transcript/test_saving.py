"""What a transcript is saved as, and how it shows itself."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import Segment, Speech, Transcript, UnsupportedFormat, Usage, Word

TALK = Transcript(
    "good day good night",
    (Segment(0.0, 1.0, "good day", "Ann"), Segment(2.0, 3.0, "good <night>", "Bob"), Segment(4.0, 5.0, "hm")),
    language="en",
    duration=5.0,
    source="file:///home/ann/private/talk.mp3",
    usage=Usage(cost=0.5),
)


@pytest.mark.parametrize(
    ("suffix", "render"),
    [
        ("srt", Transcript.to_srt),
        ("vtt", Transcript.to_vtt),
        ("TXT", Transcript.to_text),
        ("json", Transcript.to_json),
        ("html", Transcript.to_html),
    ],
)
def test_it_is_saved_as_the_suffix_says(tmp_path: Path, suffix: str, render) -> None:
    path = tmp_path / f"talk.{suffix}"
    path.write_text("what was there before, and is longer than the transcript" * 50)
    TALK.save(path)
    assert path.read_text(encoding="utf-8") == render(TALK)
    TALK.save(str(path))


def test_another_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"\.srt, \.vtt, \.txt, \.json or \.html, not as 'talk\.docx'"):
        TALK.save(tmp_path / "talk.docx")
    assert list(tmp_path.iterdir()) == []


def test_it_becomes_a_dict_of_plain_values_and_comes_back() -> None:
    fields = TALK.to_dict()
    assert json.loads(json.dumps(fields)) == fields
    assert Transcript.from_dict(fields) == TALK
    for wrong in ({}, {"text": "a"}, {"text": object(), "segments": [], "usage": None}):
        with pytest.raises(ValueError, match="not a transcript"):
            Transcript.from_dict(wrong)


def test_it_lists_its_segments_and_speakers() -> None:
    assert list(TALK) == list(TALK.segments)
    assert TALK.speakers == ("Ann", "Bob")
    assert Transcript("").speakers == ()
    assert Transcript("")  # one without segments is a transcript too


def test_its_repr_is_short_and_shows_no_path() -> None:
    long = replace(TALK, text="word " * 10_000, segments=TALK.segments * 1000)
    assert len(repr(long)) < 150
    assert "3000 segments" in repr(long)
    assert "5.0 s, en" in repr(long)
    assert "private" not in repr(long)
    word = Word(0.0, 1.0, "a")
    assert repr(Segment(0.5, 1.0, "a", "Ann", words=(word,) * 9)) == "Segment(0.5, 1, 'a', speaker='Ann', words=<9>)"
    assert repr(Segment(0.0, 1.0, "", is_gap=True)) == "Segment(0, 1, '', is_gap=True)"


def test_a_notebook_shows_a_table_that_cannot_run_code() -> None:
    html = TALK._repr_html_()
    assert html.count("<tr>") == 3
    assert "good &lt;night&gt;" in html
    assert "<td><b>Ann</b></td>" in html
    assert "<p>00:05 · en</p>" in html
    assert "private" not in html
    assert "<script" not in html
    assert replace(TALK, segments=TALK.segments * 100)._repr_html_().count("<tr>") == 101


def test_a_notebook_shows_what_a_reader_must_know() -> None:
    segments = (Segment(1.0, 2.5, "a < b", is_estimated=True), Segment(3.0, 9.0, "[not transcribed]", is_gap=True))
    html = Transcript("", segments, warnings=("Times are <estimated>.",))._repr_html_()
    assert "<tr><td>≈ 00:01–00:02</td><td>a &lt; b</td></tr>" in html
    assert "<em>[not transcribed]</em>" in html
    assert html.endswith("<p>Times are &lt;estimated&gt;.</p></div>")


def test_a_notebook_shows_a_segment_and_plays_speech() -> None:
    segment = Segment(1.0, 2.5, "<img onerror=x>", "<Ann>")
    assert "<td><b>&lt;Ann&gt;</b></td><td>&lt;img onerror=x&gt;</td>" in segment._repr_html_()
    html = Speech(bytes(4800), "pcm16", "<Hello>", sample_rate=24_000, segments=(segment,))._repr_html_()
    assert html.startswith('<div>&lt;Hello&gt;<br><audio controls preload="none" src="data:audio/wav;base64,UklGR')
    assert "&lt;img onerror=x&gt;" in html
    assert Speech(bytes(3 * 2**20), "pcm16", "Long.", sample_rate=24_000)._repr_html_() == "<div>Long.</div>"
    assert Speech(b"", "mp3", "Nothing.")._repr_html_() == "<div>Nothing.</div>"
