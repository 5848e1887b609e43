"""Read the headers of MPEG audio frames: MP3 (ISO/IEC 11172-3 and 13818-3, 2.4.2.3), and AAC in ADTS (13818-7)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AAC_RATES", "MpegFrame", "parse_adts_length", "parse_mpeg_frame"]

AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
"""Hz of AAC, by the number that stands for it in ADTS and MP4 (ISO/IEC 14496-3, table 1.18)."""

# kbit/s of MPEG-1 and of MPEG-2 and 2.5, layer III, and Hz of MPEG-1.
_BITRATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44_100, 48_000, 32_000)
_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}  # of MPEG-1, 2 and 2.5
_MONO = 3


@dataclass(frozen=True, slots=True)
class MpegFrame:
    """What the header of a frame of layer III says.

    Attributes:
        length: bytes of the frame, with its header.
        samples: samples of each channel.
        sample_rate: Hz.
        channels: number of channels.
        side_info: bytes between the header, or its checksum, and the data.
        byte_rate: bytes per second of a file whose frames all have this bit rate.
    """

    length: int
    samples: int
    sample_rate: int
    channels: int
    side_info: int
    byte_rate: int


def parse_mpeg_frame(header: bytes) -> MpegFrame | None:
    r"""Read the four bytes of a frame's header.

    Returns:
        None if they begin no frame of layer III, or one whose length they do not tell.

    Example:
        >>> parse_mpeg_frame(b"\xff\xfb\x90\x00").length
        417
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer, bitrate, rate = header[1] >> 3 & 3, header[1] >> 1 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return None
    is_first, channels = version == 3, 1 if header[3] >> 6 == _MONO else 2
    samples, sample_rate = 1152 if is_first else 576, _RATES[rate] // _RATE_DIVISORS[version]
    bits = 1000 * (_BITRATES_1 if is_first else _BITRATES_2)[bitrate]
    length = samples // 8 * bits // sample_rate + (header[2] >> 1 & 1)
    side_info = ((17, 32) if is_first else (9, 17))[channels - 1]
    return MpegFrame(length, samples, sample_rate, channels, side_info, bits // 8)


def parse_adts_length(header: bytes) -> int:
    r"""Return how many bytes a frame of AAC in ADTS has, by its first six.

    Example:
        >>> parse_adts_length(b"\xff\xf1\x50\x80\x2e\x7f\xfc")
        371
    """
    return int.from_bytes(header[3:6], "big") >> 5 & 0x1FFF
