"""URLs of recordings that a model or a message gives: only public hosts, checked at every hop, within limits."""

import socket
from collections.abc import Iterator

import pytest
from doors import DOORS, FEW, FEW_STREAMS, FEW_TOOLS, KEY, SOME, Door, answer, through
from hostile import enter, misbehave
from raw_server import RawServer

from audio_core import Access, AccessDenied, AudioError, AudioTooLarge, InvalidAudio, ProviderError, ProviderTimeout
from audio_core.http.access import is_public
from audio_core.testing import Reply, ScriptedGateway, tone

WAV = tone(1.0)
EVERYWHERE = Access(hosts=("127.0.0.1",), allow_private_hosts=True)


@pytest.fixture
def web() -> Iterator[ScriptedGateway]:
    """Run a web server on this machine."""
    with ScriptedGateway() as web:
        web._latest = Reply(WAV, headers={"Content-Type": "audio/wav"})  # until a test scripts another reply
        yield web


def allow(host: str) -> Access:
    """Return an access that names the host, as tools need it. It still allows public addresses only."""
    return Access(hosts=(host,))


# --- addresses ---

ADDRESSES = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:0:0:0:0:5601:5601]",
    "[2001:4860::5efe:169.254.169.254]",
    "[5f00::1]",
    "[1::]",
]


@through(*FEW, *FEW_TOOLS)
def test_private_addresses_are_refused_in_any_form(gateway, door: Door) -> None:
    for address in ADDRESSES:
        access = allow(address.strip("[]")) if door.is_tool else Access()
        outcome = enter(door, gateway.base_url, f"http://{address}/a.wav", access=access)
        assert isinstance(outcome.error, AccessDenied) or door.is_tool, address
        assert "private network" in outcome.message, address
    assert gateway.requests == []


SPELLINGS = [
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "127.000.000.001",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "0",
    "127.0.0.1.",
]
DISGUISES = [
    "http://example.org@127.0.0.1:{port}/a.wav",
    "http://user:pw@127.0.0.1:{port}/a.wav",
    "http://example.org\\@127.0.0.1:{port}/a.wav",
    "http:\\\\127.0.0.1:{port}/a.wav",
    "http:/127.0.0.1:{port}/a.wav",
    "gopher://127.0.0.1:{port}/a.wav",
    "ftp://127.0.0.1:{port}/a.wav",
    "http://127.0.0.1:{port}\r\nHost: x/a.wav",
    "http://127.0.0.1\0.example.org:{port}/a.wav",
]


@through(*FEW, *FEW_TOOLS)
def test_no_spelling_reaches_this_machine(gateway, web: ScriptedGateway, door: Door) -> None:
    port = web.origin.rsplit(":", 1)[1]
    disguises = [] if door.name.startswith("AudioLLM") else DISGUISES  # LlamaIndex refuses most of them itself
    for url in (*(f"http://{host}:{port}/a.wav" for host in SPELLINGS), *(url.format(port=port) for url in disguises)):
        assert enter(door, gateway.base_url, url, access=Access()).error is not None, url
    assert gateway.requests == web.requests == []


# --- redirects ---


@pytest.fixture
def is_loopback_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count 127.0.0.1 as an address of the internet, and nothing else of this machine."""
    monkeypatch.setattr("audio_core.http.access.is_public", lambda ip: ip == "127.0.0.1" or is_public(ip))


TARGETS = [
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/a.wav",
    "http://[::1]/a.wav",
    "http://user@127.0.0.1/a.wav",
    "file:///etc/passwd",
    "data:audio/wav;base64,UklGRg==",
    "gopher://127.0.0.1/",
    "http://[",
    "",
]


@pytest.mark.usefixtures("is_loopback_public")
@through(*SOME)
def test_a_redirect_is_checked_like_a_url(gateway, web: ScriptedGateway, door: Door) -> None:
    for target in TARGETS:
        web.will_answer(Reply("", 302, {"Location": target} if target else {}))
        outcome = enter(door, gateway.base_url, f"{web.origin}/a.wav", access=Access(hosts=("127.0.0.1", "10.0.0.1")))
        assert isinstance(outcome.error, AudioError) or door.is_tool, target
    assert len(web.requests) == len(TARGETS)
    assert gateway.requests == []


@through(*SOME)
def test_a_loop_of_redirects_ends_after_five_hops(gateway, web: ScriptedGateway, door: Door) -> None:
    web.will_answer(Reply("", 302, {"Location": "/a.wav"}))
    assert "redirected more than 5 times" in enter(door, gateway.base_url, f"{web.origin}/", access=EVERYWHERE).message
    assert len(web.requests) == 6
    assert gateway.requests == []


@through(*FEW, *FEW_STREAMS)
def test_the_host_of_a_recording_gets_no_key(gateway, web: ScriptedGateway, door: Door) -> None:
    with ScriptedGateway() as second:
        second.will_answer(Reply(WAV))
        web.will_answer(Reply("", 302, {"Location": f"{second.origin}/b.wav"}))
        gateway.will_answer(answer(door))
        assert enter(door, gateway.base_url, f"{web.origin}/a.wav", access=EVERYWHERE).text == "yes"
        for request in (*web.requests, *second.requests):
            assert KEY not in str(request.headers)
            assert set(request.headers) <= {"host", "accept", "accept-encoding", "user-agent", "connection"}


# --- names that change ---


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let the name talks.example resolve to one address after the other. Return the names that were looked up."""
    asked, real, remaining = [], socket.getaddrinfo, list(answers)

    def look_up(host, port, *args, **kwargs) -> list:
        if host != "talks.example":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        addresses = (remaining.pop(0) if len(remaining) > 1 else remaining[0]).split()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.usefixtures("is_loopback_public")
