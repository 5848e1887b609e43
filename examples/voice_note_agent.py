"""Send a voice note to an agent that listens to a recording to answer it.

    python examples/voice_note_agent.py                                     # no key: the offline server
    python examples/voice_note_agent.py --provider openrouter --model NAME  # with OPENROUTER_API_KEY in the environment

The agent may open the examples' recordings and nothing else. In LangChain, a middleware moves the voice note from the
history to a folder, and the model still receives it. The offline server calls the first tool that it is given.
It also needs: pip install 'langchain>=1.3'
"""

from __future__ import annotations

import asyncio
import base64
import tempfile

from common import AUDIO, CALL, Settings, select_gateway
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
    with select_gateway(__doc__) as settings:
        print("LangChain: ", answer_langchain(settings))
        print("LlamaIndex:", asyncio.run(answer_llamaindex(settings)))


def create_voice_note() -> bytes:
    """Return an MP3 such as a phone sends: nine seconds of the call."""
    with encode(Audio.of(CALL, start=16, end=25), "mp3").open_reader() as reader:
        return reader.read()


def answer_langchain(settings: Settings) -> str:
    with tempfile.TemporaryDirectory() as folder:
        offload = AudioOffloadMiddleware(folder)
        tools = AudioToolkit(client=settings.create_client(), access=AUDIO).get_tools()
        checkpointer = InMemorySaver(serde=offload.serde)
        agent = create_agent(ChatAudio(**settings.chat), tools, middleware=[offload], checkpointer=checkpointer)
        note = {"type": "audio", "base64": base64.b64encode(create_voice_note()).decode(), "mime_type": "audio/mpeg"}
        request = {"messages": [HumanMessage([note, {"type": "text", "text": TASK}])]}
        return agent.invoke(request, {"configurable": {"thread_id": "1"}})["messages"][-1].text


async def answer_llamaindex(settings: Settings) -> str:
    tools = ListenToolSpec(settings.create_client(), access=AUDIO).to_tool_list()
    agent = FunctionAgent(tools=tools, llm=AudioLLM(**settings.chat))
    note = ChatMessage(role="user", blocks=[AudioBlock(audio=create_voice_note(), format="mp3"), TextBlock(text=TASK)])
    return str(await agent.run(note))


if __name__ == "__main__":
    main()
