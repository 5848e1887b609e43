"""Which audio track of a recording is heard."""

from __future__ import annotations

from array import array

import pytest
from tracks import write_tracks

from audio_core import Audio, AudioClient, InvalidAudio
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.operations.upload import encode_for_upload
from audio_core.testing import Reply, ScriptedGateway

RATE = 16_000


def measure_peak(audio: Audio) -> int:
    return max(array("h", b"".join(decode(audio, rate=RATE))))


def test_the_first_track_is_heard_and_the_others_are_told() -> None:
    audio = Audio.of(write_tracks([0, 9000]))
    assert measure_peak(audio) == 0
    (warning,) = probe(audio).warnings
    assert warning.startswith("Only audio track 0 of its 2 (counted from 0) was used.")


def test_the_track_that_players_choose_is_heard() -> None:
    assert measure_peak(Audio.of(write_tracks([5000, 9000], default=1))) == pytest.approx(9000, abs=5)


def test_a_track_can_be_chosen() -> None:
    audio = Audio.of(write_tracks([0, 9000])).select_track(1)
    assert measure_peak(audio) == pytest.approx(9000, abs=5)
    assert probe(audio).warnings == ()


def test_a_url_names_the_track(tmp_path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(write_tracks([0, 9000]))
    clip = Audio.of(f"{path}#track=1").clip(0.2, 0.4)
    assert clip.reference == f"{path.as_uri()}#track=1&t=0.2,0.4"
    assert measure_peak(Audio.of(clip.reference)) == pytest.approx(9000, abs=5)
    assert Audio.of(clip.source).track == 1


def test_a_track_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidAudio, match="no audio track 2; it has 2, counted from 0"):
        probe(Audio.of(write_tracks([1, 2])).select_track(2))


def test_a_gateway_gets_the_track_that_is_heard_here() -> None:
    audio = Audio.of(write_tracks([5000, 9000]))
    sent = encode_for_upload(audio, ("mkv", "wav"))
    assert sent.format == "wav"
    assert measure_peak(Audio.of(sent.content)) == pytest.approx(5000, abs=5)


def test_a_transcript_without_text_tells_of_the_other_track() -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"text": "", "segments": []}))
        client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
        transcript = client.transcribe(write_tracks([0, 9000]))
    assert transcript.text == ""
    assert "Only audio track 0 of its 2" in "\n".join(transcript.warnings)
