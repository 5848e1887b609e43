"""`AudioClient` speaks texts of any length, whole and streamed."""

import array
import asyncio
import json
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import (
    PROVIDERS,
    Audio,
    AudioClient,
    InvalidOption,
    InvalidRequest,
    ProviderError,
    Segment,
    UnsupportedFormat,
)
from audio_core.integration import SpeechDelta
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.providers import Provider
from audio_core.testing import Recorded, Reply, ScriptedGateway, speech_reply

SENTENCE = "The quick brown fox jumped over the lazy dog, as foxes do."
LONG = f"{SENTENCE} " * 8
ROW = replace(PROVIDERS["openai"], max_speech_characters=200)  # three sentences, so three parts


def make_client(gateway: ScriptedGateway, **options) -> AudioClient:
    return AudioClient(ROW, model="m", api_key="k", base_url=gateway.base_url, **options)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def join(pieces) -> bytes:
    return b"".join(piece.data for piece in pieces)


def samples(data: bytes, **raw) -> array.array:
    return array.array("h", b"".join(decode(Audio.of(data, **raw), rate=24_000)))


def check_sentences(streamed: Sequence[Segment], whole: Sequence[Segment]) -> None:
    """Check that they are the same. A stream is heard once, and at another rate, so estimates may differ a little."""
    assert [(each.text, each.is_estimated) for each in streamed] == [(each.text, each.is_estimated) for each in whole]
    starts = [each.start for each in streamed]
    assert starts == pytest.approx([each.start for each in whole], abs=0.05)


def test_a_short_text_is_one_request_and_its_bytes_are_kept(gateway) -> None:
    reply = speech_reply(1.0)
    gateway.will_answer(reply)
    speech = make_client(gateway).speak(" Good day to you. ", voice="alloy", format="wav")
    assert (speech.data, speech.format, speech.duration, speech.transcript) == (
        reply.body,
        "wav",
        1.0,
        "Good day to you.",
    )
    assert [(each.start, each.end, each.text, each.is_estimated) for each in speech.segments] == [
        (0.0, 1.0, "Good day to you.", False)
    ]


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_a_long_text_is_spoken_in_parts_and_joined_to_the_sample(gateway, format: str) -> None:
    speech = make_client(gateway).speak(LONG, voice="alloy", format=format)
    texts = sorted((request.json["input"] for request in gateway.requests), key=LONG.index)
    assert len(gateway.requests) == 3
    assert max(map(len, texts)) <= 200
    assert all(text.endswith("do.") for text in texts)
    assert {request.json["response_format"] for request in gateway.requests} == {"pcm" if format == "pcm" else "wav"}
    raw = {"format": "pcm16", "sample_rate": 24_000} if format == "pcm" else {}
    expected = sum(round(len(text) / 15 * 24_000) for text in sorted({*texts}) for _ in range(texts.count(text)))
    assert probe(Audio.of(speech.data, **raw)).duration == pytest.approx(speech.duration, abs=0.1)
    assert speech.duration * 24_000 == pytest.approx(expected, abs=3)
    assert len(speech.segments) == 8
    assert speech.segments[-1].end == speech.duration
    assert speech.transcript == LONG.strip()


def test_a_joined_speech_holds_the_samples_of_its_parts(gateway) -> None:
    client = make_client(gateway)
    joined = client.speak(LONG, voice="alloy", format="wav")
    parts = [
        client.speak(text, format="wav", voice="alloy").data
        for text in dict.fromkeys(r.json["input"] for r in gateway.requests)
    ]
    first = samples(parts[0])
    assert samples(joined.data)[: len(first) - 120] == first[:-120]  # a seam may be faded for five milliseconds


def test_each_sentence_that_is_spoken_by_itself_has_exact_times(gateway) -> None:
    row = Provider("own", gateway.base_url, speech_formats=("wav",), max_speech_characters=60)
    speech = AudioClient(row, model="m").speak(f"{SENTENCE} {SENTENCE}", format="wav", voice="alloy")
    assert [(each.start, each.end, each.is_estimated) for each in speech.segments] == [
        (0.0, pytest.approx(58 / 15, abs=1e-4), False),
        (pytest.approx(58 / 15, abs=1e-4), pytest.approx(116 / 15, abs=1e-4), False),
    ]


