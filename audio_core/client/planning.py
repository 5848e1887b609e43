"""The methods of `AudioClient` that tell what a gateway has, and what a job will cost."""

from __future__ import annotations

from typing import Any, Unpack, cast

from audio_core.audio.audio import Audio
from audio_core.client.transcribing import TranscriptionMethods
from audio_core.engines import find_engine
from audio_core.http.driver import arun, run
from audio_core.http.flow import Flow
from audio_core.operations.estimates import Estimate, estimate_job
from audio_core.operations.models import find_model, list_models
from audio_core.wire.model_list import ModelInfo
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions

__all__ = ["PlanningMethods"]


class PlanningMethods(TranscriptionMethods):
    """Ask before audio is sent."""

    def models(self) -> tuple[ModelInfo, ...]:
        """Ask the gateway for its list of models: what each hears, speaks, transcribes and costs, as far as it says.

        OpenRouter and LiteLLM say much, other gateways no more than names. The list is remembered: a model that takes
        no audio is refused from then on before audio is sent to it. In this process, the list is the engine.

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

    def estimate(
        self, sources: Any, *, price_per_minute: float | None = None, **options: Unpack[TranscriptionKwargs]
    ) -> Estimate:
        """Estimate what a transcription will need: requests, seconds and bytes to send, cost and time. Nothing is sent.

        Args:
            sources: a recording, which is anything that `Audio.of` takes, or a list of recordings. Those on the web are
                not downloaded, and their length is not known. One that cannot be opened is listed with its error.
            price_per_minute: US dollars for a minute of audio. None takes what `models` has found.
            **options: those of `transcribe`.

        Raises:
            InvalidOption: if there is no such option, or it does not accept its value.

        Example:
            >>> estimate = AudioClient("openai", model="whisper-1").estimate(["examples/audio/call.mp3", "missing.mp3"])
            >>> estimate.requests, [failure.label for failure in estimate.failures]
            (1, ['missing.mp3'])
        """
        return run(self._clients, self._estimate(sources, price_per_minute, TranscriptionOptions.check(**options)))

    async def aestimate(
        self, sources: Any, *, price_per_minute: float | None = None, **options: Unpack[TranscriptionKwargs]
    ) -> Estimate:
        """Do what `estimate` does on the running event loop."""
        flow = self._estimate(sources, price_per_minute, TranscriptionOptions.check(**options))
        return await arun(self._clients, flow)

    def _estimate(self, sources: Any, price: float | None, options: TranscriptionOptions) -> Flow[Estimate]:
        several = cast("list[Any]", sources) if isinstance(sources, (list, tuple)) else [sources]
        audios = [Audio.of(source) for source in several]
        return estimate_job(self._build_job(options), audios, self.access, price)

    def find_model(self, name: str | None = None) -> ModelInfo:
        """Return what the gateway's list says of a model. The gateway is asked once in a process.

        Args:
            name: name of the model; by default this client's.

        Raises:
            ProviderError: if the gateway refuses or fails. One that has no list says nothing.
        """
        return run(self._clients, find_model(self.endpoint, name or self._get_model()))
