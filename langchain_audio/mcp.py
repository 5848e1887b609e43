"""MCP tools that return audio to a chat model. This module needs `langchain[mcp]`.

LangChain's own adapter refuses audio content: langchain 1.4.7 raises NotImplementedError. It accepts embedded resources
with their MIME type, and `ChatAudio` sends those that are audio to the model.
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
    """A `fastmcp.Client` for `MCPAdapter(...)` or `as_langchain_tool(...)` whose tools may return audio.

    Its arguments are those of `fastmcp.Client`. `AudioOffloadMiddleware` replaces this audio in an agent's history too.

    Example:
        >>> from fastmcp import FastMCP
        >>> isinstance(AudioMCPClient(FastMCP("voicemail")), Client)
        True
    """

    @property
    def session(self) -> Any:
        """The session. Its tool results hold embedded resources in place of audio content."""
        return _Session(super().session)


class _Session:
    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def call_tool(self, *args: Any, **kwargs: Any) -> Any:
        result = await self._session.call_tool(*args, **kwargs)
        if not hasattr(result, "content"):  # not the tool's result: the server requires input first
            return result
        content = [_to_resource(block, number) for number, block in enumerate(result.content)]
        return result.model_copy(update={"content": content})


def _to_resource(block: Any, number: int) -> Any:
    if not isinstance(block, AudioContent):
        return block
    resource = BlobResourceContents(uri=f"audio://result/{number}", mime_type=block.mime_type, blob=block.data)
    return EmbeddedResource(type="resource", resource=resource)
