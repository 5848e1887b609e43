"""A transcript as a page: all of it is there, none of it can run, and it names no folder."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audio_core import AudioEvent, InvalidOption, Segment, Transcript, Word
from audio_core.transcript.page.waveform import Waveform

WORDS = (Word(0.5, 0.8, "good", confidence=0.9), Word(0.9, 1.4, "day", confidence=0.2))
TALK = Transcript(
    "Good day, sir. Well?",
    (Segment(0.5, 1.5, "Good day, sir.", "Ann"), Segment(2.0, 3.25, "Well?", "Bob")),
    language="en",
    duration=4.0,
    source="file:///home/ann/private/the%20talk.mp3",
)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<!-- \u2028 \u2029 --> ]]> \\u003c $title ${body} {policy}",
    "</title></style><svg onload=alert(1)>",
)


def read_data(page: str) -> dict[str, list[float]]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def list_spoken(page: str) -> list[str]:
    return [
        html.unescape(text) for text in re.findall(r"<i[^>]*>(.*?)</i>", page.split('<div class="dock"', maxsplit=1)[0])
    ]


def test_each_word_has_its_time_and_keeps_its_punctuation() -> None:
    words = (*WORDS, Word(1.41, 1.5, "sir"))
    page = replace(TALK, segments=(replace(TALK.segments[0], words=words), TALK.segments[1])).to_html()
    assert list_spoken(page) == ["Good", "day,", "sir.", "Well?"]
    assert read_data(page)["words"] == [0.5, 0.8, 0.9, 1.4, 1.41, 1.5, 2.0, 3.25]
    assert read_data(page)["segments"] == [0.5, 1.5, 2.0, 3.25]


@pytest.mark.parametrize(
    "segment",
    [
        Segment(
            0, 1, "Straße  naïve ﬁn.", words=(Word(0, 0.2, "STRASSE"), Word(0.2, 0.5, "naïve"), Word(0.5, 1, "ﬁn"))
        ),
        Segment(0, 1, "早上好", words=(Word(0, 0.3, "早"), Word(0.3, 0.6, "上"), Word(0.6, 1, "好"))),
        Segment(0, 1, "  three  words here ", words=(Word(0, 1, "others"),)),
        Segment(0, 1, "", words=()),
        Segment(0, 1, "   "),
    ],
    ids=["folded", "without spaces", "other words", "empty", "blank"],
)
def test_every_text_is_whole_and_each_part_of_it_has_two_times(segment: Segment) -> None:
    page = Transcript(segment.text, (segment,)).to_html()
    (text,) = re.findall(r'<span class="text" dir="auto">(.*?)</span>', page)
    assert html.unescape(re.sub(r"<[^>]+>", "", text)).split() == segment.text.split()
    assert len(read_data(page)["words"]) == 2 * len(list_spoken(page))


def test_a_time_is_a_link_to_the_millisecond() -> None:
    page = Transcript("", (Segment(-0.001, 1, "a"), Segment(7200.123, 7201, "b"))).to_html()
    assert re.findall(r'href="#t=([^"]*)">([^<]*)', page) == [("0", "00:00"), ("7200.123", "2:00:00")]


def test_what_a_reader_must_know_is_marked() -> None:
    segments = (
        Segment(0.0, 1.0, "good day", words=WORDS),
        Segment(1.0, 2.0, "about then", is_estimated=True, confidence=0.31),
        Segment(2.0, 9.0, "[not transcribed: 00:02-00:09]", is_gap=True),
        Segment(9.0, 9.5, "what", alignment_score=0.1),
    )
    events = (AudioEvent(1.5, 1.7, "(laughter)"),)
    page = Transcript("", segments, events=events, warnings=("The times are <estimated>.",)).to_html()
    assert '<i class="unsure" title="confidence 20%">day</i>' in page
    assert 'class="segment estimated unsure"' in page
    assert 'aria-label="00:01, estimated time, confidence 31%"' in page
    assert 'class="segment gap"' in page
    assert "the text is probably not what is said" in page
    assert "1 note about this transcript" in page
    assert "The times are &lt;estimated&gt;." in page
    assert list_spoken(page)[2:5] == ["about then", "(laughter)", "[not transcribed: 00:02-00:09]"]


def test_turns_change_with_the_speaker_and_not_with_a_gap_or_an_event() -> None:
    segments = (
        Segment(0, 1, "a", "Ann"),
        Segment(1, 2, "[...]", is_gap=True),
        Segment(3, 4, "b", "Ann"),
        Segment(4, 5, "c", "Bob"),
    )
    page = Transcript("", segments, events=(AudioEvent(2, 3, "(music)"),)).to_html()
    assert re.findall(r'<h2><span class="speaker (s\d)">(\w+)', page) == [("s0", "Ann"), ("s1", "Bob")]
    assert re.findall(r"speaker s\d\">(\w+)</span> (\d+%)", page) == [("Ann", "67%"), ("Bob", "33%")]


def list_elements(page: str) -> list[tuple[str, list[str]]]:
    """Return each tag of a page with the names of its attributes, as a browser reads them."""
    elements = list[tuple[str, list[str]]]()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: elements.append((tag, [name for name, _ in attrs]))
    parser.feed(page)
    return elements


def write_page(text: str) -> str:
    segments = (Segment(0, 1, text, text, (Word(0, 1, text, confidence=0.1),)), Segment(1, 2, text, text))
    transcript = Transcript(text, segments, text, model=text, warnings=(text,), events=(AudioEvent(0, 1, text),))
    return transcript.to_html(text, title=text)


def test_a_turn_that_goes_on_in_the_next_block_is_not_announced_again() -> None:
    segments = [Segment(n, n + 1, str(n), "Ann" if n < 90 else "Bob") for n in range(100)]
    page = Transcript("", tuple(segments)).to_html()
    assert page.count('<div class="block">') == 3
    assert re.findall(r"<h2>.*?(\w+)</span>", page) == ["Ann", "Bob"]
    assert list_spoken(page) == [str(n) for n in range(100)]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_place(text: str) -> None:
    elements = [(tag, [name for name in names if name != "lang"]) for tag, names in list_elements(write_page("x y"))]
    assert list_elements(write_page(text)) == [("html", ["lang"]), *elements[1:]]


def test_the_policy_allows_its_own_script_and_style_and_nothing_else() -> None:
    page = TALK.to_html()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in html.unescape(policy).split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["style-src"])
    assert rules["media-src"] == "'self' file: blob:"
    assert " style=" not in page.split("</style>")[1].split("<script")[0]
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


@pytest.mark.parametrize(
    ("audio", "url", "source"),
    [
        (None, "the%20talk.mp3", "'self' file:"),
        ("a #1?100%.mp3", "a%20%231%3F100%25.mp3", "'self' file:"),
        (Path("talks/a: b.mp3"), "talks/a%3A%20b.mp3", "'self' file:"),
        ("https://user:pass@host:8/a.mp3?x=1&y=2", "https://user:pass@host:8/a.mp3?x=1&amp;y=2", "https://host:8"),
        ("file:///talks/a.mp3", "file:///talks/a.mp3", "file:"),
        ("data:audio/mpeg;base64,AAAA", "data:audio/mpeg;base64,AAAA", "data:"),
    ],
)
def test_the_sound_is_where_it_was_said(audio: str | Path | None, url: str, source: str) -> None:
    page = TALK.to_html(audio)
    assert f'src="{url}"' in page
    assert f"media-src {source} blob:;" in html.unescape(page)
    assert "private" not in page


@pytest.mark.parametrize(
    "audio",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "ftp://host/a.mp3",
        "https://",
        "https://[bad/a.mp3",
        "https://a b;script-src *//",
        "C:\\a",
    ],
)
def test_sound_that_no_page_can_find_is_refused(audio: str) -> None:
    with pytest.raises(InvalidOption, match="give a path relative to the page"):
        TALK.to_html(audio)


def test_a_page_without_a_recording_shows_its_text() -> None:
    page = Transcript("Only <text>.").to_html()
    assert "<audio" not in page
    assert "Only &lt;text&gt;." in page
    assert "<title>Transcript</title>" in page
    assert "media-src 'none'" in html.unescape(page)


def test_the_waveform_is_drawn_over_its_own_time() -> None:
    data = read_data(TALK.to_html(waveform=Waveform((0.0, 0.5, 1.0), 60.0, 90.0), audio_start=60.0))
    assert data["peaks"] == [0, 128, 255]
    assert (data["start"], data["end"], data["peaksEnd"], data["soundStart"]) == (60.0, 90.0, 90.0, 60.0)


def test_the_same_transcript_is_the_same_page_and_a_long_one_stays_small() -> None:
    words = tuple(Word(n / 3, n / 3 + 0.3, "word") for n in range(20_000))
    segments = tuple(Segment(n / 3, n / 3 + 4, "word " * 12, words=words[n : n + 12]) for n in range(0, 20_000, 12))
    long = Transcript("", segments)
    assert long.to_html() == long.to_html()
    assert len(long.to_html()) < 1_200_000


def test_half_a_character_does_not_stop_a_page_from_being_written(tmp_path: Path) -> None:
    Transcript("\ud83d", (Segment(0, 1, "a \ud83d b"),)).save(tmp_path / "a.html")
    assert "a ? b" in (tmp_path / "a.html").read_text(encoding="utf-8")
