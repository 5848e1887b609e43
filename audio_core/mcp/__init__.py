"""A server for the Model Context Protocol: models of any client hear, transcribe and search a folder's recordings."""

from __future__ import annotations

from importlib.util import find_spec

from audio_core.errors import MissingDependency, describe_install

if find_spec("mcp") is None:
    raise MissingDependency(f"The MCP server needs mcp: {describe_install('mcp')}")

from audio_core.mcp.server import create_server
from audio_core.mcp.serving import serve_http, serve_stdio

__all__ = ["create_server", "serve_http", "serve_stdio"]
