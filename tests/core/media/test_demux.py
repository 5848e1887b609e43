"""Packets are read from where a recording begins, also if the container says that it begins later."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pytest

from audio_core import Audio
from audio_core.media.decode import decode, probe_packets
from audio_core.media.demux import Demuxer
from audio_core.media.packet_times import Packet
from tests.support.encoded_sounds import make_sound, write_audio

RATE = 44_100
PRIMING = 2112  # samples that the encoder of iTunes adds


def build_box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def state_priming(data: bytes) -> bytes:
    """Say in an MP4 file without an edit list how much its encoder has added, as iTunes does."""
    numbers = f" 00000000 {PRIMING:08X} 00000000 0000000000020000".encode()
    value = build_box(b"data", struct.pack(">II", 1, 0), numbers)
    names = (build_box(b"mean", bytes(4), b"com.apple.iTunes"), build_box(b"name", bytes(4), b"iTunSMPB"))
    items = build_box(b"ilst", build_box(b"----", *names, value))
    udta = build_box(b"udta", build_box(b"meta", bytes(4), build_box(b"hdlr", bytes(8), b"mdirappl", bytes(9)), items))
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[at : at + 4])
    return data[:at] + struct.pack(">I", size + len(udta)) + data[at + 4 : at + size] + udta + data[at + size :]


def hear(data: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(decode(Audio.of(data), rate=RATE)), np.int16).astype(float)


def test_what_an_encoder_has_added_is_decoded_and_left_out() -> None:
    plain = write_audio(make_sound(2.0, RATE), RATE, "m4a", "aac").replace(b"edts", b"free")
    whole, heard = hear(plain), hear(state_priming(plain))
    assert len(heard) == len(whole) - PRIMING
    begin = slice(None, 500)
    assert np.corrcoef(whole[PRIMING:][begin], heard[begin])[0, 1] > 0.98


def test_a_packet_that_is_left_out_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    read_packets = Demuxer.read_packets

    def read_as_of_faac(demuxer: Demuxer) -> Iterator[Packet]:
        """FFmpeg leaves out the first frame of a file by FAAC, and gives its packet the time of the second."""
        for packet in read_packets(demuxer):
            packet.pts = packet.pts or packet.duration
            yield packet

    data = write_audio(make_sound(2.0, RATE), RATE, "m4a", "aac").replace(b"edts", b"free")
    whole = probe_packets(Audio.of(data)).duration
    monkeypatch.setattr(Demuxer, "read_packets", read_as_of_faac)
    monkeypatch.setattr(Demuxer, "origin", 1024 / RATE)
    assert probe_packets(Audio.of(data)).duration == pytest.approx(whole - 1024 / RATE, abs=0.001)
