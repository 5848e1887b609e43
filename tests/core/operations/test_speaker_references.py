"""Known speakers keep their names, and unknown ones are the same in all pieces of a recording where a gateway helps."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diarizing import DiarizingGateway, extract_samples

from audio_core import (
    PROVIDERS,
    AccessDenied,
    Audio,
    AudioClient,
    AudioNotFound,
    InvalidOption,
    Provider,
    Transcript,
)
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.testing import Recorded, Reply, ScriptedGateway, tone
from langchain_audio import AudioLoader, TranscriptSplitter
from llamaindex_audio import AudioReader, TranscriptNodeParser

ROW = Provider("voices", "http://127.0.0.1:1/v1", max_upload_seconds=20.0, max_known_speakers=4)


@pytest.fixture
def voices() -> Iterator[DiarizingGateway]:
    with DiarizingGateway() as gateway:
        yield gateway


def client(gateway: ScriptedGateway, row: Provider = ROW, **options: Any) -> AudioClient:
    return AudioClient(row, model="m", base_url=gateway.base_url, **options)


def list_names(gateway: ScriptedGateway) -> list[list[str]]:
    return [request.form.get("known_speaker_names[]", []) for request in gateway.requests]


def match_voices(transcript: Transcript) -> dict[str, set[str]]:
    """Return the labels that each voice has. Where two pieces share a sentence, its first word may be left out."""
    labels: dict[str, set[str]] = {}
    for segment in transcript.segments:
        if (voice := segment.text.split()[0]) in ("agent", "caller", "rms"):
            labels.setdefault(voice, set()).add(str(segment.speaker))
    return labels


@pytest.fixture(scope="module")
def agent(call: Path) -> Audio:
    """Give the agent's first sentence."""
    return Audio.of(call, start=0.6, end=4.3)


@pytest.fixture(scope="module")
def meeting(call: Path, talk: Path) -> Audio:
    """Make a recording of two speakers in which a third one speaks last, for half a minute."""
    pcm = b"".join((*decode(Audio.of(call), rate=16_000), *decode(Audio.of(talk, end=30), rate=16_000)))
    return Audio.of(pcm, format="pcm16", sample_rate=16_000)


def test_unknown_speakers_are_the_same_in_all_pieces(voices, call: Path) -> None:
    transcript = client(voices).transcribe(call, diarize=True)
    assert len(voices.requests) == 3
    assert match_voices(transcript) == {"agent": {"1:A"}, "caller": {"1:B"}}
    assert list_names(voices) == [[], ["1_A", "1_B"], ["1_A", "1_B"]]
    assert transcript.warnings == ()
    samples = [probe(Audio.of(sample)) for request in voices.requests[1:] for sample in extract_samples(request)]
    assert all(2 <= sample.duration <= 10 for sample in samples)


async def test_unknown_speakers_are_the_same_on_an_event_loop_too(voices, call: Path) -> None:
    transcript = await client(voices).atranscribe(call, diarize="if possible")
    assert match_voices(transcript) == {"agent": {"1:A"}, "caller": {"1:B"}}


def test_a_speaker_who_is_first_heard_late_is_numbered_by_the_piece(voices, meeting: Audio) -> None:
    transcript = client(voices).transcribe(meeting, diarize=True)
    labels = match_voices(transcript)
    assert (labels["agent"], labels["caller"]) == ({"1:A"}, {"1:B"})
    assert labels["rms"] == {"4:A", "5:A"}
    assert list_names(voices)[-1] == ["1_A", "1_B"]


def test_pieces_go_one_by_one_as_long_as_they_bring_speakers(voices, call: Path) -> None:
    row = replace(ROW, max_upload_seconds=6.0)
    transcript = client(voices, row).transcribe(Audio.of(call, end=20), diarize=True)
    assert match_voices(transcript) == {"agent": {"1:A"}, "caller": {"2:A"}}
    assert list_names(voices)[:3] == [[], ["1_A"], ["1_A", "2_A"]]


def test_no_more_speakers_are_named_than_the_gateway_takes(voices, call: Path) -> None:
    transcript = client(voices, replace(ROW, max_known_speakers=1)).transcribe(call, diarize=True)
    assert list_names(voices) == [[], ["1_A"], ["1_A"]]
    assert match_voices(transcript)["agent"] == {"1:A"}
    assert match_voices(transcript)["caller"] == {"1:B", "2:A", "3:A"}


def test_where_a_gateway_takes_no_samples_each_piece_has_speakers_of_its_own(voices, call: Path) -> None:
    transcript = client(voices, replace(ROW, max_known_speakers=0)).transcribe(call, diarize=True)
    assert list_names(voices) == [[], [], []]
    assert {len(labels) for labels in match_voices(transcript).values()} == {3}


def test_words_that_were_aligned_are_their_segments_speakers(gateway, call: Path) -> None:
    text = "good afternoon this is the city library how can i help you"
    gateway.will_answer(Reply({"text": text, "segments": [{"start": 0.6, "end": 4.3, "text": text, "speaker": "A"}]}))
    (segment,) = client(gateway).transcribe(Audio.of(call, end=5), diarize=True, words=True).segments
    assert {word.speaker for word in segment.words} == {"A"}