@through(*SOME)
def test_the_connection_goes_to_the_address_that_was_checked(
    gateway, web: ScriptedGateway, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve(monkeypatch, "127.0.0.1", "10.0.0.1")
    gateway.will_answer(answer(door))
    url = f"{web.origin}/a.wav".replace("127.0.0.1", "talks.example")
    assert "yes" in (enter(door, gateway.base_url, url, access=allow("talks.example")).text or "")
    assert (len(asked), len(web.requests)) == (1, 1)
    assert web.requests[0].headers["host"].startswith("talks.example:")


@pytest.mark.usefixtures("is_loopback_public")
@through(*SOME)
def test_one_private_address_among_several_is_enough(
    gateway, web: ScriptedGateway, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.1 10.0.0.1")
    url = f"{web.origin}/a.wav".replace("127.0.0.1", "talks.example")
    assert "private network" in enter(door, gateway.base_url, url, access=allow("talks.example")).message
    assert gateway.requests == web.requests == []


# --- what comes back ---


@through(*SOME)
def test_an_endless_download_ends_at_the_limit(gateway, web: ScriptedGateway, door: Door) -> None:
    web.will_answer(Reply([WAV] * 1000))
    access = Access(hosts=("127.0.0.1",), max_bytes=50_000, allow_private_hosts=True)
    outcome = enter(door, gateway.base_url, f"{web.origin}/a.wav", access=access)
    assert isinstance(outcome.error, AudioTooLarge) or door.is_tool
    assert "access allows 50,000" in outcome.message
    assert gateway.requests == []


ODD_BODIES = {
    "gzip": Reply(b"\x1f\x8b\x08\0", headers={"Content-Encoding": "gzip"}),
    "html": Reply("<html>Sign in</html>", headers={"Content-Type": "audio/wav"}),
    "nothing": Reply(b"", headers={"Content-Type": "audio/wav"}),
    "short": Reply(WAV[:3000], cut="fin"),
    "reset": Reply(WAV[:3000], cut="reset"),
    "not there": Reply("gone", 404),
    "half a wav": Reply(WAV[:3000]),
}


@pytest.mark.parametrize("reply", ODD_BODIES.values(), ids=ODD_BODIES)
@through(*FEW, *FEW_TOOLS)
def test_what_is_no_recording_never_reaches_the_gateway(
    gateway, web: ScriptedGateway, door: Door, reply: Reply
) -> None:
    web.will_answer(reply)
    outcome = enter(door, gateway.base_url, f"{web.origin}/a.wav", access=EVERYWHERE)
    assert isinstance(outcome.error, (InvalidAudio, ProviderError)) or door.is_tool
    assert len(web.requests) <= 3
    assert gateway.requests == []


def dribble_wav(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nRIFF")
    server.dribble(connection, b"    ")


@through(*FEW[:2], *FEW_TOOLS)
def test_a_download_that_trickles_in_is_left_when_time_is_up(gateway, door: Door) -> None:
    with misbehave(dribble_wav) as (server, requests):
        url = server.base_url.replace("/v1", "/a.wav")
        outcome = enter(door, gateway.base_url, url, access=EVERYWHERE, timeout=0.3, max_retries=0)
    assert isinstance(outcome.error, ProviderTimeout) or door.is_tool
    assert len(requests) == 1
    assert gateway.requests == []


@through(*FEW, *FEW_STREAMS)
def test_a_download_that_broke_off_is_asked_for_again(gateway, web: ScriptedGateway, door: Door) -> None:
    web.will_answer(Reply(WAV[:3000], cut="fin"), Reply(WAV))
    gateway.will_answer(answer(door))
    assert enter(door, gateway.base_url, f"{web.origin}/a.wav", access=EVERYWHERE).text == "yes"


def test_every_door_takes_a_url(web: ScriptedGateway) -> None:
    for door in DOORS:
        with ScriptedGateway() as gateway:
            gateway.will_answer(answer(door))
            assert "yes" in (enter(door, gateway.base_url, f"{web.origin}/a.wav", access=EVERYWHERE).text or "")
