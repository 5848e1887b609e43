"""Limits that a gateway states in a refusal are learned, and each recording is sent once more at most."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from audio_core import (
    Audio,
    AudioClient,
    AudioTooLarge,
    InvalidRequest,
    Provider,
    ProviderError,
    TranscriptionIncomplete,
)
from audio_core.media.probing import probe
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

ROW = Provider("strict", "http://127.0.0.1:1/v1", streams_transcripts=True)


class StrictGateway(ScriptedGateway):
    """A gateway that refuses what is too long, too large, in another format, or asks for segments that it lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.longest, self.largest, self.formats = 1e9, 10**9, {"wav", "mp3", "flac", "ogg", "m4a"}
        self.has_segments, self.names_limit, self.named_limit = True, True, None
        self.refusals, self.replies, self.dies_after = 0, 0, 10**9

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        upload = Audio.of(next(part.content for part in request.parts if part.filename))
        fields = {part.name: part.content.decode() for part in request.parts if not part.filename}
        seconds, size = probe(upload).duration, upload.open_content().size
        if fields["response_format"] == "verbose_json" and not self.has_segments:
            return self.refuse("response_format 'verbose_json' is not compatible with this model")
        if upload.format not in self.formats:
            return self.refuse(f"Invalid file format. Supported formats: {sorted(self.formats)}")
        if seconds > self.longest:
            limit = f" than {self.named_limit or self.longest} seconds" if self.names_limit else ""
            return self.refuse(f"audio duration {seconds:.1f} seconds is longer{limit or ' than allowed'}")
        if size > self.largest:
            return self.refuse("Request Entity Too Large", 413)
        self.replies += 1
        if self.replies > self.dies_after:
            return Reply({"error": {"message": "it died"}}, status=500)
        text = f"word{self.replies}"  # one that is not in the piece before
        segments = [{"start": 0.0, "end": seconds, "text": text}]
        return Reply({"text": text, **({"segments": segments} if self.has_segments else {})})

    def refuse(self, message: str, status: int = 400) -> Reply:
        self.refusals += 1
        return Reply({"error": {"message": message}}, status=status)


@pytest.fixture
def strict():
    with StrictGateway() as gateway:
        yield gateway


def client(strict: StrictGateway, **options) -> AudioClient:
    options = {"max_concurrency": 1, "max_retries": 0, **options}
    return AudioClient(ROW, model="m", base_url=strict.base_url, **options)


def speech(seconds: float) -> bytes:
    """Make a tone that lasts so long, from one that is cheap to make."""
    return tone(seconds, rate=8000)


def count_seconds(request: Recorded) -> float:
    return probe(Audio.of(next(part.content for part in request.parts if part.filename))).duration


@pytest.mark.parametrize("names_limit", [True, False])
def test_a_recording_that_is_too_long_is_cut_once_the_gateway_has_said_so(strict, names_limit: bool) -> None:
    strict.longest, strict.names_limit = 20, names_limit
    transcript = client(strict).transcribe(speech(35))
    assert strict.refusals == 1
    assert all(count_seconds(request) <= 20 for request in strict.requests[1:])
    assert transcript.segments[-1].end == pytest.approx(35, abs=0.1)
    assert [warning for warning in transcript.warnings if "takes at most" in warning]


@pytest.mark.parametrize("named_limit", [11, 29, 300])
def test_a_limit_that_the_gateway_does_not_keep_to_is_halved(strict, named_limit: float) -> None:
    strict.longest, strict.named_limit = 10, named_limit
    transcript = client(strict).transcribe(speech(30))
    assert transcript.segments[-1].end == pytest.approx(30, abs=0.1)
    assert strict.refusals <= 3


def test_the_next_recording_is_cut_at_once(strict) -> None:
    strict.longest = 20
    client(strict).transcribe(speech(30))
    client(strict).transcribe(speech(31))
    assert strict.refusals == 1