class TalkingGateway(ScriptedGateway):
    """Says sentences of a talk, as they are spoken there."""

    def __init__(self, talk: Path) -> None:
        super().__init__()
        self.sentences = [each for each in json.loads(talk.with_suffix(".json").read_text()) if each["end"] < 40]
        self.pcm = b"".join(decode(Audio.of(talk, end=40), rate=24_000))

    def next_reply(self, request: Recorded) -> Reply:
        said = [each for each in self.sentences if each["text"] in request.json["input"]]
        begin, end = (48_000 * round(seconds) for seconds in (said[0]["start"] - 0.5, said[-1]["end"] + 0.5))
        return Reply(self.pcm[begin:end], headers={"Content-Type": "audio/pcm;rate=24000;channels=1"})


@pytest.mark.parametrize("limit", [4096, 200], ids=["one part", "parts"])
def test_the_sentences_of_a_part_lie_between_its_pauses(talk: Path, limit: int) -> None:
    with TalkingGateway(talk) as gateway:
        row, options = replace(ROW, max_speech_characters=limit), {"voice": "alloy", "format": "pcm"}
        client = AudioClient(row, model="m", api_key="k", base_url=gateway.base_url)
        text = " ".join(each["text"] for each in gateway.sentences)
        whole = client.speak(text, **options)
        streamed = [each for piece in client.stream_speech(text, **options) for each in piece.segments]
        starts = pytest.approx([each["start"] for each in gateway.sentences], abs=0.1)
    assert [each.start for each in whole.segments] == starts
    assert all(each.is_estimated for each in whole.segments)
    if limit < len(text):  # a stream that is passed through is not decoded
        assert [each.start for each in streamed] == starts


def test_parts_that_come_in_another_format_are_joined_all_the_same(gateway, recording) -> None:
    gateway.will_answer(Reply(recording("mp3")), speech_reply(1.0, "wav"))
    speech = make_client(gateway, max_concurrency=1).speak(SENTENCE + " " + "a " * 100, format="flac", voice="alloy")
    assert (speech.format, round(speech.duration)) == ("flac", 7)


def test_a_failed_part_is_named_and_the_others_may_have_been_billed(gateway) -> None:
    gateway.will_answer(speech_reply(1.0), Reply({"error": {"message": "no such voice"}}, status=400))
    with pytest.raises(
        ProviderError, match="part 2 of 3: openai refused speech with status 400: no such voice"
    ) as failed:
        make_client(gateway, max_concurrency=1).speak(LONG, voice="alloy")
    assert failed.value.may_have_been_billed


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), (" \n", "is empty"), ("...", "is empty"), (None, "not NoneType"), (b"Hi", "not bytes")],
)
def test_a_text_without_a_word_is_refused(gateway, text, message: str) -> None:
    for speak in (make_client(gateway).speak, make_client(gateway).stream_speech, make_client(gateway).astream_speech):
        with pytest.raises(InvalidOption, match=message):
            speak(text, voice="alloy")
    assert gateway.requests == []


def test_a_long_text_needs_a_format_that_can_be_joined(gateway) -> None:
    row = Provider("own", gateway.base_url, speech_formats=("mp3",), max_speech_characters=100)
    for speak in (AudioClient(row, model="m").speak, AudioClient(row, model="m").stream_speech):
        with pytest.raises(InvalidOption, match="cannot be joined without loss"):
            speak(LONG, voice="alloy")
    assert gateway.requests == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("reply", "format"),
    [
        (Reply(speech_reply(1.0).body, cut="fin"), "wav"),
        (Reply([speech_reply(1.0).body[:9000]], cut="fin"), "wav"),
        (Reply([bytes(9000)], cut="reset"), "pcm"),
        (Reply(speech_reply(1.0).body[:9000]), "wav"),
        (Reply(bytes(9001)), "pcm"),
        (Reply(b""), "pcm"),
        (Reply(b"<html>Sign in</html>", headers={"Content-Type": "text/html"}), "mp3"),
        (Reply({"error": {"message": "overloaded"}}), "pcm"),
    ],
)
def test_a_reply_that_is_not_whole_is_an_error_and_is_paid_for_once(
    gateway, tmp_path: Path, reply: Reply, format: str, streamed: bool
) -> None:
    gateway.will_answer(reply)
    client, target = make_client(gateway), tmp_path / f"a.{'wav' if format == 'pcm' else format}"
    with pytest.raises(ProviderError) as failed:
        client.stream_speech("Good day.", format=format, voice="alloy").save(target) if streamed else client.speak(
            "Hi.", format=format, voice="alloy"
        )
    assert (failed.value.provider, len(gateway.requests)) == ("openai", 1)
    assert failed.value.may_have_been_billed or "overloaded" in str(failed.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["Good day to you.", LONG], ids=["short", "long"])
