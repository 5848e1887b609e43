"""A gateway's failures in LangChain: one error that is both the core's and LangChain's."""

import pickle

import pytest
from langchain_core import exceptions as langchain
from langchain_core.messages import HumanMessage

import audio_core as core
from audio_core.testing import Reply, chat_stream
from langchain_audio import ChatAudio


def model(gateway, **options) -> ChatAudio:
    return ChatAudio(
        model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, max_retries=0, **options
    )


CASES = [
    (Reply({"error": {"message": "no"}}, status=401), core.AuthenticationError, langchain.ModelAuthenticationError),
    (Reply({"error": {"message": "no"}}, status=403), core.PermissionDenied, langchain.ModelPermissionDeniedError),
    (Reply({"error": {"message": "no"}}, status=400), core.InvalidRequest, langchain.ModelInvalidRequestError),
    (
        Reply({"error": {"message": "no", "code": "context_length_exceeded"}}, status=400),
        core.ContextOverflow,
        langchain.ContextOverflowError,
    ),
    (Reply({"error": {"message": "no"}}, status=413), core.InvalidRequest, langchain.ModelInvalidRequestError),
    (Reply({"error": {"message": "no"}}, status=404), core.NotFound, langchain.ModelNotFoundError),
    (Reply({"error": {"message": "no"}}, status=429), core.RateLimited, langchain.ModelRateLimitError),
    (Reply({"error": {"message": "no"}}, status=503), core.ProviderUnavailable, langchain.ModelAPIError),
    (Reply("", cut="fin"), core.Unreachable, langchain.ModelConnectionError),
    (Reply("<html>Sign in</html>"), core.IncompleteResponse, langchain.ModelAPIError),
    (Reply({"choices": []}), core.IncompleteResponse, langchain.ModelAPIError),
    (Reply({"error": {"message": "no", "code": 502}}), core.ProviderUnavailable, langchain.ModelAPIError),
]


@pytest.mark.parametrize(("reply", "ours", "theirs"), CASES)
@pytest.mark.parametrize("streamed", [False, True])
def test_every_failure_is_both_kinds(gateway, reply: Reply, ours: type, theirs: type, streamed: bool) -> None:
    gateway.will_answer(reply)
    with pytest.raises(ours) as caught:
        list(model(gateway).stream("hi")) if streamed else model(gateway).invoke("hi")
    error = caught.value
    assert isinstance(error, theirs)
    assert isinstance(error, langchain.ModelError)
    assert error.is_retryable is error.retryable
    assert (error.provider, error.attempts) == ("openai", 1)


async def test_failures_of_async_calls_are_both_kinds(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no"}}, status=429, headers={"retry-after": "7"}))
    with pytest.raises(langchain.ModelRateLimitError) as caught:
        await model(gateway).ainvoke("hi")
    assert caught.value.retry_after == 7
    with pytest.raises(langchain.ModelRateLimitError):
        [chunk async for chunk in model(gateway).astream("hi")]


def test_a_silent_gateway_is_a_timeout_of_both_kinds(gateway) -> None:
    gateway.will_answer(Reply({}, wait=5))
    with pytest.raises(langchain.ModelTimeoutError) as caught:
        model(gateway, timeout=0.1).invoke("hi")
    assert isinstance(caught.value, core.ProviderTimeout)


def test_a_failure_keeps_what_it_carries_when_it_is_pickled(gateway) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False))
    with pytest.raises(core.IncompleteResponse) as caught:
        list(model(gateway).stream([HumanMessage("hi")]))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.partial) == (type(caught.value), str(caught.value), "half")
    assert b"secret" not in pickle.dumps(caught.value)


def test_a_used_up_quota_is_not_to_be_asked_again(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no credit", "code": "insufficient_quota"}}, status=429))
    with pytest.raises(langchain.ModelRateLimitError) as caught:
        model(gateway).invoke("hi")
    assert caught.value.is_retryable is False


def test_fallbacks_take_over(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "down"}}, status=503), *chat_ok())
    chain = model(gateway).with_fallbacks([model(gateway)], exceptions_to_handle=(langchain.ModelAPIError,))
    assert chain.invoke("hi").text == "yes"


def chat_ok() -> list[Reply]:
    from audio_core.testing import chat_reply

    return [chat_reply("yes")]