async def test_recordings_that_are_refused_side_by_side_are_all_cut(strict) -> None:
    strict.longest = 20
    asking = client(strict, max_concurrency=4)
    transcripts = await asyncio.gather(*(asking.atranscribe(speech(30 + index)) for index in range(4)))
    assert [round(transcript.segments[-1].end) for transcript in transcripts] == [30, 31, 32, 33]


def test_a_recording_that_is_too_large_is_cut(strict) -> None:
    strict.largest = 200_000
    transcript = client(strict).transcribe(speech(30))
    assert transcript.segments[-1].end == pytest.approx(30, abs=0.1)
    assert strict.refusals <= 3  # the gateway does not say how large a recording may be


def test_pieces_that_are_refused_are_cut_again(strict, monkeypatch: pytest.MonkeyPatch) -> None:
    strict.longest = 15
    row = replace(ROW, max_upload_seconds=40.0)
    asking = AudioClient(row, model="m", base_url=strict.base_url, max_concurrency=1, max_retries=0)
    transcript = asking.transcribe(speech(100))
    assert strict.refusals == 1
    assert transcript.segments[0].start == 0.0
    assert transcript.segments[-1].end == pytest.approx(100, abs=0.1)
    assert all(after.start - before.end < 0.1 for before, after in pairwise(transcript.segments))


@pytest.mark.parametrize("gaps", ["raise", "mark"])
def test_a_piece_that_was_cut_again_and_fails_is_one_gap(strict, gaps: str) -> None:
    strict.longest, strict.dies_after = 15, 3
    row = replace(ROW, max_upload_seconds=40.0)
    asking = AudioClient(row, model="m", base_url=strict.base_url, max_concurrency=1, max_retries=0)
    try:
        transcript = asking.transcribe(speech(100), gaps=gaps)
    except TranscriptionIncomplete as error:
        transcript, failures = error.transcript, error.failures
        assert len(failures) == len([segment for segment in transcript.segments if segment.is_gap])
        assert failures[-1][1] == pytest.approx(100, abs=0.1)
    ranges = [(segment.start, segment.end) for segment in transcript.segments if segment.is_gap]
    assert ranges
    assert len(set(ranges)) == len(ranges)
    assert transcript.text.startswith("word")


def test_a_format_that_is_refused_is_converted_once(strict) -> None:
    strict.formats = {"mp3"}
    asking = client(strict)
    first, second = asking.transcribe(speech(1)), asking.transcribe(speech(2))
    assert strict.refusals == 1
    assert first.warnings == ("strict's model m does not take wav, so the recording was converted.",)
    assert second.text == "word2"
    assert second.warnings == ()