def test_samples_that_a_gateway_refuses_are_left_out_from_then_on(voices, call: Path) -> None:
    voices.refusal = "Unsupported parameter: 'known_speaker_names[]'"
    for _ in range(2):
        transcript = client(voices).transcribe(call, diarize=True)
        assert {len(labels) for labels in match_voices(transcript).values()} == {3}
    assert len([names for names in list_names(voices) if names]) == 1
    assert len(voices.requests) == 7


def test_a_refusal_of_samples_is_told(voices, call: Path) -> None:
    voices.refusal = "Unsupported parameter: 'known_speaker_names[]'"
    transcript = client(voices, max_retries=0).transcribe(call, diarize=True)
    assert transcript.warnings == (
        "voices's model m takes no samples of speakers, so each piece of the recording has speakers of its own.",
    )


def test_known_speakers_keep_their_names_in_all_pieces(voices, call: Path, agent: Audio) -> None:
    transcript = client(voices).transcribe(call, diarize=True, known_speakers={"Ann": agent})
    assert match_voices(transcript) == {"agent": {"Ann"}, "caller": {"1:A"}}
    assert list_names(voices) == [["Ann"], ["Ann", "1_A"], ["Ann", "1_A"]]


def test_known_speakers_keep_their_names_in_one_request(voices, call: Path, agent: Audio) -> None:
    row = replace(ROW, max_upload_seconds=None)
    transcript = client(voices, row).transcribe(call, diarize=True, known_speakers={"Ann: agent": agent})
    assert match_voices(transcript) == {"agent": {"Ann: agent"}, "caller": {"A"}}


@pytest.mark.parametrize("form", ["path", "bytes", "file", "url"])
def test_a_sample_may_be_any_recording(voices, form: str, call: Path, agent: Audio, recoded, tmp_path: Path) -> None:
    data = recoded(agent, "ogg")
    path = tmp_path / "ann.ogg"
    path.write_bytes(data)
    source = {"path": path, "bytes": data, "file": io.BytesIO(data), "url": f"{path.as_uri()}#t=0.2"}[form]
    transcript = client(voices).transcribe(Audio.of(call, end=16), diarize=True, known_speakers={"Ann": source})
    assert match_voices(transcript)["agent"] == {"Ann"}


def test_a_long_sample_is_cut_and_a_short_one_is_refused(voices, call: Path, talk: Path) -> None:
    client(voices).transcribe(Audio.of(call, end=5), diarize=True, known_speakers={"Bob": talk})
    (sample,) = extract_samples(voices.requests[0])
    assert probe(Audio.of(sample)).duration == pytest.approx(9.9)
    with pytest.raises(InvalidOption, match=r"known_speakers\['Bob'\]: talk\.ogg#t=0,1 .*1\.0 s.* 2 to 10 s"):
        client(voices).transcribe(call, diarize=True, known_speakers={"Bob": Audio.of(talk, start=0, end=1)})
    assert len(voices.requests) == 1


def test_a_sample_is_opened_as_the_recording_is(voices, call: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioNotFound, match=r"known_speakers\['Ann'\]: There is no file"):
        client(voices).transcribe(call, diarize=True, known_speakers={"Ann": tmp_path / "none.wav"})
    (tmp_path / "ann.wav").write_bytes(tone(3.0))
    with pytest.raises(AccessDenied, match=r"known_speakers\['Ann'\]"):
        client(voices, access=call.parent).transcribe(call, diarize=True, known_speakers={"Ann": tmp_path / "ann.wav"})
    assert voices.requests == []


@pytest.mark.parametrize(
    ("provider", "options", "says"),
    [
        ("openrouter", {"diarize": True, "names": ["Ann"]}, "openrouter takes no known_speakers"),
        ("cortecs", {"diarize": "if possible", "names": ["Ann"]}, "cortecs takes no known_speakers"),
        ("openroute", {"diarize": True, "names": ["Ann"]}, "openroute takes no known_speakers"),
        ("local", {"diarize": "if possible", "names": ["Ann"]}, "local takes no known_speakers"),
        ("openai", {"diarize": False, "names": ["Ann"]}, "known_speakers needs diarize=True"),
        (
            "openai",
            {"diarize": True, "names": ["a", "b", "c", "d", "e"]},
            "openai takes 4 known_speakers at most, not 5",
        ),
        ("litellm", {"diarize": True, "names": ["B"]}, "known_speakers may not be called 'B'"),
        ("openai", {"diarize": True, "names": [" "]}, "known_speakers may not be called ' '"),
    ],
)
def test_known_speakers_that_cannot_be_sent_are_refused_at_once(provider: str, options: Any, says: str) -> None:
    names = dict.fromkeys(options.pop("names"), tone(3.0))
    settings = {"provider": provider, "model": None if provider == "local" else "m", "known_speakers": names}
    for create in (lambda **given: AudioLoader("a.mp3", **given), AudioReader):
        with pytest.raises(ValueError, match=says):
            create(**settings, **options)
    with pytest.raises(InvalidOption, match=says):
        AudioClient(provider, model=settings["model"], api_key="k").transcribe("a.mp3", known_speakers=names, **options)


