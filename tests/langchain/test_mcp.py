"""Sounds that MCP tools return, from a real server to the model."""

import base64
import warnings

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage

from audio_core.testing import chat_reply, tone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastmcp import FastMCP
    from langchain.mcp import MCPAdapter, as_langchain_tool
    from mcp.types import AudioContent, TextContent

    from langchain_audio.mcp import AudioMCPClient

from langchain_audio import ChatAudio
from langchain_audio.middleware import AudioOffloadMiddleware

SOUND = base64.b64encode(tone(0.5)).decode()


@pytest.fixture
def client() -> AudioMCPClient:
    server = FastMCP("voicemail")

    @server.tool
    def voicemail() -> list:
        """The last message."""
        text = TextContent(type="text", text="One message:")
        return [text, AudioContent(type="audio", data=SOUND, mime_type="audio/wav")]

    return AudioMCPClient(server)


async def test_a_tools_sound_is_a_block_with_its_type(client: AudioMCPClient) -> None:
    async with client:
        tool = await as_langchain_tool((await client.list_tools())[0], client)
    text, sound = await tool.ainvoke({})
    assert text["text"] == "One message:"
    assert (sound["mime_type"], sound["base64"]) == ("audio/wav", SOUND)


async def test_the_model_hears_it(gateway, client: AudioMCPClient, tmp_path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "voicemail", "arguments": "{}"}}
    gateway.will_answer(chat_reply(None, tool_calls=[call], finish="tool_calls"), chat_reply("A beep."))
    model = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url)
    async with MCPAdapter(client) as adapter:
        agent = create_agent(model, await adapter.list_tools(), middleware=[AudioOffloadMiddleware(tmp_path)])
        state = await agent.ainvoke({"messages": [HumanMessage("Any messages?")]})
    assert state["messages"][-1].text == "A beep."
    heard = [
        part["input_audio"]["data"]
        for message in gateway.requests[-1].json["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "input_audio"
    ]
    assert heard == [SOUND]
    (answer,) = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert SOUND not in str(answer)
