"""A gateway answers with nonsense, with an error or with half an answer, and calls it a success."""

import json

import pytest
from doors import CHAT, CHAT_STREAMS, FEW, FEW_STREAMS, FEW_TOOLS, KEY, SOME, Door, answer, through
from hostile import enter
from llama_index.core.llms import ChatMessage

from audio_core import AudioClient, IncompleteResponse, ProviderError
from audio_core.testing import Reply, chat_reply, chat_stream
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

HTML = "<html><body>Sign in to the hotel network</body></html>"
JSON = {"Content-Type": "application/json"}

NONSENSE = {
    "html": Reply(HTML, headers={"Content-Type": "text/html"}),
    "html as json": Reply(HTML, headers=JSON),
    "nothing": Reply("", headers=JSON),
    "null": Reply("null", headers=JSON),
    "[]": Reply("[]", headers=JSON),
    "{}": Reply("{}", headers=JSON),
    "cut": Reply('{"choices": [{"message": {"content": "half', headers=JSON),
    "bad utf-8": Reply(b'\xff\xfe{"text": "\xe9"}', headers=JSON),
    "deep": Reply("[" * 100_000, headers=JSON),
}


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
@through(*SOME)
def test_nonsense_is_an_error_and_never_a_text(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert len(gateway.requests) == 1
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert getattr(outcome.error, "status", 200) == 200
    assert getattr(outcome.error, "may_have_been_billed", True)


ERRORS = {
    "object": Reply({"error": {"message": "upstream died", "code": 502}}),
    "text": Reply({"error": "upstream died"}),
    "detail": Reply({"detail": "upstream died"}),
    "in plain text": Reply('{"error": {"message": "upstream died"}}'),
    "beside a reply": Reply({"error": {"message": "upstream died"}, "choices": [], "text": "upstream"}),
}


@pytest.mark.parametrize("reply", ERRORS.values(), ids=ERRORS)
@through(*SOME)
def test_an_error_with_status_200_is_an_error_in_its_words(
    gateway, recording, access, door: Door, reply: Reply
) -> None:
    gateway.will_answer(reply)
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert "upstream died" in outcome.message
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "verbose_json"])
def test_an_error_is_no_transcript_in_any_response_format(gateway, recording, response_format: str) -> None:
    gateway.will_answer(Reply('{"error": {"message": "upstream died"}}', headers={"Content-Type": "text/plain"}))
    client = AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url)
    with pytest.raises(ProviderError, match="upstream died"):
        client.transcribe(recording, extra={"response_format": response_format})


def choose(**choice: object) -> Reply:
    return Reply({"choices": [choice]})


EMPTY = {
    "no choices": Reply({"choices": []}),
    "choices null": Reply({"choices": None}),
    "content NaN": Reply('{"choices": [{"message": {"content": NaN}, "finish_reason": "stop"}]}', headers=JSON),
    "message null": choose(message=None, finish_reason="stop"),
    "choice null": Reply({"choices": [None]}),
}


@pytest.mark.parametrize("reply", EMPTY.values(), ids=EMPTY)
@through(*(door for door in (*FEW, *FEW_STREAMS) if door.is_chat))
def test_a_reply_without_content_is_an_error(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    assert isinstance(enter(door, gateway.base_url, recording, access=access).error, IncompleteResponse)


@through(*(door for door in (*FEW, *FEW_STREAMS) if door.is_chat))
def test_null_is_the_empty_text_of_a_model_that_has_nothing_to_say(gateway, recording, access, door: Door) -> None:
    outcomes = list[tuple[object, object]]()
    for text in (None, ""):
        gateway.will_answer(chat_reply(text))
        outcome = enter(door, gateway.base_url, recording, access=access)
        outcomes.append((outcome.text, outcome.error))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] is None


@pytest.mark.parametrize("text", [None, 5, float("nan"), ["yes"]], ids=str)
@through(*(door for door in (*FEW, *FEW_TOOLS) if not door.is_chat))
def test_a_transcript_without_text_is_an_error(gateway, recording, access, door: Door, text: object) -> None:
    gateway.will_answer(Reply(json.dumps({"text": text}), headers=JSON))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert outcome.text is None


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", ""])
@through(*FEW)
def test_good_json_of_any_type_is_read(gateway, recording, access, door: Door, content_type: str) -> None:
    body = answer(door).pieces()[0]
    gateway.will_answer(Reply(body, headers={"Content-Type": content_type}))
    assert enter(door, gateway.base_url, recording, access=access).text == "yes"


@through(*CHAT, *CHAT_STREAMS)
def test_an_answer_that_the_model_broke_off_is_an_error_with_what_came(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(chat_stream("half", finish="error") if door.is_streamed else chat_reply("half", finish="error"))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert getattr(outcome.error, "partial", "half") == "half"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_an_answer_that_was_cut_short_says_so(gateway, finish: str, is_streamed: bool) -> None:
    gateway.will_answer(chat_stream("half", finish=finish) if is_streamed else chat_reply("half", finish=finish))
    options = {"provider": "openai", "model": "m", "api_key": KEY, "base_url": gateway.base_url}
    client, question = AudioClient(**options), [{"role": "user", "content": "hi"}]
    answer = [*client.stream_chat(question, {})][-1].answer if is_streamed else client.chat(question, {})
    message = ChatAudio(**options, streaming=is_streamed).invoke("hi")
    llm, messages = AudioLLM(**options), [ChatMessage(role="user", content="hi")]
    response = [*llm.stream_chat(messages)][-1] if is_streamed else llm.chat(messages)
    facts = [message.response_metadata, response.additional_kwargs]
    assert {answer.finish_reason, *(each["finish_reason"] for each in facts)} == {finish}
    for warnings in (answer.warnings, *(each["warnings"] for each in facts)):
        assert any("cut short" in warning or "stopped" in warning for warning in warnings)


@through(*(door for door in (*FEW, *FEW_TOOLS) if not door.is_chat))
@pytest.mark.parametrize("finish", ["length", "content_filter", "error"])
def test_a_transcript_by_chat_that_was_cut_is_an_error(gateway, recording, access, door: Door, finish: str) -> None:
    gateway.will_answer(chat_reply('{"segments": [{"text": "half"', finish=finish))
    assert enter(door, gateway.base_url, recording, access=access, provider="openroute").error is not None
