"""What the methods of `AudioClient` share: its gateway, its settings, its connections."""

from __future__ import annotations

from typing import Self

from audio_core.errors import UnsupportedFormat
from audio_core.errors.validation import FixedOptions
from audio_core.http.access import Access
from audio_core.http.driver import Clients
from audio_core.http.endpoint import Endpoint
from audio_core.operations.transcript_store import TranscriptStore

__all__ = ["BaseClient"]


class BaseClient(FixedOptions):
    """A gateway with the user's settings, and the connections to it."""

    endpoint: Endpoint
    model: str | None
    max_concurrency: int
    access: Access | None
    store: TranscriptStore | None
    _clients: Clients

    @property
    def is_local(self) -> bool:
        """Whether recordings are transcribed in this process."""
        return self.endpoint.provider.transcription == "engine" and self.endpoint.base_url is None

    def _get_model(self) -> str:
        if self.model is None:
            raise UnsupportedFormat(f"Say which of {self.endpoint.provider.name}'s models to use: model=...")
        return self.model

    def close(self) -> None:
        """Close the connections of sync calls. Later calls open new ones."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the connections of calls on the running event loop."""
        await self._clients.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.endpoint.provider.name!r}, model={self.model!r})"
