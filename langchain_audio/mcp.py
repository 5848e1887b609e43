"""MCP tools that return sound, heard by the model; it needs `langchain[mcp]`.

LangChain's own adapter refuses audio content (langchain 1.4.7 raises NotImplementedError). It carries embedded resources, though,
with their MIME type, and `ChatAudio` hears those that are audio.
"""

from __future__ import annotations

from typing import Any

from audio_core import MissingDependency

try:
    from fastmcp import Client
    from mcp.types import AudioContent, BlobResourceContents, EmbeddedResource
except ModuleNotFoundError:
    raise MissingDependency("MCP tools need LangChain's adapter: pip install 'langchain[mcp]>=1.4.7'") from None

__all__ = ["AudioMCPClient"]


class AudioMCPClient(Client[Any]):
    """A `fastmcp.Client` whose tools' sounds reach the model, through `MCPAdapter(...)` or `as_langchain_tool(...)`.

    Its arguments are those of `fastmcp.Client`. In an agent's history, `AudioOffloadMiddleware` keeps such sounds out as well.

    Example:
        >>> from fastmcp import FastMCP
        >>> isinstance(AudioMCPClient(FastMCP("voicemail")), Client)
        True
    """

    @property
    def session(self) -> Any:
        """The session, whose tool results hold embedded resources in place of audio."""
        return _Session(super().session)


class _Session:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def call_tool(self, *args: Any, **kwargs: Any) -> Any:
        result = await self._inner.call_tool(*args, **kwargs)
        if not hasattr(result, "content"):  # the server asks for something first
            return result
        content = [_to_resource(block, number) for number, block in enumerate(result.content)]
        return result.model_copy(update={"content": content})


def _to_resource(block: Any, number: int) -> Any:
    if not isinstance(block, AudioContent):
        return block
    sound = BlobResourceContents(uri=f"audio://result/{number}", mime_type=block.mime_type, blob=block.data)
    return EmbeddedResource(type="resource", resource=sound)
