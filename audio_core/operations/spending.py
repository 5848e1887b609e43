"""Spend the budget of a job: reserve what a request needs before it is sent, and count what it has cost."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from audio_core.errors import ProviderError
from audio_core.http.flow import Flow
from audio_core.operations.job import Job
from audio_core.operations.models import recall_model
from audio_core.transcript.budget import Share
from audio_core.transcript.transcript import Transcript

__all__ = ["reserve_budget", "spend_budget"]


def spend_budget(job: Job, label: str, seconds: float, request: Flow[Transcript]) -> Flow[Transcript]:
    """Run a flow that sends one request for a transcript, if the job's budget allows it.

    Args:
        job: the settings of the transcription.
        label: what messages call the recording.
        seconds: of audio that are sent.
        request: the flow. It is not begun if it would go over the budget.

    Raises:
        BudgetExceeded: if too little of the budget is left.
        AudioError: as the flow does.
    """
    with reserve_budget(job, label, seconds) as share:
        transcript = yield from request
        if share is not None:
            share.settle(transcript.usage)
        return transcript


@contextlib.contextmanager
def reserve_budget(job: Job, label: str, seconds: float) -> Generator[Share | None]:
    """Reserve a share of the job's budget for a request that is sent in the body; None if there is no budget.

    The share is given back if the request fails and is not billed.

    Raises:
        BudgetExceeded: if too little of the budget is left.
        InvalidOption: if the cost is limited and no price is known.
    """
    budget = job.options.budget
    if budget is None:
        yield None
        return
    price = 0.0 if job.engine is not None else recall_model(job.endpoint, job.model).price_per_second
    share = budget.reserve(label, seconds, price)
    try:
        yield share
    except Exception as error:
        if not (isinstance(error, ProviderError) and error.may_have_been_billed):
            share.give_back()
        raise
