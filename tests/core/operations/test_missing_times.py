"""Recordings of models that send text without times: their segments still say when it was said."""

import io
import re
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, Provider, Segment, TranscriptStore
from audio_core.media.decode import decode
from audio_core.media.voice_activity import find_speech
from audio_core.operations.process_memory import ProcessMemory
from audio_core.testing import Recorded, Reply, ScriptedGateway, tone

RATE = 16_000
FORM = Provider("form", "http://127.0.0.1:1/v1", takes_context=True)
REFUSAL = {"error": {"message": "response_format 'verbose_json' is not compatible with this model."}}


def build_talk(starts: Sequence[float], seconds: float) -> bytes:
    """Build a WAV with two seconds of tone at each of some times."""
    pcm = bytearray(2 * round(seconds * RATE))
    burst = tone(2.0, rate=RATE)[44:]
    for start in starts:
        at = 2 * round(start * RATE)
        pcm[at : at + len(burst)] = burst
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(pcm)
    return file.getvalue()


SECONDS, LONGEST = 48.0, 15.0
STARTS = [1.5 + 8.0 * number for number in range(6)]
TALK = build_talk(STARTS, SECONDS)


class TextGateway(ScriptedGateway):
    """Sends text without times: a word for each burst of sound. It may refuse to be asked for times.

    Attributes:
        seconds: how long each recording was that it has transcribed.
    """

    refuses = is_timed = False

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        if self.refuses and request.form["response_format"] == ["verbose_json"]:
            return Reply(REFUSAL, 400)
        pcm = b"".join(decode(Audio.of(request.parts[-1].content), rate=RATE))
        self.seconds.append(len(pcm) / 2 / RATE)
        text = " ".join("word" for _ in find_speech([pcm], RATE))
        segments = [{"start": 0.0, "end": 2.0, "text": text}] if self.is_timed else []
        return Reply({"text": text, "segments": segments})


@pytest.fixture(params=[False, True], ids=["ignores", "refuses"])
def gateway(request: pytest.FixtureRequest) -> Iterator[TextGateway]:
    with TextGateway() as gateway:
        gateway.refuses = request.param
        yield gateway


def create_client(gateway: ScriptedGateway, **options: object) -> AudioClient:
    return AudioClient(FORM, model="m", base_url=gateway.base_url, **options)  # type: ignore[arg-type]


def learn(client: AudioClient) -> None:
    client.transcribe(build_talk([0.5], 3.0))


def check_times(segments: Sequence[Segment]) -> None:
    """Check that each segment begins with a burst and ends with one, and that each burst is in one segment."""
    assert sum(len(segment.text.split()) for segment in segments) == len(STARTS)
    for segment in segments:
        assert min(abs(segment.start - start) for start in STARTS) < 0.1
        assert min(abs(segment.end - start - 2.0) for start in STARTS) < 0.1
        assert segment.end - segment.start <= LONGEST
        assert not segment.is_estimated


def test_a_recording_is_cut_once_the_model_is_known_to_send_no_times(gateway: TextGateway) -> None:
    client = create_client(gateway)
    learn(client)
    gateway.seconds = []
    transcript = client.transcribe(TALK, segment_seconds=LONGEST)
    check_times(transcript.segments)
    assert len(transcript.segments) == len(gateway.seconds) >= 3
    assert sum(gateway.seconds) < SECONDS * 1.03
    assert transcript.warnings == ()


