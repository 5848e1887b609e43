"""Connections that break, stall, lead elsewhere or do not verify: a clear error in time; nothing leaves the origin."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from doors import DOORS, FEW, FEW_STREAMS, SOME, Door, answer, through
from hostile import enter, misbehave
from raw_server import CHAT, RawServer, break_with_reset, close, send_garbage, send_half_a_head, serve
from raw_server import answer as send

from audio_core import (
    Access,
    AuthenticationError,
    IncompleteResponse,
    InvalidRequest,
    ProviderError,
    ProviderTimeout,
    Unreachable,
)
from audio_core.testing import Reply, ScriptedGateway, tone

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


# --- broken ---


def close_in_the_body(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(HEAD + b'{"choices": [')


def send_two_lengths(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}")


@through(*DOORS)
def test_a_connection_that_ends_without_an_answer_may_have_been_billed(recording, access, door: Door) -> None:
    with misbehave(close) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access)
    assert isinstance(outcome.error, Unreachable) != door.is_tool
    assert "may be billed" in outcome.message
    assert getattr(outcome.error, "may_have_been_billed", True)
    assert len(requests) == 1


@pytest.mark.parametrize("end", [break_with_reset, send_half_a_head, close_in_the_body, send_garbage, send_two_lengths])
@through(*FEW[:3], *FEW_STREAMS[:2])
def test_a_connection_that_breaks_is_one_error(recording, access, door: Door, end) -> None:
    with misbehave(end) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access)
    assert isinstance(outcome.error, (Unreachable, IncompleteResponse))
    assert outcome.error.may_have_been_billed
    assert len(requests) == 1


# --- stalled ---


def say_nothing(server: RawServer, connection: socket.socket) -> None:
    server.wait_for_close(connection)


def dribble_headers(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    server.dribble(connection, b"aaaa")


def dribble_body(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(HEAD)
    server.dribble(connection, b"    ")


@through(*SOME)
def test_a_silent_gateway_is_left_when_time_is_up(recording, access, door: Door) -> None:
    with misbehave(say_nothing) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access, timeout=0.3)
        assert server.closed.wait(60)
    assert isinstance(outcome.error, ProviderTimeout) != door.is_tool
    assert "timeout=" in outcome.message
    assert len(requests) == 1


@pytest.mark.parametrize("end", [dribble_headers, dribble_body])
@through(FEW[0], FEW[2], *FEW_STREAMS[:2])
def test_bytes_that_trickle_in_do_not_extend_the_time(recording, access, door: Door, end) -> None:
    with misbehave(end) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access, timeout=0.3)
        assert server.closed.wait(60)
    assert isinstance(outcome.error, ProviderTimeout)
    assert len(requests) == 1


@through(*[door for door in DOORS if door.is_chat], FEW[0])
def test_a_gateway_has_time_for_each_second_of_the_recording(gateway, tmp_path: Path, door: Door) -> None:
    """Ten seconds of audio get five more than `timeout=` says; aborting early and asking again would pay twice."""
    path = tmp_path / "ten_seconds.wav"
    path.write_bytes(tone(10.0, rate=8000))
    gateway.will_answer(replace(answer(door), wait=0.6))
    outcome = enter(door, gateway.base_url, str(path), access=Access(tmp_path), timeout=0.3)
    assert outcome.error is None
    assert len(gateway.requests) == 1


# --- compressed ---


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
@through(*SOME)
def test_a_compressed_reply_was_not_asked_for_and_is_not_unpacked(
    gateway, recording, access, door: Door, content_type: str
) -> None:
    bomb = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0" * 1000
    gateway.will_answer(Reply(bomb, headers={"Content-Encoding": "gzip", "Content-Type": content_type}))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert "gzip" in outcome.message
    assert gateway.requests[0].headers["accept-encoding"] == "identity"
    assert len(gateway.requests) == 1


@through(*FEW[:1], *FEW_STREAMS[-1:])
def test_a_compressed_refusal_is_known_by_its_status(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(Reply(b"\x1f\x8b", 401, {"Content-Encoding": "gzip"}))
    assert isinstance(enter(door, gateway.base_url, recording, access=access).error, AuthenticationError)


# --- redirected ---


@through(*DOORS)
def test_a_redirect_takes_neither_key_nor_audio_elsewhere(gateway, recording, access, door: Door) -> None:
    with ScriptedGateway() as elsewhere:
        gateway.will_answer(Reply("", 307, {"Location": f"{elsewhere.base_url}/chat/completions"}))
        outcome = enter(door, gateway.base_url, recording, access=access)
        assert elsewhere.requests == []
    assert isinstance(outcome.error, InvalidRequest) != door.is_tool
    assert "set the right base_url" in outcome.message
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("location", ["", "/v1/chat/completions", "file:///etc/passwd", "mailto:a@b.c", "http://["])
@through(*FEW[:1], *FEW_STREAMS[-1:])
def test_no_redirect_is_followed(gateway, recording, access, door: Door, status: int, location: str) -> None:
    gateway.will_answer(Reply("", status, {"Location": location} if location else {}))
    assert isinstance(enter(door, gateway.base_url, recording, access=access).error, ProviderError)
    assert len(gateway.requests) == 1


# --- TLS and addresses ---


def write_certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate for a host name, with its key, into one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names: list[x509.GeneralName] = [x509.DNSName(name), *([loopback] if name == "localhost" else [])]
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def serve_tls(certificate: Path, body: bytes = CHAT) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that speaks TLS with a certificate. Yield its base URL, and the requests that it got."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    requests: list[bytes] = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            requests.append(server.read_request(secure))
            send(secure, body)

    with serve(handle) as server:
        yield use_tls(server.base_url), requests


def use_tls(base_url: str) -> str:
    return base_url.replace("http:", "https:")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write certificates by the host that they are for."""
    folder = tmp_path_factory.mktemp("certificates")
    return {name: write_certificate(folder, name) for name in ("localhost", "elsewhere.example")}