BUSY = Reply({"error": {"message": "busy"}}, status=500, headers={"Retry-After": "0"})
REFUSALS = {
    "415": Reply({"error": {"message": "no"}}, status=415),
    "by name": Reply({"error": {"message": "Invalid file format. Supported formats: mp3"}}, status=400),
    "status 200": Reply({"error": {"message": "Unsupported file format", "code": 415}}),
}
WAYS = {
    "whole": lambda row, audio, **options: AudioClient(row, **options).transcribe(audio),
    "a piece": lambda row, audio, **options: AudioClient(replace(row, max_upload_seconds=5.0), **options).transcribe(
        audio
    ),
    "a stream": lambda row, audio, **options: list(AudioClient(row, **options).stream_transcript(audio)),
    "by chat": lambda row, audio, **options: AudioClient(replace(row, transcription="chat"), **options).transcribe(
        audio
    ),
    "chat": lambda row, audio, **options: AudioClient(row, **options).ask(audio, "What is said?"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("use", WAYS.values(), ids=WAYS)
def test_another_format_shares_the_attempts_of_the_call(gateway, use, refusal: Reply) -> None:
    gateway.will_answer(BUSY, BUSY, refusal)
    with pytest.raises(ProviderError) as caught:
        use(ROW, tone(6.0 if use is WAYS["a piece"] else 1.0), model="m", base_url=gateway.base_url, max_concurrency=1)
    assert (caught.value.attempts, len(gateway.requests)) == (3, 3)


@pytest.mark.parametrize("use", WAYS.values(), ids=WAYS)
def test_a_format_is_guessed_once(gateway, use) -> None:
    gateway.will_answer(REFUSALS["415"])
    with pytest.raises(InvalidRequest) as caught:
        use(ROW, tone(6.0 if use is WAYS["a piece"] else 1.0), model="m", base_url=gateway.base_url, max_concurrency=1)
    assert (caught.value.attempts, len(gateway.requests)) == (2, 2)


def test_a_model_without_segments_is_asked_for_them_once(strict) -> None:
    strict.has_segments = False
    asking = client(strict)
    assert [asking.transcribe(speech(1)).text for _ in range(3)] == ["word1", "word2", "word3"]
    assert strict.refusals == 1


def test_other_models_and_base_urls_have_limits_of_their_own(strict) -> None:
    strict.longest = 20
    client(strict).transcribe(speech(30))
    strict.longest = 1e9
    AudioClient(ROW, model="other", base_url=strict.base_url).transcribe(speech(30))
    assert count_seconds(strict.requests[-1]) == pytest.approx(30, abs=0.1)


def test_what_cannot_be_cut_any_further_is_the_gateways_own_error(strict) -> None:
    strict.longest = 0.5
    with pytest.raises((InvalidRequest, TranscriptionIncomplete), match=r"longer than 0\.5"):
        client(strict).transcribe(speech(30))


def test_a_refusal_while_streaming_says_that_the_recording_is_too_large(strict) -> None:
    strict.longest = 20
    for _ in range(2):
        with pytest.raises(AudioTooLarge, match="cannot be streamed"):
            list(client(strict).stream_transcript(speech(30)))
    assert strict.refusals == 1


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_loaders_cut_too_and_tell_it(strict, framework: str, tmp_path) -> None:
    strict.longest = 20
    path = tmp_path / "talk.wav"
    path.write_bytes(speech(30))
    options = {"provider": ROW, "model": "m", "base_url": strict.base_url}
    documents = (
        AudioLoader(path, **options).load() if framework == "langchain" else AudioReader(**options).load_data(path)
    )
    assert documents[-1].metadata["end"] == pytest.approx(30, abs=0.1)
    assert "takes at most" in documents[0].metadata["warnings"]


SIZE_REFUSALS = [(413, "Request Entity Too Large"), (400, "The file is larger than 1 MB")]


@pytest.mark.parametrize(("status", "message"), SIZE_REFUSALS)
@pytest.mark.parametrize("use", [AudioClient.ask, lambda *args: list(AudioClient.stream(*args))], ids=["ask", "stream"])
def test_a_chat_that_is_too_large_is_uploaded_once(gateway, status: int, message: str, use) -> None:
    gateway.will_answer(Reply({"error": {"message": message}}, status=status))
    with pytest.raises(InvalidRequest):
        use(client(gateway), speech(5), "What is said?")
    for seconds in (5, 6):
        with pytest.raises(AudioTooLarge, match=r"has refused 10\d,\d{3} before for m.* Send a clip"):
            use(client(gateway), speech(seconds), "What is said?")
    assert len(gateway.requests) == 1
    gateway.will_answer(chat_reply("word"))
    assert client(gateway).ask(speech(4), "What is said?").text == "word"
    assert client(gateway).ask([], "Hello" * 100_000).text == "word"


def test_a_long_text_that_is_refused_says_nothing_about_recordings(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "Request Entity Too Large"}}, status=413), chat_reply("word"))
    with pytest.raises(InvalidRequest):
        client(gateway).ask(speech(1), "Hello" * 100_000)
    assert client(gateway).ask(speech(1), "Hello" * 100_001).text == "word"
