"""Serve an MCP server: to the client that has started this process, or over HTTP."""

from __future__ import annotations

from typing import Any

import anyio
import uvicorn
from mcp.server import Server
from mcp.server.stdio import stdio_server

from audio_core.http.listening import open_listener

__all__ = ["serve_http", "serve_stdio"]

_PATH = "/mcp"


def serve_stdio(server: Server[Any]) -> None:
    """Serve the client on standard input and output, until it ends. Nothing else may be written there."""
    anyio.run(_serve_stdio, server)


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


def serve_http(server: Server[Any], host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve any number of clients over streamable HTTP, until interrupted. Print the URL as soon as the server listens.

    There is no authentication: whoever reaches the address can use the tools.

    Args:
        server: what to serve.
        host: address to listen on. On this machine's own, requests that a web page has sent from elsewhere are refused.
        port: port to listen on; 0 takes a free one.

    Raises:
        OSError: if the address or port cannot be used.
    """
    app = server.streamable_http_app(streamable_http_path=_PATH, host=host)
    with open_listener(host, port) as listener:
        print(f"http://{host}:{listener.getsockname()[1]}{_PATH}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)).run(sockets=[listener])
