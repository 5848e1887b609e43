"""With `profile="ask"` the gateway's list of models tells both frameworks what a model can do."""

from __future__ import annotations

import base64
import copy
import pickle
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import AudioBlock, ChatMessage

from audio_core import InvalidOption
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

SOUND = tone(0.2)
FACTS = {"mode": "chat", "supports_audio_output": True, "max_input_tokens": 9000, "max_output_tokens": 500}


class Gateway(ScriptedGateway):
    def next_reply(self, request: Recorded) -> Reply:
        self.requests.append(request)
        if request.method == "POST":
            return chat_reply("yes")
        return Reply(
            {
                "data": [
                    {"model_name": "hears", "model_info": {**FACTS, "supports_audio_input": True}},
                    {"model_name": "deaf", "model_info": {**FACTS, "supports_audio_input": False}},
                    {"model_name": "unknown", "model_info": {"id": "1"}},
                ]
            }
        )


def create(kind: type, gateway: ScriptedGateway, model: str, **options: Any) -> Any:
    return kind(model=model, provider="litellm", api_key="k", base_url=gateway.base_url, profile="ask", **options)


def test_nothing_is_asked_while_a_model_is_made_and_once_when_it_is_read() -> None:
    with Gateway() as gateway:
        model, llm = create(ChatAudio, gateway, "hears"), create(AudioLLM, gateway, "hears")
        assert "'ask'" not in repr(llm.api_key)
        assert gateway.requests == []
        assert (model.profile["max_input_tokens"], model.profile["audio_inputs"]) == (9000, True)
        assert model.profile.get("audio_outputs") is True
        assert (llm.metadata.context_window, llm.metadata.num_output) == (9000, 500)
        assert [request.path for request in gateway.requests] == ["/v1/model/info"]


def test_what_the_user_sets_goes_before_what_the_list_says() -> None:
    with Gateway() as gateway:
        llm = create(AudioLLM, gateway, "hears", context_window=1000, max_tokens=7)
        assert (llm.metadata.context_window, llm.metadata.num_output) == (1000, 7)


def test_what_the_list_does_not_say_is_what_the_class_supports() -> None:
    with Gateway() as gateway:
        profile = create(ChatAudio, gateway, "unknown").profile
        assert {**profile} == {"text_inputs": True, "audio_inputs": True, "text_outputs": True, "audio_outputs": False}
        assert create(AudioLLM, gateway, "unknown").metadata.context_window == 128_000


async def test_a_deaf_model_is_sent_no_audio_in_either_framework() -> None:
    block = {"type": "audio", "base64": base64.b64encode(SOUND).decode(), "mime_type": "audio/wav"}
    spoken, heard = [HumanMessage([block])], [ChatMessage(role="user", blocks=[AudioBlock(audio=SOUND)])]
    with Gateway() as gateway:
        model, llm = create(ChatAudio, gateway, "deaf"), create(AudioLLM, gateway, "deaf")
        for call in (lambda: model.invoke(spoken), lambda: llm.chat(heard), lambda: [*model.stream(spoken)]):
            with pytest.raises(InvalidOption, match=r"deaf of litellm takes no audio\. These do: hears\."):
                call()
        with pytest.raises(InvalidOption, match="takes no audio"):
            await model.ainvoke(spoken)
        with pytest.raises(InvalidOption, match="takes no audio"):
            await llm.achat(heard)
        assert model.invoke("hi").text == "yes"
        assert [request.method for request in gateway.requests] == ["GET", "POST"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_asks_too(duplicate) -> None:
    with Gateway() as gateway:
        assert duplicate(create(ChatAudio, gateway, "hears")).profile["max_input_tokens"] == 9000
        assert duplicate(create(AudioLLM, gateway, "hears")).metadata.context_window == 9000
