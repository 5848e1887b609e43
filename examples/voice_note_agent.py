"""An agent that is sent a voice note, and listens to a recording to answer it.

    python examples/voice_note_agent.py                                      # no key: the offline server
    python examples/voice_note_agent.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

It may open the examples' recordings and nothing else. The voice note leaves its history for a folder; the model hears it all the
same. The offline server calls the first tool that it has.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile

from common import AUDIO, CALL, Gateway, gateway
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock

from audio_core import Audio
from audio_core.media.decode import encode
from langchain_audio import AudioToolkit, ChatAudio
from langchain_audio.middleware import AudioOffloadMiddleware
from llamaindex_audio import AudioLLM, ListenToolSpec

TASK = 'Here is a voice note. Listen to "call.mp3" too, and say what the two have to do with each other.'


def main() -> None:
    with gateway(__doc__) as chosen:
        print("LangChain: ", answer_langchain(chosen))
        print("LlamaIndex:", asyncio.run(answer_llamaindex(chosen)))


def voice_note() -> bytes:
    """What a telephone would have sent: here, nine seconds of the call."""
    with encode(Audio.of(CALL, start=16, end=25), "mp3").open_reader() as reader:
        return reader.read()


def answer_langchain(chosen: Gateway) -> str:
    with tempfile.TemporaryDirectory() as folder:
        offload = AudioOffloadMiddleware(folder)
        tools = AudioToolkit(client=chosen.client(), access=AUDIO).get_tools()
        checkpointer = InMemorySaver(serde=offload.serde)
        agent = create_agent(ChatAudio(**chosen.chat), tools, middleware=[offload], checkpointer=checkpointer)
        note = {"type": "audio", "base64": base64.b64encode(voice_note()).decode(), "mime_type": "audio/mpeg"}
        asked = {"messages": [HumanMessage([note, {"type": "text", "text": TASK}])]}
        return agent.invoke(asked, {"configurable": {"thread_id": "1"}})["messages"][-1].text


async def answer_llamaindex(chosen: Gateway) -> str:
    tools = ListenToolSpec(chosen.client(), access=AUDIO).to_tool_list()
    agent = FunctionAgent(tools=tools, llm=AudioLLM(**chosen.chat))
    note = ChatMessage(role="user", blocks=[AudioBlock(audio=voice_note(), format="mp3"), TextBlock(text=TASK)])
    return str(await agent.run(note))


if __name__ == "__main__":
    main()