@through(FEW[0], FEW[2], *FEW_STREAMS[:2])
def test_a_certificate_that_does_not_verify_ends_it_at_once(certificates, recording, access, door: Door) -> None:
    with serve_tls(certificates["localhost"]) as (base_url, requests):
        outcome = enter(door, base_url, recording, access=access)
    assert isinstance(outcome.error, Unreachable)
    assert (outcome.error.attempts, outcome.error.retryable, outcome.error.may_have_been_billed) == (1, False, False)
    assert "self-signed certificate" in outcome.message
    assert "SSL_CERT_FILE" in outcome.message
    assert requests == []


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
@through(FEW[0], FEW[2], *FEW_STREAMS[:2])
def test_a_certificate_must_be_for_the_host(
    certificates, recording, access, door: Door, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[name]))
    with serve_tls(certificates[name]) as (base_url, requests):
        outcome = enter(door, base_url, recording, access=access)
    assert len(requests) == (name == "localhost")
    if name != "localhost":
        assert isinstance(outcome.error, Unreachable)
        assert (outcome.error.attempts, outcome.error.retryable) == (1, False)
        assert "certificate is not valid for '127.0.0.1'" in outcome.message


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
@through(*FEW[:2])
def test_the_host_of_a_recording_must_have_its_certificate_too(
    gateway, certificates, door: Door, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked, but TLS verifies the name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[name]))
    gateway.will_answer(answer(door))
    with serve_tls(certificates[name], tone(0.2)) as (base_url, requests):
        url = base_url.replace("127.0.0.1", "localhost").replace("/v1", "/a.wav")
        outcome = enter(door, gateway.base_url, url, access=Access(hosts=("localhost",), allow_private_hosts=True))
    assert (outcome.text == "yes") == (name == "localhost") == bool(requests)


@through(FEW[0], FEW[2], *FEW_STREAMS[:2])
def test_https_to_a_plain_port_is_told_apart_from_a_bad_certificate(gateway, recording, access, door: Door) -> None:
    outcome = enter(door, use_tls(gateway.base_url), recording, access=access)
    assert isinstance(outcome.error, Unreachable)
    assert "SSL_CERT_FILE" not in outcome.message
    assert f":{gateway.base_url.split(':')[2].split('/')[0]} " in outcome.message
    assert gateway.requests == []


@through(FEW[0], FEW[2], *FEW_STREAMS[:2])
def test_http_to_a_tls_port_is_an_error(certificates, recording, access, door: Door) -> None:
    with serve_tls(certificates["localhost"]) as (base_url, requests):
        outcome = enter(door, base_url.replace("https:", "http:"), recording, access=access)
    assert isinstance(outcome.error, ProviderError)
    assert requests == []


@through(*SOME)
def test_a_port_where_nobody_listens_is_named(recording, access, door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = enter(door, f"http://127.0.0.1:{port}/v1", recording, access=access)
    assert isinstance(outcome.error, Unreachable) != door.is_tool
    assert f"127.0.0.1:{port} cannot be reached" in outcome.message
    assert getattr(outcome.error, "attempts", 3) == 3
    assert not getattr(outcome.error, "may_have_been_billed", False)