def test_a_long_recording_sends_a_short_piece_first_to_learn_it(
    gateway: TextGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_core.operations.piece_lengths.LONGEST_REQUEST", 40.0)
    transcript = create_client(gateway).transcribe(TALK, segment_seconds=LONGEST)
    check_times(transcript.segments)
    assert max(gateway.seconds) <= LONGEST
    assert sum(request.form["response_format"] == ["verbose_json"] for request in gateway.requests) == (
        1 if gateway.refuses else len(gateway.requests)
    )


def test_a_refusal_of_times_bills_nothing_twice() -> None:
    with TextGateway() as gateway:
        gateway.refuses = True
        check_times(create_client(gateway).transcribe(TALK, segment_seconds=LONGEST).segments)
        assert max(gateway.seconds) <= LONGEST
        assert sum(gateway.seconds) < SECONDS * 1.03


def test_the_option_says_the_longest_segment_or_turns_it_off(gateway: TextGateway) -> None:
    client = create_client(gateway)
    learn(client)
    gateway.seconds = []
    client.transcribe(TALK, segment_seconds=25)
    assert LONGEST < max(gateway.seconds) <= 25
    (segment,) = client.transcribe(TALK, segment_seconds=None).segments
    assert (segment.start, segment.end) == (0.0, SECONDS)


def test_the_text_before_a_piece_is_its_context(gateway: TextGateway) -> None:
    client = create_client(gateway, max_concurrency=1)
    learn(client)
    client.transcribe(TALK, prompt="A talk.", segment_seconds=LONGEST)
    prompts = [request.form["prompt"][0] for request in gateway.requests if "prompt" in request.form]
    assert prompts[0] == "A talk."
    assert all(re.fullmatch(r"A talk\.( word)+", prompt) for prompt in prompts[1:])
    assert len(prompts) >= 3


def test_the_store_remembers_it_for_other_processes(
    gateway: TextGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(create_client(gateway, store=TranscriptStore(tmp_path / "store")))
    monkeypatch.setattr("audio_core.operations.model_times._times", ProcessMemory(1000))  # as in another process
    gateway.seconds = []
    transcript = create_client(gateway, store=TranscriptStore(tmp_path / "store")).transcribe(
        TALK, segment_seconds=LONGEST
    )
    check_times(transcript.segments)
    assert max(gateway.seconds) <= LONGEST


def test_what_was_stored_whole_before_it_was_known_is_not_paid_again(gateway: TextGateway, tmp_path: Path) -> None:
    if gateway.refuses:  # then nothing is transcribed whole
        return
    client = create_client(gateway, store=tmp_path / "store")
    options = {"segment_seconds": LONGEST, "language": "de"}  # which is not aligned, as that takes long
    first = client.transcribe(TALK, **options)
    assert client.transcribe(TALK, **options) == first
    assert len(gateway.requests) == 1


def test_a_model_that_begins_to_send_times_gets_whole_recordings_again() -> None:
    with TextGateway() as gateway:
        client = create_client(gateway)
        learn(client)
        gateway.is_timed = True
        learn(client)
        gateway.seconds = []
        assert client.transcribe(TALK).segments[0].start == 0.0
        assert gateway.seconds == [SECONDS]


def test_thirty_seconds_are_the_longest_segment_by_default(gateway: TextGateway) -> None:
    client = create_client(gateway)
    learn(client)
    gateway.seconds = []
    client.transcribe(TALK)
    assert sorted(round(seconds, -1) for seconds in gateway.seconds) == [20, 30]


@pytest.mark.parametrize(("text", "expected"), [("Yes.", (4.0, 6.0)), ("It is a long way to go. " * 3, (0.0, 8.0))])
def test_more_text_than_anybody_says_in_what_is_heard_of_the_speech_lies_anywhere(
    text: str, expected: tuple[float, float]
) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"text": text}))
        (segment,) = create_client(gateway).transcribe(build_talk([4.0], 8.0)).segments
    assert (segment.start, segment.end) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("door", ["whole", "stream"])
@pytest.mark.parametrize("end", [{}, {"end": None}, {"end": 0}], ids=["absent", "null", "zero"])
def test_starts_alone_are_times(door: str, end: dict[str, object]) -> None:
    segments = [{"start": start, "text": text, **end} for start, text in ((0.0, "one"), (3.0, "two"), (5.5, "three"))]
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"text": "one two three", "segments": segments}))
        client, recording = create_client(gateway), build_talk([4.0], 8.0)
        found = client.transcribe(recording) if door == "whole" else client.stream_transcript(recording)
        spans = [(each.start, each.end, each.is_estimated) for each in found]
    assert spans == [(0.0, 3.0, True), (3.0, 5.5, True), (5.5, 8.0, True)]