@pytest.mark.parametrize("format", ["wav", "pcm"])
async def test_a_stream_says_the_same_as_the_whole(gateway, format: str, text: str) -> None:
    client = make_client(gateway)
    whole, pieces = (
        client.speak(text, format=format, voice="alloy"),
        list(client.stream_speech(text, format=format, voice="alloy")),
    )
    apieces = [piece async for piece in client.astream_speech(text, format=format, voice="alloy")]
    assert join(pieces) == join(apieces)
    raw = {"format": pieces[0].format, "sample_rate": pieces[0].sample_rate} if format == "pcm" else {}
    assert samples(join(pieces), **raw)[:100_000] == samples(whole.data, **raw)[:100_000]
    check_sentences([each for piece in pieces for each in piece.segments], whole.segments)
    assert [piece.format for piece in pieces if piece.format] == [whole.format]


@pytest.mark.parametrize(("format", "suffix"), [("mp3", ".mp3"), ("pcm", ".wav"), ("wav", ".wav"), ("opus", ".ogg")])
@pytest.mark.parametrize("text", ["Good day.", LONG], ids=["short", "long"])
async def test_a_stream_is_saved_as_it_comes(gateway, tmp_path: Path, format: str, suffix: str, text: str) -> None:
    client = make_client(gateway)
    if text == LONG or format in ("pcm", "wav"):  # a scripted gateway encodes nothing
        path = client.stream_speech(text, format=format, voice="alloy").save(tmp_path / f"a{suffix}")
        apath = await client.astream_speech(text, format=format, voice="alloy").save(tmp_path / f"b{suffix}")
        seconds = client.speak(text, format=format, voice="alloy").duration
        assert probe(Audio.of(path)).duration == pytest.approx(seconds, abs=0.1)
        assert probe(Audio.of(apath)).duration == probe(Audio.of(path)).duration
        assert list_names(tmp_path) == [f"a{suffix}", f"b{suffix}"]


def test_a_file_must_be_named_as_its_content(gateway, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"save it as \.wav, not as a\.mp3"):
        make_client(gateway).stream_speech("Good day.", format="pcm", voice="alloy").save(tmp_path / "a.mp3")
    assert list(tmp_path.iterdir()) == []


class Writer:
    """A model that writes an answer, piece by piece."""

    def __init__(self, gateway: ScriptedGateway, *pieces: str) -> None:
        self.gateway, self.pieces, self.written = gateway, pieces, 0
        self.is_closed = False

    def write(self) -> Iterator[str]:
        try:
            for piece in self.pieces:
                self.written += 1
                yield piece
        finally:
            self.is_closed = True

    async def awrite(self):
        for piece in self.write():
            yield piece


ANSWER = (
    "It rained all",
    " day [talk 12:07-12:31]. ",
    "Nobody went",
    " out. Who",
    " would? [talk 1:00]",
    " We stayed in.",
)
SAID = ["It rained all day.", "Nobody went out.", "Who would? We stayed in."]


def test_a_text_that_is_being_written_is_spoken_sentence_by_sentence(gateway) -> None:
    writer = Writer(gateway, *ANSWER)
    pieces = make_client(gateway).stream_speech(writer.write(), format="pcm", voice="alloy")
    first = next(piece for piece in pieces if piece.data)
    assert (len(first.data) > 0, writer.written) == (True, 3)
    rest = list(pieces)
    assert "".join(piece.text for piece in rest) == "".join(ANSWER[3:])
    assert [request.json["input"] for request in gateway.requests] == SAID
    segments = [each for piece in rest for each in piece.segments]
    assert [each.text for each in segments] == SAID
    assert segments[1].start == segments[0].end
    assert writer.is_closed


async def test_a_text_that_is_written_on_the_event_loop_is_spoken_too(gateway) -> None:
    writer = Writer(gateway, *ANSWER)
    pieces = [
        piece async for piece in make_client(gateway).astream_speech(writer.awrite(), format="mp3", voice="alloy")
    ]
    assert [request.json["input"] for request in gateway.requests] == SAID
    assert probe(Audio.of(join(pieces))).duration == pytest.approx(sum(map(len, SAID)) / 15, abs=0.1)


