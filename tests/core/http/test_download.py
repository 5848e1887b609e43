"""Downloading recordings from the web."""

import socket

import httpx
import pytest

from audio_core import (
    Access,
    AccessDenied,
    Audio,
    AudioClient,
    AudioTooLarge,
    InvalidAudio,
    NotFound,
    ProviderError,
    Unreachable,
)
from audio_core.http.download import _resolve_redirect, open_or_download
from audio_core.http.driver import Clients, run
from audio_core.testing import Reply, ScriptedGateway, tone

WAV = tone(0.2)
LOCAL = Access(allow_private_hosts=True)


def download(url: str, access: Access | None = LOCAL) -> Audio:
    return run(Clients(), open_or_download(Audio.of(url), access, timeout=5, max_retries=2))


def test_a_recording_is_downloaded_and_keeps_its_name_and_clip(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply(WAV))
    audio = download(f"{gateway.origin}/talks/a.wav?sig=x#t=0,0.1")
    assert audio.open_content().open_reader().read() == WAV
    assert audio.reference == f"{gateway.origin}/talks/a.wav?sig=x#t=0,0.1"
    (request,) = gateway.requests
    assert (request.path, request.headers["host"]) == ("/talks/a.wav?sig=x", gateway.origin.removeprefix("http://"))


def test_a_download_that_breaks_off_is_repeated_from_its_beginning(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply(WAV[:1000], cut="fin"), Reply(WAV))
    assert download(f"{gateway.origin}/a.wav").open_content().open_reader().read() == WAV


def test_private_addresses_are_refused_by_default(gateway: ScriptedGateway) -> None:
    for access in (None, Access()):
        with pytest.raises(AccessDenied, match=r"private network.*allow_private_hosts=True"):
            download(f"{gateway.origin}/a.wav", access)
    assert gateway.requests == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:7f00:1]"]
)
def test_every_spelling_of_this_machine_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((AccessDenied, Unreachable)):
        download(f"http://{host}:9/a.wav", Access())


@pytest.mark.parametrize(
    "url", ["http://user:pw@example.org/a.wav", "http://example.org\\@evil/a.wav", "http:///a.wav", "http://x:99999/a"]
)
def test_a_url_that_hides_its_host_is_refused(url: str) -> None:
    with pytest.raises(AccessDenied, match="its URL must be"):
        download(url)


def test_a_host_with_one_private_address_among_several_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    with pytest.raises(AccessDenied, match="private"):
        download("http://example.org/a.wav", Access())


def test_a_host_must_be_on_the_list_if_there_is_one() -> None:
    with pytest.raises(AccessDenied, match=r"from example\.org: add it to Access\(hosts="):
        download("http://example.org/a.wav", Access(hosts=("talks.example.org",)))


def test_redirects_are_followed_and_checked_at_every_hop(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.will_answer(Reply("", 302, {"Location": "/b.wav"}), Reply(WAV))
    assert download(f"{gateway.origin}/a.wav").format == "wav"
    assert [request.path for request in gateway.requests] == ["/a.wav", "/b.wav"]
    gateway.will_answer(Reply("", 302, {"Location": "http://elsewhere.example/x.wav"}))
    with pytest.raises(AccessDenied, match=r"elsewhere\.example"):
        download(f"{gateway.origin}/a.wav", Access(hosts=("127.0.0.1",), allow_private_hosts=True))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/y", ""])
def test_a_redirect_to_something_else_is_refused(gateway: ScriptedGateway, target: str) -> None:
    gateway.will_answer(Reply("", 302, {"Location": target} if target else {}))
    with pytest.raises(AccessDenied, match="not an http"):
        download(f"{gateway.origin}/a.wav")


def test_a_loop_of_redirects_ends(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply("", 302, {"Location": "/a.wav"}))
    with pytest.raises(InvalidAudio, match="redirected more than 5 times"):
        download(f"{gateway.origin}/a.wav")
    assert len(gateway.requests) == 6


def test_an_endless_body_ends_at_the_limit(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply([WAV] * 1000))
    with pytest.raises(AudioTooLarge, match=r"access allows 50,000"):
        download(f"{gateway.origin}/a.wav", Access(max_bytes=50_000, allow_private_hosts=True))


def test_an_html_page_served_as_audio_is_refused(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply("<html>Sign in</html>", headers={"Content-Type": "audio/mpeg"}))
    with pytest.raises(InvalidAudio, match="HTML"):
        download(f"{gateway.origin}/a.mp3")


def test_a_missing_recording_is_not_found(gateway: ScriptedGateway) -> None:
    gateway.will_answer(Reply("gone", 404))
    with pytest.raises(NotFound, match=r"127\.0\.0\.1 refused the download"):
        download(f"{gateway.origin}/a.mp3")


def test_a_host_that_does_not_exist_is_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail_to_resolve)
    with pytest.raises(ProviderError, match=r"no-such-host\.example cannot be found"):
        download("http://no-such-host.example/a.mp3")