def test_a_gateway_that_refuses_known_speakers_is_an_error_without_audio(voices, call: Path, agent: Audio) -> None:
    voices.refusal = "known_speaker_references[0] is invalid: data:audio/wav;base64," + "A" * 5000
    with pytest.raises(InvalidOption, match="voices's model m refuses known_speakers") as caught:
        client(voices).transcribe(call, diarize=True, known_speakers={"Ann": agent})
    assert "AAAA" not in str(caught.value)
    assert len(voices.requests) == 1


def test_no_audio_stands_in_reprs_or_logs(voices, call: Path, agent: Audio, caplog: pytest.LogCaptureFixture) -> None:
    options = {"diarize": True, "known_speakers": {"Ann": b"RIFF" + b"\7" * 100}}
    reader = AudioReader(provider="openai", model="m", **options)
    assert "x07" not in repr(reader)
    assert "known_speakers" not in reader.to_json()
    with caplog.at_level(logging.DEBUG, "audio_core"):
        client(voices).transcribe(call, diarize=True, known_speakers={"Ann": agent})
    assert "base64," not in caplog.text


def test_a_store_resumes_and_tells_samples_apart(voices, call: Path, agent: Audio, talk: Path, tmp_path: Path) -> None:
    asking = client(voices, store=tmp_path / "store")
    first = asking.transcribe(call, diarize=True)
    assert asking.transcribe(call, diarize=True) == first
    assert len(voices.requests) == 3
    asking.transcribe(call, diarize=True, known_speakers={"Ann": agent})
    assert len(voices.requests) == 6
    asking.transcribe(call, diarize=True, known_speakers={"Ann": Audio.of(call.read_bytes(), start=0.6, end=4.3)})
    assert len(voices.requests) == 6
    asking.transcribe(call, diarize=True, known_speakers={"Ann": Audio.of(talk, end=5)})
    assert len(voices.requests) == 9


def test_a_job_with_longer_pieces_resumes_with_those_in_its_store(voices, meeting: Audio, tmp_path: Path) -> None:
    row = replace(ROW, max_upload_seconds=60.0)
    first = client(voices, row, store=tmp_path / "store").transcribe(meeting, diarize=True)
    count = len(voices.requests)
    assert count > 1
    assert client(voices, row, store=tmp_path / "store").transcribe(meeting, diarize=True) == first
    assert len(voices.requests) == count


class Streaming(DiarizingGateway):
    """Answers with the events of OpenAI's streams."""

    def next_reply(self, request: Recorded) -> Reply:
        body: Any = super().next_reply(request).body
        events = [*body["segments"], {"type": "transcript.text.done", "text": body["text"]}]
        return Reply([f"data: {json.dumps(event)}\n\n" for event in events])


def test_a_stream_names_known_speakers(call: Path, agent: Audio) -> None:
    with Streaming() as gateway:
        asking = client(gateway, replace(ROW, streams_transcripts=True))
        segments = asking.stream_transcript(Audio.of(call, end=16), diarize=True, known_speakers={"Ann": agent})
        assert [segment.speaker for segment in segments] == ["Ann", "A", "Ann"]


def test_langchain_knows_the_names(voices, call: Path, agent: Audio) -> None:
    options = {"provider": ROW, "model": "m", "base_url": voices.base_url, "diarize": True}
    documents = AudioLoader(call, known_speakers={"Ann": agent}, **options).load()
    assert [document.metadata["speaker"] for document in documents] == [*["Ann", "1:A"] * 5, "Ann"]
    (chunk,) = TranscriptSplitter(chunk_size=10_000).split_documents(documents)
    assert chunk.metadata["speakers"] == "Ann, 1:A"


def test_llamaindex_knows_the_names(voices, call: Path, agent: Audio) -> None:
    options = {"provider": ROW, "model": "m", "base_url": voices.base_url, "diarize": True}
    documents = AudioReader(known_speakers={"Ann": agent}, **options).load_data(call)
    assert [document.metadata["speaker"] for document in documents] == [*["Ann", "1:A"] * 5, "Ann"]
    nodes = TranscriptNodeParser(chunk_size=10_000).get_nodes_from_documents(documents)
    assert nodes[0].metadata["speakers"] == "Ann, 1:A"


def test_captions_know_the_names(voices, call: Path, agent: Audio) -> None:
    transcript = client(voices).transcribe(call, diarize=True, known_speakers={"Ann": agent})
    assert "<v Ann>" in transcript.to_vtt()
    assert "1:A: caller speaks." in transcript.to_srt()


def test_the_rows_state_what_is_documented() -> None:
    assert {name for name, row in PROVIDERS.items() if row.max_known_speakers} == {"openai", "litellm"}