@pytest.mark.parametrize("text", ["", "[talk 1:00]", " - "])
def test_a_text_that_says_nothing_is_silent(gateway, text: str) -> None:
    assert list(make_client(gateway).stream_speech(iter([text]), format="pcm", voice="alloy")) == [
        SpeechDelta(text=text)
    ]
    assert gateway.requests == []


def test_what_says_nothing_makes_no_file(gateway, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="Nothing was said"):
        make_client(gateway).stream_speech(iter([" - "]), format="pcm", voice="alloy").save(tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_the_request_and_the_text(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    writer = Writer(gateway, *ANSWER)
    with make_client(gateway).stream_speech(writer.write(), format="pcm", voice="alloy") as pieces:
        assert next(piece for piece in pieces if piece.data)
    assert writer.is_closed
    assert gateway.abandoned.wait(60)
    assert list(pieces) == []


async def test_closing_ends_both_on_the_event_loop_too(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    writer = Writer(gateway, *ANSWER)
    async with make_client(gateway).astream_speech(writer.awrite(), format="pcm", voice="alloy") as pieces:
        assert await anext(piece async for piece in pieces if piece.data)
    assert writer.is_closed
    assert await asyncio.to_thread(gateway.abandoned.wait, 60)


def test_a_text_of_other_pieces_is_refused(gateway) -> None:
    with pytest.raises(InvalidOption, match="should be strings, not int"):
        list(make_client(gateway).stream_speech(iter([1]), format="pcm", voice="alloy"))


class SlowGateway(ScriptedGateway):
    """Counts how many requests are answered at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(3)

    def next_reply(self, request: Recorded) -> Reply:
        self.barrier.wait(60)
        return super().next_reply(request)


async def test_parts_are_spoken_side_by_side() -> None:
    with SlowGateway() as gateway:
        assert make_client(gateway).speak(LONG, voice="alloy").duration > 20
        assert (await make_client(gateway).aspeak(LONG, voice="alloy")).duration > 20


def test_memory_is_constant_while_speech_streams(gateway) -> None:
    piece = bytes(48_000)
    gateway.will_answer(Reply([piece] * 1200, headers={"Content-Type": "audio/pcm;rate=24000"}))  # 20 minutes
    tracemalloc.start()
    try:
        pieces = make_client(gateway).stream_speech("Good day.", format="pcm", voice="alloy")
        size = sum(len(each.data) for each in pieces)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 1200 * 48_000
    assert peak < 8 * 2**20


class TerseGateway(ScriptedGateway):
    """Refuses texts of more than 130 characters, as a model that counts tokens does."""

    def next_reply(self, request: Recorded) -> Reply:
        reply = super().next_reply(request)
        message = "Input is too long: 2,100 tokens, and the maximum is 2,000 tokens."
        return Reply({"error": {"message": message}}, status=400) if len(request.json["input"]) > 130 else reply


@pytest.mark.parametrize("text", [f"{SENTENCE} {SENTENCE} {SENTENCE}", LONG], ids=["one part", "parts"])
async def test_a_gateway_that_takes_less_than_its_row_says_is_given_less(text: str) -> None:
    with TerseGateway() as gateway:
        client, options = make_client(gateway), {"voice": "alloy", "format": "wav"}
        speech = client.speak(text, **options)
        pieces = list(client.stream_speech(text, **options))
        apieces = [piece async for piece in client.astream_speech(text, **options)]
        assert [each.text for each in speech.segments] == [SENTENCE] * text.count("quick")
        check_sentences([each for piece in pieces for each in piece.segments], speech.segments)
        assert join(pieces) == join(apieces)
        assert samples(join(pieces)) == samples(speech.data)


async def test_a_refusal_of_something_else_is_not_tried_again(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no such voice"}}, status=400))
    client, text = make_client(gateway), f"{SENTENCE} {SENTENCE} {SENTENCE}"
    with pytest.raises(InvalidRequest, match="no such voice"):
        list(client.stream_speech(text, voice="alloy"))
    with pytest.raises(InvalidRequest, match="no such voice"):
        await client.aspeak(text, voice="alloy")
    with pytest.raises(InvalidRequest, match="no such voice"):
        await anext(client.astream_speech(text, voice="alloy"))
    assert len(gateway.requests) == 3
