"""Transcription requests, and responses of every format."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import (
    PROVIDERS,
    AudioEvent,
    IncompleteResponse,
    InvalidOption,
    ProviderError,
    ProviderUnavailable,
    Segment,
    Transcript,
    Usage,
    Word,
)
from audio_core.audio.content import BytesContent
from audio_core.http.body import Body
from audio_core.testing import Recorded
from audio_core.wire.transcription import TranscriptionOptions, encode_json_request, encode_multipart_request
from audio_core.wire.transcription_response import parse_transcript

OPENAI, OPENROUTER = PROVIDERS["openai"], PROVIDERS["openrouter"]
JSON = {"content-type": "application/json"}
SRT = "1\n00:00:00,000 --> 00:00:01,250\nHello there.\n\n2\n00:00:01,250 --> 00:01:02,500\nGrüß dich.\n\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:01.250\n<v Ann>Hello there.</v>\n\n00:01.250 --> 01:02.500\nA &lt; B\n"


def parse(reply: object, duration: float | None = None, content_type: str = "application/json") -> Transcript:
    body = reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()
    return parse_transcript(body, {"content-type": content_type}, provider="p", model="asked", duration=duration)


def read_body(body: Body) -> Recorded:
    data = b"".join(body.iterate_pieces(16))
    assert len(data) == body.length
    return Recorded("POST", "/", {"content-type": body.content_type}, data)


def test_a_form_names_the_file_by_its_true_format_and_repeats_lists() -> None:
    options = TranscriptionOptions(
        "en", "names", words=True, temperature=0.0, extra={"allowed_providers": ["a", "b"], "eu_native": True}
    )
    sent = read_body(encode_multipart_request("whisper", BytesContent(b"RIFF..."), 'my "talk"', "mp3", options, OPENAI))
    assert sent.form == {
        "model": ["whisper"],
        "response_format": ["verbose_json"],
        "language": ["en"],
        "prompt": ["names"],
        "temperature": ["0.0"],
        "timestamp_granularities[]": ["segment", "word"],
        "allowed_providers[]": ["a", "b"],
        "eu_native": ["true"],
    }
    file = sent.parts[-1]
    assert (file.name, file.filename, file.content_type, file.content) == (
        "file",
        "my %22talk%22.mp3",
        "audio/mpeg",
        b"RIFF...",
    )


def test_a_json_request_carries_base64_and_format() -> None:
    sent = read_body(
        encode_json_request("m", BytesContent(b"abc"), "ogg", TranscriptionOptions(diarize=True), OPENROUTER)
    )
    assert sent.json == {
        "model": "m",
        "response_format": "verbose_json",
        "diarize": True,
        "input_audio": {"data": "YWJj", "format": "ogg"},
    }


def test_several_languages_and_keywords_are_sent_where_the_gateway_has_fields_for_them() -> None:
    options = TranscriptionOptions.check(language=["en", "de"], keywords=["Köln", "GmbH"])
    options.check_support(OPENAI)
    form = read_body(encode_multipart_request("gpt-transcribe", BytesContent(b""), "a", "mp3", options, OPENAI)).form
    assert (form["languages[]"], form["keywords[]"], "language" in form) == (["en", "de"], ["Köln", "GmbH"], False)
    terms = TranscriptionOptions.check(keywords=["Köln"])
    terms.check_support(OPENROUTER)
    assert read_body(encode_json_request("m", BytesContent(b""), "mp3", terms, OPENROUTER)).json["keyterms"] == ["Köln"]


def test_a_list_of_one_language_is_that_language() -> None:
    options = TranscriptionOptions.check(language=["en"])
    options.check_support(PROVIDERS["cortecs"])
    assert options == TranscriptionOptions(language="en")
    assert options.build_fields("m", PROVIDERS["cortecs"])["language"] == "en"


def test_a_single_text_is_no_list_of_keywords() -> None:
    with pytest.raises(
        InvalidOption, match="keywords='Köln' is not accepted: it should be a valid list, a valid tuple"
    ):
        TranscriptionOptions.check(keywords="Köln")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"language": ["en", "de"]}, "cortecs takes one language, not several: en, de."),
        ({"keywords": ["Köln"]}, "cortecs has no field for keywords. Name them in prompt=..."),
    ],
)
def test_a_gateway_without_such_a_field_is_not_asked(wrong: dict[str, list[str]], says: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape(says)):
        TranscriptionOptions.build(wrong).check_support(PROVIDERS["cortecs"])


def test_the_language_that_was_detected_is_the_first_of_several() -> None:
    assert parse({"text": "hi", "languages": [{"code": "en"}, {"code": "de"}]}).language == "en"
    assert parse({"text": "hi", "languages": []}).language is None


def test_openai_verbose_json() -> None:
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": 3.32,
        "text": " The beach",
        "tokens": [1],
        "avg_logprob": -0.286,
    }
    transcript = parse(
        {
            "task": "transcribe",
            "language": "english",
            "duration": 8.47,
            "text": " The beach",
            "segments": [segment],
            "words": [{"word": "The", "start": 0.0, "end": 0.24}, {"word": "beach", "start": 0.3, "end": 0.9}],
            "usage": {"type": "duration", "seconds": 9},
        }
    )
    assert transcript.text == "The beach"
    assert transcript.segments[0].words == (Word(0.0, 0.24, "The"), Word(0.3, 0.9, "beach"))
    assert transcript.segments[0].confidence == pytest.approx(0.7513, abs=1e-3)
    assert (transcript.language, transcript.duration, transcript.usage, transcript.model) == (
        "english",
        8.47,
        Usage(audio_seconds=9.0),
        "asked",
    )


def test_openai_diarized_json() -> None:
    segment = {
        "type": "transcript.text.segment",
        "id": "seg_1",
        "start": 0.0,
        "end": 4.7,
        "text": "Hi",
        "speaker": "agent",
    }
    assert parse({"duration": 27.4, "text": "agent: Hi", "segments": [segment]}).segments == (
        Segment(0.0, 4.7, "Hi", "agent"),
    )


def test_openrouter() -> None:
    transcript = parse(
        {
            "text": "Hi there",
            "segments": [{"id": 0, "start": 0, "end": 2, "text": "Hi there", "speaker": 0, "speaker_label": "Ann"}],
            "words": [{"word": "Hi", "start": 0, "end": 0.5, "speaker": 0}],
            "usage": {"seconds": 2.0, "cost": 0.0001, "input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
        }
    )
    assert transcript.segments[0].speaker == "Ann"
    assert transcript.segments[0].words[0].speaker == "Ann"  # words have the number alone
    assert transcript.usage == Usage(5, 2, audio_seconds=2.0, cost=0.0001)


def test_cortecs_without_segments_is_a_text_without_segments() -> None:
    reply = {
        "id": "1",
        "provider": "x",
        "model": "w",
        "text": "Hi",
        "segments": None,
        "usage": {"audio_duration_seconds": 9.5},
    }
    transcript = parse(reply, duration=9.5)
    assert (transcript.text, transcript.segments) == ("Hi", ())
    assert (transcript.model, transcript.usage) == ("w", Usage(audio_seconds=9.5))


def test_mistral_with_times_left_out() -> None:
    segments = [{"type": "transcription_segment", "text": "Hi", "start": None, "end": None, "speaker_id": "s1"}]
    transcript = parse(
        {"model": "v", "text": "Hi", "language": None, "segments": segments, "usage": {"prompt_audio_seconds": 3}}, 3.0
    )
    assert (transcript.text, transcript.segments) == ("Hi", ())
    assert transcript.usage == Usage(audio_seconds=3.0)


def test_together_keeps_speakers_apart_from_segments() -> None:
    speaker_segments = [
        {
            "id": 0,
            "speaker_id": "SPEAKER_00",
            "start": 0.0,
            "end": 1.0,
            "text": "Hi",
            "words": [{"word": "Hi", "start": 0, "end": 1}],
        }
    ]
    transcript = parse(
        {
            "text": "Hi",
            "segments": [{"id": 0, "start": 0, "end": 1, "text": "Hi"}],
            "speaker_segments": speaker_segments,
        }
    )
    assert transcript.segments == (Segment(0.0, 1.0, "Hi", "SPEAKER_00", (Word(0.0, 1.0, "Hi", "SPEAKER_00"),)),)


def test_vllm_writes_seconds_as_text() -> None:
    transcript = parse(
        {
            "duration": "12.3",
            "language": "en",
            "text": "Hi",
            "segments": [{"start": "0.0", "end": "12.3", "text": "Hi", "no_speech_prob": None}],
        }
    )
    assert (transcript.duration, transcript.segments) == (12.3, (Segment(0.0, 12.3, "Hi"),))


def test_deepinfra_counts_milliseconds_and_calls_a_word_text() -> None:
    transcript = parse({"text": "Hi", "words": [{"text": "Hi", "start": 0.1, "end": 0.4}], "input_length_ms": 1500})
    assert transcript.duration == 1.5
    assert transcript.segments == (Segment(0.1, 0.4, "Hi", words=(Word(0.1, 0.4, "Hi"),)),)


def test_litellm_pads_with_nulls() -> None:
    segment = {"id": None, "seek": None, "start": 0.0, "end": 1.0, "text": "Hi", "tokens": None, "avg_logprob": None}
    assert parse({"text": "Hi", "segments": [segment], "words": None}).segments == (Segment(0.0, 1.0, "Hi"),)


@pytest.mark.parametrize(("text", "kind"), [(SRT, "application/x-subrip"), (VTT, "text/vtt")])
def test_subtitles_are_parsed_with_their_times(text: str, kind: str) -> None:
    for transcript in (parse(text, content_type=kind), parse({"text": text, "usage": None})):
        assert [(s.start, s.end) for s in transcript.segments] == [(0.0, 1.25), (1.25, 62.5)]
        assert transcript.segments[0].text == "Hello there."
    if "WEBVTT" in text:
        assert [s.speaker for s in transcript.segments] == ["Ann", None]
        assert transcript.segments[1].text == "A < B"


def test_a_recording_without_speech_has_no_segments() -> None:
    assert parse({"text": " ", "segments": []}).segments == ()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"error": {"message": "overloaded", "code": 503}}, ProviderUnavailable),
        ({"text": None}, IncompleteResponse),
        ({}, IncompleteResponse),
        ({"detail": [{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}]}, ProviderError),
        ("<html>Sign in to the airport's network</html>", IncompleteResponse),
        ("upstream connect error", IncompleteResponse),
        ("", IncompleteResponse),
        ("None", IncompleteResponse),
    ],
)
def test_an_error_never_passes_for_a_transcript(reply: object, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        parse(reply, content_type="text/html")


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 5)), max_size=20), st.integers(1, 6))
def test_no_word_is_lost_or_doubled_between_segments(spans: list[tuple[float, float]], count: int) -> None:
    words = [{"word": f"w{n}", "start": start, "end": start + length} for n, (start, length) in enumerate(spans)]
    segments = [{"start": n * 10, "end": n * 10 + 8, "text": f"s{n}"} for n in range(count)]
    transcript = parse({"text": "x", "segments": segments, "words": words})
    assigned = sorted(word.text for segment in transcript.segments for word in segment.words)
    assert assigned == sorted(word["word"] for word in words)


@pytest.mark.parametrize("odd", [None, float("nan"), "soon", {}, 10**400])
def test_a_missing_time_lies_between_its_neighbours_and_is_marked(odd: object) -> None:
    segments = [
        {"start": 0, "end": 2, "text": "one"},
        {"start": odd, "end": odd, "text": "two"},
        {"start": 5, "end": 6, "text": "three"},
    ]
    transcript = parse({"text": "one two three", "segments": segments}, duration=6.0)
    assert [(each.start, each.end, each.is_estimated) for each in transcript.segments] == [
        (0.0, 2.0, False),
        (2.0, 5.0, True),
        (5.0, 6.0, False),
    ]


def test_a_negative_time_is_the_beginning() -> None:
    (segment,) = parse({"text": "hi", "segments": [{"start": -0.3, "end": 1, "text": "hi"}]}, duration=2.0).segments
    assert (segment.start, segment.end, segment.is_estimated) == (0.0, 1.0, False)


def test_segments_are_in_order_of_time() -> None:
    times = [(30, 40), (0, 5), (5, 9)]
    segments = [{"start": start, "end": end, "text": "x"} for start, end in times]
    assert [each.start for each in parse({"text": "x", "segments": segments}, duration=40.0).segments] == [0, 5, 30]


def test_times_after_the_end_of_what_was_sent_are_clamped_and_told(caplog: pytest.LogCaptureFixture) -> None:
    segments = [{"start": 60, "end": 70, "text": "a"}, {"start": 83, "end": 99, "text": "b"}]
    first, second = parse({"text": "a b", "segments": segments}, duration=65.0).segments
    assert (first.start, first.end, first.is_estimated) == (60.0, 65.0, False)
    assert (second.start, second.end, second.is_estimated) == (65.0, 65.0, True)
    assert "it is cut there" in caplog.text


@pytest.mark.parametrize(("language", "parsed"), [(["en", "de"], "en"), ([], None), ("en", "en"), ({}, None)])
def test_of_several_languages_the_first_counts(language: object, parsed: str | None) -> None:
    assert parse({"text": "hi", "language": language}).language == parsed


def test_plain_text_where_json_was_requested_is_the_transcript() -> None:
    assert parse("hello there\n", 2.0, "text/plain; charset=utf-8").text == "hello there"
    with pytest.raises(IncompleteResponse):
        parse("<html>busy</html>", 2.0, "text/plain")


TIMED = [(0, 2, "one"), (None, None, "two"), (None, None, "four"), (5, 6, "last")]


@pytest.mark.parametrize(("name", "key"), [("segments", "text"), ("words", "word")])
def test_several_missing_times_share_the_time_between_their_neighbours(name: str, key: str) -> None:
    items = [{"start": start, "end": end, key: text} for start, end, text in TIMED]
    transcript = parse({"text": "one two four last", name: items}, duration=6.0)
    parts = transcript.segments if name == "segments" else transcript.segments[0].words
    assert [(part.start, part.end) for part in parts] == [
        (0.0, 2.0),
        (2.0, pytest.approx(2 + 3 * 3 / 7)),
        (pytest.approx(2 + 3 * 3 / 7), 5.0),
        (5.0, 6.0),
    ]
    estimated = [False, True, True, False] if name == "segments" else [True]
    assert [segment.is_estimated for segment in transcript.segments] == estimated


def test_a_word_without_times_keeps_its_place_and_marks_its_segment_alone() -> None:
    words = [{"word": "one", "start": 0, "end": 1}, {"word": "two"}, {"word": "six", "start": 3, "end": 4}]
    segments = [{"start": 0, "end": 2, "text": "one two"}, {"start": 3, "end": 4, "text": "six"}]
    first, second = parse({"text": "one two six", "segments": segments, "words": words}, duration=4.0).segments
    assert first.words == (Word(0.0, 1.0, "one"), Word(1.0, 3.0, "two"))
    assert (first.is_estimated, second.is_estimated) == (True, False)


def test_words_without_any_time_leave_the_segment_as_it_is() -> None:
    segment = {"start": 0, "end": 2, "text": "one two", "words": [{"word": "one"}, {"word": "two"}]}
    assert parse({"text": "one two", "segments": [segment]}).segments == (Segment(0.0, 2.0, "one two"),)


def test_words_are_in_order_and_within_what_was_sent() -> None:
    words = [
        {"word": "b", "start": 1, "end": 2},
        {"word": "a", "start": 0, "end": 1},
        {"word": "c", "start": 8, "end": 9},
    ]
    segments = parse({"text": "b a c", "words": words}, duration=5.0).segments
    words = [(word.text, word.start, word.end) for segment in segments for word in segment.words]
    assert words == [("a", 0, 1), ("b", 1, 2), ("c", 5, 5)]


def test_words_without_segments_become_segments_of_one_speaker() -> None:
    words = [
        {"word": "hello", "start": 0.2, "end": 0.6, "speaker": 0},
        {"word": "there", "start": 0.6, "end": 1.0, "speaker": 0},
        {"word": "hi", "start": 1.1, "end": 1.4, "speaker": 1},
    ]
    segments = parse({"text": "Hello there. Hi!", "words": words}, duration=2.0).segments
    assert [(segment.start, segment.end, segment.text, segment.speaker) for segment in segments] == [
        (0.2, 1.0, "Hello there.", "0"),
        (1.1, 1.4, "Hi!", "1"),
    ]


def test_a_reply_of_words_alone_is_read() -> None:
    transcript = parse({"words": [{"word": "hi", "start": 0.2, "end": 0.6}]}, duration=2.0)
    assert (transcript.text, transcript.segments[0].start) == ("hi", 0.2)


def test_a_segment_has_the_speaker_of_its_words_and_is_split_where_they_are_several() -> None:
    words = [
        {"word": "Yes.", "start": 0.0, "end": 0.4, "speaker_id": "a"},
        {"word": "No.", "start": 0.5, "end": 0.9, "speaker_id": "b"},
        {"word": "Oh.", "start": 2.1, "end": 2.5, "speaker_id": "b"},
    ]
    segments = [{"start": 0, "end": 1, "text": "Yes. No."}, {"start": 2, "end": 3, "text": "Oh."}]
    transcript = parse({"text": "Yes. No. Oh.", "segments": segments, "words": words}, duration=3.0)
    assert [(each.start, each.end, each.text, each.speaker) for each in transcript.segments] == [
        (0.0, 0.4, "Yes.", "a"),
        (0.5, 0.9, "No.", "b"),
        (2.0, 3.0, "Oh.", "b"),
    ]


@pytest.mark.parametrize("is_segmented", [True, False])
@pytest.mark.parametrize("kind", [{"type": "audio_event"}, {}])
def test_a_sound_is_an_event_and_no_word(kind: dict[str, str], is_segmented: bool) -> None:
    words = [
        {"word": "Well", "start": 0.0, "end": 0.4, "type": "word"},
        {"word": "(laughter)", "start": 0.5, "end": 0.9, **kind},
        {"word": "then.", "start": 1.0, "end": 1.2},
    ]
    text = "Well (laughter) then."
    segments = [{"start": 0, "end": 1.5, "text": text}] if is_segmented else None
    transcript = parse({"text": text, "words": words, "segments": segments}, duration=1.5)
    assert transcript.events == (AudioEvent(0.5, 0.9, "(laughter)"),)
    assert transcript.text == "Well then."
    assert " ".join(segment.text for segment in transcript.segments) == "Well then."
    assert [word.text for segment in transcript.segments for word in segment.words] == ["Well", "then."]


def test_a_recording_of_sounds_alone_has_no_segment() -> None:
    words = [{"word": "(applause)", "start": 0.0, "end": 4.0, "type": "audio_event"}]
    transcript = parse({"text": "(applause)", "words": words}, duration=4.0)
    assert (transcript.text, transcript.segments) == ("", ())
    assert [event.text for event in transcript.events] == ["(applause)"]


@pytest.mark.parametrize("confidence", [5, -1, "high", True])
def test_a_confidence_that_is_none_costs_the_confidence(confidence: object) -> None:
    segment = {"start": 0, "end": 1, "text": "hi", "confidence": confidence}
    assert parse({"text": "hi", "segments": [segment]}).segments == (Segment(0.0, 1.0, "hi"),)


@pytest.mark.parametrize("text", [None, "", 5])
def test_without_a_text_that_of_the_segments_counts(text: object) -> None:
    segments = [{"start": 0, "end": 1, "text": "good"}, {"start": 1, "end": 2, "words": [{"word": "day"}]}]
    transcript = parse({"text": text, "segments": segments})
    assert (transcript.text, [segment.text for segment in transcript.segments]) == ("good day", ["good", "day"])


def test_a_null_does_not_hide_another_name_of_the_field() -> None:
    segment = {"start": 0, "end": 1, "text": "hi", "speaker_label": None, "speaker": "Ann"}
    assert parse({"text": "hi", "segments": [segment]}).segments[0].speaker == "Ann"


@pytest.mark.parametrize(
    ("fields", "confidence"),
    [
        ({"confidence": 0}, 0.0),
        ({"confidence": 1}, 1.0),
        ({"confidence": "0.5"}, 0.5),
        ({"confidence": 0.5, "avg_logprob": -0.1}, 0.5),
        ({"avg_logprob": 0.3}, 1.0),
        ({"avg_logprob": 0.0}, 1.0),
    ],
)
def test_a_confidence_is_a_probability(fields: dict[str, object], confidence: float) -> None:
    segment = {"start": 0, "end": 1, "text": "hi", **fields}
    assert parse({"text": "hi", "segments": [segment]}).segments[0].confidence == confidence


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [
        (4.0, 6.0, (4.0, 6.0, False)),  # a second late: models often are
        (4.0, 6.01, (4.0, 5.0, False)),
        (4.99, 7.0, (4.99, 5.0, False)),
        (5.0, 7.0, (5.0, 5.0, True)),
        (5.5, 6.0, (5.5, 6.0, False)),
        (3.0, 2.0, (3.0, 3.0, False)),
        (1e9, 2.0, (0.0, 2.0, True)),
        (None, 2.0, (0.0, 2.0, True)),
        (2.0, None, (2.0, 5.0, True)),
    ],
)
def test_times_are_put_in_order_and_before_the_end(
    start: object, end: object, times: tuple, caplog: pytest.LogCaptureFixture
) -> None:
    (segment,) = parse({"text": "hi", "segments": [{"start": start, "end": end, "text": "hi"}]}, duration=5.0).segments
    assert (segment.start, segment.end, segment.is_estimated) == times
    assert ("it is cut there" in caplog.text) is (times[1] == 5.0 and end is not None)


def test_without_a_length_the_last_time_that_is_known_is_the_end() -> None:
    segments = [{"start": 7, "end": 8, "text": "b"}, {"start": 1, "end": None, "text": "cc"}, {"text": "d"}]
    parsed = parse({"text": "b cc d", "segments": segments}).segments
    assert [(each.text, each.start, each.end) for each in parsed] == [
        ("cc", 1.0, pytest.approx(1 + 7 * 2 / 3)),
        ("d", pytest.approx(1 + 7 * 2 / 3), 8.0),
        ("b", 7.0, 8.0),
    ]


def test_a_word_goes_to_the_segment_that_holds_its_middle_or_to_the_nearest() -> None:
    times = [("a", 0.0, 0.5), ("b", 1.8, 2.6), ("c", 2.5, 2.9), ("d", 3.3, 3.6), ("e", 3.9, 4.3), ("f", 6.0, 6.2)]
    words = [{"word": text, "start": start, "end": end} for text, start, end in times]
    segments = [{"start": 1, "end": 2, "text": "a b c"}, {"start": 4, "end": 5, "text": "d e f"}]
    first, second = parse({"text": "a b c d e f", "segments": segments, "words": words}, duration=7.0).segments
    assert [word.text for word in first.words] == ["a", "b", "c"]
    assert [word.text for word in second.words] == ["d", "e", "f"]


@pytest.mark.parametrize("segments", [[], [{"start": 0, "end": 4, "text": "one two six"}]])
def test_words_with_a_start_or_an_end_alone_get_the_other_and_lie_within_the_recording(segments: list) -> None:
    words = [{"word": "one", "end": 1}, {"word": "two", "start": 2}, {"word": "six", "start": 3}]
    late = {"word": "end", "start": 8, "end": 9}
    parsed = parse({"text": "one two six end", "segments": segments, "words": [*words, late]}, 4.0).segments
    timed = [word for segment in parsed for word in segment.words]
    assert [(word.start, word.text) for word in timed] == [(0.56, "one"), (2, "two"), (3, "six"), (4, "end")]
    assert [word.end for word in timed] == [1, 2.44, 3.44, 4]  # about as long as such words last
    assert parsed[0].is_estimated


def test_words_of_the_segments_count_before_those_of_the_response() -> None:
    segments = [{"start": 0, "end": 1, "text": "hi", "words": [{"word": "hi", "start": 0.2, "end": 0.4}]}]
    words = [{"word": "ho", "start": 0.1, "end": 0.5}]
    (segment,) = parse({"text": "hi", "segments": segments, "words": words}, duration=1.0).segments
    assert segment.words == (Word(0.2, 0.4, "hi"),)


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [(1, 2, (1.0, 2.0)), (1, None, (1.0, 1.0)), (3, 2, (3.0, 3.0)), (4, 9, (4.0, 5.0)), (8, 9, (5.0, 5.0))],
)
def test_a_sound_lies_within_the_recording(start: float, end: float | None, times: tuple[float, float]) -> None:
    words = [{"word": " (cough) ", "start": start, "end": end}, {"word": "(no time)"}, {"word": "hi", "start": 0}]
    (event,) = parse({"text": "hi", "words": words}, duration=5.0).events
    assert (event.start, event.end, event.text) == (*times, "(cough)")


def test_a_sound_is_removed_from_the_segment_in_which_it_lies() -> None:
    times = [(0, 2), (2.5, 4), (6, 8)]
    segments = [{"start": start, "end": end, "text": f"[bell] {start}"} for start, end in times]
    words = [{"word": "[bell]", "start": start, "end": start + 0.5} for start in (2, 6)]
    transcript = parse({"text": "x", "segments": segments, "words": words}, duration=9.0)
    assert [segment.text for segment in transcript.segments] == ["0", "[bell] 2.5", "6"]


@pytest.mark.parametrize(
    ("reply", "duration"),
    [
        ({"duration": 3}, 3.0),
        ({"duration": -1, "input_length_ms": 2500}, 2.5),
        ({"input_length_ms": 0}, None),
        ({}, None),
    ],
)
def test_without_a_measured_length_that_of_the_gateway_counts(reply: dict[str, object], duration: float | None) -> None:
    assert parse({"text": "hi", **reply}).duration == duration
    assert parse({"text": "hi", **reply}, duration=9.0).duration == 9.0


@pytest.mark.parametrize("body", ["grüß dich", '{"text": "grüß dich"}', '"grüß dich"'])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_a_reply_is_in_the_charset_that_it_states(body: str, charset: str) -> None:
    headers = {"content-type": f"{'text/plain' if body.startswith('g') else 'application/json'}; charset={charset}"}
    assert parse_transcript(body.encode(charset), headers, provider="p", model="m").text == "grüß dich"


@pytest.mark.parametrize("charset", ["iso-8859-1", "nonsense", "hex", ""])
def test_a_charset_that_is_wrong_costs_nothing(charset: str) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    assert parse_transcript("grüß dich".encode(), headers, provider="p", model="m").text == "grüß dich"


def test_subtitles_of_silence_are_empty() -> None:
    assert parse("WEBVTT\n\n", content_type="text/vtt").text == ""


@pytest.mark.parametrize("text", [" <html>busy</html>", '{"a": ', " [1, ", " \n"])
def test_a_broken_page_is_no_plain_text(text: str) -> None:
    with pytest.raises(IncompleteResponse):
        parse(text, 2.0, "text/plain")


def test_bytes_that_are_no_text_cost_themselves_alone() -> None:
    body = b"caf\xe9 au lait"
    assert parse_transcript(body, {"content-type": "text/plain"}, provider="p", model="m").text == "caf\ufffd au lait"
    with pytest.raises(IncompleteResponse, match="p "):
        parse_transcript(body, {}, provider="p", model="m")


def words_of(*words: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(("word", "start", "end", "speaker"), word, strict=False)) for word in words]


def describe(transcript: Transcript) -> list[tuple[float, float, str, str | None]]:
    return [(each.start, each.end, each.text, each.speaker) for each in transcript.segments]


def test_words_without_a_speaker_have_the_one_around_them() -> None:
    words = words_of(("Hello", 0, 0.5, None), ("there.", 0.5, 1, "A"), ("No", 1.2, 1.5, "B"), ("way.", 1.5, 2, None))
    transcript = parse({"text": "Hello there. No way.", "words": words}, duration=5.0)
    assert describe(transcript) == [(0, 1, "Hello there.", "A"), (1.2, 2, "No way.", "B")]
    assert [word.speaker for segment in transcript.segments for word in segment.words] == ["A", "A", "B", "B"]


def test_words_of_nobody_have_no_speaker() -> None:
    words = words_of(("one", 0, 0.5, None), ("two", 5, 5.5, "B"))
    transcript = parse({"text": "one two", "words": words}, duration=9.0)
    assert [segment.speaker for segment in transcript.segments] == [None, "B"]


def test_words_out_of_order_are_put_in_order() -> None:
    words = words_of(("three.", 2, 2.3), ("One", 0, None), ("two", 1, 1.3))
    (segment, *others) = parse({"text": "One two three.", "words": words}, duration=5.0).segments
    assert [word.text for each in (segment, *others) for word in each.words] == ["One", "two", "three."]
    assert (segment.end, segment.is_estimated) == (pytest.approx(0.44), True)


def test_words_without_an_end_do_not_reach_over_the_pause_behind_them() -> None:
    words = words_of(("One", 0, None), ("two.", 0.5, None), ("Three", 8, None), ("four.", 8.5, None))
    transcript = parse({"text": "One two. Three four.", "words": words}, duration=20.0)
    assert describe(transcript) == [
        (0, pytest.approx(1.02), "One two.", None),
        (8, pytest.approx(9.1), "Three four.", None),
    ]
    assert all(segment.is_estimated for segment in transcript.segments)


@pytest.mark.parametrize("end", [19, -3, 0])
def test_an_end_far_behind_the_next_word_or_before_the_start_is_left_out(end: float) -> None:
    words = words_of(("one", 1, end), ("two", 5, 5.5), ("three", 10, 10.5))
    first, *others = parse({"text": "one two three", "words": words}, duration=20.0).segments
    assert (first.start, first.end, first.is_estimated) == (1, pytest.approx(1.44), True)
    assert [(each.start, each.end, each.is_estimated) for each in others] == [(5, 5.5, False), (10, 10.5, False)]


def test_two_people_may_speak_at_once() -> None:
    words = words_of(("well", 0, 3, "A"), ("yes", 0.5, 1, "B"))
    segments = parse({"text": "well yes", "words": words}, duration=20.0).segments
    assert [(each.start, each.end, each.is_estimated) for each in segments] == [(0, 3, False), (0.5, 1, False)]


@pytest.mark.parametrize("key", ["words", "segments"])
def test_zeros_are_no_times(key: str) -> None:
    items = [{"word": word, "text": word, "start": 0, "end": 0} for word in ("one", "two")]
    transcript = parse({"text": "one two", key: items}, duration=20.0)
    assert (transcript.text, transcript.segments) == ("one two", ())


def test_a_segment_whose_words_lie_elsewhere_is_estimated() -> None:
    words = words_of(("one", 10, 11), ("two", 11, 12))
    segments = [{"start": 0, "end": 2, "text": "one two", "words": words}, {"start": 2, "end": 3, "text": "three"}]
    transcript = parse({"text": "one two three", "segments": segments}, duration=20.0)
    assert [segment.is_estimated for segment in transcript.segments] == [True, False]


def test_a_segment_is_split_where_its_words_have_several_speakers_whatever_it_says() -> None:
    words = words_of(("one", 0, 1, "A"), ("two", 1, 2, "B"))
    segments = [{"start": 0, "end": 2, "text": "One two", "speaker": "A", "words": words}]
    transcript = parse({"text": "One two", "segments": segments}, duration=5.0)
    assert describe(transcript) == [(0, 1, "One", "A"), (1, 2, "two", "B")]


def test_labels_of_words_that_segments_do_not_use_stand_for_theirs() -> None:
    words = words_of(("Hi.", 0, 1, 0), ("Yo.", 2, 3, 1), ("So", 4, 4.5, 0), ("what?", 4.5, 5, 1), ("Eh.", 6, 6.5, 2))
    spans = [(0, 2, "Hi.", "Ann"), (2, 4, "Yo.", "Bob"), (4, 5, "So what?", "Ann"), (6, 7, "Eh.", None)]
    segments = [dict(zip(("start", "end", "text", "speaker_label"), span, strict=True)) for span in spans]
    transcript = parse({"text": "Hi. Yo. So what? Eh.", "segments": segments, "words": words}, duration=9.0)
    assert [(each.text, each.speaker) for each in transcript.segments] == [
        ("Hi.", "Ann"),
        ("Yo.", "Bob"),
        ("So", "Ann"),
        ("what?", "Bob"),
        ("Eh.", "2"),
    ]


def test_openrouters_own_fields_go_through() -> None:
    provider = {"zdr": True, "options": {"deepgram": {"prompt": "names"}}}
    options = TranscriptionOptions(extra={"provider": provider, "keyterms": ["Köln", "GmbH"], "session_id": "s"})
    sent = read_body(encode_json_request("m", BytesContent(b"abc"), "ogg", options, OPENROUTER)).json
    assert (sent["provider"], sent["keyterms"], sent["session_id"]) == (provider, ["Köln", "GmbH"], "s")
