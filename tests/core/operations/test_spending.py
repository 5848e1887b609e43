"""A job stops before it goes over its budget. What is transcribed by then is kept; the error says how far it came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audio_core import AudioClient, Budget, BudgetExceeded, InvalidOption, Provider, TranscriptionIncomplete
from audio_core.testing import Reply, ScriptedGateway, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

ROW = Provider("pieces", "http://127.0.0.1:1/v1", max_upload_seconds=4.0)


def say(word: str, **fields: object) -> Reply:
    return Reply({"text": word, "segments": [{"start": 0.5, "end": 1.0, "text": word}], **fields})


def create_client(gateway: ScriptedGateway, **options) -> AudioClient:
    return AudioClient(ROW, model="m", base_url=gateway.base_url, max_retries=0, max_concurrency=1, **options)


@pytest.fixture
def answering(gateway: ScriptedGateway) -> ScriptedGateway:
    gateway.will_answer(*map(say, ("one", "two", "three", "four", "five")))
    return gateway


async def test_recordings_are_sent_until_the_next_would_go_over(answering) -> None:
    client, budget = create_client(answering), Budget(seconds=5.0)
    client.transcribe(tone(2), budget=budget)
    await client.atranscribe(tone(2), budget=budget)
    with pytest.raises(BudgetExceeded, match=r"2\.0 s of audio are to be sent, .*5\.0 s 4\.0 s are used"):
        client.transcribe(tone(2), budget=budget)
    await client.aclose()
    assert len(answering.requests) == 2


def test_a_long_recording_keeps_the_pieces_that_the_budget_allows(answering, tmp_path) -> None:
    client = create_client(answering, store=tmp_path / "jobs.sqlite")
    budget, talk = Budget(seconds=9.0), tone(12)
    with pytest.raises(TranscriptionIncomplete, match="budget of 9") as caught:
        client.transcribe(talk, budget=budget)
    heard = [segment.text for segment in caught.value.transcript.segments if not segment.is_gap]
    assert heard == ["one", "two"]
    assert caught.value.failures[-1][1] == pytest.approx(12.0)
    again = Budget(seconds=9.0)
    assert client.transcribe(talk, budget=again).text == "one two three four five"
    assert len(answering.requests) == 5  # the rest alone
    assert again.used_seconds < 12 - budget.used_seconds + 4  # the rest, and what it shares


def test_gaps_may_be_marked_instead(answering) -> None:
    transcript = create_client(answering).transcribe(tone(12), budget=Budget(seconds=5.0), gaps="mark")
    assert [segment.text for segment in transcript.segments if not segment.is_gap] == ["one"]
    assert transcript.segments[-1].is_gap
    assert transcript.segments[-1].end == pytest.approx(12.0)


def test_what_the_store_holds_costs_nothing(answering, tmp_path) -> None:
    client = create_client(answering, store=tmp_path / "jobs.sqlite")
    client.transcribe(tone(2))
    client.transcribe(tone(2), budget=(budget := Budget(seconds=1.0)))
    assert budget.used_seconds == 0


def test_a_refused_request_gives_its_share_back_and_one_that_may_be_billed_does_not(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no"}}, status=400), replace(say("one"), cut="fin"))
    budget = Budget(seconds=10)
    for used in (0.0, 2.0):
        with pytest.raises(Exception, match=r"no|response"):
            create_client(gateway).transcribe(tone(2), budget=budget)
        assert budget.used_seconds == pytest.approx(used)


def test_dollars_are_counted_as_the_gateway_reports_them(gateway) -> None:
    gateway.will_answer(say("one", usage={"cost": 0.25}))
    budget = Budget(cost=0.6, price_per_minute=6.0)
    create_client(gateway).transcribe(tone(2), budget=budget)
    assert budget.used_cost == pytest.approx(0.25)
    create_client(gateway).transcribe(tone(3), budget=budget)
    with pytest.raises(BudgetExceeded, match=r"about \$0\.2000 more are needed"):
        create_client(gateway).transcribe(tone(2), budget=budget)


def test_dollars_need_a_price_unless_the_gateway_lists_one(gateway) -> None:
    client = AudioClient("litellm", model="w", api_key="k", base_url=gateway.base_url)
    with pytest.raises(InvalidOption, match="price_per_minute"):
        client.transcribe(tone(2), budget=Budget(cost=1))
    facts = {"mode": "audio_transcription", "input_cost_per_second": 0.01}
    gateway.will_answer(Reply({"data": [{"model_name": "w", "model_info": facts}]}), say("one"))
    client.models()
    client.transcribe(tone(2), budget=(budget := Budget(cost=1)))
    assert budget.used_cost == pytest.approx(0.02)


def test_a_streamed_transcript_is_paid_for_too(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no"}}, status=400))
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    with pytest.raises(BudgetExceeded):
        list(client.stream_transcript(tone(2), budget=Budget(seconds=1)))
    assert gateway.requests == []


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_a_loader_keeps_what_the_budget_allows(answering, framework: str) -> None:
    recordings, budget = [tone(1), tone(2), tone(3)], Budget(seconds=3.5)
    options = {"provider": ROW, "model": "m", "base_url": answering.base_url, "budget": budget}
    options |= {"on_error": "collect", "max_concurrency": 1}
    if framework == "langchain":
        loader = AudioLoader(recordings, **options)
        documents = loader.load()
    else:
        loader = AudioReader(**options)
        documents = loader.load_data(recordings)
    assert len(documents) == 2
    assert [type(failure.error) for failure in loader.failures] == [BudgetExceeded]