OWN = {"headers": {"X-Own": "1"}, "cookies": {"own": "1"}, "auth": ("user", "password"), "params": {"own": "1"}}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("has_own_client", [False, True])
async def test_the_host_of_a_recording_receives_nothing_that_is_meant_for_the_gateway(
    gateway: ScriptedGateway, is_async: bool, has_own_client: bool
) -> None:
    options = {"base_url": gateway.base_url, "api_key": "secret-key", "headers": {"X-Title": "mine"}, "access": LOCAL}
    with ScriptedGateway() as host, httpx.Client(**OWN) as own_client:
        host.will_answer(Reply("", 302, {"Location": "/b.wav", "Set-Cookie": "a=1"}), Reply(WAV))
        async with httpx.AsyncClient(**OWN) as own_async_client:
            own = {"http_client": own_client, "http_async_client": own_async_client} if has_own_client else {}
            async with AudioClient("openai", model="m", **options, **own) as client:
                url = f"{host.origin}/a.wav"
                await client.aask(url, "?") if is_async else client.ask(url, "?")
        for request, path in zip(host.requests, ("/a.wav", "/b.wav"), strict=True):
            assert request.headers.keys() <= {"host", "accept", "accept-encoding", "user-agent", "connection"}
            assert request.path == path
        (sent,) = gateway.requests
        assert sent.headers["x-title"] == "mine"
        assert ("x-own" in sent.headers, "own=1" in sent.path) == (has_own_client, has_own_client)


@pytest.mark.parametrize("allowed", ["münchen.example", "xn--mnchen-3ya.example"])
def test_a_host_beyond_ascii_is_named_as_dns_does(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **options: resolve("127.0.0.1", *rest, **options))
    gateway.will_answer(Reply(WAV))
    port = gateway.origin.rsplit(":", 1)[1]
    download(f"http://münchen.example:{port}/a.wav", Access(hosts=(allowed,), allow_private_hosts=True))
    assert gateway.requests[0].headers["host"] == f"xn--mnchen-3ya.example:{port}"


@pytest.mark.parametrize("location", ["http://[", "//[x", "http://a]b/"])
def test_a_redirect_to_a_malformed_url_is_refused(gateway: ScriptedGateway, location: str) -> None:
    gateway.will_answer(Reply(status=302, headers={"location": location}))
    with pytest.raises(AccessDenied, match=r"a\.wav may not be fetched"):
        download(f"{gateway.origin}/a.wav")


@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example", "é" * 70])
def test_a_name_that_no_host_can_have_is_refused(host: str) -> None:
    with pytest.raises(AccessDenied, match="its URL must be"):
        download(f"http://{host}/a.wav")


@pytest.mark.parametrize(
    ("url", "location"), [("https://a.example/1.wav", "http://a.example/2.wav"), ("https://a.example", "http:2.wav")]
)
def test_a_redirect_from_https_to_http_is_refused(url: str, location: str) -> None:
    with pytest.raises(AccessDenied, match="from https to http"):
        _resolve_redirect(url, location, "1.wav")
