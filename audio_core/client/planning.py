"""The methods of `AudioClient` that tell what a gateway has, and what a job will cost."""

from __future__ import annotations

from audio_core.client.base import BaseClient
from audio_core.engines import find_engine
from audio_core.http.driver import arun, run
from audio_core.http.flow import Flow
from audio_core.operations.models import find_model, list_models
from audio_core.wire.model_list import ModelInfo

__all__ = ["PlanningMethods"]


class PlanningMethods(BaseClient):
    """Ask before audio is sent."""

    def models(self) -> tuple[ModelInfo, ...]:
        """Ask the gateway for its list of models: what each hears, speaks, transcribes and costs, as far as it says.

        OpenRouter and LiteLLM say much, other gateways no more than names. The list is remembered: a model that takes no
        audio is refused from then on before audio is sent to it. In this process, the list is the engine.

        Raises:
            ProviderError: if the gateway refuses or fails, or sends no list.

        Example:
            >>> [model.name for model in AudioClient("local").models() if model.transcribes]
            ['pocketsphinx']
        """
        return run(self._clients, self._list_models())

    async def amodels(self) -> tuple[ModelInfo, ...]:
        """Do what `models` does on the running event loop."""
        return await arun(self._clients, self._list_models())

    def _list_models(self) -> Flow[tuple[ModelInfo, ...]]:
        if not self.is_local:
            return (yield from list_models(self.endpoint))
        engine = find_engine(self.model)
        return (ModelInfo(engine.model, hears=False, speaks=False, transcribes=True, price_per_second=0.0),)

    def find_model(self, name: str | None = None) -> ModelInfo:
        """Return what the gateway's list says of a model. The gateway is asked once in a process.

        Args:
            name: name of the model; by default this client's.

        Raises:
            ProviderError: if the gateway refuses or fails. One that has no list says nothing.
        """
        return run(self._clients, find_model(self.endpoint, name or self._get_model()))
