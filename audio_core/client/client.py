"""`AudioClient`: what it is made of, and how one is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from audio_core.client.chatting import ChatMethods
from audio_core.client.planning import PlanningMethods
from audio_core.client.speaking import SpeechMethods
from audio_core.engines.cores import count_cores
from audio_core.errors.validation import validate_arguments
from audio_core.http.access import AccessLike, to_access
from audio_core.http.driver import Clients
from audio_core.http.endpoint import Endpoint
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.providers import Provider, ProviderName, choose_provider

__all__ = ["AudioClient"]


class AudioClient(PlanningMethods, ChatMethods, SpeechMethods):
    """A client that transcribes recordings, asks chat models about them, and speaks texts, through one gateway.

    The constructor touches neither disk nor network. Threads, forked processes and event loops may share a client.

    Args:
        provider: a name in `PROVIDERS`, or a row of your own. By default `"local"`, which transcribes in this process,
            without a key; or an OpenAI-compatible gateway if there is a `base_url`.
        model: name of the model. Remote gateways have no default; for local models see `audio_core.engines`.
        api_key: the gateway's key; by default it is read from the environment at the first request.
        base_url: base URL of the gateway's API, if it differs from the provider's row.
        timeout: seconds on the wall clock for each request; for a stream, the longest time without data. Half the
            length of the audio that is sent is added.
        max_retries: how many more requests may follow a failed one. What may have been billed is not sent again.
        max_concurrency: how many recordings, or pieces, are transcribed side by side; in this process, one a core at
            most.
        access: what may be opened: an `Access`, a folder or several. None trusts every path and public host named.
        store: a `TranscriptStore`, or the path of its file. Finished transcripts are kept there and not paid for twice.
        headers: further headers for the gateway.
        checks_models: whether the gateway's list of models is asked before audio is first sent, so that a model that is
            known to take none is refused.
        http_client: your own `httpx.Client`, used as it is.
        http_async_client: your own `httpx.AsyncClient`, used as it is.

    Raises:
        InvalidOption: if there is no such option, or it does not accept its value; for a provider, `UnknownProvider`.

    Example:
        >>> client = AudioClient("local")
        >>> client.transcribe("examples/audio/call.mp3").language
        'en'
    """

    @validate_arguments
    def __init__(
        self,
        provider: ProviderName | str | Provider | None = None,
        *,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: PositiveFloat = 60.0,
        max_retries: NonNegativeInt = 2,
        max_concurrency: PositiveInt = 8,
        access: AccessLike | None = None,
        store: TranscriptStore | str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        checks_models: bool = False,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        row = choose_provider(provider, base_url, api_key)
        self.endpoint = Endpoint(
            row, api_key, base_url, timeout, max_retries, headers or {}, checks_models=checks_models
        )
        self.model, self.max_concurrency = model, max_concurrency
        self.access = None if access is None else to_access(access)
        self.store = TranscriptStore(store) if isinstance(store, (str, Path)) else store
        slots = min(max_concurrency, count_cores()) if self.is_local else max_concurrency
        self._clients = Clients(http_client, http_async_client, slots)
